//! One invocation, from its payload to its report.

use std::sync::Arc;
use std::time::{Duration, Instant};

use s3_dispatch_core::delivery::{Content, Delivery, Envelope, InvocationId, TraceHeader};
use s3_dispatch_core::{Error, ErrorKind, MessageContext, Router};

use crate::dispatch::answered::Answered;
use crate::dispatch::arrival;
use crate::dispatch::batch::returned::{Plan, Separation};
use crate::dispatch::batch::running::Batch;
use crate::dispatch::engine::{Engine, LaneId, Outcomes};
use crate::dispatch::message_outcome::{MessageFailure, MessageOutcome};
use crate::dispatch::payload::Payload;
use crate::dispatch::report::BatchReport;
use crate::dispatch::settings::{AllFailed, Returned, Settings, Unreached};
use crate::dispatch::summary::{self, NotReached};
use crate::failure::backoff::{self, FailedMessage};
use crate::queue::give_back::give_back;
#[cfg(feature = "metrics")]
use crate::telemetry::metrics;
use crate::telemetry::traces::{InvocationTrace, Traces};

/// What is known about an invocation besides its payload. Only Lambda provides the request id and
/// the trace header.
#[derive(Debug, Default)]
pub(crate) struct Invocation {
    pub(crate) deadline: Option<Instant>,
    pub(crate) request_id: Option<InvocationId>,
    pub(crate) trace_header: Option<TraceHeader>,
    /// Lambda waits for the answer, and delivers the whole batch again if it gets none.
    pub(crate) is_from_lambda: bool,
    /// The function that Lambda has invoked. `None` outside Lambda.
    #[cfg(feature = "otel")]
    pub(crate) function_arn: Option<String>,
    /// The function whose own writes are skipped. `None` if no route skips them.
    pub(crate) own_function: Option<Arc<str>>,
}

impl Invocation {
    /// Reads the payload, runs its records, and reports on its messages.
    ///
    /// # Errors
    ///
    /// The same as [`Dispatcher::dispatch`](crate::Dispatcher::dispatch).
    pub(crate) async fn run<R: Router>(
        mut self,
        router: &R,
        settings: &Settings,
        answered: &Answered,
        payload: Payload,
        trace: &mut InvocationTrace,
    ) -> Result<BatchReport, Error> {
        // Each time, because the program may have installed its recorder just now.
        #[cfg(feature = "metrics")]
        metrics::describe();

        let started = tokio::time::Instant::now();
        let mut delivery = payload.into_delivery(settings.batch_event.as_ref())?;
        trace.begin(&mut delivery);

        for message in delivery.messages_mut() {
            self.complete(&mut message.context);
            arrival::complete(message, settings);
        }

        let settings = &*settings.for_messages(delivery.messages());
        let cut = settings.cut(self.deadline);
        let outcomes = self
            .outcomes(router, settings, answered, &delivery, cut)
            .await;
        self.deadline = settings.due(self.deadline);

        let report = BatchReport::new(&delivery, &outcomes, settings.malformed);
        let is_cut = cut.is_some_and(|cut| tokio::time::Instant::now() >= cut.into());
        let reason = match is_cut {
            true => NotReached::InTime,
            false if settings.is_stopping() => NotReached::BeforeTheEnd,
            false => NotReached::AfterAFailure,
        };
        summary::log_unreached(&report, &delivery, self.request_id.as_ref(), reason);
        summary::log(&report, &delivery, self.request_id.as_ref(), trace, started);
        summary::trace(&report, &delivery);
        #[cfg(feature = "metrics")]
        summary::measure(&report, &delivery, &outcomes);

        if delivery.envelope() == Envelope::Sqs {
            let failed = failed_messages(&delivery, &report, &outcomes, started.elapsed());
            self.settle(settings, answered, failed).await;

            let fails = settings.all_failed == AllFailed::FailInvocation
                && !report.messages().is_empty()
                && report.failed_messages() == report.messages().len();

            if !fails {
                return Ok(report);
            }
        }

        if report.is_success() || delivery.envelope() == Envelope::BatchOperations {
            return Ok(report);
        }

        Err(invocation_failed(delivery, outcomes, &report))
    }

    /// Returns the trace of this invocation, which begins now.
    pub(crate) fn trace(&self, traces: &Traces) -> InvocationTrace {
        #[cfg(feature = "otel")]
        let function_arn = self.function_arn.as_deref();
        #[cfg(not(feature = "otel"))]
        let function_arn = None;

        traces.invocation(
            self.request_id.as_ref(),
            self.trace_header.as_ref(),
            function_arn,
        )
    }

