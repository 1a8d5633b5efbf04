//! MD5 (RFC 1321) and SHA-256 (FIPS 180-4), the hashes of Digest: written as
//! loops, to be small. What is hashed is short, and secret only to the network.

/// Both hash in blocks of so many bytes.
const BLOCK: usize = 64;

/// The MD5 of `message`, 16 bytes.
pub fn md5(message: &[u8]) -> Vec<u8> {
    let bits = (message.len() as u64).wrapping_mul(8).to_le_bytes();
    let mut state = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    for block in padded(message, bits).chunks_exact(BLOCK) {
        md5_block(&mut state, &words(block, u32::from_le_bytes));
    }
    bytes(&state, u32::to_le_bytes)
}

/// The SHA-256 of `message`, 32 bytes.
pub fn sha256(message: &[u8]) -> Vec<u8> {
    let bits = (message.len() as u64).wrapping_mul(8).to_be_bytes();
    let mut state = [
        0x6a09_e667,
        0xbb67_ae85,
        0x3c6e_f372,
        0xa54f_f53a,
        0x510e_527f,
        0x9b05_688c,
        0x1f83_d9ab,
        0x5be0_cd19,
    ];
    for block in padded(message, bits).chunks_exact(BLOCK) {
        sha256_block(&mut state, words(block, u32::from_be_bytes));
    }
    bytes(&state, u32::to_be_bytes)
}

/// Whole blocks: the message, a bit, zeros, and the message's length in bits.
fn padded(message: &[u8], bits: [u8; 8]) -> Vec<u8> {
    let blocks = (message.len() + 1 + bits.len()).div_ceil(BLOCK);
    let mut bytes = message.to_vec();
    bytes.push(0x80);
    bytes.resize(blocks * BLOCK - bits.len(), 0);
    bytes.extend_from_slice(&bits);
    bytes
}

fn words(block: &[u8], read: fn([u8; 4]) -> u32) -> [u32; 16] {
    let mut words = [0; 16];
    for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
        *word = bytes.try_into().map_or(0, read);
    }
    words
}

fn bytes(words: &[u32], write: fn(u32) -> [u8; 4]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(4 * words.len());
    for word in words {
        bytes.extend_from_slice(&write(*word));
    }
    bytes
}

/// RFC 1321 §3.4.
fn md5_block(state: &mut [u32; 4], words: &[u32; 16]) {
    const SHIFTS: [[u32; 4]; 4] = [
        [7, 12, 17, 22],
        [5, 9, 14, 20],
        [4, 11, 16, 23],
        [6, 10, 15, 21],
    ];
    let [mut a, mut b, mut c, mut d] = *state;
    for (step, sine) in SINES.iter().enumerate() {
        let (round, mixed, word) = match step / 16 {
            0 => (0, (b & c) | (!b & d), step),
            1 => (1, (b & d) | (c & !d), 5 * step + 1),
            2 => (2, b ^ c ^ d, 3 * step + 5),
            _ => (3, c ^ (b | !d), 7 * step),
        };
        let sum = a.wrapping_add(mixed).wrapping_add(words[word % 16]);
        let turned = sum.wrapping_add(*sine).rotate_left(SHIFTS[round][step % 4]);
        (a, b, c, d) = (d, b.wrapping_add(turned), b, c);
    }
    add(state, &[a, b, c, d]);
}

/// FIPS 180-4 §6.2.2, the message schedule kept in a ring of 16 words.
fn sha256_block(state: &mut [u32; 8], mut words: [u32; 16]) {
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    for (step, root) in ROOTS.iter().enumerate() {
        let word = words[step % 16];
        let sum = h
            .wrapping_add(e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25))
            .wrapping_add((e & f) ^ (!e & g))
            .wrapping_add(*root)
            .wrapping_add(word);
        let majority = (a & b) ^ (a & c) ^ (b & c);
        let turned = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
        (h, g, f, e) = (g, f, e, d.wrapping_add(sum));
        (d, c, b, a) = (c, b, a, sum.wrapping_add(turned).wrapping_add(majority));
        // The word of 16 steps from here.
        let (early, late) = (words[(step + 1) % 16], words[(step + 14) % 16]);
        words[step % 16] = word
            .wrapping_add(early.rotate_right(7) ^ early.rotate_right(18) ^ (early >> 3))
            .wrapping_add(words[(step + 9) % 16])
            .wrapping_add(late.rotate_right(17) ^ late.rotate_right(19) ^ (late >> 10));
    }
    add(state, &[a, b, c, d, e, f, g, h]);
}

