//! A queue in memory with the rules of SQS, and the faults of a fleet.

use std::collections::BTreeSet;
use std::future::pending;
use std::time::Duration;

use s3_dispatch::delivery::ReceiptHandle;
use s3_dispatch::queue::{Queue, QueueError, Receive, ReceiveRequest, Received};
use s3_dispatch::{MessageContext, async_trait};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use crate::journal::{Answer, Call, Kind, LONGEST, Receipt, ReceiveCall};
use crate::stage::{Gone, Stage, State};

/// The queue as one worker uses it.
#[derive(Clone)]
pub(crate) struct MemoryQueue {
    pub(crate) stage: Stage,
    pub(crate) worker: usize,
}

/// What becomes of a call.
struct Course {
    fails: bool,
    loses_answer: bool,
    hangs_before: bool,
    hangs_after: bool,
    is_short: bool,
    latency: Duration,
}

impl MemoryQueue {
    fn course(&self) -> Course {
        let faults = self.stage.faults();
        let mut state = self.stage.state();
        let panics = state.happens(faults.panics);
        let hangs = state.happens(faults.hangs);
        let is_before = state.happens(50);
        let course = Course {
            fails: state.happens(faults.fails),
            loses_answer: state.happens(faults.loses_answers),
            hangs_before: hangs && is_before,
            hangs_after: hangs && !is_before,
            is_short: state.happens(faults.shortens),
            latency: faults.latency.mul_f64(state.share()),
        };
        drop(state);

        if panics {
            std::panic::resume_unwind(Box::new("scripted"));
        }
        course
    }

    /// Notes the entries of a call, makes it, and gives each entry its answer.
    async fn call(
        &self,
        entries: Vec<(usize, Kind)>,
        effect: impl Fn(&mut State, usize, Kind) -> Answer + Send,
    ) -> Vec<Result<(), QueueError>> {
        let noted = Noted::new(self, &entries);
        let course = self.course();
        pause(course.latency / 2).await;
        if course.hangs_before {
            return pending().await;
        }

        let fails_entries = self.stage.faults().fails_entries;
        let mut answers = Vec::new();
        if !course.fails {
            let mut state = self.stage.state();
            for (receipt, kind) in &entries {
                let answer = if state.happens(fails_entries) {
                    Answer::Failed
                } else {
                    effect(&mut state, *receipt, *kind)
                };
                answers.push(answer);
            }
        }
        self.stage.changed.notify_waiters();
        if course.hangs_after {
            return pending().await;
        }
        pause(course.latency / 2).await;

        if course.fails || course.loses_answer {
            answers = vec![Answer::Failed; entries.len()];
        }
        if course.is_short {
            answers.pop();
        }
        noted.end(&answers);

        answers.into_iter().map(result).collect()
    }

    fn receipts(&self, handles: impl Iterator<Item = String>) -> Vec<usize> {
        handles.map(|handle| handle.parse().unwrap()).collect()
    }

    /// Makes a message visible after a time that a backoff chose.
    pub(crate) async fn postpone(
        &self,
        entries: Vec<(usize, Option<Duration>)>,
    ) -> Result<(), QueueError> {
        let entries = entries.into_iter();
        let entries: Vec<_> = entries
            .map(|(receipt, minimum)| (receipt, Kind::Postpone(minimum)))
            .collect();
        let answers = self.call(entries, |state, receipt, kind| {
            let Kind::Postpone(minimum) = kind else {
                return Answer::Failed;
            };
            let time = Duration::from_secs(4).max(minimum.unwrap_or_default());
            change(state, receipt, time)
        });

        answers.await.into_iter().collect()
    }