    /// Runs the records until they have outcomes or the cut-off time has come.
    async fn outcomes<R: Router>(
        &self,
        router: &R,
        settings: &Settings,
        answered: &Answered,
        delivery: &Delivery,
        cut: Option<Instant>,
    ) -> Outcomes {
        let engine = Engine::for_one_batch();
        let (_, lanes) = engine.admit(delivery, settings.malformed, |_| None);
        let plan = self.plan(settings, answered, delivery, &engine, lanes);
        if plan.is_separated() {
            let (one_by_one, left_out) = (plan.one_by_one.len(), plan.left_out.len());
            summary::log_separated(one_by_one, left_out, self.request_id.as_ref());
        }

        Batch::new(router, settings, delivery, &engine, plan, cut)
            .run()
            .await;

        engine.into_outcomes()
    }

    /// Plans when the lanes run, and keeps messages apart that came back without an answer.
    fn plan(
        &self,
        settings: &Settings,
        answered: &Answered,
        delivery: &Delivery,
        engine: &Engine<&Delivery>,
        lanes: Vec<LaneId>,
    ) -> Plan {
        let messages = delivery.messages();
        let has_returned = |index: usize| answered.lacks(&messages[index].context);
        let returned = settings.returned.unwrap_or(if self.is_from_lambda {
            Returned::Separately
        } else {
            Returned::Together
        });

        let separation = match (returned, &settings.queue) {
            (Returned::Together, _) => Separation::None,
            (Returned::Separately, None) => Separation::Parts(&has_returned),
            (Returned::Separately, Some(_)) => Separation::OneByOne(&has_returned),
        };

        Plan::new(engine, lanes, delivery, separation)
    }

    /// Gives unreached messages back, delays the other failed ones, and remembers both.
    async fn settle(&self, settings: &Settings, answered: &Answered, failed: Vec<Failed<'_>>) {
        for Failed {
            failure, message, ..
        } in &failed
        {
            let has_begun = !matches!(
                failure,
                MessageFailure::NotReached | MessageFailure::LeftOut
            );

            // One that came back without an answer, and was not run now, may still be to blame.
            if has_begun || !answered.lacks(message.context) {
                answered.remember(message.context);
            }
        }

        let queue = match settings.unreached {
            Unreached::GiveBack => settings.queue.as_deref(),
            Unreached::Wait => None,
        };
        let (unreached, failed): (Vec<_>, Vec<_>) = failed
            .into_iter()
            .partition(|failed| queue.is_some() && failed.may_be_given_back());

        if let Some(queue) = queue {
            let contexts: Vec<_> = unreached
                .iter()
                .map(|failed| failed.message.context)
                .collect();
            give_back(queue, &contexts, self.deadline).await;
        }

        if let Some(backoff) = &settings.backoff {
            let failed: Vec<_> = failed.into_iter().map(|failed| failed.message).collect();
            backoff::postpone(&**backoff, &failed, self.deadline).await;
        }
    }

    /// Adds what only the invocation knows to a message's context.
    fn complete(&self, context: &mut MessageContext) {
        context.complete(
            self.deadline,
            self.request_id.as_ref(),
            self.own_function.as_ref(),
            self.trace_header.as_ref(),
        );
    }
}

/// A message that failed, and why.
struct Failed<'d> {
    failure: MessageFailure,
    /// It waits for a message that failed before it.
    is_held_back: bool,
    message: FailedMessage<'d>,
}

impl Failed<'_> {
    /// Returns whether the message may be received again at once. One that is held back must not
    /// come before the one that failed.
    fn may_be_given_back(&self) -> bool {
        self.failure == MessageFailure::NotReached && !self.is_held_back
    }
}

/// The messages that failed, and why.
fn failed_messages<'d>(
    delivery: &'d Delivery,
    report: &BatchReport,
    outcomes: &Outcomes,
    elapsed: Duration,
) -> Vec<Failed<'d>> {
    if report.is_success() {
        return Vec::new();
    }

    let reported = delivery.messages().iter().zip(report.messages());
    let failed = reported
        .enumerate()
        .filter_map(|(index, (message, report))| {
            let MessageOutcome::Failed(failure) = report.outcome() else {
                return None;
            };
            let content = message.content.as_ref().ok();

            Some(Failed {
                failure,
                is_held_back: outcomes.is_held_back(index),
                message: FailedMessage {
                    context: &message.context,
                    retry_after: content.and_then(|content| outcomes.retry_after(content)),
                    elapsed,
                },
            })
        });

    failed.collect()
}

/// Makes the error of an invocation that reports no single failures. Its source is the first
/// failure of a record, or else the first failure of a message.
fn invocation_failed(mut delivery: Delivery, outcomes: Outcomes, report: &BatchReport) -> Error {
    let unreadable = delivery.messages_mut().iter_mut().find_map(|message| {
        let content = std::mem::replace(&mut message.content, Ok(Content::Records(0..0)));
        content.err()
    });

    let text = match report.failed() {
        0 => "a message cannot be read".to_owned(),
        failed => format!("{failed} of {} records failed", delivery.records().len()),
    };
    let error = Error::new(ErrorKind::InvocationFailed, text);

    match (outcomes.into_first_failure(), unreadable) {
        (Some(cause), _) => error.with_source(cause.into_error()),
        (None, Some(cause)) => error.with_source(cause),
        (None, None) => error,
    }
}
