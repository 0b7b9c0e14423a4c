//! The router, the dead-letter sink and the backoff of a worker. They do what the fleet says, and
//! note it.

use std::error::Error;
use std::future::poll_fn;
use std::task::Poll;

use s3_dispatch::failure::{DeadLetter, DeadLetterError, FailedMessage};
use s3_dispatch::handler::BoxFuture;
use s3_dispatch::{
    Backoff, DeadLetters, HandlerError, MessageContext, Outcome, Route, Router, S3EventRecord,
    SkipReason, async_trait,
};
use tokio::time::sleep;

use crate::fleet::Fleet;
use crate::journal::Run;
use crate::queue::MemoryQueue;
use crate::stage::Stage;
use crate::world::{Delay, End, Place, Script};

#[derive(Clone)]
pub(crate) struct Handlers {
    pub(crate) stage: Stage,
    pub(crate) queue: MemoryQueue,
}

/// What is given to a handler or the sink.
struct Given {
    place: Place,
    receipt: usize,
}

impl Handlers {
    /// Finds a record in the world, and complains if it or its message is not right.
    fn find(&self, record: &S3EventRecord, message: &MessageContext) -> Option<Given> {
        let version = record.object.version_id.as_ref()?.as_str();
        let (index, at) = version.split_once('.')?;
        let place: Place = (index.parse().ok()?, at.parse().ok()?);
        let receipt: usize = message.receipt_handle()?.as_str().parse().ok()?;
        let expected = self.stage.fleet.world.record(place)?;

        let state = self.stage.state();
        let of = &state.journal.receipts[receipt];
        let is_right = record.object.key == *expected.key
            && record.bucket.name == *expected.bucket
            && of.message == place.0
            && of.worker == self.queue.worker
            && message.receive_count() == Some(of.count);

        is_right.then_some(Given { place, receipt })
    }

    /// What happens to a record this time.
    fn script(&self, runs: &[Run], place: Place, script: Script) -> Script {
        let before = runs.iter().filter(|run| run.place == place).count();
        if before < self.stage.fleet.troubles && !self.stage.is_healed() {
            return script;
        }

        Script {
            delay: Delay::None,
            end: End::Done,
        }
    }

    fn begin(&self, is_letter: bool, given: &Given) -> (Running, Script) {
        let (index, at) = given.place;
        let record = &self.stage.fleet.world.messages[index].records()[at];
        let mut state = self.stage.state();
        let start = state.moment();
        let (runs, script) = if is_letter {
            (&mut state.journal.letters, record.letter)
        } else {
            (&mut state.journal.runs, record.handler)
        };
        let script = self.script(runs, given.place, script);

        runs.push(Run {
            place: given.place,
            receipt: given.receipt,
            worker: self.queue.worker,
            start,
            end: None,
            answer: None,
        });
        let running = Running {
            stage: self.stage.clone(),
            is_letter,
            index: runs.len() - 1,
        };

        (running, script)
    }

    fn complain(&self, complaint: String) {
        self.stage.state().journal.complaints.push(complaint);
    }
}

/// A call that is running. It notes its end when it is dropped.
struct Running {
    stage: Stage,
    is_letter: bool,
    index: usize,
}

impl Running {
    async fn perform(self, script: Script) -> End {
        match script.delay {
            Delay::None => {}
            Delay::Yields(count) => {
                for _ in 0..count {
                    yield_once().await;
                }
            }
            Delay::Milliseconds(milliseconds) => {
                let time = std::time::Duration::from_millis(milliseconds);
                sleep(time * self.stage.fleet.slowness).await;
            }
            Delay::Forever => {
                // The sender lives as long as the stage.
                let mut healed = self.stage.healed.subscribe();
                drop(healed.wait_for(|is_healed| *is_healed).await);
                return self.answer(End::Done);
            }
        }

        let end = self.answer(script.end);
        if end == End::Panic {
            std::panic::resume_unwind(Box::new("scripted"));
        }

        end
    }

    fn answer(&self, end: End) -> End {
        let mut state = self.stage.state();
        let journal = &mut state.journal;
        let runs = if self.is_letter {
            &mut journal.letters
        } else {
            &mut journal.runs
        };
        runs[self.index].answer = Some(end);

        end
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut state = self.stage.state();
        let end = state.moment();
        let journal = &mut state.journal;
        let runs = if self.is_letter {
            &mut journal.letters
        } else {
            &mut journal.runs
        };
        runs[self.index].end = Some(end);
    }
}

async fn yield_once() {
    let mut has_yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }

        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Written without `async_trait`, to be able to panic before it returns a future.
impl Router for Handlers {
    fn route<'s, 'r, 'm, 'f>(
        &'s self,
        record: &'r S3EventRecord,
        message: &'m MessageContext,
    ) -> BoxFuture<'f, Outcome>
    where
        's: 'f,
        'r: 'f,
        'm: 'f,
        Self: 'f,
    {
        let Some(given) = self.find(record, message) else {
            self.complain(format!("a handler was given {record:?} in {message:?}"));
            return Box::pin(async { Outcome::Handled });
        };

        let (running, script) = self.begin(false, &given);
        if script.end == End::EarlyPanic {
            running.answer(End::EarlyPanic);
            drop(running);
            std::panic::resume_unwind(Box::new("scripted"));
        }

        Box::pin(async move {
            match running.perform(script).await {
                End::Unrouted => Outcome::Skipped(SkipReason::Unrouted),
                End::Stale => Outcome::Skipped(SkipReason::Stale),
                End::Retry => {
                    let error = HandlerError::retry("scripted");
                    Outcome::Failed(match Fleet::retry_after(given.place) {
                        Some(time) => error.with_retry_after(time),
                        None => error,
                    })
                }
                End::Permanent => Outcome::Failed(HandlerError::permanent("scripted for good")),
                End::Done | End::Panic | End::EarlyPanic => Outcome::Handled,
            }
        })
    }

    fn routes(&self) -> &[Route] {
        &[]
    }
}

/// Written without `async_trait`, like the router.
impl DeadLetters for Handlers {
    fn put<'s, 'l, 'd, 'f>(
        &'s self,
        letter: &'l DeadLetter<'d>,
    ) -> BoxFuture<'f, Result<(), DeadLetterError>>
    where
        's: 'f,
        'l: 'f,
        'd: 'f,
        Self: 'f,
    {
        let Some(given) = self.find(letter.record, letter.message) else {
            self.complain(format!("the sink was given {letter:?}"));
            return Box::pin(async { Ok(()) });
        };

        let (running, script) = self.begin(true, &given);
        if script.end == End::EarlyPanic {
            running.answer(End::EarlyPanic);
            drop(running);
            std::panic::resume_unwind(Box::new("scripted"));
        }

        Box::pin(async move {
            match running.perform(script).await {
                End::Done => Ok(()),
                _ => Err(DeadLetterError::new("scripted")),
            }
        })
    }
}

#[async_trait]
impl Backoff for Handlers {
    async fn postpone(
        &self,
        failed: &[FailedMessage<'_>],
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let entries = failed.iter().filter_map(|message| {
            let receipt = message.context.receipt_handle()?.as_str().parse().ok()?;
            Some((receipt, message.retry_after))
        });

        Ok(self.queue.postpone(entries.collect()).await?)
    }
}
