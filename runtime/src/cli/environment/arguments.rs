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
