use std::time::{Duration, UNIX_EPOCH};

use s3_dispatch_core::record::{EventTime, EventVersion};

#[test]
fn the_times_of_all_senders_are_parsed() {
    let check = |text: &str, since_epoch| {
        assert_eq!(
            EventTime::from(text).to_system_time(),
            Some(UNIX_EPOCH + since_epoch),
            "{text}"
        );
    };

    check("1970-01-01T00:00:01.250Z", Duration::from_millis(1250));
    check("1970-01-01T00:00:01Z", Duration::from_secs(1));
    check("1970-01-01T00:00:00.000002Z", Duration::from_micros(2));
}

#[test]
fn a_malformed_time_has_no_instant() {
    for text in ["", "date", "1970-01-01", "1970-13-01T00:00:00Z"] {
        assert_eq!(EventTime::from(text).to_system_time(), None, "{text}");
    }
}

#[test]
fn a_version_needs_an_equal_major_and_at_least_the_minor() {
    let check = |version: &str, major, minor, expected| {
        assert_eq!(
            EventVersion::from(version).is_at_least(major, minor),
            expected,
            "{version} {major}.{minor}"
        );
    };

    check("2.6", 2, 6, true);
    check("2.10", 2, 6, true);
    check("2.5", 2, 6, false);
    check("3.6", 2, 6, false);
    check("2", 2, 0, false);
    check("", 0, 0, false);
    check("2.x", 2, 0, false);
}
