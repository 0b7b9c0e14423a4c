//! Checks a topology: finds settings that AWS would reject, that contradict each other, or with
//! which something could never happen.

mod buckets;
mod environment;
mod functions;
mod names;
mod notifications;
mod part;
mod queues;
mod rules;

pub(crate) use self::notifications::NotificationMistake;
pub(super) use self::part::{PartKind, Problem};

use self::part::CheckedPart;
use super::Topology;
use super::queue::is_fifo;
use crate::error::{Error, ErrorKind, no_such};

impl Topology {
    /// Checks what the start of a pipeline checks.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] when the topology contradicts itself, when AWS would reject it,
    /// or when a part of it could never do anything.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_local::{BucketSpec, Topology};
    ///
    /// assert!(Topology::new().with_bucket(BucketSpec::new("photos")).check().is_ok());
    /// assert!(Topology::new().with_bucket(BucketSpec::new("My Photos")).check().is_err());
    /// ```
    pub fn check(&self) -> Result<(), Error> {
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
            Self::check_rules,
            Self::check_queues,
            Self::check_functions,
            Self::check_mappings,
            Self::check_invoked,
        ];

        checks.into_iter().find_map(|check| check(self).err())
    }

    fn require_topic(&self, part: &CheckedPart<'_>, name: &str) -> Result<(), Problem> {
        let exists = self.topics.iter().any(|topic| topic == name);
        part.require(exists, "topic", || no_such("topic", name))
    }

    /// A topic and a rule can have a standard queue as their dead-letter queue.
    fn require_dead_letter_queue(
        &self,
        part: &CheckedPart<'_>,
        name: Option<&str>,
    ) -> Result<(), Problem> {
        let field = "dead_letter_queue";
        let Some(name) = name else {
            return Ok(());
        };

        self.require_queue(part, field, name)?;
        part.require(!is_fifo(name), field, || {
            part.says(&format!(
                "the dead-letter queue `{name}` must not be a FIFO queue"
            ))
        })
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
