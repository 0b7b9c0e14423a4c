//! Reads a topology from a TOML file.
//!
//! The program takes its configuration from such a file. Every mistake is reported with its line,
//! whether it is in the TOML, in a table or in the topology as a whole.

mod names;
mod tables;
mod values;

use std::fs;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use self::tables::{
    BucketTable, FunctionTable, NotificationTable, QueueTable, RuleTable, TopologyFile,
};
use self::values::EventType;
use super::check::{PartKind, Problem};
use super::function::Origin;
use super::{BucketSpec, Destination, FunctionSpec, NotificationSpec, QueueSpec, Topology};
use crate::{Error, ErrorKind};

impl Topology {
    /// Reads a topology from a TOML file.
    ///
    /// ```toml
    /// [[bucket]]
    /// name = "amzn-s3-demo-bucket"
    ///
    /// [[bucket.notification]]
    /// events = ["s3:ObjectCreated:*"]
    /// prefix = "photos/"
    /// topic = "uploads"                        # or `queue`
    ///
    /// [[topic]]
    /// name = "uploads"
    ///
    /// [[subscription]]
    /// topic = "uploads"
    /// queue = "thumbnails"
    /// filter_policy.Records.eventName = ["ObjectCreated:Put"]
    /// dead_letter_queue = "failed-thumbnails"  # of the topic; a rule can have one too
    ///
    /// # With `eventbridge = true` in a bucket.
    /// [[rule]]
    /// name = "large"
    /// queue = "thumbnails"
    /// pattern.detail-type = ["Object Created"]
    ///
    /// [[queue]]
    /// name = "thumbnails"
    /// visibility_timeout = 60                  # all times are in seconds
    /// dead_letter_queue = "failed-thumbnails"
    /// max_receive_count = 5
    ///
    /// [[queue]]
    /// name = "failed-thumbnails"
    ///
    /// [[function]]
    /// name = "thumbnails"
    /// command = ["target/debug/thumbnails"]    # or `url`; relative to the folder of this file
    /// timeout = 10
    /// environment = { SIZE = "200" }
    /// inherit_environment = true               # and that of this process
    /// worker = false                           # whether it receives from the queue itself
    ///
    /// [[mapping]]
    /// queue = "thumbnails"
    /// function = "thumbnails"
    /// batch_size = 10
    /// ```
    ///
    /// Settings that are left out have the defaults of [`QueueSpec::new`] and of the other
    /// constructors.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`], with the file and the line, when the file is not valid TOML,
    /// when a field is unknown or has the wrong type, or when AWS would reject the topology.
    /// [`ErrorKind::Storage`] when the file cannot be read.
    pub fn from_toml_file(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(|error| {
            let message = format!("the file `{}` cannot be read", path.display());
            Error::new(ErrorKind::Storage, message).with_source(error)
        })?;

        let source = SourceFile { path, text: &text };
        let file: TopologyFile =
            toml::from_str(&text).map_err(|error| source.error(error.span(), error.message()))?;
        let topology = source.topology(file)?;
        match topology.problem() {
            Some(problem) => Err(source.error(source.span_of(&problem), &problem.message)),
            None => Ok(topology),
        }
    }
}

/// The file, for errors that name a line.
struct SourceFile<'s> {
    path: &'s Path,
    text: &'s str,
}

