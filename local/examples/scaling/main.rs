//! What many events ask of a queue and a function: invocations, concurrency, messages in flight,
//! and how long the oldest message waits until Lambda has caught up with a load that begins at
//! once.
//!
//! ```text
//! cargo run -p s3-dispatch-local --example scaling [-- EVENTS_PER_DAY]
//! ```
//!
//! It prints the table of the guide "Tuning and cost", for a billion events a day by default. Time
//! is a number here, so a run of half an hour takes a moment. The figures of AWS have their sources
//! where they are used. What a service does besides, such as errors and throttling, is left out, so
//! a real pipeline is never better than this.

mod figures;
mod queue;

use std::error::Error;

use crate::figures::run;
use crate::queue::{Poller, Trial};

const SECONDS_PER_DAY: f64 = 86_400.0;

fn main() -> Result<(), Box<dyn Error>> {
    let events_per_day = match std::env::args().nth(1) {
        Some(number) => number.parse()?,
        None => 1e9,
    };

    print!("{}", table(events_per_day));
    Ok(())
}

/// The table, in Markdown.
fn table(events_per_day: f64) -> String {
    let rate = events_per_day / SECONDS_PER_DAY;
    let heads = [
        "handler",
        "batch",
        "at once",
        "pollers",
        "invocation",
        "invocations/s",
        "concurrency",
        "in flight",
        "longest wait",
        "caught up after",
        "Lambda a day",
    ];

    let mut table = format!(
        "| {} |\n|---:{}\n",
        heads.join(" | "),
        "|---:".repeat(10) + "|"
    );
    for trial in trials() {
        table += &format!("{}\n", run(trial, rate));
    }
    table
}

fn trials() -> Vec<Trial> {
    let trial = |handler_ms, batch, at_once, poller| Trial {
        handler_ms,
        batch,
        at_once,
        poller,
    };
    let provisioned = |least, most| Poller::Provisioned { least, most };

    vec![
        trial(20, 10, 5, Poller::Default),
        trial(100, 10, 1, Poller::Default),
        trial(100, 10, 5, Poller::Default),
        trial(100, 10, 10, Poller::Default),
        trial(100, 100, 5, Poller::Default),
        trial(100, 100, 50, Poller::Default),
        trial(1_000, 10, 5, Poller::Default),
        trial(1_000, 10, 5, provisioned(20, 400)),
        trial(1_000, 10, 5, provisioned(200, 400)),
        trial(1_000, 100, 50, Poller::Default),
        trial(1_000, 1_000, 50, Poller::Default),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::{MOST_IN_FLIGHT, Queue, TICK_MS};

    /// A rate at which a debug build needs no time.
    const RATE: f64 = 1_157.4;

    #[test]
    fn no_message_is_lost_or_made() {
        for trial in trials() {
            let mut queue = Queue::new(trial, RATE);
            for now in (0..120_000).step_by(TICK_MS as usize) {
                queue.tick(now);
                let known = queue.waiting_count + queue.in_flight + queue.handled;
                assert_eq!(queue.arrived as u64, known, "{trial:?} at {now}");
                assert!(queue.running.len() as f64 <= trial.poller.most());
                assert!(queue.in_flight <= MOST_IN_FLIGHT);
            }
        }
    }

    #[test]
    fn what_catches_up_runs_as_many_at_a_time_as_the_formula_says() {
        for trial in trials() {
            let figures = run(trial, RATE);
            assert!(figures.caught_up_ms.is_some(), "{trial:?}");

            let messages = RATE / figures.invocations_per_second;
            let seconds = trial.invocation_ms(messages.round() as u64) as f64 / 1_000.0;
            let expected = figures.invocations_per_second * seconds;
            let error = (figures.concurrency - expected).abs() / expected;
            assert!(
                error < 0.05,
                "{trial:?}: {} and {expected}",
                figures.concurrency
            );
        }
    }

    #[test]
    fn a_load_above_the_most_invocations_is_never_caught_up_with() {
        let slow = Trial {
            handler_ms: 1_000,
            batch: 10,
            at_once: 1,
            poller: Poller::Default,
        };
        assert!(run(slow, 1_300.0).caught_up_ms.is_none());
        assert!(run(slow, 1_000.0).caught_up_ms.is_some());
    }

    #[test]
    fn the_guide_has_this_table() -> std::io::Result<()> {
        let guide = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../runtime/docs/tuning-and-cost.md"
        );
        let guide = std::fs::read_to_string(guide)?;
        let table = table(1e9);
        assert!(
            guide.contains(&table),
            "the guide needs this table:\n{table}"
        );
        Ok(())
    }
}
