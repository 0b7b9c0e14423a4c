//! Invocations: from the batch to the results of its messages.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::answer::BatchAnswer;
use super::batch::BatchMessage;
use super::event::{MAX_PAYLOAD_BYTES, event_json};
use super::function::{Function, FunctionError, FunctionErrorKind, Invocation, Kill, KillKind};
use crate::aws::traces::invoked_with;
use crate::faults::chance::Chance;
use crate::faults::{Fault, Hop};
use crate::journal::{EventFailure, Fate, ReceivedMessage, StepKind, ToldFailures};
use crate::pipeline::engine::Engine;
use crate::pipeline::injection::FaultSite;
use crate::sqs::Receipt;
use crate::topology::FunctionSpec;

/// How long a function may run past its timeout before it is cut off.
const GRACE: Duration = Duration::from_secs(2);

/// The longest pause before a throttled invocation is tried again.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// Invokes a function for its mappings.
pub(crate) struct Invoker {
    name: Arc<str>,
    timeout: Duration,
    may_recur: bool,
    function: Arc<dyn Function>,
    /// The invocations that the reserved concurrency allows. `None` without a limit.
    permits: Option<Semaphore>,
    /// How long the last answer took, so that an injected kill hits in the middle of the work.
    last_duration: Mutex<Duration>,
}

/// One invocation and its batch.
struct BatchInvocation<'i> {
    engine: &'i Engine,
    function: &'i Arc<str>,
    queue: &'i Arc<str>,
    request_id: Arc<str>,
    /// The trace header, which counts this invocation too.
    trace_header: Arc<str>,
    batch: Vec<BatchMessage>,
    /// What the function tells about messages that failed.
    failures: ToldFailures,
}

/// An injected fault that changes how an invocation ends.
enum PlannedEnd {
    /// The function ends by itself.
    Normal,
    /// The function is killed while it works.
    Killed(Kill),
    /// The function finishes its work, but only after the timeout.
    Late,
}

impl Invoker {
    pub(crate) fn new(spec: &FunctionSpec, function: Arc<dyn Function>) -> Self {
        Self {
            name: spec.name.as_str().into(),
            timeout: spec.timeout,
            may_recur: spec.may_recur,
            function,
            permits: spec.reserved_concurrency.map(Semaphore::new),
            last_duration: Mutex::new(Duration::from_millis(10)),
        }
    }

    /// Whether the function may be invoked by what it writes, as often as it likes.
    pub(super) fn may_recur(&self) -> bool {
        self.may_recur
    }

    pub(crate) async fn stop(&self) {
        self.function.stop().await;
    }

    /// Invokes the function with a batch, and deletes the messages that succeeded. The others are
    /// received again after their visibility timeout.
    pub(super) async fn invoke(
        &self,
        engine: &Engine,
        queue: &Arc<str>,
        batch: Vec<BatchMessage>,
        reports_failures: bool,
    ) {
        let Some(first) = batch.first() else { return };
        let lineage = first.lineage.clone().with_invocation(&self.name);
        let first = &first.received;
        let about = format!("invocation {} {}", first.message.id, first.receive_count);

        let invocation = BatchInvocation {
            engine,
            function: &self.name,
            queue,
            request_id: Chance::new(engine.seed, &about).uuid().into(),
            trace_header: lineage.to_trace_header().into(),
            batch,
            failures: ToldFailures::default(),
        };

        let started = Instant::now();
        let answer = self.answer(&invocation).await;
        invocation.record_end(started.elapsed(), answer.as_ref().err());

        let answer = match answer {
            Err(error) => BatchAnswer::AllFailed(error.to_string()),
            Ok(_) if !reports_failures => BatchAnswer::all_succeeded(),
            Ok(answer) => BatchAnswer::read(&answer, |id| invocation.contains(id)),
        };

        invocation.finish(&answer);
    }