impl SourceFile<'_> {
    fn topology(&self, file: TopologyFile) -> Result<Topology, Error> {
        let buckets = file.bucket.into_iter().map(|table| self.bucket(table));
        let queues = file.queue.into_iter().map(|table| self.queue(table));
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let functions = file.function.into_iter();
        let functions = functions.map(|table| self.function(table, folder));

        Ok(Topology {
            buckets: buckets.collect::<Result<_, _>>()?,
            topics: file.topic.into_iter().map(|table| table.name).collect(),
            subscriptions: file
                .subscription
                .into_iter()
                .map(|table| table.into_spec())
                .collect(),
            rules: file.rule.into_iter().map(RuleTable::into_spec).collect(),
            queues: queues.collect::<Result<_, _>>()?,
            functions: functions.collect::<Result<_, _>>()?,
            mappings: file
                .mapping
                .into_iter()
                .map(|table| table.into_spec())
                .collect(),
        })
    }

    fn bucket(&self, table: BucketTable) -> Result<BucketSpec, Error> {
        let mut spec = BucketSpec::new(table.name);
        spec.eventbridge = table.eventbridge;

        for notification in table.notification {
            spec = spec.with_notification(self.notification(notification)?);
        }

        Ok(spec)
    }

    fn notification(&self, table: Spanned<NotificationTable>) -> Result<NotificationSpec, Error> {
        let span = table.span();
        let NotificationTable {
            id,
            events,
            prefix,
            suffix,
            topic,
            queue,
        } = table.into_inner();

        let destination = match (topic, queue) {
            (Some(topic), None) => Destination::Topic(topic),
            (None, Some(queue)) => Destination::Queue(queue),
            _ => {
                let message = "a notification needs either a `topic` or a `queue`";
                return Err(self.error(Some(span), message));
            }
        };

        let events = events.into_iter().map(|EventType(pattern)| pattern);
        let spec = NotificationSpec::new(events, destination)
            .with_prefix(prefix)
            .with_suffix(suffix);

        Ok(match id {
            Some(id) => spec.with_id(id),
            None => spec,
        })
    }

    fn queue(&self, table: QueueTable) -> Result<QueueSpec, Error> {
        match (&table.dead_letter_queue, &table.max_receive_count) {
            (Some(target), None) => {
                let message = "a `dead_letter_queue` needs a `max_receive_count`";
                Err(self.error(Some(target.span()), message))
            }
            (None, Some(count)) => {
                let message = "a `max_receive_count` needs a `dead_letter_queue`";
                Err(self.error(Some(count.span()), message))
            }
            _ => Ok(table.into_spec()),
        }
    }

    fn function(
        &self,
        table: Spanned<FunctionTable>,
        folder: &Path,
    ) -> Result<FunctionSpec, Error> {
        let span = table.span();
        let table = table.into_inner();
        if let (Some(_), Some(url)) = (&table.command, &table.url) {
            let message = "a function has either a `command` or a `url`";
            return Err(self.error(Some(url.span()), message));
        }

        let span = table.command.as_ref().map_or(span, Spanned::span);

        let mut spec = table.into_spec(folder);
        spec.origin = Some(Origin {
            place: self.place(Some(span)),
            program: spec.program.clone(),
        });

        Ok(spec)
    }

    fn error(&self, span: Option<Range<usize>>, message: &str) -> Error {
        let message = format!("{}: {message}", self.place(span));
        Error::new(ErrorKind::Configuration, message)
    }

    /// The file and the line where this begins.
    fn place(&self, span: Option<Range<usize>>) -> String {
        let before = span
            .and_then(|span| self.text.get(..span.start))
            .unwrap_or_default();
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;

        format!("{}:{line}", self.path.display())
    }

    /// The place of the field that the problem is about, or else the place of its part.
    fn span_of(&self, problem: &Problem) -> Option<Range<usize>> {
        let document = DeTable::parse(self.text).ok()?;

        let part = document
            .get_ref()
            .get(table_name(problem.part))?
            .get_ref()
            .as_array()?
            .get(problem.index)?;

        let table = match problem.notification {
            Some(index) => element(field(part, "notification")?, index)?,
            None => part,
        };

        let found = field(table, problem.field);
        let in_list = found.and_then(|found| element(found, problem.element?));

        Some(in_list.or(found).unwrap_or(table).span())
    }
}

fn table_name(part: PartKind) -> &'static str {
    match part {
        PartKind::Bucket => "bucket",
        PartKind::Topic => "topic",
        PartKind::Subscription => "subscription",
        PartKind::Rule => "rule",
        PartKind::Queue => "queue",
        PartKind::Function => "function",
        PartKind::Mapping => "mapping",
    }
}

fn field<'v, 't>(value: &'v Spanned<DeValue<'t>>, name: &str) -> Option<&'v Spanned<DeValue<'t>>> {
    value.get_ref().as_table()?.get(name)
}

fn element<'v, 't>(
    list: &'v Spanned<DeValue<'t>>,
    index: usize,
) -> Option<&'v Spanned<DeValue<'t>>> {
    list.get_ref().as_array()?.get(index)
}
