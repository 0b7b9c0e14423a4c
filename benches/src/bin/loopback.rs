//! Drives functions through Lambda's protocol and measures CPU time, memory and the time to start.
//!
//! Usage: `loopback <results file> <table> <rounds> [memory] <name>=<command> ...`
//!
//! Each command is one argument. Each round starts every function again, one after the other. The
//! results are the medians of the rounds. If the file is `-`, they are only printed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use s3_dispatch_benches::{FunctionProcess, Results, Row, Shape};

/// The number of messages, of invocations to warm up, and of measured invocations.
const BATCHES: [(usize, u32, u32); 4] = [
    (1, 1_000, 2_000),
    (10, 600, 1_200),
    (100, 300, 400),
    (1_000, 60, 60),
];
/// The number of starts in each round.
const STARTS: usize = 5;

/// The values by subject, number of messages and measure.
type Samples = BTreeMap<(String, usize, &'static str), Vec<f64>>;

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [results, table, rounds, functions @ ..] = arguments.as_slice() else {
        panic!("usage: loopback <results file> <table> <rounds> [memory] <name>=<command> ...")
    };

    let with_memory = functions.first().is_some_and(|word| word == "memory");
    let functions: Vec<_> = functions
        .iter()
        .filter_map(|function| function.split_once('='))
        .collect();
    let mut samples = Samples::new();

    for _ in 0..rounds.parse().expect("the argument is a number") {
        start(&functions, &mut samples)?;
        invoke(&functions, &mut samples)?;
        if with_memory {
            fill(&functions, &mut samples)?;
        }
    }

    let rows = samples
        .into_iter()
        .map(|((subject, messages, measure), values)| Row {
            table: table.clone(),
            subject,
            shape: Shape::Documented.name().to_owned(),
            messages,
            measure: measure.to_owned(),
            value: format!("{:.1}", median(values)),
        });

    if results == "-" {
        rows.for_each(
            |Row {
                 subject,
                 messages,
                 measure,
                 value,
                 ..
             }| { println!("{subject}, {messages} messages: {value} {measure}") },
        );

        return Ok(());
    }

    let results = Path::new(results);
    Results::read(results)
        .with_table(table, rows.collect())
        .write(results)
}

fn start(functions: &[(&str, &str)], samples: &mut Samples) -> std::io::Result<()> {
    for _ in 0..STARTS {
        for (name, command) in functions {
            let start = FunctionProcess::start(command)?.started();
            let mut add = |measure, value| {
                samples
                    .entry(((*name).to_owned(), 0, measure))
                    .or_default()
                    .push(value)
            };

            add("start to first next, us", micros(start.time));
            add("start to first next, us of CPU", micros(start.cpu));
        }
    }

    Ok(())
}

fn invoke(functions: &[(&str, &str)], samples: &mut Samples) -> std::io::Result<()> {
    for (messages, warm_up, times) in BATCHES {
        let payload = Arc::from(Shape::Documented.payload(messages));
        for (name, command) in functions {
            let mut function = FunctionProcess::start(command)?;
            function.invoke(&payload, warm_up)?;
            let cpu = micros(function.invoke(&payload, times)?);
            samples
                .entry(((*name).to_owned(), messages, "us of CPU per invocation"))
                .or_default()
                .push(cpu);
        }
    }

    Ok(())
}

/// The memory during 1,000 invocations of 1,000 messages.
fn fill(functions: &[(&str, &str)], samples: &mut Samples) -> std::io::Result<()> {
    let payload = Arc::from(Shape::Documented.payload(1_000));
    for (name, command) in functions {
        let mut function = FunctionProcess::start(command)?;
        let measures = [
            (100, "KiB after 100 invocations"),
            (400, "KiB after 500"),
            (500, "KiB after 1000"),
        ];

        for (times, measure) in measures {
            function.invoke(&payload, times)?;
            let kib = function.resident_kib()? as f64;
            samples
                .entry(((*name).to_owned(), 1_000, measure))
                .or_default()
                .push(kib);
        }
    }

    Ok(())
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
