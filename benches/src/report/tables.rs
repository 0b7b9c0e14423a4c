//! The tables of the README and of `DETAILS.md`.

use super::bill::bill;
use super::concurrency::concurrency;
use super::markdown::{grouped, ratio, shown, table};
use super::protocol::{DOCUMENTED, loopback, memory, peers};
use super::start::{building, features, starts};
use crate::{Contender, Results, Shape};

const INSTRUCTIONS: &str = "instructions per record";
const ALLOCATIONS: &str = "allocations per record";

/// Replaces the tables of a text. Each is between `<!-- name -->` and `<!-- /name -->`.
#[must_use]
pub fn tables(results: &Results, text: &str) -> String {
    let tables = [
        ("machine", machine(results)),
        ("bill", bill(results)),
        ("main", main_contenders(results)),
        ("contenders", contenders(results)),
        ("sizes", sizes(results)),
        ("shapes", shapes(results)),
        ("mistakes", mistakes(results)),
        ("loopback", loopback(results)),
        ("memory", memory(results)),
        ("peers", peers(results)),
        ("concurrency", concurrency(results)),
        ("starts", starts(results)),
        ("features", features(results)),
        ("building", building(results)),
    ];

    tables
        .into_iter()
        .fold(text.to_owned(), |text, (name, table)| {
            replaced(&text, name, &table)
        })
}

fn replaced(text: &str, name: &str, table: &str) -> String {
    let (start, end) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    match (text.split_once(&start), text.split_once(&end)) {
        (Some((before, _)), Some((_, after))) => format!("{before}{start}\n{table}{end}{after}"),
        _ => text.to_owned(),
    }
}

fn machine(results: &Results) -> String {
    let rows = results
        .table("machine")
        .map(|row| vec![row.subject.clone(), row.value.clone()]);
    table(&["what", "which"], rows)
}

/// The rows of the README: the fewest that compare what a user would choose from, and what a
/// message costs that is refused with an explanation.
fn main_contenders(results: &Results) -> String {
    let of = |subject, shape, measure| results.number("counts", subject, shape, 100, measure);
    let documented = [
        Contender::Careful,
        Contender::LeanBorrowed,
        Contender::Ours,
        Contender::OursLogged,
        Contender::OursLogging,
    ];

    let by_hand = of("careful", DOCUMENTED, INSTRUCTIONS);
    let rows = documented.map(|contender| {
        let instructions = of(contender.name(), DOCUMENTED, INSTRUCTIONS);
        vec![
            about(contender).to_owned(),
            shown(instructions, 0),
            ratio(by_hand, instructions),
            shown(of(contender.name(), DOCUMENTED, ALLOCATIONS), 2),
            format!("`benches/count {}`", contender.name()),
        ]
    });

    let shape = Shape::NoKey.name();
    let refused = [
        ("careful", "refused by hand"),
        ("ours", "refused by s3-dispatch, explained"),
    ];
    let refused = refused.map(|(name, about)| {
        let instructions = of(name, shape, INSTRUCTIONS);
        vec![
            format!("a record without a key, {about}"),
            shown(instructions, 0),
            ratio(of("careful", shape, INSTRUCTIONS), instructions),
            shown(of(name, shape, ALLOCATIONS), 2),
            format!("`benches/count {name} {shape}`"),
        ]
    });

    let head = [
        "what",
        INSTRUCTIONS,
        "by hand / this",
        ALLOCATIONS,
        "command",
    ];
    table(&head, rows.into_iter().chain(refused))
}

/// Messages that both refuse.
fn mistakes(results: &Results) -> String {
    let rows = Shape::MISTAKES.into_iter().map(|shape| {
        let of = |subject| results.number("counts", subject, shape.name(), 100, INSTRUCTIONS);
        let allocations = results.number("counts", "ours", shape.name(), 100, ALLOCATIONS);
        vec![
            format!("`{}`", shape.name()),
            shown(of("ours"), 0),
            shown(allocations, 2),
            shown(of("careful"), 0),
            ratio(of("careful"), of("ours")),
        ]
    });

    table(
        &[
            "mistake",
            "ours",
            "allocations",
            "by hand",
            "by hand / ours",
        ],
        rows,
    )
}

fn contenders(results: &Results) -> String {
    let count = |contender: Contender, measure| {
        results.number("counts", contender.name(), DOCUMENTED, 100, measure)
    };
    let rows = Contender::ALL.into_iter().map(|contender| {
        let instructions = count(contender, INSTRUCTIONS);
        let time = results.number("times", contender.name(), DOCUMENTED, 100, "us per batch");

        vec![
            about(contender).to_owned(),
            shown(instructions, 0),
            ratio(count(Contender::Careful, INSTRUCTIONS), instructions),
            shown(count(contender, ALLOCATIONS), 2),
            shown(time.map(|micros| micros * 10.0), 0),
            format!("`benches/count {}`", contender.name()),
        ]
    });

    let head = [
        "what",
        INSTRUCTIONS,
        "by hand / this",
        ALLOCATIONS,
        "ns per record",
        "command",
    ];

    table(&head, rows)
}

fn about(contender: Contender) -> &'static str {
    match contender {
        Contender::Careful => "by hand: `SqsEvent`, `S3Event`, key decoding, partial response",
        Contender::Value => "the same on `serde_json::Value`",
        Contender::LeanBorrowed => "lean `serde_json` structs, borrowed",
        Contender::LeanOwned => "lean `serde_json` structs, owned",
        Contender::Sonic => "lean `sonic-rs` structs, borrowed",
        Contender::Ours => "s3-dispatch, 2 routes",
        Contender::OursHundred => "s3-dispatch, 100 routes",
        Contender::OursLogged => "s3-dispatch, 2 routes, JSON subscriber at `info`",
        Contender::OursLoggedText => "the same with text",
        Contender::OursLogging => "JSON, and a line for each record",
        Contender::OursLoggingText => "the same with text",
    }
}

fn sizes(results: &Results) -> String {
    let rows = [1, 10, 100, 1_000, 10_000].map(|messages| {
        let count =
            |contender, measure| results.number("counts", contender, DOCUMENTED, messages, measure);
        vec![
            grouped(&messages.to_string()),
            shown(count("ours", INSTRUCTIONS), 0),
            shown(count("ours", ALLOCATIONS), 2),
            shown(count("careful", INSTRUCTIONS), 0),
            shown(count("careful", ALLOCATIONS), 2),
            ratio(count("careful", INSTRUCTIONS), count("ours", INSTRUCTIONS)),
        ]
    });

    let head = [
        "records",
        "instructions",
        "allocations",
        "instructions by hand",
        "allocations by hand",
        "by hand / ours",
    ];

    table(&head, rows.into_iter())
}

fn shapes(results: &Results) -> String {
    let rows = Shape::ALL.into_iter().map(|shape| {
        let count =
            |contender, measure| results.number("counts", contender, shape.name(), 100, measure);
        let of = |contender| {
            let mark = if count(contender, "records read") == Some(0.0) {
                " (refused)"
            } else {
                ""
            };
            shown(count(contender, INSTRUCTIONS), 0) + mark
        };

        vec![
            shape.name().to_owned(),
            of("ours"),
            shown(count("ours", ALLOCATIONS), 2),
            of("careful"),
            of("lean-borrowed"),
            of("sonic"),
            ratio(count("careful", INSTRUCTIONS), count("ours", INSTRUCTIONS)),
        ]
    });

    table(
        &[
            "written",
            "ours",
            "allocations",
            "by hand",
            "lean `serde_json`",
            "lean `sonic-rs`",
            "by hand / ours",
        ],
        rows,
    )
}
