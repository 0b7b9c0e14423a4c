//! A world: a batch, what its handlers do, the dispatcher's settings, and the patience of its
//! caller.

use std::fmt;

use bytes::Bytes;
use s3_dispatch::{Malformed, Unrouted};
use s3_dispatch_testing::{
    NotificationBuilder, RecordBuilder, SnsMessageBuilder, SqsBatchBuilder, SqsMessageBuilder,
};

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) is_fifo: bool,
    pub(crate) messages: Vec<Message>,
    pub(crate) setup: Setup,
    pub(crate) patience: Patience,
    /// The payload is an `SqsEvent` of `aws_lambda_events`, not bytes.
    pub(crate) is_typed: bool,
}

/// Times in milliseconds.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) concurrency: usize,
    pub(crate) deadline: Option<u64>,
    pub(crate) margin: Option<u64>,
    pub(crate) record_timeout: Option<u64>,
    pub(crate) unrouted: Unrouted,
    pub(crate) malformed: Malformed,
    pub(crate) has_sink: bool,
    pub(crate) queue: QueueUse,
    /// A failed record holds back the later ones of its key.
    pub(crate) holds_back: bool,
}

/// What the dispatcher does with messages that came back, and whether it has a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QueueUse {
    /// It has none, and runs what came back with everything else.
    None,
    /// It has none, and runs a part of what came back.
    Parts,
    /// It runs what came back one by one.
    OneByOne,
    /// It deletes every message as soon as it has succeeded.
    Every,
    /// It would run what came back one by one, but cannot delete.
    Broken,
}

/// When the caller drops the future of `dispatch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    Endless,
    Milliseconds(u64),
    Polls(usize),
}

#[derive(Clone)]
pub(crate) struct Message {
    /// `None` if the message has none. SQS never sends such a message.
    pub(crate) id: Option<String>,
    pub(crate) group: Option<u8>,
    pub(crate) receive_count: u32,
    pub(crate) content: Content,
}

