//! Checks a topology: finds settings that AWS would reject or that contradict each other.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::queue::{MAX_MESSAGE_BYTES, is_fifo};
use super::{Destination, FunctionSpec, MappingSpec, QueueSpec, Topology};
use crate::error::{Error, ErrorKind, no_such};

/// A mistake in a topology.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) part: PartKind,
    /// The position of the part among the parts of its kind.
    pub(super) index: usize,
    /// The name of the field.
    pub(super) field: &'static str,
    pub(super) message: String,
}

/// The kinds of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PartKind {
    Bucket,
    Topic,
    Subscription,
    Queue,
    Function,
    Mapping,
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Topology {
    pub(crate) fn check(&self) -> Result<(), Error> {
        match self.problem() {
            Some(problem) => Err(Error::new(ErrorKind::Configuration, problem.message)),
            None => Ok(()),
        }
    }

    /// The first mistake, if there is one.
    pub(super) fn problem(&self) -> Option<Problem> {
        let checks = [
            Self::check_names,
            Self::check_buckets,
            Self::check_subscriptions,
            Self::check_queues,
            Self::check_functions,
            Self::check_mappings,
        ];

        checks.into_iter().find_map(|check| check(self).err())
    }

    fn check_names(&self) -> Result<(), Problem> {
        let buckets = self.buckets.iter().map(|bucket| &bucket.name);
        check_distinct(PartKind::Bucket, "bucket", buckets)?;
        check_distinct(PartKind::Topic, "topic", self.topics.iter())?;

        let queues = self.queues.iter().map(|queue| &queue.name);
        check_distinct(PartKind::Queue, "queue", queues)?;

        let functions = self.functions.iter().map(|function| &function.name);
        check_distinct(PartKind::Function, "function", functions)
    }

    fn check_buckets(&self) -> Result<(), Problem> {
        for (index, bucket) in self.buckets.iter().enumerate() {
            let part = CheckedPart::new(PartKind::Bucket, index, &bucket.name);

            for notification in &bucket.notifications {
                match &notification.destination {
                    Destination::Topic(topic) => self.require_topic(&part, topic)?,
                    Destination::Queue(queue) => {
                        self.require_queue(&part, "queue", queue)?;
                        part.require(!is_fifo(queue), "queue", || {
                            format!("S3 cannot publish to the FIFO queue `{queue}`")
                        })?;
                    }
                }
            }
        }

        Ok(())
    }

    fn check_subscriptions(&self) -> Result<(), Problem> {
        for (index, subscription) in self.subscriptions.iter().enumerate() {
            let queue = &subscription.queue;
            let part = CheckedPart::new(PartKind::Subscription, index, queue);

            self.require_topic(&part, &subscription.topic)?;
            self.require_queue(&part, "queue", queue)?;
            part.require(!is_fifo(queue), "queue", || {
                format!("the FIFO queue `{queue}` cannot subscribe to a topic that S3 publishes to")
            })?;
        }

        Ok(())
    }

    /// The limits are from "Amazon SQS queue quotas" and "Amazon SQS message quotas", Amazon SQS
    /// Developer Guide, 2026.
    fn check_queues(&self) -> Result<(), Problem> {
        for (index, queue) in self.queues.iter().enumerate() {
            let part = CheckedPart::new(PartKind::Queue, index, &queue.name);

            part.require_range(
                "visibility_timeout",
                queue.visibility_timeout,
                Duration::ZERO..=12 * HOUR,
                "the visibility timeout must be 0 to 12 hours",
            )?;

            part.require_range(
                "delay",
                queue.delay,
                Duration::ZERO..=15 * MINUTE,
                "the delay must be 0 to 15 minutes",
            )?;

            part.require_range(
                "retention",
                queue.retention,
                MINUTE..=14 * DAY,
                "the retention must be 60 seconds to 14 days",
            )?;

            part.require_range(
                "max_message_size",
                queue.max_message_size,
                1024..=MAX_MESSAGE_BYTES,
                "the maximum message size must be 1024 to 1048576 bytes",
            )?;

            part.require_range(
                "receive_wait",
                queue.receive_wait,
                Duration::ZERO..=Duration::from_secs(20),
                "the wait of a receive must be 0 to 20 seconds",
            )?;

            part.require(queue.capacity > 0, "capacity", || {
                part.says("the capacity must be at least 1")
            })?;

            self.check_redrive(&part, queue)?;
        }

        Ok(())
    }

    fn check_redrive(&self, part: &CheckedPart<'_>, queue: &QueueSpec) -> Result<(), Problem> {
        let Some(redrive) = &queue.redrive else {
            return Ok(());
        };

        let target = &redrive.dead_letter_queue;
        self.require_queue(part, "dead_letter_queue", target)?;

        part.require(*target != queue.name, "dead_letter_queue", || {
            part.says("a queue cannot be its own dead-letter queue")
        })?;

        let is_same_kind = is_fifo(target) == queue.is_fifo();
        part.require(is_same_kind, "dead_letter_queue", || {
            let kind = if queue.is_fifo() { "FIFO" } else { "standard" };
            part.says(&format!(
                "the dead-letter queue of a {kind} queue must be a {kind} queue"
            ))
        })?;

        part.require_range(
            "max_receive_count",
            redrive.max_receive_count,
            1..=1000,
            "the maximum receive count must be 1 to 1000",
        )
    }

    fn check_functions(&self) -> Result<(), Problem> {
        for (index, function) in self.functions.iter().enumerate() {
            let part = CheckedPart::new(PartKind::Function, index, &function.name);

            part.require_range(
                "timeout",
                function.timeout,
                Duration::from_secs(1)..=15 * MINUTE,
                "the timeout must be 1 second to 15 minutes",
            )?;

            part.require(
                function.reserved_concurrency != Some(0),
                "reserved_concurrency",
                || part.says("a reserved concurrency of 0 throttles every invocation"),
            )?;
        }

        Ok(())
    }

    fn check_mappings(&self) -> Result<(), Problem> {
        for (index, mapping) in self.mappings.iter().enumerate() {
            let part = CheckedPart::new(PartKind::Mapping, index, &mapping.queue);

            self.require_queue(&part, "queue", &mapping.queue)?;
            let queue = self.queues.iter().find(|queue| queue.name == mapping.queue);
            let function = self
                .functions
                .iter()
                .find(|function| function.name == mapping.function);

            let (Some(queue), Some(function)) = (queue, function) else {
                return Err(part.problem("function", no_such("function", &mapping.function)));
            };

            check_mapping(&part, mapping, queue, function)?;
        }

        Ok(())
    }

    fn require_topic(&self, part: &CheckedPart<'_>, name: &str) -> Result<(), Problem> {
        let exists = self.topics.iter().any(|topic| topic == name);
        part.require(exists, "topic", || no_such("topic", name))
    }

    fn require_queue(
        &self,
        part: &CheckedPart<'_>,
        field: &'static str,
        name: &str,
    ) -> Result<(), Problem> {
        let exists = self.queues.iter().any(|queue| queue.name == name);
        part.require(exists, field, || no_such("queue", name))
    }
}

