//! What is delivered to handlers, and what becomes of it.

use std::collections::BTreeMap;

use s3_dispatch_testing::{NotificationBuilder, RecordBuilder, SqsBatchBuilder, SqsMessageBuilder};

pub(crate) const BUCKET: &str = "amzn-s3-demo-bucket";

/// The beginning of the keys that the routes take.
pub(crate) const ROUTED: &str = "do/";

/// Messages, and how they are handled.
#[derive(Debug, Clone, Default)]
pub(crate) struct Case {
    pub(crate) messages: Vec<Message>,
    /// What is around the routes.
    pub(crate) wrapper: Wrapper,
    /// An event of this key that is newer than all others was handled before.
    pub(crate) handled_before: Option<&'static str>,
    /// Only one handler runs at a time, and whoever runs them stops while one of them hangs.
    pub(crate) is_cut: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Wrapper {
    #[default]
    None,
    Deduplicated,
    LatestOnly,
}

/// A message, a line of a file, an object or a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// Of which each is about a new object, or about a newer version. None if it is damaged.
    pub(crate) records: Vec<Record>,
    pub(crate) group: Option<&'static str>,
}

/// A record. Its number says how old it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Record {
    /// What comes first in it says what the handler does.
    pub(crate) key: String,
    pub(crate) number: u64,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is handled, or there is nothing to do, and it is gone.
    Handled,
    /// It is delivered again.
    ComesAgain,
    /// It is where failures are kept that no retry can help.
    SetAside,
    /// It is where it was, or printed: it did not succeed, and somebody decides what to do about
    /// it. Ways that people start make no other difference between failures.
    Kept,
}

impl Fate {
    /// Whether this is what a scenario expects, as far as the way tells.
    pub(crate) fn is(self, expected: Self) -> bool {
        match self {
            Self::Kept => expected != Self::Handled,
            fate => fate == expected,
        }
    }
}

impl Message {
    /// A message with a record for each key. The routes take keys such as `done/a`, and none such
    /// as `other/a`.
    pub(crate) fn new(records: &[(&str, u64)]) -> Self {
        let records = records.iter().map(|(key, number)| Record {
            key: match key.starts_with("other/") {
                true => (*key).to_owned(),
                false => format!("{ROUTED}{key}"),
            },
            number: *number,
        });

        Self {
            records: records.collect(),
            group: None,
        }
    }

    /// A body that cannot be read.
    pub(crate) fn damaged() -> Self {
        Self {
            records: Vec::new(),
            group: None,
        }
    }

    pub(crate) fn in_group(mut self, group: &'static str) -> Self {
        self.group = Some(group);
        self
    }

    /// The notification, in one line.
    pub(crate) fn body(&self) -> String {
        if self.records.is_empty() {
            return r#"{"Records": [{"eventName": "Obj"#.to_owned();
        }

        let records = self.records.iter().map(Record::build);
        let notification = records.fold(NotificationBuilder::new(), |notification, record| {
            notification.with_record(record)
        });
        notification.to_json()
    }
}

impl Record {
    pub(crate) fn build(&self) -> RecordBuilder {
        RecordBuilder::new("ObjectCreated:Put")
            .with_bucket(BUCKET)
            .with_key(&self.key)
            .with_size(self.number)
            .with_sequencer(format!("{:018X}", self.number))
    }

    /// What the first part of a key such as `do/fail/a` says that the handler does.
    pub(crate) fn behaviour(&self) -> &str {
        let rest = self.key.strip_prefix(ROUTED);
        rest.map_or("other", |rest| rest.split('/').next().unwrap())
    }
}

impl Case {
    pub(crate) fn of(messages: Vec<Message>) -> Self {
        Self {
            messages,
            ..Self::default()
        }
    }

    pub(crate) fn is_fifo(&self) -> bool {
        self.messages.iter().any(|message| message.group.is_some())
    }

    pub(crate) fn concurrency(&self) -> usize {
        if self.is_cut { 1 } else { 4 }
    }

    /// The messages as a batch. Their ids are their indexes.
    pub(crate) fn batch(&self) -> SqsBatchBuilder {
        let batch = match self.is_fifo() {
            true => SqsBatchBuilder::new().on_fifo_queue(),
            false => SqsBatchBuilder::new(),
        };

        let messages = self.messages.iter().enumerate();
        messages.fold(batch, |batch, (index, message)| {
            let mut sent = SqsMessageBuilder::new(index.to_string()).with_body(message.body());
            if let Some(group) = message.group {
                sent = sent.with_group_id(group);
            }
            batch.with_message(sent)
        })
    }

    /// All records, oldest first, each once.
    pub(crate) fn objects(&self) -> Vec<&Record> {
        let records = self.messages.iter().flat_map(|message| &message.records);
        let by_age: BTreeMap<_, _> = records.map(|record| (record.number, record)).collect();
        by_age.into_values().collect()
    }

    /// Gives each message a fate, by its index and itself.
    pub(crate) fn fates(&self, fate: impl Fn(usize, &Message) -> Fate) -> Vec<Fate> {
        let messages = self.messages.iter().enumerate();
        messages
            .map(|(index, message)| fate(index, message))
            .collect()
    }
}
