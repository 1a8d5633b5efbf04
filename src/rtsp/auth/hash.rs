//! MD5 (RFC 1321) and SHA-256 (FIPS 180-4), small rather than fast: a login
//! hashes a hundred bytes.

use crate::rtsp::text;

/// How far each step of MD5 rotates, by round.
const SHIFTS: [[u32; 4]; 4] = [
    [7, 12, 17, 22],
    [5, 9, 14, 20],
    [4, 11, 16, 23],
    [6, 10, 15, 21],
];

/// The digest in hexadecimal.
pub(super) fn hex(sha256: bool, message: &[u8]) -> String {
    let mut digest = [0; 32];
    let words = match sha256 {
        true => sha256_words(message),
        false => md5_words(message),
    };
    for (bytes, word) in digest.chunks_exact_mut(4).zip(words) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    let length = if sha256 { 32 } else { 16 };
    text::to_hex(digest.get(..length).unwrap_or_default())
}

/// The message in blocks of sixteen words, padded with a bit, zeros and its
/// length in bits.
fn blocks(message: &[u8], length: [u8; 8], word: fn([u8; 4]) -> u32) -> Vec<[u32; 16]> {
    let mut bytes = message.to_vec();
    bytes.push(0x80);
    bytes.resize((bytes.len() + 8).next_multiple_of(64) - 8, 0);
    bytes.extend_from_slice(&length);
    let mut blocks = Vec::with_capacity(bytes.len() / 64);
    for chunk in bytes.chunks_exact(64) {
        let mut block = [0; 16];
        for (to, from) in block.iter_mut().zip(chunk.chunks_exact(4)) {
            *to = from.first_chunk().copied().map_or(0, word);
        }
        blocks.push(block);
    }
    blocks
}

fn bits(message: &[u8]) -> u64 {
    message.len() as u64 * 8
}

/// The four words of MD5, each to be written with its high byte first.
fn md5_words(message: &[u8]) -> [u32; 8] {
    let [mut a, mut b, mut c, mut d] = [0x6745_2301u32, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    for block in blocks(message, bits(message).to_le_bytes(), u32::from_le_bytes) {
        let before = [a, b, c, d];
        for (step, constant) in MD5.into_iter().enumerate() {
            let (mixed, index) = match step / 16 {
                0 => ((b & c) | (!b & d), step),
                1 => ((d & b) | (!d & c), 5 * step + 1),
                2 => (b ^ c ^ d, 3 * step + 5),
                _ => (c ^ (b | !d), 7 * step),
            };
            let sum = a.wrapping_add(mixed).wrapping_add(constant);
            let sum = sum.wrapping_add(block[index % 16]);
            let turned = sum.rotate_left(SHIFTS[step / 16 % 4][step % 4]);
            (a, d, c, b) = (d, c, b, b.wrapping_add(turned));
        }
        let [a0, b0, c0, d0] = before;
        (a, b) = (a.wrapping_add(a0), b.wrapping_add(b0));
        (c, d) = (c.wrapping_add(c0), d.wrapping_add(d0));
    }
    [a, b, c, d, 0, 0, 0, 0].map(u32::swap_bytes)
}

fn sha256_words(message: &[u8]) -> [u32; 8] {
    let mut hash = [
        0x6a09_e667u32,
        0xbb67_ae85,
        0x3c6e_f372,
        0xa54f_f53a,
        0x510e_527f,
        0x9b05_688c,
        0x1f83_d9ab,
        0x5be0_cd19,
    ];
    for mut block in blocks(message, bits(message).to_be_bytes(), u32::from_be_bytes) {
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = hash;
        for (step, constant) in SHA256.into_iter().enumerate() {
            let turned = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
            let chosen = (e & f) ^ (!e & g);
            let first = h.wrapping_add(turned).wrapping_add(chosen);
            let first = first
                .wrapping_add(constant)
                .wrapping_add(next_word(&mut block, step));
            let turned = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
            let second = turned.wrapping_add((a & b) ^ (a & c) ^ (b & c));
            (h, g, f, e) = (g, f, e, d.wrapping_add(first));
            (d, c, b, a) = (c, b, a, first.wrapping_add(second));
        }
        for (sum, word) in hash.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *sum = sum.wrapping_add(word);
        }
    }
    hash
}

/// The word of this step; its place takes the one that comes sixteen steps later.
fn next_word(block: &mut [u32; 16], step: usize) -> u32 {
    let at = |ahead: usize| block[(step + ahead) % 16];
    let (word, early, late) = (at(0), at(1), at(14));
    let early = early.rotate_right(7) ^ early.rotate_right(18) ^ early >> 3;
    let late = late.rotate_right(17) ^ late.rotate_right(19) ^ late >> 10;
    block[step % 16] = word
        .wrapping_add(early)
        .wrapping_add(at(9))
        .wrapping_add(late);
    word
}

/// 2^32 times the sine of each step, in radians (RFC 1321 §3.4).
#[rustfmt::skip]
const MD5: [u32; 64] = [
    0xd76a_a478, 0xe8c7_b756, 0x2420_70db, 0xc1bd_ceee, 0xf57c_0faf, 0x4787_c62a, 0xa830_4613, 0xfd46_9501,
    0x6980_98d8, 0x8b44_f7af, 0xffff_5bb1, 0x895c_d7be, 0x6b90_1122, 0xfd98_7193, 0xa679_438e, 0x49b4_0821,
    0xf61e_2562, 0xc040_b340, 0x265e_5a51, 0xe9b6_c7aa, 0xd62f_105d, 0x0244_1453, 0xd8a1_e681, 0xe7d3_fbc8,
    0x21e1_cde6, 0xc337_07d6, 0xf4d5_0d87, 0x455a_14ed, 0xa9e3_e905, 0xfcef_a3f8, 0x676f_02d9, 0x8d2a_4c8a,
    0xfffa_3942, 0x8771_f681, 0x6d9d_6122, 0xfde5_380c, 0xa4be_ea44, 0x4bde_cfa9, 0xf6bb_4b60, 0xbebf_bc70,
    0x289b_7ec6, 0xeaa1_27fa, 0xd4ef_3085, 0x0488_1d05, 0xd9d4_d039, 0xe6db_99e5, 0x1fa2_7cf8, 0xc4ac_5665,
    0xf429_2244, 0x432a_ff97, 0xab94_23a7, 0xfc93_a039, 0x655b_59c3, 0x8f0c_cc92, 0xffef_f47d, 0x8584_5dd1,
    0x6fa8_7e4f, 0xfe2c_e6e0, 0xa301_4314, 0x4e08_11a1, 0xf753_7e82, 0xbd3a_f235, 0x2ad7_d2bb, 0xeb86_d391,
];

/// The cube roots of the first 64 primes, their fractions (FIPS 180-4 §4.2.2).
#[rustfmt::skip]
const SHA256: [u32; 64] = [
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
    use md5::Digest;
    use proptest::prelude::*;

    #[test]
    fn the_standards_examples() {
        assert_eq!(hex(false, b""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(
            hex(false, b"message digest"),
            "f96b697d7cb7938d525a2f31aaf161d0"
        );
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex(true, b"abc"), abc);
    }

    proptest! {
        #[test]
        fn the_same_as_others_make(message in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(hex(false, &message), text::to_hex(&md5::Md5::digest(&message)));
            prop_assert_eq!(hex(true, &message), text::to_hex(&sha2::Sha256::digest(&message)));
        }
    }
}
