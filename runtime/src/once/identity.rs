//! What makes two records the same, or two objects.

use std::fmt;

use s3_dispatch_core::{ObjectKey, S3EventRecord};

/// The name under which a store knows a record or an object.
///
/// Any text; equal texts are the same thing. Those made here are readable: parts separated by `|`,
/// with `|`, `%` and control characters in a part written as `%XX`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Identity(String);

impl Identity {
    /// An identity of the caller's choice.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The same for all deliveries of one event: event name, bucket, key, version id and sequencer.
    ///
    /// Of objects that are created, removed or expire the sequencer tells one event from the next.
    /// Other events are about an object that stays, and may repeat its sequencer or have none
    /// (tagging, access control lists): S3's request id and time, and of a replication its rule
    /// and destination, belong to their identity as well. `None` when nothing tells two such
    /// events apart.
    #[must_use]
    pub fn of_record(record: &S3EventRecord) -> Option<Self> {
        fn text(text: Option<&impl AsRef<str>>) -> String {
            text.map_or_else(String::new, |text| text.as_ref().to_owned())
        }

        let name = &record.event_name;
        let sequencer = record.object.sequencer.as_ref();
        // EventBridge spells the same number in another way than a notification does.
        let sequencer = sequencer.map_or_else(String::new, |own| {
            own.to_canonical().unwrap_or_else(|| text(Some(own)))
        });
        let tells =
            name.is_object_created() || name.is_object_removed() || name.is_lifecycle_expiration();
        let mut moment = vec![sequencer];

        if !tells || moment[0].is_empty() {
            moment.extend([
                text(record.request_id.as_ref()),
                text(record.event_time.as_ref()),
            ]);
            if let Some(replication) = &record.replication {
                let destination = text(replication.destination_bucket.as_ref());
                moment.extend([text(replication.rule_id.as_ref()), destination]);
            }
        }

        if moment.iter().all(String::is_empty) {
            return None;
        }

        let version = text(record.object.version_id.as_ref());
        let (bucket, key) = (record.bucket.name.as_str(), record.object.key.as_str());
        let parts = [name.as_str(), bucket, key, &version];

        Some(Self::join(
            parts.into_iter().chain(moment.iter().map(String::as_str)),
        ))
    }

    /// The same for all events of one object: bucket and key.
    #[must_use]
    pub fn of_object(record: &S3EventRecord) -> Self {
        Self::of_key(record.bucket.name.as_str(), &record.object.key)
    }

    /// The object of a key.
    #[must_use]
    pub fn of_key(bucket: &str, key: &ObjectKey) -> Self {
        Self::join([bucket, key.as_str()].into_iter())
    }

    /// The same for nobody but this scope: two functions that do different things with one record
    /// may share a store.
    pub(crate) fn within(&self, scope: &str) -> Self {
        if scope.is_empty() {
            self.clone()
        } else {
            Self(format!("{}|{}", Self::join([scope].into_iter()), self.0))
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn join<'p>(parts: impl Iterator<Item = &'p str>) -> Self {
        let mut joined = String::new();
        for (index, part) in parts.enumerate() {
            if index > 0 {
                joined.push('|');
            }

            for character in part.chars() {
                match character {
                    '|' | '%' | '\0'..='\x1f' | '\x7f' => {
                        joined.push_str(&format!("%{:02X}", u32::from(character)))
                    }
                    other => joined.push(other),
                }
            }
        }

        Self(joined)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whose memory a store's entries are, unless said otherwise: that of the Lambda function.
pub(crate) fn default_scope() -> String {
    std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default()
}