    async fn answer(&self, invocation: &BatchInvocation<'_>) -> Result<Bytes, FunctionError> {
        let payload = invocation.payload()?;
        let permit = self.wait_for_permit(invocation).await?;

        if let Some(mut chance) = invocation.inject(Fault::Delay, 0) {
            let delay = chance.duration(Duration::ZERO, Duration::from_secs(1));
            tokio::time::sleep(delay).await;
        }

        let planned_end = self.plan_end(invocation);
        invocation.record_start();

        let started = Instant::now();
        let answer = self.run(invocation, payload, &planned_end).await;
        drop(permit);

        if answer.is_ok() {
            *self.lock_last_duration() = started.elapsed();
        }

        if answer.is_ok() && matches!(planned_end, PlannedEnd::Late) {
            tokio::time::sleep_until(started + self.timeout).await;
            return Err(self.timed_out());
        }

        if invocation.inject(Fault::DropResponse, 0).is_some() && answer.is_ok() {
            return Err(FunctionError::new(
                FunctionErrorKind::Unhandled,
                "the answer was lost",
            ));
        }

        answer
    }

    async fn run(
        &self,
        invocation: &BatchInvocation<'_>,
        payload: Bytes,
        planned_end: &PlannedEnd,
    ) -> Result<Bytes, FunctionError> {
        let mut request = Invocation::new(&*invocation.request_id, payload)
            .with_trace_header(&*invocation.trace_header)
            .with_failures(invocation.failures.clone());
        if let PlannedEnd::Killed(kill) = planned_end {
            request = request.with_kill(*kill);
        }

        self.invoke_once(request).await
    }

    /// Invokes the function once, within its timeout.
    pub(crate) async fn invoke_once(&self, request: Invocation) -> Result<Bytes, FunctionError> {
        let request = request.with_timeout(self.timeout);
        let trace_header = Arc::from(request.trace_header.as_str());
        let answer = AssertUnwindSafe(self.function.invoke(request)).catch_unwind();
        let answer = invoked_with(trace_header, answer);

        let latest = self.function.init_timeout() + self.timeout + GRACE;

        match tokio::time::timeout(latest, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(FunctionError::new(
                FunctionErrorKind::Crashed,
                "the function panicked",
            )),
            Err(_) => Err(self.timed_out()),
        }
    }

    /// Waits until the function may be invoked.
    ///
    /// Lambda tries again after longer and longer pauses while the messages are invisible
    /// ("Handling errors for an SQS event source in Lambda", AWS Lambda Developer Guide, 2026).
    /// Here it tries as long as the function could still finish in time.
    async fn wait_for_permit(
        &self,
        invocation: &BatchInvocation<'_>,
    ) -> Result<Option<SemaphorePermit<'_>>, FunctionError> {
        let clock = invocation.engine.clock;
        let invisible_until = invocation
            .batch
            .iter()
            .map(|message| message.received.invisible_until)
            .min();

        let mut pause = Duration::from_secs(1);

        for attempt in 0.. {
            let permit = self.permits.as_ref().map(Semaphore::try_acquire);
            if let Ok(permit) = permit.transpose()
                && invocation.inject(Fault::Throttle, attempt).is_none()
            {
                return Ok(permit);
            }

            let next = clock.now() + pause;
            if invisible_until.is_none_or(|end| next + self.timeout > end) {
                break;
            }

            clock.sleep_until(next).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }

        Err(FunctionError::new(
            FunctionErrorKind::Throttled,
            "the function was throttled",
        ))
    }

    /// Decides whether a fault kills the function or makes it late.
    fn plan_end(&self, invocation: &BatchInvocation<'_>) -> PlannedEnd {
        if let Some(mut chance) = invocation.inject(Fault::Kill, 0) {
            return PlannedEnd::Killed(self.kill(KillKind::Crash, &mut chance));
        }

        let Some(mut chance) = invocation.inject(Fault::TimeOut, 0) else {
            return PlannedEnd::Normal;
        };

        // Half of the timeouts hit a function that has done its work.
        if chance.share() < 0.5 {
            PlannedEnd::Late
        } else {
            PlannedEnd::Killed(self.kill(KillKind::TimeOut, &mut chance))
        }
    }

    fn kill(&self, kind: KillKind, chance: &mut Chance) -> Kill {
        let latest = self.lock_last_duration().min(self.timeout);
        Kill {
            after: chance.duration(Duration::ZERO, latest),
            kind,
        }
    }

    fn lock_last_duration(&self) -> std::sync::MutexGuard<'_, Duration> {
        self.last_duration
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn timed_out(&self) -> FunctionError {
        FunctionError::new(
            FunctionErrorKind::TimedOut,
            format!("the function took longer than {:?}", self.timeout),
        )
    }
}

