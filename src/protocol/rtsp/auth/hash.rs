//! MD5 (RFC 1321) and SHA-256 (RFC 6234) for Digest.
//!
//! Only the block functions are taken from libraries. The strings are short and whole,
//! so no code is needed that hashes in pieces, and both hashes share the padding.

use crate::rtsp::text;
use std::slice;

/// The bytes of a block, and of the length that ends the last block.
const BLOCK: usize = 64;
const LENGTH: usize = 8;

const MD5: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
const SHA256: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// The hash of `plain` in hexadecimal digits.
pub fn hash(plain: String, sha256: bool) -> String {
    let mut bytes = plain.into_bytes();
    let bits = bytes.len() as u64 * 8;
    bytes.push(0x80);
    while bytes.len() % BLOCK != BLOCK - LENGTH {
        bytes.push(0);
    }
    let mut digest = Vec::new();
    if sha256 {
        bytes.extend_from_slice(&bits.to_be_bytes());
        let mut state = SHA256;
        for block in bytes.chunks_exact(BLOCK).filter_map(<[u8]>::first_chunk) {
            sha2::block_api::compress256(&mut state, slice::from_ref(block));
        }
        digest.extend(state.iter().flat_map(|word| word.to_be_bytes()));
    } else {
        bytes.extend_from_slice(&bits.to_le_bytes());
        let mut state = MD5;
        for block in bytes.chunks_exact(BLOCK).filter_map(<[u8]>::first_chunk) {
            md5::block_api::compress(&mut state, slice::from_ref(block));
        }
        digest.extend(state.iter().flat_map(|word| word.to_le_bytes()));
    }
    text::to_hex(&digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use md5::Md5;
    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    proptest! {
        #[test]
        fn is_what_the_libraries_say(plain in "[ -~]{0,200}") {
            prop_assert_eq!(hash(plain.clone(), true), text::to_hex(&Sha256::digest(&plain)));
            prop_assert_eq!(hash(plain.clone(), false), text::to_hex(&Md5::digest(&plain)));
        }
    }
}