    /// What a receive gets now.
    fn take(&self, call: usize, request: ReceiveRequest) -> Vec<usize> {
        let fleet = &self.stage.fleet;
        let faults = self.stage.faults();
        let mut state = self.stage.state();
        let now = state.now();
        let mut order: Vec<usize> = (0..state.messages.len()).collect();
        if !fleet.world.is_fifo {
            state.shuffle(&mut order);
        }

        let group = |index: usize| fleet.world.messages[index].group;
        let hidden = |state: &State, index: usize| {
            let message = &state.messages[index];
            message.gone.is_none() && message.visible_at > now
        };
        // A group gives nothing while one of its messages is in flight, or before one that is late.
        let mut blocked: BTreeSet<Option<u8>> = BTreeSet::new();
        if fleet.world.is_fifo {
            let in_flight = order.iter().filter(|index| hidden(&state, **index));
            blocked = in_flight
                .filter(|index| state.messages[**index].receipt.is_some())
                .map(|index| group(*index))
                .collect();
        }

        // One receive may bring several messages of a group, but none behind one from before.
        let held_up: BTreeSet<usize> = (0..state.messages.len())
            .filter(|index| self.stage.is_held_up(&state, *index, |_| true))
            .collect();

        let mut taken = Vec::new();
        for index in order {
            if taken.len() == request.most() {
                break;
            }
            if state.messages[index].gone.is_some() || blocked.contains(&group(index)) {
                continue;
            }
            if fleet.ends && (state.messages[index].count > 0 || held_up.contains(&index)) {
                continue;
            }
            if hidden(&state, index) {
                let is_held = state.messages[index].receipt.is_some();
                let is_duplicate =
                    !fleet.world.is_fifo && is_held && state.happens(faults.duplicates / 8);
                if !is_duplicate {
                    continue;
                }
            }
            if fleet.most_receives == Some(state.messages[index].count) {
                state.remove(index, Gone::DeadLetter);
                continue;
            }

            taken.push(self.grant(&mut state, index, (call, taken.len()), request));
        }

        taken
    }

    /// Gives a message to the worker.
    fn grant(
        &self,
        state: &mut State,
        index: usize,
        receive: (usize, usize),
        request: ReceiveRequest,
    ) -> usize {
        let now = state.now();
        if let Some(before) = state.messages[index].receipt
            && state.messages[index].visible_at > now
        {
            state.journal.receipts[before].was_taken = true;
        }

        let is_cut = state.happens(self.stage.faults().ends_early / 2);
        let share = if is_cut { state.share() } else { 1.0 };
        let receipt = state.journal.receipts.len();
        let message = &mut state.messages[index];
        message.count += 1;
        message.visible_at = now + request.visibility().mul_f64(share);
        message.receipt = Some(receipt);
        let count = message.count;

        state.journal.receipts.push(Receipt {
            message: index,
            worker: self.worker,
            receive,
            count,
            sent: state.journal.receives[receive.0].begun,
            given: now,
            answered: None,
            was_taken: is_cut,
            calls: Vec::new(),
        });

        receipt
    }

    fn describe(&self, receipt: usize) -> Received {
        let mut state = self.stage.state();
        let answered = state.moment();
        let receipt_of = &mut state.journal.receipts[receipt];
        receipt_of.answered = Some(answered);
        let (index, count) = (receipt_of.message, receipt_of.count);
        drop(state);

        let world = &self.stage.fleet.world;
        let message = &world.messages[index];
        let suffix = if world.is_fifo { ".fifo" } else { "" };
        let mut context = MessageContext::new()
            .with_message_id(format!("id-{index}"))
            .with_receipt_handle(receipt.to_string())
            .with_receive_count(count)
            .with_queue_arn(format!(
                "arn:aws:sqs:eu-central-1:000000000000:uploads{suffix}"
            ));
        if let Some(group) = message.group {
            context = context.with_group_id(format!("group {group}"));
        }

        Received::new(context, message.body(index))
    }

    /// Waits until there is something to receive, or the time is over.
    async fn poll(&self, call: usize, request: ReceiveRequest) -> Vec<usize> {
        let end = Instant::now() + request.wait();
        loop {
            let changed = self.stage.changed.notified();
            let taken = self.take(call, request);
            if !taken.is_empty() || Instant::now() >= end {
                return taken;
            }

            let next = {
                let state = self.stage.state();
                let open = state.messages.iter().filter(|one| one.gone.is_none());
                open.map(|one| one.visible_at)
                    .filter(|at| *at > state.now())
                    .min()
            };
            // Tokio's clock wakes at whole milliseconds.
            let next = next.map(|at| self.stage.instant(at) + Duration::from_millis(1));
            let next = next.map_or(end, |at| at.min(end));
            drop(timeout_at(next, changed).await);
        }
    }
}

fn change(state: &mut State, receipt: usize, time: Duration) -> Answer {
    let now = state.now();
    let Receipt {
        message: index,
        given,
        ..
    } = state.journal.receipts[receipt];
    let message = &mut state.messages[index];
    let is_in_flight =
        message.gone.is_none() && message.receipt == Some(receipt) && message.visible_at > now;
    let visible_at = now + whole_seconds(time);
    if !is_in_flight || visible_at > given + LONGEST {
        return Answer::Refused;
    }

    message.visible_at = visible_at;
    Answer::Done
}

/// A request of SQS has whole seconds.
pub(crate) fn whole_seconds(time: Duration) -> Duration {
    Duration::from_secs(time.as_millis().div_ceil(1_000) as u64)
}

