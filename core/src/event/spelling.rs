//! How names and patterns are spelled, in functions that also run at compile time.

/// The name without the `s3:` that bucket configuration puts in front.
pub(crate) const fn without_prefix(name: &str) -> &str {
    match name.as_bytes() {
        [b's', b'3', b':', ..] => name.split_at(3).1,
        _ => name,
    }
}

/// The part before the first `:`, and the part after it if there is a `:`.
pub(crate) const fn category_and_action(name: &str) -> (&str, Option<&str>) {
    let bytes = name.as_bytes();
    let mut colon = 0;
    while colon < bytes.len() && bytes[colon] != b':' {
        colon += 1;
    }

    let (category, rest) = name.split_at(colon);
    if rest.is_empty() {
        (category, None)
    } else {
        (category, Some(rest.split_at(1).1))
    }
}

/// The category of `Category:*`; `None` for any other text.
pub(crate) const fn starred_category(pattern: &str) -> Option<&str> {
    match pattern.as_bytes() {
        [category @ .., b':', b'*'] => Some(pattern.split_at(category.len()).0),
        _ => None,
    }
}

/// `left == right`, which is not `const` for texts.
///
/// Eight bytes at a time: with a constant `right`, it is as fast as `==` at run time.
#[inline(always)]
pub(crate) const fn equal(left: &str, right: &str) -> bool {
    let (mut left, mut right) = (left.as_bytes(), right.as_bytes());
    if left.len() != right.len() {
        return false;
    }

    while let (Some((left_chunk, left_rest)), Some((right_chunk, right_rest))) =
        (left.split_first_chunk(), right.split_first_chunk())
    {
        if u64::from_ne_bytes(*left_chunk) != u64::from_ne_bytes(*right_chunk) {
            return false;
        }

        (left, right) = (left_rest, right_rest);
    }

    while let (Some((left_byte, left_rest)), Some((right_byte, right_rest))) =
        (left.split_first(), right.split_first())
    {
        if *left_byte != *right_byte {
            return false;
        }

        (left, right) = (left_rest, right_rest);
    }

    true
}
