//! Finds the next special byte, 16 bytes at a time, and in long texts 64.

use wide::u8x16;

/// The number of bytes that are compared at once.
pub(crate) const RUN: usize = 16;

/// The number of bytes after which a text is long.
const BLOCK: usize = 4 * RUN;

/// Counts the bytes before the first quote, backslash or control character.
#[inline(always)]
pub(crate) fn plain_len(bytes: &[u8]) -> usize {
    match bytes.first_chunk() {
        Some(block) => match plain_len_of_block(block) {
            BLOCK => long_plain_len(bytes),
            len => len,
        },
        None => short_plain_len(bytes),
    }
}

/// Counts the same of a whole run.
#[inline]
pub(crate) fn plain_len_of_run(run: &[u8; RUN]) -> usize {
    let special = are_zero(mark_special(run));
    (special | 1 << RUN).trailing_zeros() as usize
}

#[inline(always)]
fn plain_len_of_block(block: &[u8; BLOCK]) -> usize {
    let (runs, _) = block.as_chunks();

    for (index, run) in runs.iter().enumerate() {
        let special = are_zero(mark_special(run));
        if special != 0 {
            return index * RUN + special.trailing_zeros() as usize;
        }
    }

    BLOCK
}

/// Counts the same of a text whose first block is plain.
#[inline(never)]
fn long_plain_len(bytes: &[u8]) -> usize {
    let mut rest = &bytes[BLOCK..];

    while let Some(block) = rest.first_chunk::<BLOCK>() {
        if may_be_special(block) {
            let len = plain_len_of_block(block);
            if len < BLOCK {
                return bytes.len() - rest.len() + len;
            }
        }

        rest = &rest[BLOCK..];
    }

    bytes.len() - rest.len() + short_plain_len(rest)
}

/// Returns whether a block may have a special byte. Long texts hardly have spaces or `!`, so these
/// count too: that leaves less to do for each run.
#[inline(always)]
fn may_be_special(block: &[u8; BLOCK]) -> bool {
    let (runs, _) = block.as_chunks();
    let [first, second, third, fourth] = [0, 1, 2, 3].map(|index| u8x16::new(runs[index]));
    let least = first.min(second).min(third.min(fourth));
    let is_low = least
        .saturating_sub(u8x16::splat(b'"'))
        .simd_eq(u8x16::ZERO);
    let is_backslash = |run: u8x16| run.simd_eq(u8x16::splat(b'\\'));
    let are_backslashes =
        is_backslash(first) | is_backslash(second) | is_backslash(third) | is_backslash(fourth);

    (is_low | are_backslashes).to_bitmask() != 0
}

/// Counts the same near the end of a document.
#[inline(never)]
fn short_plain_len(bytes: &[u8]) -> usize {
    len_before(
        bytes,
        |run| mark_special(run).simd_eq(u8x16::ZERO),
        |byte| matches!(byte, b'"' | b'\\' | 0..0x20),
    )
}

/// Turns quotes, backslashes and control characters into zeros, and nothing else.
#[inline(always)]
fn mark_special(run: &[u8; RUN]) -> u8x16 {
    let run = u8x16::new(*run);
    // This puts the quote behind the control characters, and the space in its place.
    let moved = run ^ u8x16::splat(b'"' ^ b' ');
    let quote_or_control = moved.saturating_sub(u8x16::splat(b' '));

    quote_or_control.min(run ^ u8x16::splat(b'\\'))
}

/// A bit for each byte, set if the byte is zero.
#[inline(always)]
fn are_zero(run: u8x16) -> u32 {
    run.simd_eq(u8x16::ZERO).to_bitmask()
}

/// Counts the spaces before anything else.
#[inline]
pub(crate) fn spaces_len(bytes: &[u8]) -> usize {
    len_before(
        bytes,
        |run| !u8x16::new(*run).simd_eq(u8x16::splat(b' ')),
        |byte| byte != b' ',
    )
}