fn add(state: &mut [u32], changes: &[u32]) {
    for (word, change) in state.iter_mut().zip(changes) {
        *word = word.wrapping_add(*change);
    }
}

/// The first 32 bits of the sines of 1 to 64, without their signs.
#[rustfmt::skip]
static SINES: [u32; 64] = [
    0xd76a_a478, 0xe8c7_b756, 0x2420_70db, 0xc1bd_ceee, 0xf57c_0faf, 0x4787_c62a, 0xa830_4613, 0xfd46_9501,
    0x6980_98d8, 0x8b44_f7af, 0xffff_5bb1, 0x895c_d7be, 0x6b90_1122, 0xfd98_7193, 0xa679_438e, 0x49b4_0821,
    0xf61e_2562, 0xc040_b340, 0x265e_5a51, 0xe9b6_c7aa, 0xd62f_105d, 0x0244_1453, 0xd8a1_e681, 0xe7d3_fbc8,
    0x21e1_cde6, 0xc337_07d6, 0xf4d5_0d87, 0x455a_14ed, 0xa9e3_e905, 0xfcef_a3f8, 0x676f_02d9, 0x8d2a_4c8a,
    0xfffa_3942, 0x8771_f681, 0x6d9d_6122, 0xfde5_380c, 0xa4be_ea44, 0x4bde_cfa9, 0xf6bb_4b60, 0xbebf_bc70,
    0x289b_7ec6, 0xeaa1_27fa, 0xd4ef_3085, 0x0488_1d05, 0xd9d4_d039, 0xe6db_99e5, 0x1fa2_7cf8, 0xc4ac_5665,
    0xf429_2244, 0x432a_ff97, 0xab94_23a7, 0xfc93_a039, 0x655b_59c3, 0x8f0c_cc92, 0xffef_f47d, 0x8584_5dd1,
    0x6fa8_7e4f, 0xfe2c_e6e0, 0xa301_4314, 0x4e08_11a1, 0xf753_7e82, 0xbd3a_f235, 0x2ad7_d2bb, 0xeb86_d391,
];

/// The first 32 bits behind the point of the cube roots of the first 64 primes.
#[rustfmt::skip]
static ROOTS: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtsp::text::to_hex;

    #[test]
    fn the_standards_own_examples() {
        for (message, md5_hex) in [
            ("", "d41d8cd98f00b204e9800998ecf8427e"),
            ("abc", "900150983cd24fb0d6963f7d28e17f72"),
            ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
        ] {
            assert_eq!(to_hex(&md5(message.as_bytes())), md5_hex, "{message}");
        }
        for (message, sha256_hex) in [
            (
                "",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            (
                "abc",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
        ] {
            assert_eq!(to_hex(&sha256(message.as_bytes())), sha256_hex, "{message}");
        }
    }

    /// Every way that a message can end in its last block, against other
    /// implementations: the hash of the hashes of all messages up to 200 bytes.
    #[test]
    fn every_length() {
        let (mut md5s, mut sha256s) = (Vec::new(), Vec::new());
        for length in 0..200_u8 {
            let message: Vec<u8> = (0..length).collect();
            md5s.extend(md5(&message));
            sha256s.extend(sha256(&message));
        }
        assert_eq!(to_hex(&md5(&md5s)), "eefa41f088d589fcf4e0f2c1cfdb7a3f");
        assert_eq!(
            to_hex(&sha256(&sha256s)),
            "ba7b0fcea7d10c06b855b43d2b4dce1e3e842fff6be0acefb0faf4f2dd05bb47"
        );
    }
}
