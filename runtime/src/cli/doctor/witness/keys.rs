//! Keys that a route may take, and how they are spelled.

use std::borrow::Cow;

use s3_dispatch_core::Route;

/// What stands for the open parts of keys. One of them is in no filter.
const FILLERS: [&str; 4] = ["example", "an example/with=signs", "2026/11/26/example", ""];

/// Keys that the route may take, with those that the hints suggest.
pub(super) fn keys(route: &Route, hints: &[String]) -> Vec<String> {
    let fillers: Vec<_> = FILLERS
        .iter()
        .copied()
        .chain(hints.iter().map(String::as_str))
        .collect();
    let or_none = |affixes: &[Cow<'static, str>]| match affixes {
        [] => vec![String::new()],
        some => some.iter().map(|affix| affix.to_string()).collect(),
    };

    let mut keys = Vec::new();
    let mut add = |key: String| {
        if !key.is_empty() && !keys.contains(&key) {
            keys.push(key);
        }
    };
    let suffixes = or_none(route.suffixes()).into_iter().flat_map(|suffix| {
        let in_capitals = suffix.to_ascii_uppercase();
        let others = route.ignores_suffix_case() && in_capitals != suffix;
        std::iter::once(suffix).chain(others.then_some(in_capitals))
    });
    let suffixes: Vec<_> = suffixes.collect();

    for prefix in or_none(route.prefixes()) {
        for suffix in &suffixes {
            for filler in &fillers {
                match route.key() {
                    Some(pattern) => add(filled(pattern, filler)),
                    None => add(format!("{prefix}{filler}{suffix}")),
                }
            }
        }
    }

    // A filter may take or exclude a part of what the route takes.
    for hint in hints {
        add(hint.clone());
        for suffix in &suffixes {
            add(format!("{hint}example{suffix}"));
        }
        for prefix in or_none(route.prefixes()) {
            add(format!("{prefix}example{hint}"));
        }
    }

    keys
}

/// The pattern with a text for each of its parts.
fn filled(pattern: &str, filler: &str) -> String {
    let mut key = String::new();
    let mut rest = pattern;

    while let Some(brace) = rest.find(['{', '}']) {
        key.push_str(&rest[..brace]);
        let is_doubled = rest[brace + 1..].starts_with(&rest[brace..=brace]);
        let end = rest[brace..]
            .find('}')
            .map_or(rest.len(), |end| brace + end + 1);
        if is_doubled {
            key.push_str(&rest[brace..=brace]);
            rest = &rest[brace + 2..];
        } else {
            let is_rest = rest[..end].ends_with("*}");
            key.push_str(&if is_rest {
                filler.to_owned()
            } else {
                filler.replace('/', "-")
            });
            rest = &rest[end..];
        }
    }

    key + rest
}

/// The key as S3 sends it. AWS does not say whether it encodes `*`, `~`, `!`, `'`, `(` and `)`.
pub(super) fn spellings(key: &str) -> Vec<String> {
    let is_uncertain = |character: char| matches!(character, '*' | '~' | '!' | '\'' | '(' | ')');
    let spell = |encodes_uncertain: bool| {
        let mut spelled = String::new();
        for character in key.chars() {
            match character {
                ' ' => spelled.push('+'),
                'A'..='Z' | 'a'..='z' | '0'..='9' | '-' | '_' | '.' | '/' => {
                    spelled.push(character)
                }
                other if is_uncertain(other) && !encodes_uncertain => spelled.push(other),
                other => {
                    let mut bytes = [0; 4];
                    for byte in other.encode_utf8(&mut bytes).bytes() {
                        spelled.push_str(&format!("%{byte:02X}"));
                    }
                }
            }
        }
        spelled
    };

    match key.contains(is_uncertain) {
        true => vec![spell(true), spell(false)],
        false => vec![spell(true)],
    }
}
