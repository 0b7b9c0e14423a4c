//! Runs the bench `times` in rounds, so that other load affects all contenders alike.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Contender, Row, Shape};

/// The median time per batch of each contender: the median of this many rounds.
///
/// # Errors
///
/// If the bench cannot be run.
pub fn times(bench: &Path, rounds: usize) -> io::Result<Vec<Row>> {
    let mut samples = BTreeMap::<(usize, String), Vec<f64>>::new();
    for _ in 0..rounds {
        let arguments = [
            "--bench",
            "--sample-count",
            "100",
            "--max-time",
            "1",
            "--color",
            "never",
        ];

        let output = Command::new(bench)
            .args(arguments)
            .stderr(Stdio::inherit())
            .output()?;

        if !output.status.success() {
            return Err(io::Error::other(format!(
                "the bench ended with {}",
                output.status
            )));
        }

        for (cell, median) in medians(&String::from_utf8_lossy(&output.stdout)) {
            samples.entry(cell).or_default().push(median);
        }
    }

    let rows = samples
        .into_iter()
        .map(|((messages, subject), mut medians)| {
            medians.sort_by(f64::total_cmp);
            Row {
                table: "times".to_owned(),
                subject,
                shape: Shape::Documented.name().to_owned(),
                messages,
                measure: "us per batch".to_owned(),
                value: format!("{:.2}", medians[medians.len() / 2]),
            }
        });

    Ok(rows.collect())
}

/// Reads Divan's output: a line with the number of messages, then a line for each contender.
fn medians(report: &str) -> Vec<((usize, String), f64)> {
    let mut messages = 0;
    let mut medians = Vec::new();

    for line in report.lines() {
        let line = line.trim_start_matches(|character: char| !character.is_ascii_alphanumeric());
        let Some(name) = line.split_whitespace().next() else {
            continue;
        };

        // A counter adds lines that start with a number and a unit, which do not parse.
        if let Some(Ok(number)) = line.split('│').next().map(|cell| cell.trim().parse()) {
            messages = number;
        } else if let Some(contender) = Contender::of_name(name) {
            let median = line.split('│').nth(2).and_then(micros);
            medians.extend(median.map(|median| ((messages, contender.name().to_owned()), median)));
        }
    }

    medians
}

fn micros(time: &str) -> Option<f64> {
    let mut words = time.split_whitespace();
    let number: f64 = words.next()?.parse().ok()?;

    match words.next()? {
        "ns" => Some(number / 1e3),
        "µs" => Some(number),
        "ms" => Some(number * 1e3),
        "s" => Some(number * 1e6),
        _ => None,
    }
}
