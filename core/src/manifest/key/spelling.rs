//! How literal texts of keys are spelled in filters.

/// A literal part of a key, before it is spelled.
#[derive(Clone, Copy)]
pub(crate) enum KeyPart<'k> {
    Prefix(&'k str),
    Suffix(&'k str),
}

/// Spells a part as in S3's notifications: form-encoded, with upper-case digits.
///
/// Returns the text, and whether it means exactly the part. AWS does not document for every
/// character whether it is encoded. A prefix is cut before the first uncertain character, and a
/// suffix after the last one, which matches more keys but never fewer.
pub(crate) fn as_encoded(part: KeyPart<'_>) -> (String, bool) {
    let (spelled, lost_nothing) = spell(part, is_uncertain, encode);
    // An encoded key that ends in `%2B` ends in `B`, but the decoded key does not.
    let may_end_an_escape = match part {
        KeyPart::Prefix(_) => false,
        KeyPart::Suffix(_) => spelled.starts_with(|first: char| first.is_ascii_hexdigit()),
    };

    (spelled, lost_nothing && !may_end_an_escape)
}

/// Whether AWS does not say how a character is spelled.
fn is_uncertain(character: char) -> bool {
    matches!(character, '*' | '~' | '!' | '\'' | '(' | ')')
}

fn encode(text: &str, encoded: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => {
                encoded.push(char::from(byte))
            }
            b' ' => encoded.push('+'),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
}

/// Spells a part as in EventBridge: not encoded.
pub(crate) fn as_it_is(part: KeyPart<'_>) -> (String, bool) {
    spell(part, |_| false, |text, spelled| spelled.push_str(text))
}

/// The operand of EventBridge's `wildcard` that matches exactly the keys with this prefix and this
/// suffix. `None` if the two may overlap in a key, as in `aba` with prefix `ab` and suffix `ba`.
///
/// `*` stands for any characters or none. A literal `*` or `\` has a `\` in front ("Creating Amazon
/// EventBridge event patterns", Amazon EventBridge User Guide, 2026).
pub(crate) fn as_wildcard(prefix: &str, suffix: &str) -> Option<String> {
    let (start, end) = (prefix.as_bytes(), suffix.as_bytes());
    let mut overlaps = 1..=start.len().min(end.len());
    let may_overlap = overlaps.any(|shared| start.ends_with(&end[..shared]));

    (!may_overlap).then(|| format!("{}*{}", escape_wildcard(prefix), escape_wildcard(suffix)))
}

/// Spells a text for a `wildcard` of EventBridge.
pub(crate) fn escape_wildcard(text: &str) -> String {
    text.replace('\\', r"\\").replace('*', r"\*")
}

/// Spells a text for a `wildcard` of SNS, which compares the encoded key.
///
/// A `*` stands for each character for which AWS does not document whether it is encoded. Nothing
/// needs a `\`, because an encoded text has neither `*` nor `\`.
pub(crate) fn encode_wildcard(text: &str) -> String {
    let mut spelled = String::new();
    for (index, certain) in text.split(is_uncertain).enumerate() {
        if index > 0 {
            spelled.push('*');
        }
        encode(certain, &mut spelled);
    }

    spelled
}

/// Spells a part for the filter of a bucket notification, and tells whether it lost nothing.
///
/// S3 wants a space as `+` and other special characters percent-encoded, and does not allow `*`
/// ("Configuring event notifications using object key name filtering", Amazon S3 User Guide, 2026).
/// That is the spelling of keys in notifications, with the same uncertain characters.
pub(crate) fn as_filter_rule(part: KeyPart<'_>) -> (String, bool) {
    spell(part, is_uncertain, encode)
}

/// Cuts a part at the first uncertain character and writes the rest.
fn spell(
    part: KeyPart<'_>,
    is_uncertain: impl Fn(char) -> bool,
    write: impl Fn(&str, &mut String),
) -> (String, bool) {
    let (whole, certain) = match part {
        KeyPart::Prefix(prefix) => (prefix, prefix.split(&is_uncertain).next().unwrap_or(prefix)),
        KeyPart::Suffix(suffix) => (
            suffix,
            suffix.rsplit(&is_uncertain).next().unwrap_or(suffix),
        ),
    };

    let mut spelled = String::new();
    write(certain, &mut spelled);

    (spelled, certain.len() == whole.len())
}
