//! The form of a log on disk: each line is a JSON array of the entries that were written together.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::entry::LogEntry;
use crate::aws::time::nanoseconds;
use crate::pipeline::transit::{InTransit, NextStop};
use crate::s3::{EventId, StoreChange};
use crate::sqs::stored::{QueueChange, StoredMessage};
use crate::sqs::{Message, SeenId};

/// The first line of a log: the format of the other lines.
pub(super) const FORMAT: &[u8] = b"{\"s3-dispatch-local\":2}\n";

/// The names of the variants and fields are the format on disk.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EntryLine<'l> {
    Counters {
        next_event: u64,
        last_sequencer: u64,
    },
    #[serde(borrow)]
    Parcel(InTransitLine<'l>),
    Arrived {
        serial: u64,
        due: LogTime,
    },
    Put(StoredMessageLine<'l>),
    Touched(VisibilityLine<'l>),
    Removed {
        queue: Cow<'l, str>,
        serial: u64,
    },
    Remembered {
        queue: Cow<'l, str>,
        id: Cow<'l, str>,
        message_id: Cow<'l, str>,
        until: LogTime,
    },
    Store(Cow<'l, StoreChange>),
}

#[derive(Serialize, Deserialize)]
struct InTransitLine<'l> {
    serial: u64,
    due: LogTime,
    event: Option<u64>,
    #[serde(borrow)]
    body: Cow<'l, str>,
    topic: Option<Cow<'l, str>>,
    queue: Option<Cow<'l, str>>,
    path: Cow<'l, str>,
    refusals: u32,
}

#[derive(Serialize, Deserialize)]
struct StoredMessageLine<'l> {
    #[serde(borrow)]
    queue: Cow<'l, str>,
    serial: u64,
    id: Cow<'l, str>,
    body: Cow<'l, str>,
    event: Option<u64>,
    group_id: Option<Cow<'l, str>>,
    deduplication_id: Option<Cow<'l, str>>,
    sent: LogTime,
    visible: LogTime,
    receive_count: u32,
    #[serde(default)]
    received_before: u32,
    received: Option<LogTime>,
    first_received: Option<LogTime>,
}

#[derive(Serialize, Deserialize)]
struct VisibilityLine<'l> {
    #[serde(borrow)]
    queue: Cow<'l, str>,
    serial: u64,
    visible: LogTime,
    receive_count: u32,
    received: Option<LogTime>,
    first_received: Option<LogTime>,
}

/// Nanoseconds since the Unix epoch.
#[derive(Serialize, Deserialize, Clone, Copy)]
struct LogTime(u64);

impl From<SystemTime> for LogTime {
    fn from(time: SystemTime) -> Self {
        Self(nanoseconds(time))
    }
}

impl From<LogTime> for SystemTime {
    fn from(LogTime(nanoseconds): LogTime) -> Self {
        Self::UNIX_EPOCH + Duration::from_nanos(nanoseconds)
    }
}

/// Appends the line of entries that belong together.
pub(super) fn write_line(entries: &[LogEntry], lines: &mut Vec<u8>) {
    let entries: Vec<_> = entries.iter().map(EntryLine::from).collect();
    serde_json::to_writer(&mut *lines, &entries).expect("texts and numbers can always be written");
    lines.push(b'\n');
}

/// Reads the line of entries that belong together.
pub(super) fn read_line(line: &[u8]) -> Result<Vec<LogEntry>, serde_json::Error> {
    let entries = serde_json::from_slice::<Vec<EntryLine<'_>>>(line)?;
    Ok(entries.into_iter().map(LogEntry::from).collect())
}

impl<'l> From<&'l LogEntry> for EntryLine<'l> {
    fn from(entry: &'l LogEntry) -> Self {
        match entry {
            LogEntry::Counters {
                last_event,
                last_sequencer,
            } => Self::Counters {
                next_event: *last_event,
                last_sequencer: *last_sequencer,
            },
            LogEntry::SentOff {
                serial,
                due,
                message,
            } => Self::Parcel(InTransitLine::new(*serial, *due, message)),
            LogEntry::Arrived { serial, due } => Self::Arrived {
                serial: *serial,
                due: (*due).into(),
            },
            LogEntry::Queue { queue, change } => Self::of_queue(borrow(queue), change),
            LogEntry::Store(change) => Self::Store(Cow::Borrowed(change)),
        }
    }
}

