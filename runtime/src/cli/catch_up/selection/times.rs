//! The times of `--since` and `--until`.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};

const UNITS: [(char, u64); 5] = [
    ('s', 1),
    ('m', 60),
    ('h', 60 * 60),
    ('d', 24 * 60 * 60),
    ('w', 7 * 24 * 60 * 60),
];

/// Reads a time: RFC 3339 such as `2026-04-07T14:30:00Z`, a date such as `2026-04-07`, whose first
/// moment in UTC it is, or how long ago it is, such as `90s`, `30m`, `6h`, `2d` or `1w`.
pub(in crate::cli) fn time(text: &str, now: SystemTime) -> Result<DateTime, &'static str> {
    const HELP: &str =
        "not a time such as 2026-04-07T14:30:00Z, 2026-04-07, or 2d for two days ago";

    if let Some(ago) = ago(text) {
        let time = now.checked_sub(ago).ok_or(HELP)?;
        return Ok(DateTime::from(time));
    }

    let is_date = text.len() == "2026-04-07".len();
    let midnight = format!("{text}T00:00:00Z");
    let text = if is_date { &midnight } else { text };

    DateTime::from_str(text, DateTimeFormat::DateTimeWithOffset).map_err(|_| HELP)
}

fn ago(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let (_, seconds) = UNITS.into_iter().find(|(own, _)| *own == unit)?;
    let number = &text[..text.len() - unit.len_utf8()];
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }

    let number: u64 = number.parse().ok()?;
    number.checked_mul(seconds).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-04-07T14:30:00Z.
    const NOW: u64 = 1_775_572_200;

    #[track_caller]
    fn check(text: &str, expected: Option<u64>) {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
        let read = time(text, now).ok().map(|time| time.secs() as u64);
        assert_eq!(read, expected, "{text}");
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        check("2026-04-07T14:30:00Z", Some(NOW));
        check("2026-04-07T14:30:00.000Z", Some(NOW));
        check("2026-04-07T16:30:00+02:00", Some(NOW));
        check("2026-04-07", Some(NOW - 52_200));
        check("0s", Some(NOW));
        check("90s", Some(NOW - 90));
        check("30m", Some(NOW - 1_800));
        check("6h", Some(NOW - 21_600));
        check("2d", Some(NOW - 172_800));
        check("1w", Some(NOW - 604_800));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "d",
            "2",
            "2y",
            "-2d",
            "+2d",
            "2 d",
            "1.5h",
            "yesterday",
            "2026-04-31",
            "2026-4-7",
            "2026-04-07T14:30:00",
            "99999999999999999999d",
            "9999999999999999w",
            "ä",
            "2ä",
        ] {
            check(text, None);
        }
    }
}
