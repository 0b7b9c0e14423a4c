//! Arguments that several commands have, and how they are read.

use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use http::Uri;

/// Reads a number within these bounds.
pub(in crate::cli) fn number(smallest: u64, largest: u64) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(smallest..=largest)
}

pub(in crate::cli) fn duration(seconds: usize) -> Duration {
    Duration::from_secs(seconds as u64)
}

/// Whether two URLs name the same queue of the same server.
#[cfg(feature = "replay")]
pub(in crate::cli) fn is_same_queue(one: &str, other: &str) -> bool {
    let parts = |url: &str| {
        let url: Uri = url.parse().ok()?;
        let host = url.authority()?.as_str().to_ascii_lowercase();
        Some((host, url.path().trim_end_matches('/').to_owned()))
    };

    parts(one) == parts(other)
}

/// Reads the name of a bucket.
///
/// # Errors
///
/// The text has what no bucket's name can have. A URL and an ARN are no names, and events that
/// named them would fit no route.
#[cfg(feature = "backfill")]
pub(in crate::cli) fn bucket_name(text: &str) -> Result<String, &'static str> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);

    match !text.is_empty() && text.bytes().all(is_part) {
        true => Ok(text.to_owned()),
        false => Err("not the name of a bucket, such as amzn-s3-demo-bucket"),
    }
}

/// Says what is wrong with a range of times.
#[cfg(feature = "backfill")]
pub(in crate::cli) fn check_times<T: PartialOrd>(
    since: Option<T>,
    until: Option<T>,
) -> Result<(), &'static str> {
    match (since, until) {
        (Some(since), Some(until)) if since >= until => {
            Err("`--until` must be after `--since`: no object was modified in between")
        }
        _ => Ok(()),
    }
}

/// Reads the URL of a queue.
///
/// # Errors
///
/// The text is not a URL over HTTP with a host and a path.
pub(in crate::cli) fn queue_url(text: &str) -> Result<String, &'static str> {
    let is_url = text.parse::<Uri>().is_ok_and(|url| {
        let is_http = matches!(url.scheme_str(), Some("http" | "https"));
        is_http && url.host().is_some() && url.path().len() > 1
    });

    if is_url {
        Ok(text.to_owned())
    } else {
        Err("not the URL of a queue, such as \
             https://sqs.eu-central-1.amazonaws.com/123456789012/uploads")
    }
}