fn result(answer: Answer) -> Result<(), QueueError> {
    match answer {
        Answer::Done => Ok(()),
        Answer::Failed => Err(QueueError::failed("scripted")),
        Answer::Refused => Err(QueueError::refused("the receipt handle has expired")),
    }
}

async fn pause(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}

/// A call in the journal. It notes its end when it is dropped.
struct Noted<'q> {
    queue: &'q MemoryQueue,
    /// Receipts, and the indexes of the call among theirs.
    entries: Vec<(usize, usize)>,
}

impl<'q> Noted<'q> {
    fn new(queue: &'q MemoryQueue, entries: &[(usize, Kind)]) -> Self {
        let mut state = queue.stage.state();
        let begun = state.moment();
        let noted = entries.iter().map(|(receipt, kind)| {
            let calls = &mut state.journal.receipts[*receipt].calls;
            calls.push(Call {
                kind: *kind,
                size: entries.len(),
                begun,
                ended: None,
                answer: None,
            });
            (*receipt, calls.len() - 1)
        });
        let entries = noted.collect();

        Self { queue, entries }
    }

    fn end(self, answers: &[Answer]) {
        let mut state = self.queue.stage.state();
        for ((receipt, call), answer) in self.entries.iter().zip(answers) {
            state.journal.receipts[*receipt].calls[*call].answer = Some(*answer);
        }
    }
}

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        let mut state = self.queue.stage.state();
        let ended = state.moment();
        for (receipt, call) in &self.entries {
            state.journal.receipts[*receipt].calls[*call].ended = Some(ended);
        }
    }
}

#[async_trait]
impl Queue for MemoryQueue {
    async fn delete(&self, messages: &[&ReceiptHandle]) -> Vec<Result<(), QueueError>> {
        let is_fifo = self.stage.fleet.world.is_fifo;
        let receipts = self.receipts(messages.iter().map(|handle| handle.to_string()));
        let entries = receipts.into_iter().map(|receipt| (receipt, Kind::Delete));

        self.call(entries.collect(), |state, receipt, _| {
            let now = state.now();
            let index = state.journal.receipts[receipt].message;
            let message = &state.messages[index];
            let is_current = message.receipt == Some(receipt);
            if is_fifo && (!is_current || message.visible_at <= now) {
                return Answer::Refused;
            }

            // An old receipt handle of a standard queue deletes nothing, and is no error.
            if is_current && message.gone.is_none() {
                state.remove(index, Gone::Deleted);
            }
            Answer::Done
        })
        .await
    }

    async fn change_visibility(
        &self,
        messages: &[(&ReceiptHandle, Duration)],
    ) -> Vec<Result<(), QueueError>> {
        let receipts = self.receipts(messages.iter().map(|(handle, _)| handle.to_string()));
        let times = messages.iter().map(|(_, time)| Kind::Change(*time));

        self.call(
            receipts.into_iter().zip(times).collect(),
            |state, receipt, kind| {
                let Kind::Change(time) = kind else {
                    return Answer::Failed;
                };
                change(state, receipt, time)
            },
        )
        .await
    }
}

#[async_trait]
impl Receive for MemoryQueue {
    async fn receive(&self, request: ReceiveRequest) -> Result<Vec<Received>, QueueError> {
        let call = {
            let mut state = self.stage.state();
            let begun = state.moment();
            state.journal.receives.push(ReceiveCall {
                worker: self.worker,
                most: request.most(),
                wait: request.wait(),
                begun,
                ended: None,
            });
            state.journal.receives.len() - 1
        };
        let _noted = NotedReceive { queue: self, call };
        let course = self.course();

        pause(course.latency / 2).await;
        if course.hangs_before {
            return pending().await;
        }
        if course.fails {
            return Err(QueueError::failed("scripted"));
        }

        let taken = self.poll(call, request).await;
        if course.hangs_after {
            return pending().await;
        }
        sleep_until(Instant::now() + course.latency / 2).await;
        if course.loses_answer {
            return Err(QueueError::failed("scripted"));
        }

        Ok(taken
            .into_iter()
            .map(|receipt| self.describe(receipt))
            .collect())
    }

    fn has_ended(&self) -> bool {
        self.stage.fleet.ends && self.stage.has_given_all()
    }
}

/// A receive in the journal. It notes its end when it is dropped.
struct NotedReceive<'q> {
    queue: &'q MemoryQueue,
    call: usize,
}

impl Drop for NotedReceive<'_> {
    fn drop(&mut self) {
        let mut state = self.queue.stage.state();
        let ended = state.moment();
        state.journal.receives[self.call].ended = Some(ended);
    }
}
