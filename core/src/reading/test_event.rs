//! Reads the test notification that S3 sends when a bucket's notifications are configured.

use super::json::{Path, Read, Scanner, Span};
use super::mistake::{lone_surrogate, not_a_text};
use crate::Error;
use crate::delivery::TestEvent;
use crate::text::FromText;

const NAMES: &[(&str, usize)] = &[
    ("Service", 0),
    ("Bucket", 1),
    ("Time", 2),
    ("RequestId", 3),
    ("HostId", 4),
];

/// Reads an object in explaining mode.
pub(super) fn read_test_event<const LEVEL: usize>(
    scanner: &mut Scanner<'_, LEVEL>,
    path: &Path<'_>,
) -> Result<TestEvent, Error> {
    let mut spans = [Span::default(); NAMES.len()];
    let texts = scanner
        .fields(NAMES, |scanner, index| {
            spans[index] = scanner.value(Read::Text)?;
            Ok(())
        })
        .and_then(|()| scanner.texts())
        .map_err(|_| lone_surrogate(path))?;

    let text = |index: usize| {
        let path = Path::Member(path, NAMES[index].0);
        spans[index]
            .text(&texts)
            .map_err(|_| not_a_text(spans[index], &path))
    };

    Ok(TestEvent {
        service: text(0)?.map(FromText::from_text),
        bucket: text(1)?.map(FromText::from_text),
        time: text(2)?.map(FromText::from_text),
        request_id: text(3)?.map(FromText::from_text),
        host_id: text(4)?.map(FromText::from_text),
    })
}
