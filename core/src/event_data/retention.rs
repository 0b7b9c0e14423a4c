//! The data of retentions.

use super::timestamp::Timestamp;
use crate::text::text_newtypes;

/// The retention that was written (`objectRetentionEventData`).
///
/// ```json
/// {"mode": "COMPLIANCE", "retainUntilDate": "2026-07-06T14:30:00Z", "eventHold": "ON", "eventHoldDuration": {"days": 90}}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Retention {
    /// `GOVERNANCE` or `COMPLIANCE`.
    pub mode: Option<RetentionMode>,
    /// Until when the object is kept, UTC.
    pub retain_until: Option<Timestamp>,
    /// `ON` while an event holds the object.
    pub event_hold: Option<EventHold>,
    /// How long after the event the object is kept.
    pub event_hold_duration: Option<EventHoldDuration>,
}

/// How long an object is kept after the event that holds it (`eventHoldDuration`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct EventHoldDuration {
    /// In days.
    pub days: Option<u64>,
    /// In years.
    pub years: Option<u64>,
}

text_newtypes! {
    /// The mode of a retention.
    RetentionMode;
    /// The state of an event hold.
    EventHold;
}
