//! The names of S3's events.

use crate::text::{FromText, Text, text_views};

/// The name of an event, as in a record's `eventName`: `ObjectCreated:Put`.
///
/// An open set: a name that this version does not know is kept as it was sent, since S3 adds event
/// types without notice ("Event message structure", Amazon S3 User Guide, 2026). Bucket
/// configuration and some S3-compatible stores write the same name with `s3:` in front;
/// [`parse`](Self::parse) drops it, so that both compare equal.
///
/// ```
/// use s3_dispatch_core::EventName;
///
/// let name = EventName::parse("s3:ObjectCreated:Put");
/// assert_eq!(name, EventName::OBJECT_CREATED_PUT);
/// assert_eq!((name.category(), name.action()), ("ObjectCreated", Some("Put")));
/// assert!(!EventName::parse("ObjectFrozen:Put").is_known());
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EventName(Repr);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    Known(Known),
    Unknown(Text),
}

/// One table: constants, parser, and the candidates for "did you mean".
macro_rules! event_names {
    ($($(#[$doc:meta])* $constant:ident = $variant:ident $text:literal;)*) => {
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Known { $($variant,)* }

        impl Known {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant,)*];

            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }

        impl EventName {
            $($(#[$doc])* pub const $constant: Self = Self(Repr::Known(Known::$variant));)*

            /// The names this version knows, in the order of AWS's list.
            pub const KNOWN: &'static [Self] = &[$(Self::$constant,)*];
        }
    };
}

event_names! {
    /// An object of the Reduced Redundancy storage class was lost.
    REDUCED_REDUNDANCY_LOST_OBJECT = ReducedRedundancyLostObject "ReducedRedundancyLostObject";
    /// An object was uploaded in one request.
    OBJECT_CREATED_PUT = ObjectCreatedPut "ObjectCreated:Put";
    /// An object was uploaded by an HTML form.
    OBJECT_CREATED_POST = ObjectCreatedPost "ObjectCreated:Post";
    /// An object was copied in one request.
    OBJECT_CREATED_COPY = ObjectCreatedCopy "ObjectCreated:Copy";
    /// A multipart upload was completed: every large upload, and every large copy.
    OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD = ObjectCreatedCompleteMultipartUpload "ObjectCreated:CompleteMultipartUpload";
    /// An object, or one version of it, was deleted for good.
    OBJECT_REMOVED_DELETE = ObjectRemovedDelete "ObjectRemoved:Delete";
    /// A delete marker was put on top of a versioned object.
    OBJECT_REMOVED_DELETE_MARKER_CREATED = ObjectRemovedDeleteMarkerCreated "ObjectRemoved:DeleteMarkerCreated";
    /// The restoration of an archived object was begun.
    OBJECT_RESTORE_POST = ObjectRestorePost "ObjectRestore:Post";
    /// The restoration of an archived object was completed.
    OBJECT_RESTORE_COMPLETED = ObjectRestoreCompleted "ObjectRestore:Completed";
    /// The restored copy of an archived object expired.
    OBJECT_RESTORE_DELETE = ObjectRestoreDelete "ObjectRestore:Delete";
    /// The replication of an object failed.
    REPLICATION_OPERATION_FAILED_REPLICATION = ReplicationOperationFailedReplication "Replication:OperationFailedReplication";
    /// An object is no longer tracked by Replication Time Control.
    REPLICATION_OPERATION_NOT_TRACKED = ReplicationOperationNotTracked "Replication:OperationNotTracked";
    /// The replication of an object took longer than the threshold.
    REPLICATION_OPERATION_MISSED_THRESHOLD = ReplicationOperationMissedThreshold "Replication:OperationMissedThreshold";
    /// An object was replicated, after the threshold.
    REPLICATION_OPERATION_REPLICATED_AFTER_THRESHOLD = ReplicationOperationReplicatedAfterThreshold "Replication:OperationReplicatedAfterThreshold";
    /// A lifecycle rule moved an object to another storage class.
    LIFECYCLE_TRANSITION = LifecycleTransition "LifecycleTransition";
    /// Intelligent-Tiering moved an object to an archive tier.
    INTELLIGENT_TIERING = IntelligentTiering "IntelligentTiering";
    /// An object's access control list was written.
    OBJECT_ACL_PUT = ObjectAclPut "ObjectAcl:Put";
    /// A lifecycle rule deleted an object.
    LIFECYCLE_EXPIRATION_DELETE = LifecycleExpirationDelete "LifecycleExpiration:Delete";
    /// A lifecycle rule put a delete marker on top of a versioned object.
    LIFECYCLE_EXPIRATION_DELETE_MARKER_CREATED = LifecycleExpirationDeleteMarkerCreated "LifecycleExpiration:DeleteMarkerCreated";
    /// An object's tags were written.
    OBJECT_TAGGING_PUT = ObjectTaggingPut "ObjectTagging:Put";
    /// An object's tags were deleted.
    OBJECT_TAGGING_DELETE = ObjectTaggingDelete "ObjectTagging:Delete";
    /// An annotation of an object was written.
    OBJECT_ANNOTATION_PUT = ObjectAnnotationPut "ObjectAnnotation:Put";
    /// An annotation of an object was deleted.
    OBJECT_ANNOTATION_DELETE = ObjectAnnotationDelete "ObjectAnnotation:Delete";
    /// An object's retention was written.
    OBJECT_RETENTION_PUT = ObjectRetentionPut "ObjectRetention:Put";
}

macro_rules! category_predicates {
    ($($(#[$doc:meta])* $predicate:ident $category:literal;)*) => {
        impl EventName {
            $($(#[$doc])* #[must_use] pub fn $predicate(&self) -> bool { self.category() == $category })*
        }
    };
}

category_predicates! {
    /// Whether an object was created, by whatever action.
    is_object_created "ObjectCreated";
    /// Whether an object or a version was deleted, or hidden by a delete marker, on request.
    is_object_removed "ObjectRemoved";
    /// Whether this is a step in the restoration of an archived object.
    is_object_restore "ObjectRestore";
    /// Whether this is about the replication of an object.
    is_replication "Replication";
    /// Whether a lifecycle rule moved an object to another storage class.
    is_lifecycle_transition "LifecycleTransition";
    /// Whether a lifecycle rule deleted an object or put a delete marker on it.
    is_lifecycle_expiration "LifecycleExpiration";
    /// Whether Intelligent-Tiering moved an object.
    is_intelligent_tiering "IntelligentTiering";
    /// Whether an access control list changed.
    is_object_acl "ObjectAcl";
    /// Whether an object's tags changed.
    is_object_tagging "ObjectTagging";
    /// Whether an object's annotations changed.
    is_object_annotation "ObjectAnnotation";
    /// Whether an object's retention changed.
    is_object_retention "ObjectRetention";
    /// Whether an object of the Reduced Redundancy storage class was lost.
    is_reduced_redundancy_lost_object "ReducedRedundancyLostObject";
}

impl EventName {
    /// Reads a name; any text is one. A leading `s3:` is dropped.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let name = without_prefix(text);
        Self(Known::parse(name).map_or_else(|| Repr::Unknown(Text::from(name)), Repr::Known))
    }

    pub(crate) const fn of_known(known: Known) -> Self {
        Self(Repr::Known(known))
    }

    /// Its place in the table; `None` for a name that is not in it.
    pub(crate) const fn as_known(&self) -> Option<Known> {
        match self.0 {
            Repr::Known(known) => Some(known),
            Repr::Unknown(_) => None,
        }
    }

    /// The name, without `s3:`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Known(known) => known.as_str(),
            Repr::Unknown(text) => text.as_str(),
        }
    }

    /// What kind of event this is: the name up to its first `:`, or all of it.
    #[must_use]
    pub fn category(&self) -> &str {
        let name = self.as_str();
        name.split_once(':').map_or(name, |(category, _)| category)
    }

    /// What was done: the name after its first `:`. `None` for the names that have no action, such
    /// as `LifecycleTransition`.
    #[must_use]
    pub fn action(&self) -> Option<&str> {
        self.as_str().split_once(':').map(|(_, action)| action)
    }

    /// Whether the name is in the table of this version.
    #[must_use]
    pub fn is_known(&self) -> bool {
        matches!(self.0, Repr::Known(_))
    }
}

impl FromText for EventName {
    /// As [`EventName::parse`], without a copy.
    fn from_text(text: Text) -> Self {
        let name = without_prefix(text.as_str());
        let len = name.len();
        Self(Known::parse(name).map_or_else(|| Repr::Unknown(text.last(len)), Repr::Known))
    }
}

fn without_prefix(text: &str) -> &str {
    text.strip_prefix("s3:").unwrap_or(text)
}

pub(crate) const fn bytes_equal(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }

    let mut index = 0;
    while index < left.len() {
        if left[index] != right[index] {
            return false;
        }
        index += 1;
    }

    true
}

text_views!(EventName);

impl From<&str> for EventName {
    fn from(text: &str) -> Self {
        Self::parse(text)
    }
}
