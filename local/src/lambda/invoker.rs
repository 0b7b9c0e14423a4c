//! One invocation, from the batch to its messages' fates.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::faults::Chance;
use crate::lambda::answer::{BatchAnswer, LONGEST_PAYLOAD};
use crate::lambda::event::event;
use crate::lambda::mapping::Collected;
use crate::pipeline::engine::Engine;
use crate::{
    Fate, Fault, Function, FunctionError, FunctionErrorKind, FunctionSpec, Hop, Invocation, Kill,
    KillKind, ReceivedMessage, StepKind,
};

/// A function, and what stands between it and its mappings.
pub(crate) struct Invoker {
    name: Arc<str>,
    timeout: Duration,
    function: Arc<dyn Function>,
    /// What its reserved concurrency leaves.
    turns: Option<Semaphore>,
    /// How long it took to answer last, so that a kill falls in its midst.
    usual: Mutex<Duration>,
}

/// A function that does not keep to its timeout is cut off so much later.
const GRACE: Duration = Duration::from_secs(2);

impl Invoker {
    pub(crate) fn new(spec: &FunctionSpec, function: Arc<dyn Function>) -> Self {
        Self {
            name: spec.name.as_str().into(),
            timeout: spec.timeout,
            function,
            turns: spec.reserved_concurrency.map(Semaphore::new),
            usual: Mutex::new(Duration::from_millis(10)),
        }
    }

    pub(crate) async fn stop(&self) {
        self.function.stop().await;
    }

    /// Invokes the function with a batch and deletes what succeeded. All else comes again when its
    /// visibility timeout is over.
    pub(crate) async fn invoke(
        &self,
        engine: &Engine,
        queue: &Arc<str>,
        batch: Vec<Collected>,
        reports: bool,
    ) {
        let Some(first) = batch.first() else { return };
        let about = format!(
            "invocation {} {}",
            first.received.message.id, first.received.receive_count
        );
        let request_id: Arc<str> = Chance::new(engine.seed, &about).uuid().into();

        let call = Call {
            engine,
            queue,
            request_id,
            batch,
        };

        let started = Instant::now();
        let answer = self.answer(&call).await;
        let error = answer
            .as_ref()
            .err()
            .map(|error| (error.kind(), error.to_string()));
        let (function, request_id) = (Arc::clone(&self.name), Arc::clone(&call.request_id));

        engine.journal.append(
            None,
            StepKind::Answered {
                function,
                request_id,
                duration: started.elapsed(),
                error,
            },
        );

        let verdict = match answer {
            Err(error) => BatchAnswer::AllFailed(error.to_string()),
            Ok(_) if !reports => BatchAnswer::Failed([].into()),
            Ok(answer) => BatchAnswer::read(&answer, |id| call.has(id)),
        };

        call.end(&self.name, &verdict);
    }

    async fn answer(&self, call: &Call<'_>) -> Result<Bytes, FunctionError> {
        let payload = event(call.batch.iter().map(|message| message.json.as_str()));
        if payload.len() > LONGEST_PAYLOAD {
            return Err(FunctionError::new(
                FunctionErrorKind::Unhandled,
                "the event is longer than 6 MB",
            ));
        }

        let turn = self.wait_for_turn(call).await?;
        if let Some(mut chance) = call.strike(&self.name, Fault::Delay, 0) {
            tokio::time::sleep(chance.duration(Duration::ZERO, Duration::from_secs(1))).await;
        }

        let mut invocation = Invocation::new(&*call.request_id, payload).with_timeout(self.timeout);
        let mut is_late = false;

        if let Some(mut chance) = call.strike(&self.name, Fault::Kill, 0) {
            invocation = invocation.with_kill(self.kill(KillKind::Crash, &mut chance));
        } else if let Some(mut chance) = call.strike(&self.name, Fault::TimeOut, 0) {
            is_late = chance.share() < 0.5;
            if !is_late {
                invocation = invocation.with_kill(self.kill(KillKind::TimeOut, &mut chance));
            }
        }

        self.tell(call);
        let started = Instant::now();
        let function = AssertUnwindSafe(self.function.invoke(invocation)).catch_unwind();

        let answer = match tokio::time::timeout(self.timeout + GRACE, function).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(FunctionError::new(
                FunctionErrorKind::Crashed,
                "the function panicked",
            )),
            Err(_) => Err(self.timed_out()),
        };

        drop(turn);

        if answer.is_ok() {
            *self.usual.lock().unwrap_or_else(PoisonError::into_inner) = started.elapsed();
        }

        if is_late && answer.is_ok() {
            tokio::time::sleep_until(started + self.timeout).await;
            return Err(self.timed_out());
        }

        if call.strike(&self.name, Fault::DropResponse, 0).is_some() && answer.is_ok() {
            return Err(FunctionError::new(
                FunctionErrorKind::Unhandled,
                "the answer was lost",
            ));
        }

