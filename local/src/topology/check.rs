//! What AWS would refuse, and what contradicts itself.

use std::collections::HashSet;
use std::time::Duration;

use crate::{Destination, Error, ErrorKind, Topology};

/// What is wrong with a topology.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) part: Part,
    /// Which of the parts of its kind.
    pub(crate) index: usize,
    /// The name of the field.
    pub(crate) field: &'static str,
    pub(crate) message: String,
}

/// A kind of part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Bucket,
    Topic,
    Subscription,
    Queue,
    Function,
    Mapping,
}

const HOUR: Duration = Duration::from_secs(60 * 60);

impl Topology {
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.problem().map_or(Ok(()), |problem| {
            Err(Error::new(ErrorKind::Configuration, problem.message))
        })
    }

    /// The first problem.
    pub(crate) fn problem(&self) -> Option<Problem> {
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
        let buckets = self.buckets.iter().map(|bucket| bucket.name.as_str());
        distinct(Part::Bucket, "bucket", buckets)?;
        distinct(Part::Topic, "topic", self.topics.iter().map(String::as_str))?;

        distinct(
            Part::Queue,
            "queue",
            self.queues.iter().map(|queue| queue.name.as_str()),
        )?;

        distinct(
            Part::Function,
            "function",
            self.functions.iter().map(|function| function.name.as_str()),
        )
    }

    fn check_buckets(&self) -> Result<(), Problem> {
        for (index, bucket) in self.buckets.iter().enumerate() {
            let place = Place {
                part: Part::Bucket,
                index,
                name: &bucket.name,
            };

            for notification in &bucket.notifications {
                match &notification.destination {
                    Destination::Topic(topic) => {
                        place.expect(self.has_topic(topic), "topic", || no("topic", topic))?
                    }
                    Destination::Queue(queue) => {
                        place.expect(self.has_queue(queue), "queue", || no("queue", queue))?;
                        place.expect(!queue.ends_with(".fifo"), "queue", || {
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
            let (topic, queue) = (&subscription.topic, &subscription.queue);
            let place = Place {
                part: Part::Subscription,
                index,
                name: queue,
            };

            place.expect(self.has_topic(topic), "topic", || no("topic", topic))?;
            place.expect(self.has_queue(queue), "queue", || no("queue", queue))?;
            place.expect(!queue.ends_with(".fifo"), "queue", || {
                format!("a topic that S3 publishes to cannot have the FIFO queue `{queue}`")
            })?;
        }

        Ok(())
    }

    /// "Amazon SQS queue quotas" and "message quotas", Amazon SQS Developer Guide, 2026.
    fn check_queues(&self) -> Result<(), Problem> {
        for (index, queue) in self.queues.iter().enumerate() {
            let place = Place {
                part: Part::Queue,
                index,
                name: &queue.name,
            };

            let span = |from, to, what: &str| place.says(&format!("{what} is {from} to {to}"));

            place.expect(
                queue.visibility_timeout <= 12 * HOUR,
                "visibility_timeout",
                || span("0", "12 hours", "the visibility timeout"),
            )?;

            place.expect(queue.delay <= HOUR / 4, "delay", || {
                span("0", "15 minutes", "the delay")
            })?;
            let retention = Duration::from_secs(60)..=14 * 24 * HOUR;
            place.expect(retention.contains(&queue.retention), "retention", || {
                span("60 seconds", "14 days", "the retention")
            })?;
            place.expect(queue.capacity > 0, "capacity", || {
                place.says("the capacity is at least 1")
            })?;
            let Some(redrive) = &queue.redrive else {
                continue;
            };

            let target = &redrive.dead_letter_queue;
            place.expect(self.has_queue(target), "dead_letter_queue", || {
                no("queue", target)
            })?;
            place.expect(*target != queue.name, "dead_letter_queue", || {
                place.says("a queue is not its own dead-letter queue")
            })?;
            place.expect(target.ends_with(".fifo") == queue.is_fifo(), "dead_letter_queue", || {
                place.says("the dead-letter queue of a FIFO queue is one, and of a standard queue is none")
            })?;

            place.expect(
                (1..=1000).contains(&redrive.max_receive_count),
                "max_receive_count",
                || span("1", "1000", "the maximum receive count"),
            )?;
        }

        Ok(())
    }

    fn check_functions(&self) -> Result<(), Problem> {
        for (index, function) in self.functions.iter().enumerate() {
            let place = Place {
                part: Part::Function,
                index,
                name: &function.name,
            };

            let timeout = Duration::from_secs(1)..=HOUR / 4;
            place.expect(timeout.contains(&function.timeout), "timeout", || {
                place.says("the timeout is 1 second to 15 minutes")
            })?;

            place.expect(
                function.reserved_concurrency != Some(0),
                "reserved_concurrency",
                || place.says("a reserved concurrency of 0 would throttle every invocation"),
            )?;
        }

        Ok(())
    }

    /// "Creating and configuring an Amazon SQS event source mapping", AWS Lambda Developer Guide,
    /// 2026.
    fn check_mappings(&self) -> Result<(), Problem> {
        for (index, mapping) in self.mappings.iter().enumerate() {
            let place = Place {
                part: Part::Mapping,
                index,
                name: &mapping.queue,
            };

            let queue = self.queues.iter().find(|queue| queue.name == mapping.queue);
            let function = self
                .functions
                .iter()
                .find(|function| function.name == mapping.function);
            let (Some(queue), Some(function)) = (queue, function) else {
                place.expect(queue.is_some(), "queue", || no("queue", &mapping.queue))?;
                return Err(place.problem("function", no("function", &mapping.function)));
            };

            let most = if queue.is_fifo() { 10 } else { 10_000 };

            place.expect(
                (1..=most).contains(&mapping.batch_size),
                "batch_size",
                || place.says(&format!("the batch size is 1 to {most}")),
            )?;

            let has_window = !mapping.batch_window.is_zero();

            place.expect(
                mapping.batch_size <= 10 || has_window,
                "batch_window",
                || place.says("a batch size above 10 needs a batch window of at least 1 second"),
            )?;

            place.expect(!queue.is_fifo() || !has_window, "batch_window", || {
                place.says("a FIFO queue has no batch window")
            })?;
            place.expect(mapping.batch_window <= HOUR / 12, "batch_window", || {
                place.says("the batch window is 0 to 300 seconds")
            })?;

            place.expect(
                (1..=1000).contains(&mapping.maximum_concurrency),
                "maximum_concurrency",
                || place.says("the maximum concurrency is 1 to 1000"),
            )?;

            place.expect(
                queue.visibility_timeout >= function.timeout,
                "queue",
                || place.says("the visibility timeout is shorter than the function's timeout"),
            )?;
        }

        Ok(())
    }

    fn has_topic(&self, name: &str) -> bool {
        self.topics.iter().any(|topic| topic == name)
    }

    fn has_queue(&self, name: &str) -> bool {
        self.queues.iter().any(|queue| queue.name == name)
    }
}

/// What a check is about.
struct Place<'p> {
    part: Part,
    index: usize,
    name: &'p str,
}

impl Place<'_> {
    fn expect(
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

    fn problem(&self, field: &'static str, message: String) -> Problem {
        Problem {
            part: self.part,
            index: self.index,
            field,
            message,
        }
    }

    fn says(&self, what: &str) -> String {
        format!("`{}`: {what}", self.name)
    }
}

fn no(what: &str, name: &str) -> String {
    format!("there is no {what} `{name}`")
}

fn distinct<'n>(
    part: Part,
    what: &str,
    names: impl Iterator<Item = &'n str>,
) -> Result<(), Problem> {
    let mut seen = HashSet::new();
    for (index, name) in names.enumerate() {
        let place = Place { part, index, name };
        place.expect(!name.is_empty(), "name", || format!("a {what} has no name"))?;
        place.expect(seen.insert(name), "name", || {
            format!("two of the {what}s are called `{name}`")
        })?;
    }

    Ok(())
}
