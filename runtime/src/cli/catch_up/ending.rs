//! A source as a queue that ends, for a worker.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use s3_dispatch_core::delivery::ReceiptHandle;
use tokio::runtime::Handle;
use tokio::sync::Mutex as AsyncMutex;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::source::{Item, Settled, Source, SourceError};
use crate::queue::{Queue, QueueError, Receive, ReceiveRequest, Received};
use crate::worker::observer::RecordFailure;

/// A source as a queue that ends. The receipt handle of a message is its number.
pub(super) struct Ending<S> {
    source: Arc<S>,
    /// What is being read. A receive that is given up leaves it to the next one.
    reading: AsyncMutex<Reading>,
    /// Where it is read, because the runtime of the worker may end before that.
    runtime: Handle,
    has_ended: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct Reading {
    task: Option<JoinHandle<Result<Vec<Item>, SourceError>>>,
    /// What was read for a receive that asked for more.
    waiting: VecDeque<Item>,
}

#[derive(Default)]
struct State {
    /// The messages that were given out and are not settled.
    open: HashSet<u64>,
    /// How many messages the worker has handed back.
    left: u64,
    error: Option<SourceError>,
}

impl<S: Source> Ending<S> {
    pub(super) fn new(source: Arc<S>) -> Self {
        Self {
            source,
            reading: AsyncMutex::default(),
            runtime: Handle::current(),
            has_ended: AtomicBool::new(false),
            state: Mutex::default(),
        }
    }

    /// Settles a message, unless it is settled. What the worker says about it after that is of no
    /// importance. Returns whether it was open.
    pub(super) fn settle(&self, handle: &ReceiptHandle, settled: Settled) -> bool {
        let Ok(number) = handle.as_str().parse() else {
            return false;
        };

        let was_open = self.state().open.remove(&number);
        if was_open {
            self.source.settled(number, settled);
        }

        was_open
    }

    /// Whether the source gives out a message again that failed. If so it is not settled.
    pub(super) fn is_tried_again(&self, handle: &ReceiptHandle, failure: &RecordFailure) -> bool {
        let Ok(number) = handle.as_str().parse() else {
            return false;
        };

        let is_tried_again = self.source.is_tried_again(number, failure);
        if is_tried_again {
            self.state().open.remove(&number);
        }

        is_tried_again
    }

    /// Lets the source end before its end.
    pub(super) fn stop_source(&self) {
        self.source.stop();
    }

    /// Takes the error that ended the source.
    pub(super) fn take_error(&self) -> Option<SourceError> {
        self.state().error.take()
    }

    /// Settles what the worker did not settle, as left, and what it never received. Returns how
    /// many messages are left, with those that the worker has handed back.
    pub(super) async fn leave_the_rest(&self) -> u64 {
        let mut reading = self.reading.lock().await;
        if let Some(task) = reading.task.take()
            && let Ok(Ok(items)) = task.await
        {
            reading.waiting.extend(items);
        }

        let mut rest: Vec<u64> = self.state().open.drain().collect();
        rest.extend(reading.waiting.drain(..).map(|item| item.number));
        for number in &rest {
            self.source.settled(*number, Settled::Left);
        }

        self.state().left + rest.len() as u64
    }

    /// Reads the next messages, or waits for those that are being read.
    async fn read(&self, request: ReceiveRequest) -> Vec<Item> {
        let mut reading = self.reading.lock().await;
        if reading.waiting.is_empty() && !self.has_ended() {
            let task = reading.task.get_or_insert_with(|| {
                let source = Arc::clone(&self.source);
                let next = async move { source.next(request.most()).await };
                self.runtime.spawn(next)
            });

            let Ok(read) = timeout(request.wait(), task).await else {
                return Vec::new();
            };
            reading.task = None;
            match read {
                Ok(Ok(items)) if !items.is_empty() => reading.waiting.extend(items),
                Ok(Ok(_)) => self.has_ended.store(true, Ordering::SeqCst),
                Ok(Err(error)) => self.end_with(error),
                Err(panicked) => self.end_with(panicked.into()),
            }
        }

        let count = request.most().min(reading.waiting.len());
        let items: Vec<_> = reading.waiting.drain(..count).collect();
        self.state()
            .open
            .extend(items.iter().map(|item| item.number));

        items
    }

    fn end_with(&self, error: SourceError) {
        self.state().error = Some(error);
        self.has_ended.store(true, Ordering::SeqCst);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl<S: Source> Queue for Ending<S> {
    async fn delete(&self, messages: &[&ReceiptHandle]) -> Vec<Result<(), QueueError>> {
        for handle in messages {
            self.settle(handle, Settled::Done);
        }

        messages.iter().map(|_| Ok(())).collect()
    }

    async fn change_visibility(
        &self,
        messages: &[(&ReceiptHandle, Duration)],
    ) -> Vec<Result<(), QueueError>> {
        let changed = messages.iter().map(|(handle, time)| {
            if time.is_zero() {
                let is_left = self.settle(handle, Settled::Left);
                self.state().left += u64::from(is_left);
                return Ok(());
            }

            let number = handle.as_str().parse();
            match number.is_ok_and(|number| self.source.is_held(number)) {
                true => Ok(()),
                false => Err(QueueError::refused("somebody else may have the message")),
            }
        });

        changed.collect()
    }
}

#[async_trait]
impl<S: Source> Receive for Ending<S> {
    async fn receive(&self, request: ReceiveRequest) -> Result<Vec<Received>, QueueError> {
        let items = self.read(request).await.into_iter();
        let received = items.map(|item| {
            let context = item.context.with_receipt_handle(item.number.to_string());
            Received::new(context, item.body)
        });

        Ok(received.collect())
    }

    fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::SeqCst)
    }
}
