//! A change as a line of JSON.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::pipeline::log::Entry;
use crate::pipeline::transit::{Leg, Parcel};
use crate::sqs::stored::{Held, Memory, QueueChange};
use crate::{EventId, Message};

/// The first line: what the others are.
pub(crate) const FORMAT: &[u8] = b"{\"s3-dispatch-local\":1}\n";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line<'l> {
    Counters {
        next_event: u64,
        last_sequencer: u64,
    },
    Parcel {
        serial: u64,
        due: Time,
        event: Option<u64>,
        #[serde(borrow)]
        body: Cow<'l, str>,
        topic: Option<Cow<'l, str>>,
        queue: Option<Cow<'l, str>>,
        path: Cow<'l, str>,
        refusals: u32,
    },
    Arrived {
        serial: u64,
        due: Time,
    },
    Put {
        queue: Cow<'l, str>,
        serial: u64,
        id: Cow<'l, str>,
        body: Cow<'l, str>,
        event: Option<u64>,
        group_id: Option<Cow<'l, str>>,
        deduplication_id: Option<Cow<'l, str>>,
        sent: Time,
        visible: Time,
        receive_count: u32,
        #[serde(default)]
        received_before: u32,
        received: Option<Time>,
        first_received: Option<Time>,
    },
    Touched {
        queue: Cow<'l, str>,
        serial: u64,
        visible: Time,
        receive_count: u32,
        received: Option<Time>,
        first_received: Option<Time>,
    },
    Removed {
        queue: Cow<'l, str>,
        serial: u64,
    },
    Remembered {
        queue: Cow<'l, str>,
        id: Cow<'l, str>,
        message_id: Cow<'l, str>,
        until: Time,
    },
}

/// Nanoseconds since the Unix epoch.
#[derive(Serialize, Deserialize, Clone, Copy)]
struct Time(u64);

impl From<SystemTime> for Time {
    fn from(time: SystemTime) -> Self {
        let since_epoch = time
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Self(u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl From<Time> for SystemTime {
    fn from(Time(nanoseconds): Time) -> Self {
        Self::UNIX_EPOCH + Duration::from_nanos(nanoseconds)
    }
}

/// Appends the line of this change.
pub(crate) fn write(entry: &Entry, lines: &mut Vec<u8>) {
    serde_json::to_writer(&mut *lines, &Line::of(entry))
        .expect("texts and numbers can always be written");
    lines.push(b'\n');
}

pub(crate) fn read(line: &[u8]) -> Result<Entry, serde_json::Error> {
    serde_json::from_slice::<Line<'_>>(line).map(Line::into_entry)
}

impl<'l> Line<'l> {
    fn of(entry: &'l Entry) -> Self {
        match entry {
            Entry::Counters {
                next_event,
                last_sequencer,
            } => Self::Counters {
                next_event: *next_event,
                last_sequencer: *last_sequencer,
            },
            Entry::Parcel {
                serial,
                due,
                parcel,
            } => {
                let (topic, queue) = match &parcel.leg {
                    Leg::Topic(name) => (Some(borrow(name)), None),
                    Leg::Queue(name) => (None, Some(borrow(name))),
                };
                Self::Parcel {
                    serial: *serial,
                    due: (*due).into(),
                    event: parcel.event.map(|id| id.0),
                    body: borrow(&parcel.body),
                    topic,
                    queue,
                    path: borrow(&parcel.path),
                    refusals: parcel.refusals,
                }
            }
            Entry::Arrived { serial, due } => Self::Arrived {
                serial: *serial,
                due: (*due).into(),
            },
            Entry::Queue { queue, change } => Self::of_queue(borrow(queue), change),
        }
    }

    fn of_queue(queue: Cow<'l, str>, change: &'l QueueChange) -> Self {
        match change {
            QueueChange::Put(held) => Self::Put {
                queue,
                serial: held.serial,
                id: borrow(&held.message.id),
                body: borrow(&held.message.body),
                event: held.message.event.map(|id| id.0),
                group_id: held.message.group_id.as_ref().map(borrow),
                deduplication_id: held.message.deduplication_id.as_ref().map(borrow),
                sent: held.sent.into(),
                visible: held.visible.into(),
                receive_count: held.receive_count,
                received_before: held.received_before,
                received: held.received.map(Into::into),
                first_received: held.first_received.map(Into::into),
            },
            QueueChange::Touched {
                serial,
                visible,
                receive_count,
                received,
                first_received,
            } => Self::Touched {
                queue,
                serial: *serial,
                visible: (*visible).into(),
                receive_count: *receive_count,
                received: received.map(Into::into),
                first_received: first_received.map(Into::into),
            },
            QueueChange::Removed { serial } => Self::Removed {
                queue,
                serial: *serial,
            },
            QueueChange::Remembered(Memory {
                id,
                message_id,
                until,
            }) => Self::Remembered {
                queue,
                id: borrow(id),
                message_id: borrow(message_id),
                until: (*until).into(),
            },
        }
    }

    fn into_entry(self) -> Entry {
        let queue = |queue: Cow<'l, str>, change| Entry::Queue {
            queue: own(queue),
            change,
        };
        match self {
            Self::Counters {
                next_event,
                last_sequencer,
            } => Entry::Counters {
                next_event,
                last_sequencer,
            },
            Self::Parcel {
                serial,
                due,
                event,
                body,
                topic,
                queue,
                path,
                refusals,
            } => {
                let leg = match (topic, queue) {
                    (Some(name), _) => Leg::Topic(own(name)),
                    (None, name) => Leg::Queue(own(name.unwrap_or_default())),
                };
                let parcel = Parcel {
                    event: event.map(EventId),
                    body: own(body),
                    leg,
                    path: own(path),
                    refusals,
                };

                Entry::Parcel {
                    serial,
                    due: due.into(),
                    parcel,
                }
            }
            Self::Arrived { serial, due } => Entry::Arrived {
                serial,
                due: due.into(),
            },
            Self::Put {
                queue: name,
                serial,
                id,
                body,
                event,
                group_id,
                deduplication_id,
                sent,
                visible,
                receive_count,
                received_before,
                received,
                first_received,
            } => {
                let message = Message {
                    id: own(id),
                    body: own(body),
                    event: event.map(EventId),
                    group_id: group_id.map(own),
                    deduplication_id: deduplication_id.map(own),
                };

                let held = Held {
                    receive_count,
                    received_before,
                    received: received.map(Into::into),
                    first_received: first_received.map(Into::into),
                    ..Held::new(serial, message, sent.into(), visible.into())
                };

                queue(name, QueueChange::Put(held))
            }
            Self::Touched {
                queue: name,
                serial,
                visible,
                receive_count,
                received,
                first_received,
            } => {
                let (received, first_received) =
                    (received.map(Into::into), first_received.map(Into::into));
                queue(
                    name,
                    QueueChange::Touched {
                        serial,
                        visible: visible.into(),
                        receive_count,
                        received,
                        first_received,
                    },
                )
            }
            Self::Removed {
                queue: name,
                serial,
            } => queue(name, QueueChange::Removed { serial }),
            Self::Remembered {
                queue: name,
                id,
                message_id,
                until,
            } => {
                let memory = Memory {
                    id: own(id),
                    message_id: own(message_id),
                    until: until.into(),
                };
                queue(name, QueueChange::Remembered(memory))
            }
        }
    }
}

fn borrow(text: &Arc<str>) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

fn own(text: Cow<'_, str>) -> Arc<str> {
    text.into()
}
