//! What a run shows.

use std::fmt;

use crate::queue::{Poller, Queue, TICK_MS, Trial};

/// Dollars for an invocation, and for a second with a gigabyte on arm64, in us-east-1 ("AWS Lambda
/// pricing", first tier, 2026). The function has a quarter of a gigabyte.
const PER_INVOCATION: f64 = 0.20e-6;
const PER_GB_SECOND: f64 = 0.0000133334;
const GB: f64 = 0.25;

/// How long is simulated.
const RUN_MS: u64 = 30 * 60 * 1_000;

/// What came out.
pub(crate) struct Figures {
    pub(crate) trial: Trial,
    /// In the last five minutes.
    pub(crate) invocations_per_second: f64,
    pub(crate) concurrency: f64,
    most_in_flight: u64,
    longest_wait_ms: u64,
    /// When nothing waited longer than a batch window and an invocation. `None` if never.
    pub(crate) caught_up_ms: Option<u64>,
}

/// Simulates a load that begins at once, in messages per second.
pub(crate) fn run(trial: Trial, rate: f64) -> Figures {
    let mut queue = Queue::new(trial, rate);
    let mut steady = Steady::default();
    let mut last_late_ms = None;

    for now in (0..RUN_MS).step_by(TICK_MS as usize) {
        let wait = queue.tick(now);

        if wait > trial.usual_wait_ms() {
            last_late_ms = Some(now);
        }
        if now >= RUN_MS - Steady::LAST_MS {
            steady.observe(&queue);
        }
    }

    let is_late = last_late_ms.is_some_and(|late| late + Steady::LAST_MS >= RUN_MS);
    Figures {
        trial,
        invocations_per_second: steady.invocations as f64 * 1_000.0 / Steady::LAST_MS as f64,
        concurrency: steady.running as f64 / steady.ticks as f64,
        most_in_flight: queue.most_in_flight,
        longest_wait_ms: queue.longest_wait_ms,
        caught_up_ms: (!is_late).then_some(last_late_ms.unwrap_or(0)),
    }
}

/// The last minutes of a run.
#[derive(Default)]
struct Steady {
    ticks: u64,
    running: u64,
    invocations: u64,
    started_before: Option<u64>,
}

impl Steady {
    const LAST_MS: u64 = 5 * 60 * 1_000;

    fn observe(&mut self, queue: &Queue) {
        let before = self.started_before.replace(queue.started);
        self.invocations += queue.started - before.unwrap_or(queue.started);
        self.running += queue.running.len() as u64;
        self.ticks += 1;
    }
}

impl Figures {
    fn dollars_per_day(&self) -> f64 {
        let per_second =
            self.invocations_per_second * PER_INVOCATION + self.concurrency * GB * PER_GB_SECOND;
        per_second * 24.0 * 60.0 * 60.0
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Trial {
            handler_ms,
            batch,
            at_once,
            poller,
        } = self.trial;
        let pollers = match poller {
            Poller::Default => "default".to_owned(),
            Poller::Provisioned { least, most } => format!("{least} to {most}"),
        };
        let invocation = seconds(self.trial.invocation_ms(batch));
        let caught_up = match self.caught_up_ms {
            Some(0) => "at once".to_owned(),
            Some(time) => minutes(time),
            None => "**never**".to_owned(),
        };

        write!(
            f,
            "| {} s | {batch} | {at_once} | {pollers} | {invocation} s | {} | {} | {} | {} | \
             {caught_up} | ${:.0} |",
            seconds(handler_ms),
            thousands(self.invocations_per_second.round() as u64),
            thousands(self.concurrency.round() as u64),
            thousands(self.most_in_flight),
            wait(self.longest_wait_ms),
            self.dollars_per_day(),
        )
    }
}

fn seconds(ms: u64) -> String {
    format!("{:.2}", ms as f64 / 1_000.0)
}

fn minutes(ms: u64) -> String {
    format!("{:.1} min", ms as f64 / 60_000.0)
}

fn wait(ms: u64) -> String {
    if ms < 60_000 {
        format!("{:.1} s", ms as f64 / 1_000.0)
    } else {
        minutes(ms)
    }
}

fn thousands(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        _ => format!("{},{:03}", number / 1_000, number % 1_000),
    }
}
