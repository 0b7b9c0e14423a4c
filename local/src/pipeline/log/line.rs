//! The form of a log on disk: each line is a JSON array of the entries that were written together.

use std::borrow::Cow;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::entry::LogEntry;
use super::message_line::StoredMessageLine;
use super::settings_line::SettingsLine;
use super::values::{LogTime, borrow, own};
use crate::pipeline::transit::{InTransit, NextStop};
use crate::s3::{EventId, StoreChange};
use crate::sqs::SeenId;
use crate::sqs::stored::QueueChange;

/// The first line of a log: the format of the other lines.
pub(super) const FORMAT: &[u8] = b"{\"s3-dispatch-local\":2}\n";

/// The names of the variants and fields are the format on disk.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EntryLine<'l> {
    Counters {
        next_event: u64,
        last_sequencer: u64,
        #[serde(default, skip_serializing_if = "is_zero")]
        last_message: u64,
    },
    #[serde(borrow)]
    Parcel(InTransitLine<'l>),
    Arrived {
        serial: u64,
        due: LogTime,
    },
    Settings(SettingsLine),
    QueueDeleted {
        queue: Cow<'l, str>,
        time: LogTime,
    },
    Put(StoredMessageLine<'l>),
    Touched(VisibilityLine<'l>),
    Removed {
        queue: Cow<'l, str>,
        serial: u64,
    },
    Continued {
        queue: Cow<'l, str>,
        serial: u64,
    },
    Remembered {
        queue: Cow<'l, str>,
        id: Cow<'l, str>,
        message_id: Cow<'l, str>,
        #[serde(default)]
        serial: u64,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    event_bus: Option<Cow<'l, str>>,
    queue: Option<Cow<'l, str>>,
    path: Cow<'l, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace_header: Option<Cow<'l, str>>,
    refusals: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dead_letter_queue: Option<Cow<'l, str>>,
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

/// Most pipelines have no clients that send messages.
fn is_zero(number: &u64) -> bool {
    *number == 0
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
                last_message,
            } => Self::Counters {
                next_event: *last_event,
                last_sequencer: *last_sequencer,
                last_message: *last_message,
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
            LogEntry::Settings(settings) => Self::Settings(SettingsLine::new(settings)),
            LogEntry::QueueDeleted { queue, time } => Self::QueueDeleted {
                queue: borrow(queue),
                time: (*time).into(),
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
            QueueChange::Continued { serial } => Self::Continued {
                queue,
                serial: *serial,
            },
            QueueChange::Seen(SeenId {
                id,
                message_id,
                serial,
                until,
            }) => Self::Remembered {
                queue,
                id: borrow(id),
                message_id: borrow(message_id),
                serial: *serial,
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
                last_message,
            } => Self::Counters {
                last_event: next_event,
                last_sequencer,
                last_message,
            },
            EntryLine::Parcel(line) => line.into_entry(),
            EntryLine::Arrived { serial, due } => Self::Arrived {
                serial,
                due: due.into(),
            },
            EntryLine::Put(line) => {
                let (queue, stored) = line.into_stored();
                of_queue(queue, QueueChange::Added(stored))
            }
            EntryLine::Touched(line) => line.into_entry(),
            EntryLine::Settings(line) => Self::Settings(line.into_settings()),
            EntryLine::QueueDeleted { queue, time } => Self::QueueDeleted {
                queue: own(queue),
                time: time.into(),
            },
            EntryLine::Continued { queue, serial } => {
                of_queue(queue, QueueChange::Continued { serial })
            }
            EntryLine::Removed { queue, serial } => {
                of_queue(queue, QueueChange::Removed { serial })
            }
            EntryLine::Remembered {
                queue,
                id,
                message_id,
                serial,
                until,
            } => {
                let seen = SeenId {
                    id: own(id),
                    message_id: own(message_id),
                    serial,
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
        let (topic, event_bus, queue) = match &message.next_stop {
            NextStop::Topic(name) => (Some(borrow(name)), None, None),
            NextStop::EventBus(name) => (None, Some(borrow(name)), None),
            NextStop::Queue(name) => (None, None, Some(borrow(name))),
        };

        Self {
            serial,
            due: due.into(),
            event: message.event.map(|id| id.0),
            body: borrow(&message.body),
            topic,
            event_bus,
            queue,
            path: borrow(&message.path),
            trace_header: message.trace_header.as_ref().map(borrow),
            refusals: message.refusals,
            dead_letter_queue: message.dead_letter_queue.as_ref().map(borrow),
        }
    }

    fn into_entry(self) -> LogEntry {
        let next_stop = match (self.topic, self.event_bus, self.queue) {
            (Some(name), _, _) => NextStop::Topic(own(name)),
            (None, Some(name), _) => NextStop::EventBus(own(name)),
            (None, None, name) => NextStop::Queue(own(name.unwrap_or_default())),
        };

        LogEntry::SentOff {
            serial: self.serial,
            due: self.due.into(),
            message: InTransit {
                event: self.event.map(EventId),
                body: own(self.body),
                next_stop,
                path: own(self.path),
                trace_header: self.trace_header.map(own),
                refusals: self.refusals,
                dead_letter_queue: self.dead_letter_queue.map(own),
            },
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
