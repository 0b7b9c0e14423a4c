//! What Lambda charges for a million events, from the measured CPU time.

use super::markdown::table;
use super::protocol::{CPU, DOCUMENTED};
use crate::Results;

/// Dollars for an invocation, and for a second of one GB of memory ("AWS Lambda Pricing", x86, US
/// East, first tier, 2026).
const INVOCATION: f64 = 0.20 / 1e6;
const GB_SECOND: f64 = 0.000_016_666_7;

/// The MB of memory that come with one CPU ("Configure Lambda function memory", AWS Lambda
/// Developer Guide, 2026).
const ONE_CPU: f64 = 1_769.0;

const EVENTS: f64 = 1e6;
const BATCHES: [usize; 2] = [10, 100];
const MEMORIES: [f64; 2] = [128.0, 512.0];

/// The names of what was measured in turns, and what it is called.
const FUNCTIONS: [(&str, &str); 4] = [
    ("ours-logs", "s3-dispatch"),
    ("careful-logs", "by hand, in Rust"),
    ("powertools-python", "Powertools for AWS Lambda (Python)"),
    ("powertools-node", "Powertools for AWS Lambda (TypeScript)"),
];

/// Dollars for a million events, in batches of sizes that were measured with all functions.
pub(super) fn bill(results: &Results) -> String {
    let cpu = |name, messages| results.number("peers", name, DOCUMENTED, messages, CPU);
    let rows = BATCHES.into_iter().flat_map(|messages| {
        let row = |(name, about)| {
            let micros = cpu(name, messages)?;
            Some(charged(about, messages, micros))
        };
        let rows: Option<Vec<_>> = FUNCTIONS.into_iter().map(row).collect();
        rows.unwrap_or_default()
    });

    let head = [
        "messages of a batch",
        "function",
        "us of CPU per batch",
        "time, 128 MB",
        "time, 512 MB",
        "with invocations, 128 MB",
        "with invocations, 512 MB",
    ];

    table(&head, rows)
}

/// The row of a function that needs so many microseconds of CPU time for a batch.
fn charged(about: &str, messages: usize, micros: f64) -> Vec<String> {
    let invocations = EVENTS / messages as f64 * INVOCATION;
    let times = MEMORIES.map(|memory| time(micros, memory, messages));
    let dollars = times
        .into_iter()
        .chain(times.map(|time| invocations + time));

    let row = [
        messages.to_string(),
        about.to_owned(),
        format!("{micros:.0}"),
    ];
    row.into_iter()
        .chain(dollars.map(|dollars| format!("{dollars:.5}")))
        .collect()
}

/// Dollars for the time of a million events. An invocation's time is rounded up to a millisecond.
fn time(micros: f64, memory: f64, messages: usize) -> f64 {
    let milliseconds = (micros / 1e3 * ONE_CPU / memory).ceil();
    let gb_seconds = milliseconds / 1e3 * memory / 1024.0;

    EVENTS / messages as f64 * gb_seconds * GB_SECOND
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn time_is_rounded_up_for_each_invocation() {
        // 100 us take 1.382 ms with 128 MB, which are 2 ms, and 0.3455 ms with 512 MB.
        let dollars = [(128.0, 2.0 / 8.0), (512.0, 1.0 / 2.0)];
        for (memory, gb_milliseconds) in dollars {
            let expected = 1e6 / 10.0 * gb_milliseconds / 1e3 * 0.000_016_666_7;
            assert!(
                (time(100.0, memory, 10) - expected).abs() < 1e-12,
                "{memory} MB"
            );
        }
    }
}