impl<'l> EntryLine<'l> {
    fn of_queue(queue: Cow<'l, str>, change: &'l QueueChange) -> Self {
        match change {
            QueueChange::Added(stored) => Self::Put(StoredMessageLine::new(queue, stored)),
            QueueChange::VisibilityChanged {
                serial,
                visible,
                receive_count,
                received,
                first_received,
            } => Self::Touched(VisibilityLine {
                queue,
                serial: *serial,
                visible: (*visible).into(),
                receive_count: *receive_count,
                received: received.map(Into::into),
                first_received: first_received.map(Into::into),
            }),
            QueueChange::Removed { serial } => Self::Removed {
                queue,
                serial: *serial,
            },
            QueueChange::Seen(SeenId {
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
}

impl From<EntryLine<'_>> for LogEntry {
    fn from(line: EntryLine<'_>) -> Self {
        let of_queue = |queue, change| Self::Queue {
            queue: own(queue),
            change,
        };

        match line {
            EntryLine::Counters {
                next_event,
                last_sequencer,
            } => Self::Counters {
                last_event: next_event,
                last_sequencer,
            },
            EntryLine::Parcel(line) => line.into_entry(),
            EntryLine::Arrived { serial, due } => Self::Arrived {
                serial,
                due: due.into(),
            },
            EntryLine::Put(line) => line.into_entry(),
            EntryLine::Touched(line) => line.into_entry(),
            EntryLine::Removed { queue, serial } => {
                of_queue(queue, QueueChange::Removed { serial })
            }
            EntryLine::Remembered {
                queue,
                id,
                message_id,
                until,
            } => {
                let seen = SeenId {
                    id: own(id),
                    message_id: own(message_id),
                    until: until.into(),
                };
                of_queue(queue, QueueChange::Seen(seen))
            }
            EntryLine::Store(change) => Self::Store(change.into_owned()),
        }
    }
}

impl<'l> InTransitLine<'l> {
    fn new(serial: u64, due: SystemTime, message: &'l InTransit) -> Self {
        let (topic, queue) = match &message.next_stop {
            NextStop::Topic(name) => (Some(borrow(name)), None),
            NextStop::Queue(name) => (None, Some(borrow(name))),
        };

        Self {
            serial,
            due: due.into(),
            event: message.event.map(|id| id.0),
            body: borrow(&message.body),
            topic,
            queue,
            path: borrow(&message.path),
            refusals: message.refusals,
        }
    }

    fn into_entry(self) -> LogEntry {
        let next_stop = match (self.topic, self.queue) {
            (Some(name), _) => NextStop::Topic(own(name)),
            (None, name) => NextStop::Queue(own(name.unwrap_or_default())),
        };

        LogEntry::SentOff {
            serial: self.serial,
            due: self.due.into(),
            message: InTransit {
                event: self.event.map(EventId),
                body: own(self.body),
                next_stop,
                path: own(self.path),
                refusals: self.refusals,
            },
        }
    }
}

impl<'l> StoredMessageLine<'l> {
    fn new(queue: Cow<'l, str>, stored: &'l StoredMessage) -> Self {
        let message = &stored.message;

        Self {
            queue,
            serial: stored.serial,
            id: borrow(&message.id),
            body: borrow(&message.body),
            event: message.event.map(|id| id.0),
            group_id: message.group_id.as_ref().map(borrow),
            deduplication_id: message.deduplication_id.as_ref().map(borrow),
            sent: stored.sent.into(),
            visible: stored.visible.into(),
            receive_count: stored.receive_count,
            received_before: stored.received_before,
            received: stored.received.map(Into::into),
            first_received: stored.first_received.map(Into::into),
        }
    }

    fn into_entry(self) -> LogEntry {
        let message = Message {
            id: own(self.id),
            body: own(self.body),
            event: self.event.map(EventId),
            group_id: self.group_id.map(own),
            deduplication_id: self.deduplication_id.map(own),
        };

        LogEntry::Queue {
            queue: own(self.queue),
            change: QueueChange::Added(StoredMessage {
                serial: self.serial,
                message,
                sent: self.sent.into(),
                visible: self.visible.into(),
                receive_count: self.receive_count,
                received_before: self.received_before,
                received: self.received.map(Into::into),
                first_received: self.first_received.map(Into::into),
            }),
        }
    }
}

impl VisibilityLine<'_> {
    fn into_entry(self) -> LogEntry {
        LogEntry::Queue {
            queue: own(self.queue),
            change: QueueChange::VisibilityChanged {
                serial: self.serial,
                visible: self.visible.into(),
                receive_count: self.receive_count,
                received: self.received.map(Into::into),
                first_received: self.first_received.map(Into::into),
            },
        }
    }
}

fn borrow(text: &Arc<str>) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

fn own(text: Cow<'_, str>) -> Arc<str> {
    text.into()
}
