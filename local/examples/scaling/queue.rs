//! A queue, its event source mapping and the running invocations.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// How exactly time is simulated.
pub(crate) const TICK_MS: u64 = 10;

/// How long a poll without a window collects messages. AWS does not say it.
const POLL_MS: u64 = 20;

/// What an invocation takes besides its handlers.
const OVERHEAD_MS: u64 = 10;

/// A message with its notification, as a poller counts it.
const MESSAGE_BYTES: f64 = 1_700.0;

/// Messages of a standard queue that are received and not deleted ("Amazon SQS standard queue
/// quotas", Amazon SQS Developer Guide, 2026).
pub(crate) const MOST_IN_FLIGHT: u64 = 120_000;

/// What an event source mapping does ("Configuring scaling behavior for SQS event source mappings",
/// AWS Lambda Developer Guide, 2026).
#[derive(Debug, Clone, Copy)]
pub(crate) enum Poller {
    /// It begins with 5 invocations at a time, and adds up to 300 a minute, up to 1,250.
    Default,
    /// Each poller has 10 invocations at a time and 1 MB a second. There are at least `least`, and
    /// up to `most`. Lambda adds 1,000 invocations a minute.
    Provisioned { least: u64, most: u64 },
}

/// A setting that is tried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trial {
    pub(crate) handler_ms: u64,
    pub(crate) batch: u64,
    pub(crate) at_once: u64,
    pub(crate) poller: Poller,
}

impl Trial {
    /// A batch of more than ten messages needs a window, and has one of a second.
    fn window_ms(&self) -> u64 {
        if self.batch > 10 { 1_000 } else { POLL_MS }
    }

    pub(crate) fn invocation_ms(&self, messages: u64) -> u64 {
        messages.div_ceil(self.at_once) * self.handler_ms + OVERHEAD_MS
    }

    /// What a message may wait although there is enough of everything.
    pub(crate) fn usual_wait_ms(&self) -> u64 {
        self.window_ms() + self.invocation_ms(self.batch) + 2 * TICK_MS
    }
}

impl Poller {
    fn first(self) -> f64 {
        match self {
            Self::Default => 5.0,
            Self::Provisioned { least, .. } => least as f64 * 10.0,
        }
    }

    pub(crate) fn most(self) -> f64 {
        match self {
            Self::Default => 1_250.0,
            Self::Provisioned { most, .. } => most as f64 * 10.0,
        }
    }

    fn added_per_minute(self) -> f64 {
        match self {
            Self::Default => 300.0,
            Self::Provisioned { .. } => 1_000.0,
        }
    }

    /// What may be read in a tick by the pollers of this number of invocations.
    fn readable(self, concurrency: f64) -> f64 {
        match self {
            Self::Default => f64::INFINITY,
            Self::Provisioned { .. } => {
                concurrency / 10.0 * 1_000_000.0 / MESSAGE_BYTES * TICK_MS as f64 / 1_000.0
            }
        }
    }
}

/// A queue, its mapping and the running invocations.
pub(crate) struct Queue {
    trial: Trial,
    per_tick: f64,
    pub(crate) arrived: f64,
    waiting: VecDeque<(u64, u64)>,
    pub(crate) waiting_count: u64,
    /// The end of each invocation, with its messages.
    pub(crate) running: BinaryHeap<Reverse<(u64, u64)>>,
    pub(crate) in_flight: u64,
    pub(crate) handled: u64,
    pub(crate) started: u64,
    may_run: f64,
    readable: f64,
    pub(crate) most_in_flight: u64,
    pub(crate) longest_wait_ms: u64,
}

impl Queue {
    pub(crate) fn new(trial: Trial, rate: f64) -> Self {
        Self {
            trial,
            per_tick: rate * TICK_MS as f64 / 1_000.0,
            arrived: 0.0,
            waiting: VecDeque::new(),
            waiting_count: 0,
            running: BinaryHeap::new(),
            in_flight: 0,
            handled: 0,
            started: 0,
            may_run: trial.poller.first(),
            readable: 0.0,
            most_in_flight: 0,
            longest_wait_ms: 0,
        }
    }

    /// Lets a tick pass, and returns how long the oldest message has waited.
    pub(crate) fn tick(&mut self, now: u64) -> u64 {
        self.arrive(now);
        self.end(now);
        self.start(now);
        self.scale();

        let wait = self.oldest_wait(now);
        self.longest_wait_ms = self.longest_wait_ms.max(wait);
        wait
    }

    fn arrive(&mut self, now: u64) {
        let before = self.arrived as u64;
        self.arrived += self.per_tick;

        let new = self.arrived as u64 - before;
        if new > 0 {
            self.waiting.push_back((now, new));
            self.waiting_count += new;
        }
    }

    fn end(&mut self, now: u64) {
        while let Some(&Reverse((end, messages))) = self.running.peek()
            && end <= now
        {
            self.running.pop();
            self.in_flight -= messages;
            self.handled += messages;
        }
    }

    fn start(&mut self, now: u64) {
        // A poller cannot save up what it did not read.
        self.readable =
            self.trial.poller.readable(self.may_run) + self.readable.min(self.trial.batch as f64);

        while (self.running.len() as f64) < self.may_run.floor() && self.is_batch_due(now) {
            let messages = self.trial.batch.min(self.waiting_count);
            if self.in_flight + messages > MOST_IN_FLIGHT || self.readable < messages as f64 {
                return;
            }

            self.take(messages);
            let end = now + self.trial.invocation_ms(messages);
            self.running.push(Reverse((end, messages)));
            self.readable -= messages as f64;
            self.started += 1;
            self.in_flight += messages;
            self.most_in_flight = self.most_in_flight.max(self.in_flight);
        }
    }

    fn is_batch_due(&self, now: u64) -> bool {
        let is_full = self.waiting_count >= self.trial.batch;
        is_full || (self.waiting_count > 0 && self.oldest_wait(now) >= self.trial.window_ms())
    }

    fn take(&mut self, mut messages: u64) {
        self.waiting_count -= messages;
        while let Some((_, count)) = self.waiting.front_mut() {
            let taken = messages.min(*count);
            *count -= taken;
            messages -= taken;
            if *count > 0 {
                return;
            }
            self.waiting.pop_front();
        }
    }

    /// Lambda adds invocations as long as there are messages for them.
    fn scale(&mut self) {
        if self.waiting_count >= self.trial.batch {
            let added = self.trial.poller.added_per_minute() * TICK_MS as f64 / 60_000.0;
            self.may_run = (self.may_run + added).min(self.trial.poller.most());
        }
    }

    fn oldest_wait(&self, now: u64) -> u64 {
        self.waiting.front().map_or(0, |(arrived, _)| now - arrived)
    }
}
