//! Measures what the number of handlers that run at once changes.
//!
//! - `concurrency rows` prints all measurements as lines of the file of results.
//! - `concurrency one <handler> <messages> <handlers at once>` prints one of them.

use std::fs;
use std::hint::black_box;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use bytes::Bytes;
use s3_dispatch::{BatchReport, Dispatcher, Routes, State};
use s3_dispatch_benches::{AT_ONCE, HandlerKind, Row, Shape};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["rows"] => rows().for_each(|row| println!("{row}")),
        ["one", handler, messages, at_once] => {
            let handler = HandlerKind::of_name(handler).expect("the handler exists");
            let messages = messages.parse().expect("the argument is a number");
            let at_once = at_once.parse().expect("the argument is a number");
            println!("{}", one(handler, messages, at_once));
        }
        _ => panic!("usage: concurrency rows or one, see the source"),
    }

    ExitCode::SUCCESS
}

/// Each measurement in its own process, because memory that was once used stays counted.
fn rows() -> impl Iterator<Item = Row> {
    let cells = HandlerKind::ALL.into_iter().flat_map(|handler| {
        let sizes = handler.batch_sizes().iter().copied();
        sizes.flat_map(move |messages| AT_ONCE.map(|at_once| (handler, messages, at_once)))
    });

    cells.map(|(handler, messages, at_once)| Row {
        table: "concurrency".to_owned(),
        subject: handler.name().to_owned(),
        shape: Shape::Documented.name().to_owned(),
        messages,
        measure: format!("{}, {at_once} at once", handler.measure()),
        value: in_a_process(handler, messages, at_once),
    })
}

fn in_a_process(handler: HandlerKind, messages: usize, at_once: usize) -> String {
    let program = std::env::current_exe().expect("the path of the running program is known");
    let output = Command::new(program)
        .args(["one", handler.name()])
        .args([messages.to_string(), at_once.to_string()])
        .output()
        .expect("the program can be started");

    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn one(handler: HandlerKind, messages: usize, at_once: usize) -> String {
    let started = Instant::now();
    let report = dispatch(handler, messages, at_once);
    let elapsed = started.elapsed();

    match handler {
        HandlerKind::Waits | HandlerKind::Computes => {
            assert_eq!(report.handled(), messages);
            format!("{:.0}", elapsed.as_secs_f64() * 1e3)
        }
        HandlerKind::TakesTurns => report.handled().to_string(),
        HandlerKind::Holds(_) => {
            assert_eq!(report.handled(), messages);
            peak_megabytes().to_string()
        }
    }
}

fn dispatch(handler: HandlerKind, messages: usize, at_once: usize) -> BatchReport {
    let routes = Routes::new(handler).on_fn("*", async |State(kind): State<HandlerKind>| {
        handle(kind).await;
        Ok::<_, std::convert::Infallible>(())
    });

    let dispatcher = Dispatcher::new(routes).with_concurrency(at_once);
    let payload = Bytes::from(Shape::Documented.payload(messages));

    // In Lambda every function runs on one thread, and has a deadline.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime without I/O can always be built");
    let deadline = handler.timeout().map(|timeout| Instant::now() + timeout);

    runtime
        .block_on(dispatcher.dispatch(payload, deadline))
        .expect("the batch is readable")
}

async fn handle(kind: HandlerKind) {
    match kind {
        HandlerKind::Waits => tokio::time::sleep(Duration::from_millis(50)).await,
        HandlerKind::Computes => compute(Duration::from_millis(5)),
        HandlerKind::TakesTurns => {
            for _ in 0..300 {
                compute(Duration::from_millis(1));
                tokio::task::yield_now().await;
            }
        }
        HandlerKind::Holds(megabytes) => {
            // Written to, so that it is not only reserved.
            let object = vec![1_u8; megabytes << 20];
            tokio::time::sleep(Duration::from_millis(50)).await;
            black_box(object);
        }
    }
}

fn compute(time: Duration) {
    let started = Instant::now();
    while started.elapsed() < time {
        black_box(0);
    }
}

/// The highest resident memory of this process so far.
fn peak_megabytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux has this file");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes: Option<u64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kibibytes.expect("the file has this line").div_ceil(1024)
}
