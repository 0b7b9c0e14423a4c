//! Digests as AWS writes them: in lower-case hexadecimal digits, or in base64.

use md5::{Digest, Md5};
use sha2::Sha256;

/// The MD5 digest of some bytes, as SQS reports it and S3 uses it for an entity tag.
pub(crate) fn md5_hex(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

/// The SHA-256 digest of some bytes.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Writes each byte as two lower-case digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";

    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// Reads what [`hex`] writes. Pairs that are not hexadecimal are left out.
pub(crate) fn from_hex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks_exact(2);
    pairs
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

/// The digits of base64.
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Encodes bytes in base64 with the standard alphabet and padding, as in the header `Content-MD5`.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);

    for chunk in bytes.chunks(3) {
        let group = chunk
            .iter()
            .fold(0_u32, |group, byte| group << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));

        for digit in 0..4 {
            let index = group >> (18 - 6 * digit) & 63;
            text.push(if digit > chunk.len() {
                '='
            } else {
                char::from(BASE64[index as usize])
            });
        }
    }

    text
}

/// Decodes what [`base64`] writes. `None` if it is anything else.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);

    for chunk in text.as_bytes().chunks(4) {
        let digits = chunk.iter().take_while(|digit| **digit != b'=');
        let digits: Vec<u32> = digits
            .map(|digit| base64_digit(*digit))
            .collect::<Option<_>>()?;
        let group = digits.iter().fold(0, |group, digit| group << 6 | digit);

        let group = group << (6 * (4 - digits.len()));
        let count = digits.len().checked_sub(1).filter(|count| *count > 0)?;
        bytes.extend(&group.to_be_bytes()[1..=count]);
    }

    // Also rejects padding in the middle, a missing digit, and bits that are not used.
    (base64(&bytes) == text).then_some(bytes)
}

fn base64_digit(digit: u8) -> Option<u32> {
    let position = BASE64.iter().position(|other| *other == digit)?;
    u32::try_from(position).ok()
}
