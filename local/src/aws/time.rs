//! Times as AWS writes them.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

/// Milliseconds since the Unix epoch, as SQS and Lambda write times.
pub(crate) fn milliseconds(time: SystemTime) -> u64 {
    u64::try_from(since_epoch(time).as_millis()).unwrap_or(u64::MAX)
}

/// Nanoseconds since the Unix epoch.
pub(crate) fn nanoseconds(time: SystemTime) -> u64 {
    u64::try_from(since_epoch(time).as_nanos()).unwrap_or(u64::MAX)
}

/// A time as S3 and SNS write it: `2026-04-07T14:30:00.123Z`.
pub(crate) fn iso(time: SystemTime) -> String {
    let milliseconds = i64::try_from(milliseconds(time)).unwrap_or(i64::MAX);
    let time = Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::MAX);

    format!("{time:.3}")
}

fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}
