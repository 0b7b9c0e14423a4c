//! The tables of functions that are driven through Lambda's protocol.

use super::markdown::{ratio, shown, table};
use crate::Results;

pub(super) const CPU: &str = "us of CPU per invocation";
pub(super) const DOCUMENTED: &str = "documented";

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

pub(super) fn loopback(results: &Results) -> String {
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

pub(super) fn memory(results: &Results) -> String {
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

pub(super) fn peers(results: &Results) -> String {
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

    let ours = |messages| results.number("peers", "ours", DOCUMENTED, messages, CPU);

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
                .number("peers", "ours", DOCUMENTED, 0, "start to first next, us")
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
