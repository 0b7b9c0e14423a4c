//! Names that say which records are the same, and which are about the same object.

use std::fmt;

use s3_dispatch_core::{ObjectKey, S3EventRecord};

/// The name of a record or an object in a store.
///
/// Two identities are equal if their texts are. The identities made here are readable: parts
/// separated by `|`, such as `ObjectCreated:Put|holiday|photo.jpg||55AED6DCD90281E5`. Within a
/// part, `|`, `%` and control characters are written as `%XX`, so different parts never give the
/// same text.
///
/// # Examples
///
/// ```
/// use s3_dispatch::once::Identity;
/// use s3_dispatch_testing::RecordBuilder;
///
/// let put = RecordBuilder::new("ObjectCreated:Put").with_key("photo.jpg").with_sequencer("0A");
/// let again = put.clone().with_event_time("2026-01-01T00:00:00.000Z");
/// let later = put.clone().with_sequencer("0B");
///
/// assert_eq!(Identity::of_record(&put.build()), Identity::of_record(&again.build()));
/// assert_ne!(Identity::of_record(&put.build()), Identity::of_record(&later.build()));
/// assert_eq!(Identity::of_object(&put.build()), Identity::of_object(&later.build()));
///
/// let object = Identity::of_object(&put.with_bucket("holiday").build());
/// assert_eq!(object.as_str(), "holiday|photo.jpg");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Identity(String);

impl Identity {
    /// Creates an identity from any text. It is not escaped.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the identity of a record, which all deliveries of one event share.
    ///
    /// It consists of the event name, bucket, key, version id and sequencer. When an object is
    /// created, removed or expires, the sequencer tells one event from the next.
    ///
    /// Other events leave the object in place. They may repeat its sequencer, or have none
    /// (tagging, access control lists). So their identity also contains S3's request id and the
    /// event time, and for a replication the rule and the destination.
    ///
    /// Returns `None` if nothing in the record distinguishes it from another event with the same
    /// name and key.
    #[must_use]
    pub fn of_record(record: &S3EventRecord) -> Option<Self> {
        let name = &record.event_name;
        let mut moment = vec![sequencer(record)];
        let is_told_by_sequencer =
            name.is_object_created() || name.is_object_removed() || name.is_lifecycle_expiration();

        if !is_told_by_sequencer || moment[0].is_empty() {
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

    /// Returns the identity of the object that a record is about: its bucket and key.
    #[must_use]
    pub fn of_object(record: &S3EventRecord) -> Self {
        Self::of_key(record.bucket.name.as_str(), &record.object.key)
    }

    /// Returns the identity of the object with this key.
    ///
    /// It equals what [`of_object`](Self::of_object) returns for a record of that object.
    #[must_use]
    pub fn of_key(bucket: &str, key: &ObjectKey) -> Self {
        Self::join([bucket, key.as_str()].into_iter())
    }

    /// Returns this identity within a scope, so that functions can share a store. An empty scope
    /// changes nothing.
    pub(crate) fn within(&self, scope: &str) -> Self {
        if scope.is_empty() {
            self.clone()
        } else {
            Self(format!("{}|{}", Self::join([scope].into_iter()), self.0))
        }
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Joins the parts, and escapes each so that no part can be mistaken for two.
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

fn text(text: Option<&impl AsRef<str>>) -> String {
    text.map_or_else(String::new, |text| text.as_ref().to_owned())
}

/// Returns the sequencer in canonical form, because EventBridge and notifications write it
/// differently. Empty if there is none.
fn sequencer(record: &S3EventRecord) -> String {
    let sequencer = record.object.sequencer.as_ref();
    sequencer.map_or_else(String::new, |sent| {
        sent.to_canonical().unwrap_or_else(|| text(Some(sent)))
    })
}

/// Returns the default scope of a router: the name of the Lambda function, or nothing outside
/// Lambda.
pub(crate) fn default_scope() -> String {
    std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default()
}
