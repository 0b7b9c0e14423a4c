//! Translates event names from and to EventBridge.

use super::known::{EventBridgeForm, Known};
use super::name::EventName;

const OBJECT_CREATED: &str = "Object Created";
const OBJECT_DELETED: &str = "Object Deleted";

/// The reason that EventBridge gives for deletions by a lifecycle rule.
pub(crate) const LIFECYCLE_EXPIRATION: &str = "Lifecycle Expiration";

const DELETE_OBJECT: &str = "DeleteObject";
const DELETE_MARKER_CREATED: &str = "Delete Marker Created";
const PERMANENTLY_DELETED: &str = "Permanently Deleted";

impl EventName {
    /// The name that a notification of the same event has.
    ///
    /// A new reason of `Object Created` becomes the action of an unknown name, such as
    /// `ObjectCreated:Teleport`. Any other detail type that is not in the table becomes the name
    /// itself, so that `*` still routes it. Pass an empty text for one that is missing.
    pub(crate) fn from_eventbridge(detail_type: &str, reason: &str, deletion_type: &str) -> Self {
        let (reason, deletion_type) = match detail_type {
            OBJECT_DELETED => known_deletion(reason, deletion_type),
            _ => (reason, deletion_type),
        };
        let is_this_event = |form: EventBridgeForm| {
            form.detail_type == detail_type
                && form.reason.is_none_or(|own| own == reason)
                && form.deletion_type.is_none_or(|own| own == deletion_type)
        };

        let known = Known::ALL
            .iter()
            .find(|known| known.eventbridge_form().is_some_and(is_this_event));

        match (known, detail_type, reason) {
            (Some(known), ..) => Self::of_known(*known),
            (None, OBJECT_CREATED, "") => Self::parse("ObjectCreated"),
            (None, OBJECT_CREATED, reason) => Self::parse(&format!("ObjectCreated:{reason}")),
            (None, ..) => Self::parse(detail_type),
        }
    }

    /// What EventBridge calls the event.
    ///
    /// `None` for unknown names and for the events that EventBridge does not send.
    pub(crate) fn eventbridge_form(&self) -> Option<EventBridgeForm> {
        self.as_known()?.eventbridge_form()
    }
}

/// A deletion counts as requested unless a lifecycle rule caused it, and as permanent unless a
/// delete marker was created. This also holds for words that AWS may add.
fn known_deletion<'t>(reason: &'t str, deletion_type: &'t str) -> (&'t str, &'t str) {
    let reason = match reason {
        LIFECYCLE_EXPIRATION => LIFECYCLE_EXPIRATION,
        _ => DELETE_OBJECT,
    };
    let deletion_type = match deletion_type {
        DELETE_MARKER_CREATED => DELETE_MARKER_CREATED,
        _ => PERMANENTLY_DELETED,
    };

    (reason, deletion_type)
}
