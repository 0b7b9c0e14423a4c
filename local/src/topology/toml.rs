//! A topology as a TOML file.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use s3_dispatch::EventPattern;
use s3_dispatch_testing::SnsFilterPolicy;
use serde::{Deserialize, Deserializer, de};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::topology::check::{Part, Problem};
use crate::{
    BucketSpec, Destination, Error, ErrorKind, FunctionSpec, MappingSpec, NotificationSpec,
    QueueSpec, SubscriptionSpec, Topology,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    bucket: Vec<Bucket>,
    #[serde(default)]
    topic: Vec<Topic>,
    #[serde(default)]
    subscription: Vec<Subscription>,
    #[serde(default)]
    queue: Vec<Queue>,
    #[serde(default)]
    function: Vec<Function>,
    #[serde(default)]
    mapping: Vec<Mapping>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bucket {
    name: String,
    #[serde(default)]
    notification: Vec<Spanned<Notification>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Notification {
    id: Option<String>,
    events: Vec<Pattern>,
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    suffix: String,
    topic: Option<String>,
    queue: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Topic {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Subscription {
    topic: String,
    queue: String,
    filter_policy: Option<Policy>,
    raw_delivery: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Queue {
    name: String,
    visibility_timeout: Option<Seconds>,
    delay: Option<Seconds>,
    retention: Option<Seconds>,
    capacity: Option<usize>,
    dead_letter_queue: Option<Spanned<String>>,
    max_receive_count: Option<Spanned<u32>>,
    content_based_deduplication: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Function {
    name: String,
    command: Option<Command>,
    timeout: Option<Seconds>,
    memory: Option<u32>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    reserved_concurrency: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mapping {
    queue: String,
    function: String,
    batch_size: Option<usize>,
    batch_window: Option<Seconds>,
    maximum_concurrency: Option<usize>,
    report_batch_item_failures: Option<bool>,
}

/// `s3:ObjectCreated:*`.
struct Pattern(EventPattern);

/// A table, or the JSON of one.
struct Policy(SnsFilterPolicy);

/// A number, perhaps with a fraction.
struct Seconds(Duration);

/// A program and its arguments: a text, or several.
struct Command(Vec<String>);

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
    /// command = ["target/debug/thumbnails"]    # from the folder of this file
    /// timeout = 10
    /// environment = { SIZE = "200" }
    ///
    /// [[mapping]]
    /// queue = "thumbnails"
    /// function = "thumbnails"
    /// batch_size = 10
    /// ```
    ///
    /// What is left out is as AWS has it, or as [`QueueSpec::new`] and its siblings say.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`], with the file and the line, when the file is no TOML, has a
    /// member that is not known or of the wrong type, or describes what AWS would refuse.
    /// [`ErrorKind::Storage`] when the file cannot be read.
    pub fn from_toml_file(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(|error| {
            Error::new(
                ErrorKind::Storage,
                format!("the file `{}` cannot be read", path.display()),
            )
            .with_source(error)
        })?;

        let source = Source { path, text: &text };
        let file: File =
            toml::from_str(&text).map_err(|error| source.error(error.span(), error.message()))?;
        let topology = source.topology(file)?;

        match topology.problem() {
            Some(problem) => Err(source.error(source.span_of(&problem), &problem.message)),
            None => Ok(topology),
        }
    }
}

struct Source<'s> {
    path: &'s Path,
    text: &'s str,
}

impl Source<'_> {
    fn topology(&self, file: File) -> Result<Topology, Error> {
        let mut topology = Topology::default();
        for bucket in file.bucket {
            let mut spec = BucketSpec::new(bucket.name);
            for notification in bucket.notification {
                spec = spec.with_notification(self.notification(notification)?);
            }

            topology.buckets.push(spec);
        }

        topology.topics = file.topic.into_iter().map(|topic| topic.name).collect();
        topology.subscriptions = file
            .subscription
            .into_iter()
            .map(Subscription::spec)
            .collect();

        topology.queues = file
            .queue
            .into_iter()
            .map(|queue| self.queue(queue))
            .collect::<Result<_, _>>()?;

        let folder = self.path.parent().unwrap_or(Path::new(""));

        topology.functions = file
            .function
            .into_iter()
            .map(|function| function.spec(folder))
            .collect();

        topology.mappings = file.mapping.into_iter().map(Mapping::spec).collect();

        Ok(topology)
    }

    fn notification(&self, notification: Spanned<Notification>) -> Result<NotificationSpec, Error> {
        let span = notification.span();
        let Notification {
            id,
            events,
            prefix,
            suffix,
            topic,
            queue,
        } = notification.into_inner();

        let destination = match (topic, queue) {
            (Some(topic), None) => Destination::Topic(topic),
            (None, Some(queue)) => Destination::Queue(queue),
            _ => {
                return Err(self.error(
                    Some(span),
                    "a notification goes to a `topic` or to a `queue`",
                ));
            }
        };

        let spec = NotificationSpec::new(
            events.into_iter().map(|Pattern(pattern)| pattern),
            destination,
        );
        let spec = spec.with_prefix(prefix).with_suffix(suffix);

        Ok(match id {
            Some(id) => spec.with_id(id),
            None => spec,
        })
    }

    fn queue(&self, queue: Queue) -> Result<QueueSpec, Error> {
        let mut spec = QueueSpec::new(queue.name);
        spec = match (queue.dead_letter_queue, queue.max_receive_count) {
            (Some(target), Some(count)) => {
                spec.with_redrive(target.into_inner(), count.into_inner())
            }
            (Some(target), None) => {
                return Err(self.error(
                    Some(target.span()),
                    "a `dead_letter_queue` needs a `max_receive_count`",
                ));
            }
            (None, Some(count)) => {
                return Err(self.error(
                    Some(count.span()),
                    "a `max_receive_count` needs a `dead_letter_queue`",
                ));
            }
            (None, None) => spec,
        };

        set(
            &mut spec.visibility_timeout,
            queue.visibility_timeout.map(Seconds::duration),
        );
        set(&mut spec.delay, queue.delay.map(Seconds::duration));
        set(&mut spec.retention, queue.retention.map(Seconds::duration));
        set(&mut spec.capacity, queue.capacity);
        set(
            &mut spec.content_based_deduplication,
            queue.content_based_deduplication,
        );

        Ok(spec)
    }

    fn error(&self, span: Option<Range<usize>>, message: &str) -> Error {
        let before = span
            .and_then(|span| self.text.get(..span.start))
            .unwrap_or_default();
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;

        Error::new(
            ErrorKind::Configuration,
            format!("{}:{line}: {message}", self.path.display()),
        )
    }

    /// Where the member is that a problem is about, or else its part.
    fn span_of(&self, problem: &Problem) -> Option<Range<usize>> {
        let kind = match problem.part {
            Part::Bucket => "bucket",
            Part::Topic => "topic",
            Part::Subscription => "subscription",
            Part::Queue => "queue",
            Part::Function => "function",
            Part::Mapping => "mapping",
        };

        let document = DeTable::parse(self.text).ok()?;

        let part = document
            .get_ref()
            .get(kind)?
            .get_ref()
            .as_array()?
            .get(problem.index)?;

        let notifications = member(part, "notification").and_then(|list| list.get_ref().as_array());
        let mut owners = notifications
            .into_iter()
            .flat_map(|list| list.iter())
            .chain([part]);

        // Of several notifications, the one that names what the message names.
        let found = owners.find_map(|owner| {
            let found = member(owner, problem.field)?;
            let named = found
                .get_ref()
                .as_str()
                .is_none_or(|value| problem.message.contains(&format!("`{value}`")));

            named.then(|| found.span())
        });

        Some(
            found
                .or_else(|| Some(member(part, problem.field)?.span()))
                .unwrap_or_else(|| part.span()),
        )
    }
}

fn member<'v, 't>(value: &'v Spanned<DeValue<'t>>, name: &str) -> Option<&'v Spanned<DeValue<'t>>> {
    value.get_ref().as_table()?.get(name)
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

impl Subscription {
    fn spec(self) -> SubscriptionSpec {
        let mut spec = SubscriptionSpec::new(self.topic, self.queue);
        spec.filter_policy = self.filter_policy.map(|Policy(policy)| policy);
        set(&mut spec.raw_delivery, self.raw_delivery);
        spec
    }
}

impl Function {
    fn spec(self, folder: &Path) -> FunctionSpec {
        let mut spec = FunctionSpec::new(self.name);
        if let Some(Command(words)) = self.command {
            let mut words = words.into_iter();
            spec.program = words.next().map(|program| locate(&program, folder));
            spec.arguments = words.collect();
        }

        set(&mut spec.timeout, self.timeout.map(Seconds::duration));
        set(&mut spec.memory, self.memory);
        spec.environment = self.environment;
        spec.reserved_concurrency = self.reserved_concurrency;

        spec
    }
}

impl Mapping {
    fn spec(self) -> MappingSpec {
        let mut spec = MappingSpec::new(self.queue, self.function);
        set(&mut spec.batch_size, self.batch_size);
        set(
            &mut spec.batch_window,
            self.batch_window.map(Seconds::duration),
        );
        set(&mut spec.maximum_concurrency, self.maximum_concurrency);
        set(
            &mut spec.report_batch_item_failures,
            self.report_batch_item_failures,
        );

        spec
    }
}

/// A program of the folder; or, by its bare name, one of the search path.
fn locate(program: &str, folder: &Path) -> PathBuf {
    let own = folder.join(program);
    if own.exists() || Path::new(program).components().count() > 1 {
        return own;
    }

    let search = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&search)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file());

    found.unwrap_or(own)
}

impl Seconds {
    fn duration(self) -> Duration {
        self.0
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        EventPattern::parse(&text)
            .map(Self)
            .map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = match toml::Value::deserialize(deserializer)? {
            toml::Value::String(json) => json,
            table => serde_json::to_string(&table).map_err(de::Error::custom)?,
        };
        SnsFilterPolicy::parse(&json)
            .map(Self)
            .map_err(|error| de::Error::custom(format!("the filter policy is none: {error}")))
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = match toml::Value::deserialize(deserializer)? {
            toml::Value::Integer(seconds) => seconds as f64,
            toml::Value::Float(seconds) => seconds,
            other => {
                return Err(de::Error::custom(format!(
                    "a time is a number of seconds, and no {}",
                    other.type_str()
                )));
            }
        };

        let duration = Duration::try_from_secs_f64(number);

        duration
            .map(Self)
            .map_err(|_| de::Error::custom(format!("`{number}` is no number of seconds")))
    }
}

impl<'de> Deserialize<'de> for Command {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let words = match toml::Value::deserialize(deserializer)? {
            toml::Value::String(program) => vec![program],
            other => other.try_into::<Vec<String>>().map_err(|_| {
                de::Error::custom(
                    "a command is a text, or an array of texts: the program and its arguments",
                )
            })?,
        };

        match words.first().is_some_and(|program| !program.is_empty()) {
            true => Ok(Self(words)),
            false => Err(de::Error::custom("a command has a program")),
        }
    }
}