/// Counts the digits before anything else.
#[inline]
pub(crate) fn digits_len(bytes: &[u8]) -> usize {
    len_before(
        bytes,
        |run| {
            let values = u8x16::new(*run) - u8x16::splat(b'0');
            !values.saturating_sub(u8x16::splat(9)).simd_eq(u8x16::ZERO)
        },
        |byte| !byte.is_ascii_digit(),
    )
}

/// What follows a literal at the start of a text.
///
/// The compiler knows the literal, so this becomes comparisons of 16 bytes in place. Comparing
/// slices would be a call if the literal is longer than 32 bytes.
#[inline(always)]
pub(crate) fn after_literal<'t>(text: &'t [u8], literal: &[u8]) -> Option<&'t [u8]> {
    let (start, rest) = text.split_at_checked(literal.len())?;

    let is_same = match (start.last_chunk::<RUN>(), literal.last_chunk::<RUN>()) {
        (Some(start_end), Some(literal_end)) => {
            let runs = start.as_chunks().0.iter().zip(literal.as_chunks().0);
            let last = equal_bytes(start_end, literal_end);
            let equal = runs.fold(last, |equal, (left, right)| {
                equal & equal_bytes(left, right)
            });
            equal.all()
        }
        _ => start == literal,
    };

    is_same.then_some(rest)
}

#[inline(always)]
fn equal_bytes(left: &[u8; RUN], right: &[u8; RUN]) -> u8x16 {
    u8x16::new(*left).simd_eq(u8x16::new(*right))
}

/// Counts the bytes before the first `+` or `%`, the special characters of a form-encoded key.
#[inline]
pub(crate) fn unencoded_len(bytes: &[u8]) -> usize {
    len_before(bytes, are_encoded, |byte| matches!(byte, b'+' | b'%'))
}

/// Counts the same of a whole run.
#[inline]
pub(crate) fn unencoded_len_of_run(run: &[u8; RUN]) -> usize {
    (are_encoded(run).to_bitmask() | 1 << RUN).trailing_zeros() as usize
}

/// Counts the same in the last bytes of a key, which are fewer than a run.
#[inline]
pub(crate) fn unencoded_len_of_last(bytes: &[u8], last: usize) -> usize {
    len_of_last(bytes, last, are_encoded, |byte| matches!(byte, b'+' | b'%'))
}

#[inline(always)]
fn are_encoded(run: &[u8; RUN]) -> u8x16 {
    let run = u8x16::new(*run);
    run.simd_eq(u8x16::splat(b'+')) | run.simd_eq(u8x16::splat(b'%'))
}

/// Counts the bytes before the first one that is an end. Both predicates find ends: one in a whole
/// run, the other in a single byte.
#[inline(always)]
fn len_before(
    bytes: &[u8],
    are_ends: impl Fn(&[u8; RUN]) -> u8x16,
    is_end: impl Fn(u8) -> bool,
) -> usize {
    let mut rest = bytes;
    while let Some(run) = rest.first_chunk::<RUN>() {
        let ends = are_ends(run).to_bitmask();
        if ends != 0 {
            return bytes.len() - rest.len() + ends.trailing_zeros() as usize;
        }

        rest = &rest[RUN..];
    }

    bytes.len() - rest.len() + len_of_last(bytes, rest.len(), are_ends, is_end)
}

/// Counts the same in the last bytes of a text, which are fewer than a run. They are compared
/// together with those before them.
#[inline(always)]
fn len_of_last(
    bytes: &[u8],
    last: usize,
    are_ends: impl Fn(&[u8; RUN]) -> u8x16,
    is_end: impl Fn(u8) -> bool,
) -> usize {
    match bytes.last_chunk::<RUN>() {
        Some(run) => {
            let ends = are_ends(run).to_bitmask() >> (RUN - last);
            (ends | 1 << last).trailing_zeros() as usize
        }
        None => {
            let rest = &bytes[bytes.len() - last..];
            let end = rest.iter().position(|byte| is_end(*byte));
            end.unwrap_or(last)
        }
    }
}