        answer
    }

    /// Lambda tries again, with growing pauses, as long as the messages are invisible ("Handling
    /// errors for an SQS event source in Lambda", AWS Lambda Developer Guide, 2026); here, as
    /// long as the function could still answer in time.
    async fn wait_for_turn(
        &self,
        call: &Call<'_>,
    ) -> Result<Option<tokio::sync::SemaphorePermit<'_>>, FunctionError> {
        let invisible_until = call
            .batch
            .iter()
            .map(|message| message.received.invisible_until)
            .min();

        let mut pause = Duration::from_secs(1);

        for attempt in 0.. {
            let turn = self.turns.as_ref().map(Semaphore::try_acquire).transpose();
            match turn {
                Ok(turn) if call.strike(&self.name, Fault::Throttle, attempt).is_none() => {
                    return Ok(turn);
                }
                _ => {}
            }

            let next = call.engine.clock.now() + pause;
            if invisible_until.is_none_or(|end| next + self.timeout > end) {
                break;
            }

            call.engine.clock.sleep_until(next).await;
            pause = (pause * 2).min(Duration::from_secs(60));
        }

        Err(FunctionError::new(
            FunctionErrorKind::Throttled,
            "the function was throttled",
        ))
    }

    fn kill(&self, kind: KillKind, chance: &mut Chance) -> Kill {
        let usual = *self.usual.lock().unwrap_or_else(PoisonError::into_inner);
        Kill {
            after: chance.duration(Duration::ZERO, usual.min(self.timeout)),
            kind,
        }
    }

    fn timed_out(&self) -> FunctionError {
        FunctionError::new(
            FunctionErrorKind::TimedOut,
            format!("the function took longer than {:?}", self.timeout),
        )
    }

    fn tell(&self, call: &Call<'_>) {
        let messages = call
            .batch
            .iter()
            .map(|Collected { received, .. }| ReceivedMessage {
                message_id: Arc::clone(&received.message.id),
                event: received.message.event,
                receive_count: received.receive_count,
            });

        let step = StepKind::Invoked {
            function: Arc::clone(&self.name),
            queue: Arc::clone(call.queue),
            request_id: Arc::clone(&call.request_id),
            messages: messages.collect(),
        };

        call.engine.journal.append(None, step);
    }
}

/// An invocation under way.
struct Call<'c> {
    engine: &'c Engine,
    queue: &'c Arc<str>,
    request_id: Arc<str>,
    batch: Vec<Collected>,
}

impl Call<'_> {
    fn has(&self, message_id: &str) -> bool {
        self.batch
            .iter()
            .any(|message| *message.received.message.id == *message_id)
    }

    fn strike(&self, function: &Arc<str>, fault: Fault, attempt: u32) -> Option<Chance> {
        let hop = Hop::Invoke;
        let chance = self
            .engine
            .faults()
            .strike(hop, fault, &self.request_id, attempt)?;
        let (place, id) = (Arc::clone(function), Some(Arc::clone(&self.request_id)));

        let step = StepKind::FaultInjected {
            hop,
            fault,
            place,
            id,
            receive_count: None,
        };

        self.engine.journal.append(None, step);

        Some(chance)
    }

    /// Tells what became of each message, and deletes those that succeeded.
    fn end(&self, function: &Arc<str>, verdict: &BatchAnswer) {
        let reason: Option<Arc<str>> = match verdict {
            BatchAnswer::AllFailed(reason) => Some(reason.as_str().into()),
            BatchAnswer::Failed(_) => None,
        };
        for Collected { received, .. } in &self.batch {
            let message = &received.message;
            let fate = match (&reason, verdict) {
                (Some(reason), _) => Fate::BatchFailed(Arc::clone(reason)),
                (None, BatchAnswer::Failed(failed)) if failed.contains(&*message.id) => {
                    Fate::Failed
                }
                _ => Fate::Succeeded,
            };

            let has_succeeded = fate == Fate::Succeeded;

            let step = StepKind::Outcome {
                function: Arc::clone(function),
                queue: Arc::clone(self.queue),
                request_id: Arc::clone(&self.request_id),
                message_id: Arc::clone(&message.id),
                receive_count: received.receive_count,
                fate,
            };

            self.engine.journal.append(message.event, step);

            if has_succeeded && !self.is_refused(received) {
                self.engine.delete(self.queue, received.receipt);
            }
        }
    }

    fn is_refused(&self, received: &crate::Received) -> bool {
        let (hop, fault, message) = (Hop::Delete, Fault::RefuseDelete, &received.message);
        let is_refused = self
            .engine
            .faults()
            .strike(hop, fault, &message.id, received.receive_count)
            .is_some();

        if is_refused {
            let (place, id) = (Arc::clone(self.queue), Some(Arc::clone(&message.id)));
            let receive_count = Some(received.receive_count);

            self.engine.journal.append(
                message.event,
                StepKind::FaultInjected {
                    hop,
                    fault,
                    place,
                    id,
                    receive_count,
                },
            );
        }

        is_refused
    }
}
