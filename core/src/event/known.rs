//! The events this version knows, made from the table.

use super::spelling::{category_and_action, equal};
use super::table::event_table;

/// What EventBridge calls an event.
///
/// ```json
/// {"detail-type": "Object Deleted",
///  "detail": {"reason": "DeleteObject", "deletion-type": "Permanently Deleted"}}
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventBridgeForm {
    /// The event's `detail-type`.
    pub(crate) detail_type: &'static str,
    /// The `reason`. `None` where the detail type alone tells which event it is.
    pub(crate) reason: Option<&'static str>,
    /// The `deletion-type`. `None` except for deletions.
    pub(crate) deletion_type: Option<&'static str>,
}

macro_rules! known_events {
    ($(
        $(#[$doc:meta])*
        $constant:ident = $variant:ident { name: $name:literal, eventbridge: $form:tt, }
    )*) => {
        /// A row of the table of names.
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Known { $($variant,)* }

        impl Known {
            /// All rows, in the order of AWS's list.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name as notifications spell it.
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What EventBridge calls the event. `None` for the events that it does not send.
            pub(crate) const fn eventbridge_form(self) -> Option<EventBridgeForm> {
                match self { $(Self::$variant => eventbridge_form!($form),)* }
            }

            /// Finds a name that has no `s3:` in front.
            pub(crate) const fn parse(name: &str) -> Option<Self> {
                // No `match`, because a `const` function cannot match on a `str`.
                $(
                    if equal(name, $name) {
                        return Some(Self::$variant);
                    }
                )*

                None
            }
        }
    };
}

macro_rules! eventbridge_form {
    ([]) => { None };
    ([$detail_type:literal $(, reason $reason:literal)? $(, deletion $deletion_type:literal)?]) => {
        Some(EventBridgeForm {
            detail_type: $detail_type,
            reason: literal_or_none!($($reason)?),
            deletion_type: literal_or_none!($($deletion_type)?),
        })
    };
}

macro_rules! literal_or_none {
    () => {
        None
    };
    ($text:literal) => {
        Some($text)
    };
}

event_table!(known_events);

impl Known {
    /// The table's own copy of a category's name, or `None` if no event belongs to the category.
    pub(crate) const fn category(category: &str) -> Option<&'static str> {
        let mut index = 0;
        while index < Self::ALL.len() {
            let (known, _) = category_and_action(Self::ALL[index].as_str());
            if equal(known, category) {
                return Some(known);
            }

            index += 1;
        }

        None
    }
}
