//! The options of `audit`.

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::primitives::DateTime;
use clap::Args;
use s3_dispatch_core::EventName;

use crate::cli::catch_up::objects::Scope;
use crate::cli::catch_up::selection::time;
use crate::cli::environment::arguments::{bucket_name, check_times, duration, number, queue_url};

/// What is compared with what was handled, and what is done about what is missing.
#[derive(Debug, Args)]
pub(in crate::cli) struct Options {
    /// The bucket
    #[arg(long, value_name = "BUCKET", value_parser = bucket_name)]
    pub(super) bucket: String,

    /// Only keys that begin with this
    #[arg(long, value_name = "PREFIX")]
    pub(super) prefix: Option<String>,

    /// Only objects that were last modified at this time or later: 2026-04-07T14:30:00Z,
    /// 2026-04-07 (UTC), or 2d, 6h, 30m for that long ago
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(super) since: Option<DateTime>,

    /// Only objects that were last modified before this time
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(super) until: Option<DateTime>,

    /// The event of every object, instead of ObjectCreated:CompleteMultipartUpload for objects that
    /// were uploaded in parts, and ObjectCreated:Put for all others
    #[arg(long, value_name = "NAME", value_parser = event)]
    pub(super) event: Option<EventName>,

    /// Older versions as well
    #[arg(long)]
    pub(super) versions: bool,

    /// Leave objects alone that were modified less than this time ago, such as 90s, 30m or 6h,
    /// because their events may be under way
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = Grace::parse)]
    pub(super) grace: Grace,

    /// Handle the missing events here
    #[arg(long, conflicts_with = "to")]
    pub(super) replay: bool,

    /// Send the missing events to the queue with this URL
    #[arg(long, value_name = "URL", value_parser = queue_url)]
    pub(super) to: Option<String>,

    /// How many handlers may run at once with --replay [default: what the program sets, or else 10]
    #[arg(
        long,
        value_name = "HANDLERS",
        env = "S3_DISPATCH_CONCURRENCY",
        value_parser = number(1, 100_000)
    )]
    pub(super) concurrency: Option<usize>,

    /// How long handlers may go on with --replay after SIGTERM or Ctrl-C
    #[arg(
        long,
        value_name = "SECONDS",
        env = "S3_DISPATCH_DRAIN",
        default_value = "25",
        value_parser = number(0, 43_200)
    )]
    drain: usize,
}

/// How old an object must be to be compared, and when such an object was modified at the latest.
#[derive(Debug, Clone)]
pub(super) struct Grace {
    text: String,
    pub(super) time: DateTime,
}

impl Options {
    /// Says what is wrong with the options as a whole.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        check_times(self.since, self.until)
    }

    pub(super) fn scope(&self) -> Scope {
        Scope {
            bucket: self.bucket.clone(),
            prefix: self.prefix.clone(),
        }
    }

    pub(super) fn drain(&self) -> Duration {
        duration(self.drain)
    }
}

fn moment(text: &str) -> Result<DateTime, &'static str> {
    time(text, SystemTime::now())
}

impl Grace {
    fn parse(text: &str) -> Result<Self, &'static str> {
        match text.chars().last() {
            Some('s' | 'm' | 'h' | 'd' | 'w') => Ok(Self {
                text: text.to_owned(),
                time: moment(text)?,
            }),
            _ => Err("not a length of time such as 90s, 30m, 6h or 2d"),
        }
    }
}

/// Writes `15 min`.
impl fmt::Display for Grace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = |digit: char| digit.is_ascii_digit();
        let unit = self.text.trim_start_matches(digits);
        let number = self.text.trim_end_matches(unit);

        write!(f, "{number} {}", if unit == "m" { "min" } else { unit })
    }
}

fn event(text: &str) -> Result<EventName, &'static str> {
    let name = EventName::parse(text);
    match name.is_known() && name.is_object_created() {
        true => Ok(name),
        false => Err("not an event of a new object, such as ObjectCreated:Put"),
    }
}
