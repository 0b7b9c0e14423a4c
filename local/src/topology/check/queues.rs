//! Checks of queues and their dead-letter queues.

use std::time::Duration;

use super::part::{CheckedPart, PartKind, Problem};
use crate::topology::queue::{MAX_MESSAGE_BYTES, is_fifo};
use crate::topology::{QueueSpec, Topology};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Topology {
    /// The limits are from "Amazon SQS queue quotas" and "Amazon SQS message quotas", Amazon SQS
    /// Developer Guide, 2026.
    pub(super) fn check_queues(&self) -> Result<(), Problem> {
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
                "the dead-letter queue of a {kind} queue must be a {kind} queue, and `{target}` is \
                 not"
            ))
        })?;

        part.require_range(
            "max_receive_count",
            redrive.max_receive_count,
            1..=1000,
            "the maximum receive count must be 1 to 1000",
        )
    }
}
