//! One invocation, from its payload to its report.

use std::time::Instant;

use s3_dispatch_core::delivery::{
    Content, Delivery, Envelope, InvocationId, Message, OtherMessage, TraceHeader,
};
use s3_dispatch_core::{Error, ErrorKind, MessageContext, Router};

use crate::dispatch::batch::Batch;
use crate::dispatch::outcomes::Outcomes;
use crate::dispatch::payload::Payload;
use crate::dispatch::report::{BatchReport, MessageOutcome};
use crate::dispatch::schedule::Schedule;
use crate::dispatch::settings::{Settings, Unrouted};
use crate::dispatch::summary;
use crate::failure::backoff::{self, FailedMessage};

/// What is known about an invocation besides its payload. Only Lambda provides the request id and
/// the trace header.
#[derive(Debug, Default)]
pub(crate) struct Invocation {
    pub(crate) deadline: Option<Instant>,
    pub(crate) request_id: Option<InvocationId>,
    pub(crate) trace_header: Option<TraceHeader>,
}

impl Invocation {
    /// Reads the payload, runs its records, and reports on its messages.
    ///
    /// # Errors
    ///
    /// The same as [`Dispatcher::dispatch`](crate::Dispatcher::dispatch).
    pub(crate) async fn run<R: Router>(
        self,
        router: &R,
        settings: &Settings,
        payload: Payload,
    ) -> Result<BatchReport, Error> {
        let started = Instant::now();
        let mut delivery = payload.into_delivery()?;

        for message in delivery.messages_mut() {
            self.complete(&mut message.context);
            fail_if_unrouted(message, settings.unrouted);
            summary::log_without_records(message, settings.malformed);
        }

        let schedule = Schedule::new(&delivery, settings.malformed);
        let cut = settings.cut(self.deadline);
        let batch = Batch::new(router, settings, &delivery, &schedule, cut);
        let outcomes = batch.run().await;

        let report = BatchReport::new(&delivery, &outcomes, settings.malformed);
        summary::log(&report, &delivery, self.request_id.as_ref(), started);
        #[cfg(feature = "metrics")]
        summary::measure(&report, &delivery, &outcomes);

        if delivery.envelope() == Envelope::Sqs {
            if let Some(backoff) = &settings.backoff {
                let failed = failed_messages(&delivery, &report, &outcomes);
                backoff::postpone(&**backoff, &failed, self.deadline).await;
            }

            return Ok(report);
        }

        if report.is_success() {
            return Ok(report);
        }

        Err(invocation_failed(delivery, outcomes, &report))
    }

    /// Adds what only the invocation knows to a message's context. If the message has its own trace
    /// header, it keeps that one.
    fn complete(&self, context: &mut MessageContext) {
        if let Some(deadline) = self.deadline {
            *context = std::mem::take(context).with_deadline(deadline);
        }

        if let Some(id) = &self.request_id {
            *context = std::mem::take(context).with_request_id(id.clone());
        }

        if let (None, Some(header)) = (context.trace_header(), &self.trace_header) {
            *context = std::mem::take(context).with_trace_header(header.clone());
        }
    }
}

/// Makes an event that is not S3's a failure where events without a route fail.
fn fail_if_unrouted(message: &mut Message, unrouted: Unrouted) {
    if unrouted == Unrouted::Fail
        && let Ok(Content::Other(other @ OtherMessage::CloudTrail(_))) = &message.content
    {
        message.content = Err(Error::new(ErrorKind::NotAnS3Event, other.to_string()));
    }
}

fn failed_messages<'d>(
    delivery: &'d Delivery,
    report: &BatchReport,
    outcomes: &Outcomes,
) -> Vec<FailedMessage<'d>> {
    let reported = delivery.messages().iter().zip(report.messages());
    let failed = reported.filter(|(_, report)| report.outcome() != MessageOutcome::Succeeded);

    let failed = failed.map(|(message, _)| {
        let content = message.content.as_ref().ok();
        FailedMessage {
            context: &message.context,
            retry_after: content.and_then(|content| outcomes.retry_after(content)),
        }
    });

    failed.collect()
}

/// Makes the error of an invocation that cannot report single failures. Its source is the first
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
