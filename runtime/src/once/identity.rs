//! Names that say which records are the same, and which are about the same object.

use std::fmt;
use std::path::Path;

use s3_dispatch_core::{ObjectKey, S3EventRecord};

/// The name of a record or an object in a store.
///
/// Equal texts are the same thing. The identities made here are readable: parts separated by `|`,
/// such as `ObjectTagging:Put|holiday|photo.jpg||||C3D13FE58DE4C810|2026-04-07T14:30:00.123Z`.
/// Within a part, `|`, `%` and control characters are written as `%XX`, so different parts never
/// give the same text.
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
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity(String);

impl Identity {
    /// Creates an identity from any text. It is not escaped.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the identity of a record, which all deliveries of one event share.
    ///
    /// It consists of the event name, bucket, key, version id, sequencer, ETag and S3's request id.
    /// The sequencer alone does not do: some senders write the same one into every record, and then
    /// the ETag and the request id tell two uploads of a key apart.
    ///
    /// The event time is part of the identity only where nothing else is sure to tell two events
    /// apart:
    ///
    /// - The record has no request id.
    /// - The event is not about an object that is created, removed or expires. Other events are
    ///   about an object that stays. They may repeat its sequencer, or have none (tagging, access
    ///   control lists). The identity of a replication has the rule and the destination as well.
    ///
    /// Returns `None` when the record has nothing that tells it from another event with the same
    /// name and key: neither a request id nor a time, and no sequencer of its own.
    ///
    /// # Which sender repeats what
    ///
    /// - If S3 sends an event more than once, the sequencer, request id, ETag and version are the
    ///   same, but the event time may differ.
    /// - SNS, SQS, and stores that try a notification again repeat the whole record.
    /// - EventBridge and a notification may announce the same event. The times then differ, because
    ///   EventBridge writes whole seconds.
    /// - LocalStack writes the sequencer `0055AED6DCD90281E5` into every record, and moto writes
    ///   none.
    ///
    /// So an event about an object that stays counts as another event if it comes with another
    /// time. It is then handled twice, which is better than losing a real one.
    #[must_use]
    pub fn of_record(record: &S3EventRecord) -> Option<Self> {
        let name = &record.event_name;
        let (sequencer, request_id) = (sequencer(record), text(record.request_id.as_ref()));
        let time = text(record.event_time.as_ref());
        let has_own_sequencer =
            name.is_object_created() || name.is_object_removed() || name.is_lifecycle_expiration();

        if request_id.is_empty() && time.is_empty() && (!has_own_sequencer || sequencer.is_empty())
        {
            return None;
        }

        let version = text(record.object.version_id.as_ref());
        let e_tag = text(record.object.e_tag.as_ref());
        let (bucket, key) = (record.bucket.name.as_str(), record.object.key.as_str());
        let is_told_by_time = !has_own_sequencer || request_id.is_empty();

        let mut parts = vec![name.as_str(), bucket, key, &version, &sequencer, &e_tag];
        parts.push(&request_id);

        if is_told_by_time {
            parts.push(&time);
        }

        let replication = record.replication.as_ref().filter(|_| is_told_by_time);
        let replication = replication.map(|replication| {
            let rule = text(replication.rule_id.as_ref());
            [rule, text(replication.destination_bucket.as_ref())]
        });
        parts.extend(replication.iter().flatten().map(String::as_str));

        Some(Self::join(parts.into_iter()))
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

    /// Returns the identity of the state in which an event leaves its object: the bucket and key,
    /// and the version id, or the ETag where there are no versions.
    ///
    /// An event and a listing of the bucket give the same identity. The ETag counts without the
    /// quotes of a listing, and the version `null`, which objects without versioning have, counts
    /// as none.
    ///
    /// Returns `None` if the event is not `ObjectCreated`, because other events make no new state,
    /// or if it has neither a version id nor an ETag.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::once::Identity;
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let e_tag = "5eb63bbbe01eeed093cb22bb8f5acdc3";
    /// let put = RecordBuilder::new("ObjectCreated:Put").with_e_tag(e_tag);
    /// let listed = put
    ///     .clone()
    ///     .with_sequencer("")
    ///     .with_version_id("null")
    ///     .with_e_tag(format!("\"{e_tag}\""));
    ///
    /// let state = Identity::of_state(&put.build());
    /// assert!(state.is_some());
    /// assert_eq!(state, Identity::of_state(&listed.build()));
    /// assert_eq!(Identity::of_state(&RecordBuilder::new("ObjectTagging:Put").build()), None);
    /// ```
    #[must_use]
    pub fn of_state(record: &S3EventRecord) -> Option<Self> {
        if !record.event_name.is_object_created() {
            return None;
        }

        let object = &record.object;
        let version = object.version_id.as_ref().map(|version| version.as_str());
        let e_tag = object.e_tag.as_ref();
        let e_tag = e_tag.map(|e_tag| e_tag.as_str().trim_matches('"'));

        let (kind, state) = match (version.filter(|version| *version != "null"), e_tag) {
            (Some(version), _) => ("version", version),
            (None, Some(e_tag)) if !e_tag.is_empty() => ("etag", e_tag),
            (None, _) => return None,
        };

        let (bucket, key) = (record.bucket.name.as_str(), object.key.as_str());
        Some(Self::join([bucket, key, kind, state].into_iter()))
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

    /// Returns the identity of the turn at an object, which no record or object has: a part never
    /// contains a `%` that two digits do not follow.
    pub(crate) fn of_turn(record: &S3EventRecord, scope: &str) -> Self {
        Self(format!("%turn|{}", Self::of_object(record).within(scope)))
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

/// Returns the scope of a router that was given none: the name of the Lambda function, or outside
/// Lambda that of the program, without its folder and extension.
pub(crate) fn default_scope() -> String {
    let function = std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default();

    if function.is_empty() {
        let program = std::env::args_os().next().unwrap_or_default();
        let name = Path::new(&program).file_stem().unwrap_or_default();
        name.to_string_lossy().into_owned()
    } else {
        function
    }
}
