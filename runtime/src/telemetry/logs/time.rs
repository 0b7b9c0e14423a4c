//! Writes the time of a line.

use std::time::SystemTime;

/// Appends a time as RFC 3339 has it, in UTC with microseconds: `2026-11-26T12:34:56.789012Z`.
pub(super) fn push(line: &mut String, time: SystemTime) {
    // A clock before 1970 is not set.
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    let since = since.unwrap_or_default();
    let seconds = since.as_secs();
    let (year, month, day) = date(seconds / 86_400);

    let micros = u64::from(since.subsec_micros());

    let mut text = *b"0000-00-00T00:00:00.000000Z";
    for (place, number) in [
        (0, year / 100),
        (2, year),
        (5, month),
        (8, day),
        (11, seconds / 3_600 % 24),
        (14, seconds / 60 % 60),
        (17, seconds % 60),
        (20, micros / 10_000),
        (22, micros / 100),
        (24, micros),
    ] {
        text[place] = b'0' + (number / 10 % 10) as u8;
        text[place + 1] = b'0' + (number % 10) as u8;
    }

    line.push_str(std::str::from_utf8(&text).expect("digits are ASCII"));
}

/// Returns year, month and day of a day since 1970 in the Gregorian calendar.
///
/// Years begin in March here, so that the day that may be missing is the last one.
fn date(days: u64) -> (u64, u64, u64) {
    const DAYS_OF_400_YEARS: u64 = 146_097;
    // From 0000-03-01 to 1970-01-01.
    let days = days + 719_468;

    let (era, day) = (days / DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year;

    if month < 10 {
        (year, month + 3, day)
    } else {
        (year + 1, month - 9, day)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::push;

    /// The texts are those of `date --utc`.
    #[test]
    fn times_are_those_of_the_calendar() {
        for (milliseconds, expected) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000000Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000000Z"),
            (1_709_164_800_000, "2024-02-29T00:00:00.000000Z"),
            (1_735_689_599_001, "2024-12-31T23:59:59.001000Z"),
            (1_735_689_600_000, "2025-01-01T00:00:00.000000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000000Z"),
        ] {
            let mut text = String::new();
            push(
                &mut text,
                SystemTime::UNIX_EPOCH + Duration::from_millis(milliseconds),
            );
            assert_eq!(text, expected);
        }
    }
}