/// The limits are from "Creating and configuring an Amazon SQS event source mapping", AWS Lambda
/// Developer Guide, 2026.
fn check_mapping(
    part: &CheckedPart<'_>,
    mapping: &MappingSpec,
    queue: &QueueSpec,
    function: &FunctionSpec,
) -> Result<(), Problem> {
    let has_window = !mapping.batch_window.is_zero();
    let max_batch_size = if queue.is_fifo() { 10 } else { 10_000 };

    part.require_range(
        "batch_size",
        mapping.batch_size,
        1..=max_batch_size,
        &format!("the batch size must be 1 to {max_batch_size}"),
    )?;

    part.require(
        mapping.batch_size <= 10 || has_window,
        "batch_window",
        || part.says("a batch size above 10 needs a batch window of at least 1 second"),
    )?;

    part.require(!queue.is_fifo() || !has_window, "batch_window", || {
        part.says("a FIFO queue cannot have a batch window")
    })?;

    part.require_range(
        "batch_window",
        mapping.batch_window,
        Duration::ZERO..=5 * MINUTE,
        "the batch window must be 0 to 300 seconds",
    )?;

    part.require_range(
        "maximum_concurrency",
        mapping.maximum_concurrency,
        2..=1000,
        "the maximum concurrency must be 2 to 1000; a function with a reserved concurrency of 1 \
         runs one invocation at a time",
    )?;

    part.require(
        queue.visibility_timeout >= function.timeout,
        "queue",
        || part.says("the visibility timeout is shorter than the function's timeout"),
    )
}

/// The part that a check looks at.
struct CheckedPart<'p> {
    kind: PartKind,
    index: usize,
    name: &'p str,
}

impl<'p> CheckedPart<'p> {
    fn new(kind: PartKind, index: usize, name: &'p str) -> Self {
        Self { kind, index, name }
    }

    fn require(
        &self,
        holds: bool,
        field: &'static str,
        message: impl FnOnce() -> String,
    ) -> Result<(), Problem> {
        if holds {
            Ok(())
        } else {
            Err(self.problem(field, message()))
        }
    }

    fn require_range<T: PartialOrd>(
        &self,
        field: &'static str,
        value: T,
        range: RangeInclusive<T>,
        message: &str,
    ) -> Result<(), Problem> {
        self.require(range.contains(&value), field, || self.says(message))
    }

    fn problem(&self, field: &'static str, message: String) -> Problem {
        Problem {
            part: self.kind,
            index: self.index,
            field,
            message,
        }
    }

    fn says(&self, what: &str) -> String {
        format!("`{}`: {what}", self.name)
    }
}

fn check_distinct<'n>(
    kind: PartKind,
    what: &str,
    names: impl Iterator<Item = &'n String>,
) -> Result<(), Problem> {
    let mut seen = HashSet::new();

    for (index, name) in names.enumerate() {
        let part = CheckedPart::new(kind, index, name);
        part.require(!name.is_empty(), "name", || format!("a {what} has no name"))?;
        part.require(seen.insert(name), "name", || {
            format!("two {what}s are called `{name}`")
        })?;
    }

    Ok(())
}
