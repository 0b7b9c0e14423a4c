//! Checks of functions and their mappings.

use std::collections::HashSet;
use std::time::Duration;

use super::environment::check_environment;
use super::part::{CheckedPart, PartKind, Problem};
use crate::error::no_such;
use crate::topology::{FunctionSpec, MappingSpec, QueueSpec, Topology};

const MINUTE: Duration = Duration::from_secs(60);

impl Topology {
    pub(super) fn check_functions(&self) -> Result<(), Problem> {
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

            check_environment(&part, function)?;

            let field = match (&function.invoke_url, function.inherits_environment) {
                (None, _) => continue,
                (Some(_), true) => "inherit_environment",
                (Some(_), false) => "environment",
            };
            let has_settings = !function.environment.is_empty() || !function.arguments.is_empty();
            part.require(
                !has_settings && !function.inherits_environment,
                field,
                || {
                    part.says(
                        "a function that runs elsewhere gets no environment or arguments here",
                    )
                },
            )?;
        }

        Ok(())
    }

    /// Comes after the check of the mappings: a mapping may misspell the function.
    pub(super) fn check_invoked(&self) -> Result<(), Problem> {
        for (index, function) in self.functions.iter().enumerate() {
            let part = CheckedPart::new(PartKind::Function, index, &function.name);
            let mut mappings = self.mappings.iter();
            let is_invoked = mappings.any(|mapping| mapping.function == function.name);

            part.require(is_invoked, "name", || {
                part.says("the function has no mapping, so that nothing invokes it")
            })?;

            if function.is_worker {
                let mappings = self.mappings.iter();
                let own = mappings.filter(|mapping| mapping.function == function.name);
                part.require(own.count() == 1, "worker", || {
                    part.says("a worker receives from one queue, so it has one mapping")
                })?;

                part.require(function.invoke_url.is_none(), "worker", || {
                    part.says("a worker is a program, so it cannot have a URL")
                })?;
            }
        }

        Ok(())
    }

    pub(super) fn check_mappings(&self) -> Result<(), Problem> {
        let mut seen = HashSet::new();

        for (index, mapping) in self.mappings.iter().enumerate() {
            let part = CheckedPart::new(PartKind::Mapping, index, &mapping.queue);

            self.require_queue(&part, "queue", &mapping.queue)?;
            let mut queues = self.queues.iter().enumerate();
            let queue = queues.find(|(_, queue)| queue.name == mapping.queue);
            let function = self
                .functions
                .iter()
                .find(|function| function.name == mapping.function);

            let (Some((index, queue)), Some(function)) = (queue, function) else {
                return Err(part.problem("function", no_such("function", &mapping.function)));
            };

            check_mapping(&part, mapping, queue)?;
            let part_of_queue = CheckedPart::new(PartKind::Queue, index, &queue.name);
            check_visibility(&part_of_queue, mapping, queue, function)?;

            let is_new = seen.insert((&mapping.queue, &mapping.function));
            part.require(is_new, "function", || {
                part.says(&format!(
                    "the queue already has a mapping to the function `{}`",
                    mapping.function
                ))
            })?;
        }

        Ok(())
    }
}

/// The limits are from "Creating and configuring an Amazon SQS event source mapping", AWS Lambda
/// Developer Guide, 2026.
fn check_mapping(
    part: &CheckedPart<'_>,
    mapping: &MappingSpec,
    queue: &QueueSpec,
) -> Result<(), Problem> {
    let has_window = !mapping.batch_window.is_zero();
    let (max_batch_size, kind) = match queue.is_fifo() {
        true => (10, " of a FIFO queue"),
        false => (10_000, ""),
    };

    part.require_range(
        "batch_size",
        mapping.batch_size,
        1..=max_batch_size,
        &format!("the batch size{kind} must be 1 to {max_batch_size}"),
    )?;

    part.require(
        mapping.batch_size <= 10 || has_window,
        "batch_window",
        || {
            part.says(&format!(
                "a batch size of {}, which is above 10, needs a batch window: set `batch_window = \
                 1`, or a `batch_size` of at most 10",
                mapping.batch_size
            ))
        },
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
    )
}

/// Lambda refuses a mapping of a queue whose messages would be visible again before the function
/// times out. The text names the value that AWS recommends ("Creating and configuring an Amazon SQS
/// event source mapping", AWS Lambda Developer Guide, 2026).
fn check_visibility(
    part: &CheckedPart<'_>,
    mapping: &MappingSpec,
    queue: &QueueSpec,
    function: &FunctionSpec,
) -> Result<(), Problem> {
    let is_long_enough = queue.visibility_timeout >= function.timeout;

    part.require(is_long_enough, "visibility_timeout", || {
        let recommended = 6 * function.timeout + mapping.batch_window;
        part.says(&format!(
            "the visibility timeout of {} s is shorter than the timeout of the function `{}`, {} \
             s: set `visibility_timeout = {}` in this `[[queue]]`",
            queue.visibility_timeout.as_secs_f64(),
            function.name,
            function.timeout.as_secs_f64(),
            recommended.as_secs_f64()
        ))
    })
}
