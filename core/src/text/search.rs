//! Finds the next special byte, 16 bytes at a time.

use wide::u8x16;

/// The number of bytes that are compared at once.
pub(crate) const RUN: usize = 16;

/// Counts the bytes before the first quote, backslash or control character.
#[inline]
pub(crate) fn plain_len(bytes: &[u8]) -> usize {
    len_before(
        bytes,
        |run| {
            let is_control = run.min(u8x16::splat(0x1f)).simd_eq(run);
            run.simd_eq(u8x16::splat(b'"')) | run.simd_eq(u8x16::splat(b'\\')) | is_control
        },
        |byte| matches!(byte, b'"' | b'\\' | 0..0x20),
    )
}

/// Counts the spaces before anything else.
#[inline]
pub(crate) fn spaces_len(bytes: &[u8]) -> usize {
    len_before(
        bytes,
        |run| !run.simd_eq(u8x16::splat(b' ')),
        |byte| byte != b' ',
    )
}

/// Counts the bytes before the first `+` or `%`, the special characters of a form-encoded key.
#[inline]
pub(crate) fn unencoded_len(bytes: &[u8]) -> usize {
    len_before(
        bytes,
        |run| run.simd_eq(u8x16::splat(b'+')) | run.simd_eq(u8x16::splat(b'%')),
        |byte| matches!(byte, b'+' | b'%'),
    )
}

/// Counts the bytes before the first one that is an end. Both predicates find ends: one in a whole
/// run, the other in a single byte.
#[inline(always)]
fn len_before(
    bytes: &[u8],
    are_ends: impl Fn(u8x16) -> u8x16,
    is_end: impl Fn(u8) -> bool,
) -> usize {
    let mut rest = bytes;
    while let Some(run) = rest.first_chunk::<RUN>() {
        let ends = are_ends(u8x16::new(*run)).to_bitmask();
        if ends != 0 {
            return bytes.len() - rest.len() + ends.trailing_zeros() as usize;
        }

        rest = &rest[RUN..];
    }

    let end = match bytes.last_chunk::<RUN>() {
        // The last bytes are compared together with those before them.
        Some(run) => {
            let ends = are_ends(u8x16::new(*run)).to_bitmask() >> (RUN - rest.len());
            (ends | 1 << rest.len()).trailing_zeros() as usize
        }
        None => {
            let end = rest.iter().position(|byte| is_end(*byte));
            end.unwrap_or(rest.len())
        }
    };

    bytes.len() - rest.len() + end
}
