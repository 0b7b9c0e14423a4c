//! How many receives are under way, and what they bring.

use std::time::Duration;

use tokio::time::Instant;

/// How many messages a receive brings at most.
pub(super) const MOST: usize = 10;

/// How long a free place waits for others, so that one receive fills them all.
const GATHER: Duration = Duration::from_millis(10);

/// The first wait after an error. It doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest wait after an error.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Decides when the next receive begins, and how much it asks for.
///
/// Full receives add one more that runs beside them, empty ones take one away. After an error none
/// begins for a while.
pub(super) struct Receives {
    most_at_once: usize,
    wanted: usize,
    /// When those that run were sent.
    running: Vec<Instant>,
    /// How many places the running ones may fill.
    reserved: usize,
    /// When the first place became free for which no receive runs.
    free_since: Option<Instant>,
    failures: u32,
    paused_until: Option<Instant>,
    /// One has succeeded since the start.
    has_received: bool,
}

/// What became of the state of the queue.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    None,
    /// It fails, and did not before.
    Fails,
    /// It works again.
    Recovered,
}

impl Receives {
    pub(super) fn new(most_at_once: usize) -> Self {
        Self {
            most_at_once,
            wanted: 1,
            running: Vec::new(),
            reserved: 0,
            free_since: None,
            failures: 0,
            paused_until: None,
            has_received: false,
        }
    }

    pub(super) fn running(&self) -> usize {
        self.running.len()
    }

    /// When the last of those that run was sent.
    pub(super) fn last_sent(&self) -> Option<Instant> {
        self.running.iter().max().copied()
    }

    pub(super) fn has_received(&self) -> bool {
        self.has_received
    }

    /// Begins a receive if there is a place for what it brings, and it is time. Returns how many
    /// messages it asks for, and when it is sent. `held` is how many places are taken, of this
    /// many.
    pub(super) fn begin(&mut self, held: usize, places: usize) -> Option<(usize, Instant)> {
        let now = Instant::now();
        let free = places.saturating_sub(held + self.reserved);
        if free == 0 {
            self.free_since = None;
            return None;
        }

        let since = *self.free_since.get_or_insert(now);
        let is_worthwhile = free >= MOST.min(places) || held == 0 || now >= since + GATHER;
        let is_paused = self.paused_until.is_some_and(|until| now < until);
        if self.running() >= self.wanted || !is_worthwhile || is_paused {
            return None;
        }

        let asked = free.min(MOST);
        self.running.push(now);
        self.reserved += asked;
        self.free_since = None;

        Some((asked, now))
    }

    /// When [`begin`](Self::begin) may begin a receive that it does not begin now.
    pub(super) fn next_time(&self) -> Option<Instant> {
        if self.running() >= self.wanted {
            return None;
        }

        let gathered = self.free_since? + GATHER;
        Some(
            self.paused_until
                .map_or(gathered, |until| until.max(gathered)),
        )
    }

    /// Notes that a receive which asked for this many messages, and was sent at this time, has
    /// brought this many.
    pub(super) fn brought(&mut self, asked: usize, sent: Instant, messages: usize) -> Change {
        self.ended(asked, sent);
        if messages == 0 {
            self.wanted = self.wanted.saturating_sub(1).max(1);
        } else if messages >= MOST {
            self.wanted = (self.wanted + 1).min(self.most_at_once);
        }

        self.has_received = true;
        self.paused_until = None;
        match std::mem::take(&mut self.failures) {
            0 => Change::None,
            _ => Change::Recovered,
        }
    }

    /// Notes that a receive which asked for this many messages, and was sent at this time, has
    /// failed.
    pub(super) fn failed(&mut self, asked: usize, sent: Instant) -> Change {
        self.ended(asked, sent);
        self.wanted = 1;
        self.failures = self.failures.saturating_add(1);

        let doubled = FIRST_PAUSE * 2_u32.saturating_pow(self.failures.min(10) - 1);
        let pause = doubled.min(LONGEST_PAUSE);
        // Between half of it and all of it, so that workers do not come back together.
        let pause = pause.mul_f64(0.5 + fastrand::f64() / 2.0);
        self.paused_until = Some(Instant::now() + pause);

        if self.failures == 1 {
            Change::Fails
        } else {
            Change::None
        }
    }

    fn ended(&mut self, asked: usize, sent: Instant) {
        if let Some(index) = self.running.iter().position(|other| *other == sent) {
            self.running.swap_remove(index);
        }
        self.reserved -= asked;
    }
}
