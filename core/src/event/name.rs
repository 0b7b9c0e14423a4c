//! The name of an event, known or not.

use super::known::Known;
use super::spelling::without_prefix;
use super::table::event_table;
use crate::text::{FromText, Text, text_views};

/// The name of an event, as in a record's `eventName`: `ObjectCreated:Put`.
///
/// The set is open. S3 adds event types without notice ("Event message structure", Amazon S3 User
/// Guide, 2026), so a name that this version does not know is kept as it was sent.
///
/// Bucket configuration and some S3-compatible stores write the same name with `s3:` in front.
/// [`parse`](Self::parse) drops the prefix, so both spellings are equal. Upper and lower case
/// differ: `objectcreated:put` is an unknown name.
///
/// Events that came through EventBridge get the name that a notification would have had.
///
/// # Examples
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

macro_rules! event_names {
    ($(
        $(#[$doc:meta])*
        $constant:ident = $variant:ident { name: $name:literal, eventbridge: $form:tt, }
    )*) => {
        /// The names that this version knows.
        impl EventName {
            $(
                #[doc = concat!("`", $name, "`")]
                ///
                $(#[$doc])*
                pub const $constant: Self = Self(Repr::Known(Known::$variant));
            )*

            /// The names that this version knows, in the order of AWS's list.
            ///
            /// # Examples
            ///
            /// ```
            /// use s3_dispatch_core::EventName;
            ///
            /// let removals = EventName::KNOWN.iter().filter(|name| name.is_object_removed());
            /// let names: Vec<_> = removals.map(EventName::as_str).collect();
            /// assert_eq!(names, ["ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated"]);
            /// ```
            pub const KNOWN: &'static [Self] = &[$(Self::$constant,)*];
        }
    };
}

event_table!(event_names);

macro_rules! category_predicates {
    ($($(#[$doc:meta])* $predicate:ident $category:literal;)*) => {
        /// The categories, one predicate each.
        ///
        /// A predicate holds for every action of its category, including actions that this version
        /// does not know.
        impl EventName {
            $(
                $(#[$doc])*
                ///
                #[doc = concat!("True for every name of the category `", $category, "`.")]
                #[must_use]
                pub fn $predicate(&self) -> bool { self.category() == $category }
            )*
        }
    };
}

category_predicates! {
    /// Whether an object was created: uploaded, copied, or assembled from parts.
    is_object_created "ObjectCreated";
    /// Whether a request deleted an object or a version, or put a delete marker on an object.
    is_object_removed "ObjectRemoved";
    /// Whether this is a step in the restoration of an archived object.
    is_object_restore "ObjectRestore";
    /// Whether this is about the replication of an object.
    is_replication "Replication";
    /// Whether a lifecycle rule moved an object to another storage class.
    is_lifecycle_transition "LifecycleTransition";
    /// Whether a lifecycle rule deleted an object or put a delete marker on it.
    is_lifecycle_expiration "LifecycleExpiration";
    /// Whether Intelligent-Tiering moved an object to an archive tier.
    is_intelligent_tiering "IntelligentTiering";
    /// Whether an object's access control list was written.
    is_object_acl "ObjectAcl";
    /// Whether an object's tags were written or deleted.
    is_object_tagging "ObjectTagging";
    /// Whether an object's annotations were written or deleted.
    is_object_annotation "ObjectAnnotation";
    /// Whether an object's retention was written.
    is_object_retention "ObjectRetention";
    /// Whether an object of the Reduced Redundancy storage class was lost.
    is_reduced_redundancy_lost_object "ReducedRedundancyLostObject";
}

impl EventName {
    /// Reads a name. Every text is a name, and a leading `s3:` is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::EventName;
    ///
    /// assert_eq!(EventName::parse("s3:ObjectAcl:Put"), EventName::OBJECT_ACL_PUT);
    /// assert_eq!(EventName::parse("ObjectFrozen:Put").as_str(), "ObjectFrozen:Put");
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let name = without_prefix(text);
        Self(Known::parse(name).map_or_else(|| Repr::Unknown(Text::from(name)), Repr::Known))
    }

    /// Reads a name that this version knows.
    #[inline]
    pub(crate) fn known(text: &str) -> Option<Self> {
        Known::parse(without_prefix(text)).map(Self::of_known)
    }

    pub(crate) const fn of_known(known: Known) -> Self {
        Self(Repr::Known(known))
    }

    /// The row of the table. `None` for an unknown name.
    pub(crate) const fn as_known(&self) -> Option<Known> {
        match self.0 {
            Repr::Known(known) => Some(known),
            Repr::Unknown(_) => None,
        }
    }

    /// The name, without `s3:`.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::EventName;
    ///
    /// assert_eq!(EventName::parse("s3:ObjectTagging:Put").as_str(), "ObjectTagging:Put");
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Known(known) => known.as_str(),
            Repr::Unknown(text) => text.as_str(),
        }
    }

    /// The kind of event: the name up to its first `:`, or the whole name if it has none.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::EventName;
    ///
    /// assert_eq!(EventName::OBJECT_CREATED_PUT.category(), "ObjectCreated");
    /// assert_eq!(EventName::LIFECYCLE_TRANSITION.category(), "LifecycleTransition");
    /// ```
    #[must_use]
    pub fn category(&self) -> &str {
        let name = self.as_str();
        name.split_once(':').map_or(name, |(category, _)| category)
    }

    /// What was done: the name after its first `:`.
    ///
    /// `None` for a name without an action, such as `LifecycleTransition`.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::EventName;
    ///
    /// assert_eq!(EventName::OBJECT_CREATED_PUT.action(), Some("Put"));
    /// assert_eq!(EventName::INTELLIGENT_TIERING.action(), None);
    /// ```
    #[must_use]
    pub fn action(&self) -> Option<&str> {
        self.as_str().split_once(':').map(|(_, action)| action)
    }

    /// Whether this version knows the name, that is, whether it is in [`KNOWN`](Self::KNOWN).
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::EventName;
    ///
    /// assert!(EventName::parse("ObjectCreated:Copy").is_known());
    /// assert!(!EventName::parse("ObjectCreated:Teleport").is_known());
    /// ```
    #[must_use]
    pub fn is_known(&self) -> bool {
        matches!(self.0, Repr::Known(_))
    }
}

impl EventName {
    /// The same name. An unknown one gets memory of its own, so that keeping it does not keep the
    /// payload that it was read from.
    #[must_use]
    pub fn to_detached(&self) -> Self {
        match &self.0 {
            Repr::Known(_) => self.clone(),
            Repr::Unknown(text) => Self(Repr::Unknown(text.to_detached())),
        }
    }
}

impl FromText for EventName {
    /// The same as [`EventName::parse`], but an unknown name shares the payload's memory.
    fn from_text(text: Text) -> Self {
        let name = without_prefix(text.as_str());
        let len = name.len();
        Self(Known::parse(name).map_or_else(|| Repr::Unknown(text.last(len)), Repr::Known))
    }
}

text_views!(EventName);

/// The same as [`EventName::parse`].
impl From<&str> for EventName {
    fn from(text: &str) -> Self {
        Self::parse(text)
    }
}
