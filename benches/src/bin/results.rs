//! Stores measurements, and writes the tables and the chart.
//!
//! - `results payload <shape> <messages>` prints a payload.
//! - `results add <results file> <table>` replaces a table by the lines of the standard input.
//! - `results times <results file> <bench binary> <rounds>` runs the bench `times` in rounds, and
//!   stores the medians.
//! - `results render <results file> <chart> <page> ...` writes the chart, and the tables of the
//!   pages.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

use s3_dispatch_benches::{Results, Row, Shape, chart, tables, times};

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["payload", shape, messages] => {
            let shape = Shape::of_name(shape).expect("the shape exists");
            io::stdout()
                .write_all(&shape.payload(messages.parse().expect("the argument is a number")))
        }
        ["add", results, table] => {
            let mut lines = String::new();
            io::stdin().read_to_string(&mut lines)?;

            add(
                Path::new(results),
                table,
                lines.lines().filter_map(Row::parse).collect(),
            )
        }
        ["times", results, bench, rounds] => add(
            Path::new(results),
            "times",
            times(
                Path::new(bench),
                rounds.parse().expect("the argument is a number"),
            )?,
        ),
        ["render", results, image, ref pages @ ..] => {
            let results = Results::read(Path::new(results));
            for page in pages {
                fs::write(page, tables(&results, &fs::read_to_string(page)?))?;
            }
            fs::write(image, chart(&results))
        }
        _ => panic!("usage: results payload, add, times or render, see the source"),
    }
}

fn add(results: &Path, table: &str, rows: Vec<Row>) -> io::Result<()> {
    Results::read(results)
        .with_table(table, rows)
        .write(results)
}
