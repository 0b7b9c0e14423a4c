//! An object that a source found.

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use s3_dispatch_core::delivery::BackfilledEvent;
use s3_dispatch_core::{EventName, ObjectKey, Sequencer};

use super::position::Position;

/// An object, or a delete marker, and what its source says about it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::cli) struct Found {
    /// Decoded.
    pub(in crate::cli) key: String,
    /// In bytes. `None` if the source does not say it.
    pub(in crate::cli) size: Option<u64>,
    /// Without quotes.
    pub(in crate::cli) e_tag: Option<String>,
    /// `None` without versioning. `null` for an older version from the time before versioning.
    pub(in crate::cli) version_id: Option<String>,
    pub(in crate::cli) last_modified: Option<DateTime>,
    /// Whether it is what `GetObject` without a version gives, or would be if it were no marker.
    pub(in crate::cli) is_latest: bool,
    pub(in crate::cli) is_delete_marker: bool,
    /// Where the source goes on when everything up to this object is settled.
    pub(in crate::cli) position: Position,
}

/// The id of a version that was written without versioning ("Working with objects in a
/// versioning-suspended bucket", Amazon S3 User Guide, 2026).
const NULL_VERSION: &str = "null";

impl Found {
    /// An object of which only the key is known.
    pub(in crate::cli) fn of_key(key: String, position: Position) -> Self {
        Self {
            key,
            size: None,
            e_tag: None,
            version_id: None,
            last_modified: None,
            is_latest: true,
            is_delete_marker: false,
            position,
        }
    }

    /// Sets the version id as notifications have it. That of the current `null` version is left
    /// out; an older one needs it, because nothing else would name it.
    pub(in crate::cli) fn set_version_id(&mut self, version_id: Option<&str>) {
        let is_implied = |id: &str| id.is_empty() || self.is_latest && id == NULL_VERSION;
        let named = version_id.filter(|id| !is_implied(id));
        self.version_id = named.map(str::to_owned);
    }

    /// The event that S3 would have announced the object with, unless it is chosen: an ETag that
    /// ends in `-N` is that of an upload in parts.
    pub(in crate::cli) fn event(&self, chosen: Option<&EventName>) -> EventName {
        if self.is_delete_marker {
            return EventName::OBJECT_REMOVED_DELETE_MARKER_CREATED;
        }
        if let Some(chosen) = chosen {
            return chosen.clone();
        }

        let is_of_parts = self.e_tag.as_deref().is_some_and(|tag| tag.contains('-'));
        if is_of_parts {
            EventName::OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD
        } else {
            EventName::OBJECT_CREATED_PUT
        }
    }

    /// The notification of the object.
    pub(in crate::cli) fn notification(
        &self,
        bucket: (&str, Option<&str>),
        event: &EventName,
    ) -> String {
        self.notification_after(bucket, event, None)
    }

    /// The notification of an object that was the current one after the events of its key were
    /// handled up to this position.
    pub(in crate::cli) fn notification_after(
        &self,
        (bucket, region): (&str, Option<&str>),
        event: &EventName,
        position: Option<&Sequencer>,
    ) -> String {
        let mut written = BackfilledEvent::new(event, bucket, &self.key);
        let time = self.last_modified.as_ref().and_then(event_time);

        if let Some(size) = self.size {
            written = written.with_size(size);
        }
        if let Some(e_tag) = &self.e_tag {
            written = written.with_e_tag(e_tag);
        }
        if let Some(version_id) = &self.version_id {
            written = written.with_version_id(version_id);
        }
        if let Some(time) = &time {
            written = written.with_time(time);
        }
        if let Some(region) = region {
            written = written.with_region(region);
        }
        if let Some(position) = position {
            written = written.with_position(position);
        }

        written.to_json()
    }
}

/// The key in an answer or a file that encodes keys as forms do.
pub(super) fn decoded(key: &str) -> String {
    ObjectKey::decode(key).as_str().to_owned()
}

/// A time as S3 writes it into notifications: `2026-04-07T14:30:00.123Z`. `None` for a time beyond
/// the year 9999.
fn event_time(time: &DateTime) -> Option<String> {
    let text = time.fmt(DateTimeFormat::DateTime).ok()?;
    let (whole, fraction) = match text.trim_end_matches('Z').split_once('.') {
        Some((whole, fraction)) => (whole.to_owned(), fraction.to_owned()),
        None => (text.trim_end_matches('Z').to_owned(), String::new()),
    };

    Some(format!("{whole}.{fraction:0<3.3}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(seconds: f64, expected: &str) {
        let time = DateTime::from_secs_f64(seconds);
        assert_eq!(event_time(&time).as_deref(), Some(expected));
    }

    #[test]
    fn a_time_has_milliseconds_as_in_notifications() {
        check(0.0, "1970-01-01T00:00:00.000Z");
        check(1_775_572_200.5, "2026-04-07T14:30:00.500Z");
        check(1_775_572_200.0, "2026-04-07T14:30:00.000Z");
    }

    #[test]
    fn the_version_that_nothing_else_names_keeps_its_id() {
        let mut found = Found::of_key("k".to_owned(), Position::Start);
        found.set_version_id(Some("null"));
        assert_eq!(found.version_id, None);
        found.set_version_id(Some(""));
        assert_eq!(found.version_id, None);
        found.set_version_id(Some("v1"));
        assert_eq!(found.version_id.as_deref(), Some("v1"));

        found.is_latest = false;
        found.set_version_id(Some("null"));
        assert_eq!(found.version_id.as_deref(), Some("null"));
    }
}
