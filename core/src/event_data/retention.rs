//! The data of retentions.

use super::timestamp::Timestamp;
use crate::text::text_newtypes;

/// The retention that was written (`objectRetentionEventData`).
///
/// ```json
/// {"mode": "COMPLIANCE", "retainUntilDate": "2026-07-06T14:30:00Z",
///  "eventHold": "ON", "eventHoldDuration": {"days": 90}}
/// ```
///
/// `ObjectRetention:Put` events carry it, since version 2.6 of the format. EventBridge writes the
/// names with hyphens: `retain-until-date`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Retention {
    /// The mode (`mode`): `GOVERNANCE` or `COMPLIANCE`.
    pub mode: Option<RetentionMode>,
    /// The time until which the object is kept, in UTC (`retainUntilDate`).
    pub retain_until: Option<Timestamp>,
    /// Whether an event holds the object (`eventHold`): `ON`.
    ///
    /// `None` if the retention has no event hold.
    pub event_hold: Option<EventHold>,
    /// How long the object is kept after the event (`eventHoldDuration`).
    ///
    /// `None` if the retention has no event hold.
    pub event_hold_duration: Option<EventHoldDuration>,
}

/// How long an object is kept after the event that holds it (`eventHoldDuration`).
///
/// ```json
/// {"days": 90}
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct EventHoldDuration {
    /// The number of days. `None` if the duration is given in years.
    pub days: Option<u64>,
    /// The number of years. `None` if the duration is given in days.
    pub years: Option<u64>,
}

text_newtypes! {
    /// The mode of a retention: `GOVERNANCE`, `COMPLIANCE`.
    RetentionMode;
    /// The state of an event hold: `ON`.
    EventHold;
}
