//! Counts the instructions and the allocations of the contenders.
//!
//! - `counts check` compares them with their bounds.
//! - `counts write <results file>` writes them to a file.
//! - `counts one <contender> <shape> <messages>` prints those of one contender.
//! - `counts answer <contender> <payload file> <times>` is for callgrind, which counts only in the
//!   function `measured`.

use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;

use bytes::Bytes;
use s3_dispatch_benches::{Bounds, Cell, Contender, Counts, Driver, Respond, Results, Row, Shape};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["check"] => return check(),
        ["write", results] => write(Path::new(results)),
        ["one", contender, shape, messages] => one(Cell {
            contender: Contender::of_name(contender).expect("the contender exists"),
            shape: Shape::of_name(shape).expect("the shape exists"),
            messages: messages.parse().expect("the argument is a number"),
        }),
        ["answer", contender, payload, times] => answer(
            contender,
            payload,
            times.parse().expect("the argument is a number"),
        ),
        _ => panic!("usage: counts check, write, one or answer, see the source"),
    }

    ExitCode::SUCCESS
}

fn answer(contender: &str, payload: &str, times: usize) {
    let respond = Contender::of_name(contender)
        .expect("the contender exists")
        .prepare();
    let payload = Bytes::from(std::fs::read(payload).expect("the file can be read"));
    // The first invocation fills caches, as in Lambda.
    drop(black_box(respond(&payload)));

    for _ in 0..times {
        measured(&respond, &payload);
    }
}

#[inline(never)]
fn measured(respond: &Respond, payload: &Bytes) {
    drop(black_box(respond(black_box(payload))));
}

fn one(cell: Cell) {
    for (cell, counts) in Driver::new().count(&[cell]) {
        for row in rows(cell, counts) {
            println!("{} {}", row.value, row.measure);
        }
    }
}

fn write(results: &Path) {
    let rows = Driver::new()
        .count(&cells())
        .into_iter()
        .flat_map(|(cell, counts)| rows(cell, counts))
        .collect();

    Results::read(results)
        .with_table("counts", rows)
        .write(results)
        .expect("the file of results is writable");
}

fn check() -> ExitCode {
    let bounds = Bounds::of(&Driver::new().count(&Bounds::cells()));
    println!("{bounds}");

    if bounds.hold() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Every contender with the documented shape in every size, and some with every shape and every
/// mistake in one size.
fn cells() -> Vec<Cell> {
    let sizes = Contender::ALL.into_iter().flat_map(|contender| {
        [1, 10, 100, 1_000, 10_000].map(|messages| Cell {
            contender,
            shape: Shape::Documented,
            messages,
        })
    });

    let shapes = [
        Contender::Careful,
        Contender::LeanBorrowed,
        Contender::Sonic,
        Contender::Ours,
    ];

    let shapes = shapes.into_iter().flat_map(|contender| {
        Shape::ALL.into_iter().skip(1).map(move |shape| Cell {
            contender,
            shape,
            messages: 100,
        })
    });

    let mistakes = Shape::MISTAKES.into_iter().flat_map(|shape| {
        [Contender::Careful, Contender::Ours].map(|contender| Cell {
            contender,
            shape,
            messages: 100,
        })
    });

    sizes.chain(shapes).chain(mistakes).collect()
}

fn rows(cell: Cell, counts: Counts) -> [Row; 3] {
    let row = |measure: &str, value: String| Row {
        table: "counts".to_owned(),
        subject: cell.contender.name().to_owned(),
        shape: cell.shape.name().to_owned(),
        messages: cell.messages,
        measure: measure.to_owned(),
        value,
    };

    [
        row(
            "instructions per record",
            format!("{:.0}", counts.instructions),
        ),
        row(
            "allocations per record",
            format!("{:.2}", counts.allocations),
        ),
        row("records read", counts.read.to_string()),
    ]
}
