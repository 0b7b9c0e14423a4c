//! Where an event stands among the events of its key.

use s3_dispatch_core::{EventName, S3EventRecord, Sequencer};

/// The position of an event that says what is at its key now.
///
/// A store remembers a position as the sequencer with one more hexadecimal digit. This leaves room
/// for a place just after each event and before the next one.
#[derive(Debug)]
pub(crate) enum Position {
    /// Its sequencer places it.
    Placed(Placed),
    /// It was backfilled, so it has no sequencer of its own. It is just after this position, or
    /// before every event if none is known.
    Backfilled(Option<Sequencer>),
}

/// The position of an event that S3 sent.
#[derive(Debug)]
pub(crate) struct Placed {
    place: Place,
    /// The sequencer of the event, followed by [`AT`].
    at: Sequencer,
    /// The sequencer of the event, followed by [`JUST_AFTER`].
    just_after: Sequencer,
}

/// What the sequencer of an event says about its time.
///
/// The sources are "Event message structure", Amazon S3 User Guide, 2026, and notifications of S3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It is the event's own.
    At,
    /// It is that of the upload's start, so the event is newer, but nobody knows by how much.
    After,
    /// It is that of the object that expired, so the event comes just after that object's upload.
    JustAfter,
}

const AT: char = '0';
const JUST_AFTER: char = '1';

impl Position {
    /// Returns the position of an event, or `None` if the event has none or leaves the current
    /// object in place.
    pub(crate) fn of(record: &S3EventRecord) -> Option<Self> {
        let place = Place::of(record)?;
        if record.is_backfilled() {
            let after = record.backfill_position().map(Sequencer::from);
            return Some(Self::Backfilled(after));
        }

        let sequencer = record.object.sequencer.as_ref();
        let sequencer = sequencer.filter(|sequencer| sequencer.compare(sequencer).is_some())?;
        let with = |digit| Sequencer::from(format!("{sequencer}{digit}"));

        Some(Self::Placed(Placed {
            place,
            at: with(AT),
            just_after: with(JUST_AFTER),
        }))
    }

    /// Returns whether the newest position that is remembered makes the event stale.
    pub(crate) fn is_stale(&self, latest: &Sequencer) -> bool {
        match self {
            Self::Placed(placed) => placed.is_stale(latest),
            Self::Backfilled(None) => true,
            Self::Backfilled(Some(after)) => {
                // What cannot be compared may be newer.
                latest.compare(after).is_none_or(|order| order.is_gt())
            }
        }
    }

    /// Returns what to remember when the event was handled. What is older is stale afterwards.
    /// `None` if there is nothing to remember, because the event makes no other stale.
    pub(crate) fn remembered(&self) -> Option<&Sequencer> {
        match self {
            Self::Placed(placed) => Some(placed.remembered()),
            Self::Backfilled(_) => None,
        }
    }
}

impl Placed {
    fn is_stale(&self, latest: &Sequencer) -> bool {
        let is_after = |own: &Sequencer| latest.compare(own).is_some_and(|order| order.is_gt());

        match self.place {
            Place::At => is_after(&self.at),
            Place::JustAfter => is_after(&self.just_after),
            // Any other position may be older than the upload's end.
            Place::After => latest
                .compare(&self.just_after)
                .is_some_and(|order| order.is_eq()),
        }
    }

    fn remembered(&self) -> &Sequencer {
        match self.place {
            Place::At | Place::After => &self.at,
            Place::JustAfter => &self.just_after,
        }
    }
}

impl Place {
    fn of(record: &S3EventRecord) -> Option<Self> {
        let (name, version) = (&record.event_name, &record.object.version_id);

        let is_of_one_version = version.is_some()
            && [
                EventName::OBJECT_REMOVED_DELETE,
                EventName::LIFECYCLE_EXPIRATION_DELETE,
            ]
            .contains(name);
        if is_of_one_version {
            return None;
        }

        let places = [
            (EventName::OBJECT_CREATED_PUT, Self::At),
            (EventName::OBJECT_CREATED_POST, Self::At),
            (EventName::OBJECT_CREATED_COPY, Self::At),
            (
                EventName::OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD,
                Self::After,
            ),
            (EventName::OBJECT_REMOVED_DELETE, Self::At),
            (EventName::OBJECT_REMOVED_DELETE_MARKER_CREATED, Self::At),
            (EventName::LIFECYCLE_EXPIRATION_DELETE, Self::JustAfter),
            (
                EventName::LIFECYCLE_EXPIRATION_DELETE_MARKER_CREATED,
                Self::JustAfter,
            ),
        ];
        let place = places.into_iter().find(|(own, _)| own == name);

        place.map(|(_, place)| place)
    }
}
