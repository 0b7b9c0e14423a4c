//! The times in the data of events.

use crate::text::text_newtypes;

text_newtypes! {
    /// A time in UTC, as it was sent: `2026-07-06T14:30:00Z`.
    ///
    /// Some fields carry milliseconds: `2026-07-06T14:30:00.000Z`.
    Timestamp;
}
