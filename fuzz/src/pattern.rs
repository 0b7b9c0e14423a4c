use s3_dispatch_core::{ErrorKind, EventName, EventPattern};

/// Checks that any text is a pattern or an error, and that a pattern matches whatever a pattern
/// that it covers matches.
///
/// The input is three texts, separated by line feeds.
pub fn pattern(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let texts: Vec<_> = text.splitn(3, '\n').collect();
    let patterns: Vec<_> = texts.iter().filter_map(|text| parse(text)).collect();

    let names: Vec<_> = texts
        .iter()
        .map(|text| EventName::parse(text))
        .chain(EventName::KNOWN.iter().cloned())
        .collect();

    for left in &patterns {
        assert!(left.covers(left) && EventPattern::ANY.covers(left));
        for right in &patterns {
            let covers = left.covers(right);
            for name in names.iter().filter(|name| right.matches(name)) {
                assert!(
                    !covers || left.matches(name),
                    "{left} covers {right} but not {name}"
                );
            }

            if covers && right.covers(left) {
                assert_eq!(left, right);
            }
        }

        for name in &names {
            let expected = match (left.as_name(), left.as_category()) {
                (Some(own), None) => own.as_str() == name.as_str(),
                (None, Some(category)) => category == name.category(),
                (None, None) => true,
                both => panic!("{left:?} is {both:?}"),
            };

            assert_eq!(left.matches(name), expected, "{left} {name}");

            assert_eq!(
                left.covers(&EventPattern::name(name.clone())),
                expected,
                "{left} {name}"
            );
        }
    }
}

fn parse(text: &str) -> Option<EventPattern> {
    let parsed = EventPattern::parse(text);
    assert_eq!(parsed.is_ok(), is_pattern(text), "{text:?}");

    match parsed {
        Ok(pattern) => {
            let shown = pattern.to_string();
            assert_eq!(shown, text.strip_prefix("s3:").unwrap_or(text));
            assert!(
                EventPattern::parse(&shown).is_ok_and(|again| again == pattern),
                "{shown}"
            );

            Some(pattern)
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidPattern);
            assert!(!error.to_string().contains(char::is_control), "{error}");
            None
        }
    }
}

/// Whether the text is `*`, `Category:*`, or parts of letters and digits separated by `:`, after at
/// most one prefix `s3:`.
fn is_pattern(text: &str) -> bool {
    let text = text.strip_prefix("s3:").unwrap_or(text);
    let is_part =
        |part: &&str| !part.is_empty() && part.chars().all(|char| char.is_ascii_alphanumeric());
    let parts: Vec<_> = text.split(':').collect();

    match &*parts {
        ["s3", _, ..] => false,
        ["*"] => true,
        [category, "*"] => is_part(category),
        parts => parts.iter().all(is_part),
    }
}
