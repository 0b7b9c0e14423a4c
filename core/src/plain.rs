//! Where a text ends.

use wide::u8x16;

/// So many bytes are looked at together.
pub(crate) const RUN: usize = 16;

/// How many bytes there are before the first quote, backslash or control character.
#[inline]
pub(crate) fn plain_len(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some(run) = rest.first_chunk::<RUN>() {
        let run = u8x16::new(*run);
        let is_control = run.min(u8x16::splat(0x1f)).simd_eq(run);
        let special = run.simd_eq(u8x16::splat(b'"')) | run.simd_eq(u8x16::splat(b'\\')) | is_control;
        let special = special.to_bitmask();
        if special != 0 {
            return bytes.len() - rest.len() + special.trailing_zeros() as usize;
        }
        rest = &rest[RUN..];
    }
    let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len());
    bytes.len() - rest.len() + plain
}