impl BatchInvocation<'_> {
    fn contains(&self, message_id: &str) -> bool {
        self.batch
            .iter()
            .any(|message| *message.received.message.id == *message_id)
    }

    fn payload(&self) -> Result<Bytes, FunctionError> {
        let payload = event_json(self.batch.iter().map(|message| message.json.as_str()));
        if payload.len() > MAX_PAYLOAD_BYTES {
            return Err(FunctionError::new(
                FunctionErrorKind::Unhandled,
                "the event is longer than 6 MB",
            ));
        }

        Ok(payload)
    }

    fn inject(&self, fault: Fault, attempt: u32) -> Option<Chance> {
        let site = FaultSite::of_invocation(self.function, &self.request_id, attempt);
        self.engine.inject(fault, &site)
    }

    fn record_start(&self) {
        let messages = self.batch.iter().map(|message| ReceivedMessage {
            message_id: Arc::clone(&message.received.message.id),
            event: message.received.message.event,
            receive_count: message.received.receive_count,
        });

        let step = StepKind::Invoked {
            function: Arc::clone(self.function),
            queue: Arc::clone(self.queue),
            request_id: Arc::clone(&self.request_id),
            messages: messages.collect(),
        };

        self.engine.journal.append(None, step);
    }

    fn record_end(&self, duration: Duration, error: Option<&FunctionError>) {
        let step = StepKind::Answered {
            function: Arc::clone(self.function),
            request_id: Arc::clone(&self.request_id),
            duration,
            error: error.map(|error| (error.kind(), error.to_string())),
        };

        self.engine.journal.append(None, step);
    }

    /// Records the result of each message, and deletes the messages that succeeded.
    fn finish(&self, answer: &BatchAnswer) {
        let reason: Option<Arc<str>> = match answer {
            BatchAnswer::AllFailed(reason) => Some(reason.as_str().into()),
            BatchAnswer::Failed(_) => None,
        };

        for BatchMessage { received, .. } in &self.batch {
            let message = &received.message;
            let fate = match (&reason, answer) {
                (Some(reason), _) => Fate::BatchFailed(Arc::clone(reason)),
                (None, BatchAnswer::Failed(failed)) if failed.contains(&*message.id) => {
                    Fate::Failed
                }
                _ => Fate::Succeeded,
            };

            let failure = self.failure(&message.id, &fate);
            let has_succeeded = fate == Fate::Succeeded;
            let (invisible_for, dead_letter_queue) = match has_succeeded {
                true => (None, None),
                false => self.what_follows(received.receipt),
            };

            let step = StepKind::Outcome {
                function: Arc::clone(self.function),
                queue: Arc::clone(self.queue),
                request_id: Arc::clone(&self.request_id),
                message_id: Arc::clone(&message.id),
                receive_count: received.receive_count,
                fate,
                failure,
                invisible_for,
                dead_letter_queue,
            };

            self.engine.journal.append(message.event, step);

            if has_succeeded {
                let site = FaultSite::of_received(Hop::Delete, self.queue, received);
                if self.engine.inject(Fault::RefuseDelete, &site).is_none() {
                    self.engine.delete(self.queue, received.receipt);
                }
            }
        }
    }

    /// Why a message of the batch failed.
    fn failure(&self, message_id: &str, fate: &Fate) -> Option<EventFailure> {
        let told = self.failures.of(message_id, self.function);

        match fate {
            Fate::BatchFailed(reason) => Some(EventFailure::of_batch(self.function, reason)),
            Fate::Failed => told.or_else(|| Some(EventFailure::unknown(self.function))),
            Fate::Succeeded => told,
        }
    }

    /// How long a message of the batch stays invisible, and the dead-letter queue that it moves to
    /// then, unless it is received again.
    fn what_follows(&self, receipt: Receipt) -> (Option<Duration>, Option<Arc<str>>) {
        let now = self.engine.clock.now();

        self.engine.read(|state| {
            let Some(queue) = state.queues.get(self.queue) else {
                return (None, None);
            };
            let invisible_for = queue.invisible_for(now, receipt);
            // Without its dead-letter queue, a queue keeps its messages.
            let target = queue.next_dead_letter_queue(receipt);
            let target = target
                .filter(|target| invisible_for.is_some() && state.queues.contains_key(*target));

            (invisible_for, target.map(Arc::from))
        })
    }
}
