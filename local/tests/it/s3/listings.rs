//! Listings: their pages, and keys with unusual characters.

use super::setup::{BUCKET, Setup};

/// Puts an empty object under each of these keys, which are URL-encoded.
fn put_all(s3: &Setup, keys: &[&str]) {
    for key in keys {
        s3.ok(&format!("PUT /{BUCKET}/{key}"));
    }
}

/// The keys on all pages of one key each.
fn pages(s3: &Setup, query: &str) -> Vec<String> {
    let mut keys = Vec::new();
    let mut token = String::new();

    loop {
        let request = format!("GET /{BUCKET}?list-type=2&max-keys=1{query}{token}");
        let page = s3.ok(&request);
        keys.extend(page.texts("Key").into_iter().map(str::to_owned));
        match page.text("NextContinuationToken") {
            Some(next) => {
                assert!(next.bytes().all(|byte| byte.is_ascii_graphic()), "{next:?}");
                let next = next
                    .replace('+', "%2B")
                    .replace('/', "%2F")
                    .replace('=', "%3D");
                token = format!("&continuation-token={next}");
            }
            None => return keys,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_repeat_no_key_whatever_characters_it_has() {
    let s3 = Setup::start().await;
    // In the order of their bytes.
    let keys = [
        "%01", "%0A", "%20", "%26lt%3B", "%3Ca%3E", "a%2Bb", "%7F", "%C3%A9",
    ];
    put_all(&s3, &keys);

    assert_eq!(pages(&s3, "&encoding-type=url"), keys);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_continuation_token_of_somebody_else_is_refused() {
    let s3 = Setup::start().await;
    put_all(&s3, &["a", "b"]);

    for token in ["a", "%00", "YQ", "YQ%3D", "%2F%2F%2F%2F"] {
        let request = format!("GET /{BUCKET}?list-type=2&continuation-token={token}");
        s3.check_fails(&request, "", 400, "InvalidArgument");
    }

    let empty = s3.ok(&format!("GET /{BUCKET}?list-type=2&continuation-token="));
    assert_eq!(empty.texts("Key"), ["a", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_delimiter_is_none_and_others_are_repeated() {
    let s3 = Setup::start().await;
    put_all(&s3, &["a%0Ab", "c"]);

    for query in ["", "&list-type=2", "&versions"] {
        let empty = s3.ok(&format!("GET /{BUCKET}?delimiter={query}"));
        assert_eq!(empty.text("Delimiter"), None, "{query}");
        assert_eq!(empty.texts("Key").len(), 2, "{query}");

        let encoded = s3.ok(&format!(
            "GET /{BUCKET}?delimiter=%0A&encoding-type=url{query}"
        ));
        assert_eq!(encoded.text("Delimiter"), Some("%0A"), "{query}");
        assert_eq!(encoded.texts("Key"), ["c"], "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_version_of_the_listing_repeats_marker_and_prefix() {
    let s3 = Setup::start().await;
    for (query, marker, prefix) in [("", "", ""), ("?marker=a&prefix=b", "a", "b")] {
        let answer = s3.ok(&format!("GET /{BUCKET}{query}"));
        for (element, value) in [("Marker", marker), ("Prefix", prefix)] {
            let is_shown = answer.text(element) == Some(value);
            let is_empty = value.is_empty() && answer.body.contains(&format!("<{element}/>"));
            assert!(is_shown || is_empty, "{element}: {answer:?}");
        }
    }
}
