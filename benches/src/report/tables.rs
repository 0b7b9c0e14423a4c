//! The tables of the README.

use super::concurrency::concurrency;
use super::markdown::{grouped, ratio, shown, table};
use crate::{Contender, Results, Shape};

const INSTRUCTIONS: &str = "instructions per record";
const ALLOCATIONS: &str = "allocations per record";
const CPU: &str = "us of CPU per invocation";
const DOCUMENTED: &str = "documented";

/// Replaces the tables of a text. Each is between `<!-- name -->` and `<!-- /name -->`.
#[must_use]
pub fn tables(results: &Results, text: &str) -> String {
    let tables = [
        ("machine", machine(results)),
        ("contenders", contenders(results)),
        ("sizes", sizes(results)),
        ("shapes", shapes(results)),
        ("loopback", loopback(results)),
        ("memory", memory(results)),
        ("peers", peers(results)),
        ("concurrency", concurrency(results)),
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

const FUNCTIONS: [(&str, &str); 6] = [
    ("bare", "`lambda_runtime` alone, payload ignored"),
    ("bare-logs", "the same with its subscriber"),
    ("careful", "by hand"),
    (
        "careful-logs",
        "the same with the runtime crate's subscriber",
    ),
    ("ours", "s3-dispatch"),
    (
        "ours-logs",
        "the same with its own subscriber, and a line per invocation",
    ),
];

fn loopback(results: &Results) -> String {
    let rows = FUNCTIONS.map(|(name, about)| {
        let cpu = |name, messages| results.number("loopback", name, DOCUMENTED, messages, CPU);
        let start = |name, measure| results.number("loopback", name, DOCUMENTED, 0, measure);
        let (wall, of_cpu) = ("start to first next, us", "start to first next, us of CPU");
        let mut row = vec![about.to_owned()];
        row.extend([1, 100, 1_000].map(|messages| shown(cpu(name, messages), 0)));
        row.push(ratio(cpu(name, 1), cpu("bare", 1)));
        row.push(ratio(cpu(name, 100), cpu("careful", 100)));

        row.push(format!(
            "{} / {}",
            shown(start(name, wall), 0),
            shown(start(name, of_cpu), 0)
        ));

        row.push(format!("`benches/loopback {name}`"));

        row
    });

    let head = [
        "function",
        "1 message",
        "100",
        "1,000",
        "1 message / bare",
        "100 / by hand",
        "start to first `/next`: time / CPU",
        "command",
    ];

    table(&head, rows.into_iter())
}

fn memory(results: &Results) -> String {
    let rows = FUNCTIONS.map(|(name, about)| {
        let kib = |measure| results.number("loopback", name, DOCUMENTED, 1_000, measure);
        let measures = [
            "KiB after 100 invocations",
            "KiB after 500",
            "KiB after 1000",
        ];

        std::iter::once(about.to_owned())
            .chain(measures.map(|measure| shown(kib(measure), 0)))
            .collect()
    });

    table(
        &["function", "KiB after 100", "after 500", "after 1,000"],
        rows.into_iter(),
    )
}

fn peers(results: &Results) -> String {
    let peers = [
        (
            "powertools-python",
            "Powertools for AWS Lambda (Python), `awslambdaric`",
        ),
        (
            "powertools-node",
            "Powertools for AWS Lambda (TypeScript), `peers/node/bootstrap.mjs`",
        ),
        ("middy-node", "Middy, `peers/node/bootstrap.mjs`"),
    ];

    let ours = |messages| results.number("loopback", "ours", DOCUMENTED, messages, CPU);

    let first = vec![
        "s3-dispatch".to_owned(),
        shown(
            results.number("times", "ours", DOCUMENTED, 100, "us per batch"),
            0,
        ),
        shown(ours(1), 0),
        shown(ours(100), 0),
        shown(ours(1_000), 0),
        ratio(ours(100), ours(100)),
        shown(
            results
                .number("loopback", "ours", DOCUMENTED, 0, "start to first next, us")
                .map(|us| us / 1e3),
            1,
        ),
    ];

    let rows = peers.map(|(name, about)| {
        let cpu = |messages| results.number("peers", name, DOCUMENTED, messages, CPU);
        vec![
            about.to_owned(),
            shown(
                results.number(
                    "peers-in-process",
                    name,
                    DOCUMENTED,
                    100,
                    "us of CPU per batch",
                ),
                0,
            ),
            shown(cpu(1), 0),
            shown(cpu(100), 0),
            shown(cpu(1_000), 0),
            ratio(cpu(100), ours(100)),
            shown(
                results
                    .number("peers", name, DOCUMENTED, 0, "start to first next, us")
                    .map(|us| us / 1e3),
                1,
            ),
        ]
    });

    let head = [
        "what",
        "in process, 100",
        "loopback, 1",
        "loopback, 100",
        "loopback, 1,000",
        "100 / s3-dispatch",
        "ms to first `/next`",
    ];

    table(&head, std::iter::once(first).chain(rows))
}