#[derive(Debug, Clone)]
pub(crate) enum Content {
    Records(Wrapping, Vec<Record>),
    Test(Wrapping),
    Malformed(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrapping {
    Raw,
    Sns,
    /// Raw if S3 does not send the event to EventBridge, or the message has several records.
    EventBridge,
}

#[derive(Clone)]
pub(crate) struct Record {
    pub(crate) bucket: &'static str,
    pub(crate) key: &'static str,
    pub(crate) event: &'static str,
    pub(crate) sequencer: Option<String>,
    pub(crate) handler: Script,
    /// What the dead-letter sink does with the record. `Done` stores the letter.
    pub(crate) letter: Script,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Script {
    pub(crate) delay: Delay,
    pub(crate) end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delay {
    None,
    Yields(u8),
    Milliseconds(u64),
    Forever,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Done,
    Unrouted,
    Stale,
    Retry,
    Permanent,
    Panic,
    /// Panics before it returns a future.
    EarlyPanic,
}

/// The indexes of a message and of a record in it. The record's version id has them.
pub(crate) type Place = (usize, usize);

impl World {
    /// When everything ends and nothing may start any more, in milliseconds.
    pub(crate) fn cut(&self) -> Option<u64> {
        let margin = self.setup.margin.unwrap_or(500);
        self.setup
            .deadline
            .map(|deadline| deadline.saturating_sub(margin))
    }

    /// Returns the records of the messages that can be read, in the order of arrival.
    pub(crate) fn records(&self) -> impl Iterator<Item = (Place, &Record)> {
        self.messages
            .iter()
            .enumerate()
            .flat_map(|(index, message)| {
                message
                    .records()
                    .iter()
                    .enumerate()
                    .map(move |(at, record)| ((index, at), record))
            })
    }

    pub(crate) fn record(&self, place: Place) -> Option<&Record> {
        self.messages.get(place.0)?.records().get(place.1)
    }

    pub(crate) fn payload(&self) -> Bytes {
        let batch = if self.is_fifo {
            SqsBatchBuilder::new().on_fifo_queue()
        } else {
            SqsBatchBuilder::new()
        };

        let messages = self.messages.iter().enumerate();

        messages
            .fold(batch, |batch, (index, message)| {
                batch.with_message(message.build(index))
            })
            .to_bytes()
    }
}

impl Message {
    pub(crate) fn records(&self) -> &[Record] {
        match &self.content {
            Content::Records(_, records) => records,
            Content::Test(_) | Content::Malformed(_) => &[],
        }
    }

    pub(crate) fn body(&self, index: usize) -> String {
        let (notification, wrapping) = match &self.content {
            Content::Malformed(kind) => return malformed_bodies()[*kind].clone(),
            Content::Test(wrapping) => (NotificationBuilder::test_event("one"), *wrapping),
            Content::Records(wrapping, records) => {
                let places = records.iter().enumerate();
                let builders: Vec<_> = places
                    .map(|(at, record)| record.build((index, at)))
                    .collect();

                if let (Wrapping::EventBridge, [record]) = (wrapping, &*builders)
                    && let Some(event) = record.to_eventbridge_json()
                {
                    return event;
                }

                let notification = builders
                    .into_iter()
                    .fold(NotificationBuilder::new(), |all, one| all.with_record(one));

                (notification, *wrapping)
            }
        };

        if wrapping == Wrapping::Sns {
            notification.to_sns_json()
        } else {
            notification.to_json()
        }
    }

    fn build(&self, index: usize) -> SqsMessageBuilder {
        let message = match &self.id {
            Some(id) => SqsMessageBuilder::new(id),
            None => SqsMessageBuilder::without_id(),
        };
        let message = message
            .with_body(self.body(index))
            .with_receive_count(self.receive_count);

        match self.group {
            Some(group) => message.with_group_id(format!("group {group}")),
            None => message,
        }
    }
}

impl Record {
    /// Returns the sequencer as a number, if it belongs to this event.
    pub(crate) fn reliable_sequencer(&self) -> Option<u128> {
        let lies = self.event.starts_with("LifecycleExpiration")
            || self.event.ends_with("CompleteMultipartUpload");
        let text = self
            .sequencer
            .as_deref()
            .filter(|text| !lies && text.bytes().all(|byte| byte.is_ascii_hexdigit()))?;

        u128::from_str_radix(text, 16).ok()
    }

    fn build(&self, (message, at): Place) -> RecordBuilder {
        let record = RecordBuilder::new(self.event)
            .with_bucket(self.bucket)
            .with_key(self.key);
        let record = record.with_version_id(format!("{message}.{at}"));

        match &self.sequencer {
            Some(sequencer) => record.with_sequencer(sequencer),
            None => record.without_sequencer(),
        }
    }
}

/// Bodies that are not notifications, each for another reason. A good record in one of them has a
/// place that no world has.
pub(crate) fn malformed_bodies() -> Vec<String> {
    let good = RecordBuilder::new("ObjectCreated:Put")
        .with_version_id("malformed.0")
        .to_json();
    let surrogate = good.replace("ObjectCreated:Put", r"\ud800");

    vec![
        String::new(),
        String::from("no JSON"),
        String::from("null"),
        String::from("{}"),
        String::from(r#"{"Records":5}"#),
        String::from(r#"{"Records":[{}]}"#),
        format!(r#"{{"Records":[{good}"#),
        format!(r#"{{"Records":[{good},{{"eventName":"ObjectCreated:Put"}}]}}"#),
        format!(r#"{{"Records":[{surrogate}]}}"#),
        SnsMessageBuilder::new("no JSON").to_json(),
        "[".repeat(300),
    ]
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queue = if self.is_fifo { "FIFO" } else { "standard" };
        writeln!(
            f,
            "{queue} queue, typed payload: {}, patience: {:?}\n{:?}",
            self.is_typed, self.patience, self.setup
        )?;

        for (index, message) in self.messages.iter().enumerate() {
            let id = message.id.as_deref().unwrap_or("none");
            write!(
                f,
                "message {index}: id {id}, group {:?}, received {}x, ",
                message.group, message.receive_count
            )?;

            match &message.content {
                Content::Test(wrapping) => writeln!(f, "test event ({wrapping:?})")?,
                Content::Malformed(kind) => {
                    writeln!(f, "malformed {:?}", malformed_bodies()[*kind])?
                }
                Content::Records(wrapping, records) => {
                    writeln!(f, "{} records ({wrapping:?})", records.len())?;
                    for (at, record) in records.iter().enumerate() {
                        writeln!(f, "  {index}.{at}: {record:?}")?;
                    }
                }
            }
        }

        Ok(())
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            bucket,
            key,
            event,
            sequencer,
            handler,
            letter,
        } = self;

        write!(
            f,
            "{bucket}/{key} {event} {}",
            sequencer.as_deref().unwrap_or("-")
        )?;

        write!(
            f,
            ", {:?} then {:?}; letter {:?} then {:?}",
            handler.delay, handler.end, letter.delay, letter.end
        )
    }
}
