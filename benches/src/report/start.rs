//! The tables of what a program costs before its first event: its build, its size and its start.

use super::markdown::{ratio, shown, table};
use crate::Results;

/// The programs that `benches/cold-start` and `benches/build` measure.
const PROGRAMS: [(&str, &str); 12] = [
    ("bare", "`lambda_runtime` alone"),
    ("careful", "by hand"),
    ("ours", "s3-dispatch without features"),
    ("cli", "`cli`, the default"),
    ("doctor", "`doctor`"),
    ("emf", "`emf`"),
    ("otel", "`otel`"),
    ("sqs", "`sqs`"),
    ("dynamodb", "`dynamodb`"),
    ("objects", "`objects`"),
    ("worker", "`worker`"),
    ("prometheus", "`prometheus`"),
];

const PEERS: [(&str, &str); 2] = [
    ("powertools-python", "Powertools for AWS Lambda (Python)"),
    ("powertools-node", "Powertools for AWS Lambda (TypeScript)"),
];

/// The starts of what a user may choose from.
pub(super) fn starts(results: &Results) -> String {
    started(results, PROGRAMS[..3].iter().chain(&PEERS), false)
}

/// The size and the start of each program.
pub(super) fn features(results: &Results) -> String {
    started(results, PROGRAMS.iter(), true)
}

fn started<'p>(
    results: &Results,
    programs: impl Iterator<Item = &'p (&'p str, &'p str)>,
    with_instructions: bool,
) -> String {
    let of = |name, measure| results.number("start", name, "-", 0, measure);
    let share = |name, measure| ratio(of(name, measure), of("bare", measure));

    let measured = programs.filter(|(name, _)| of(name, "us").is_some());
    let rows = measured.map(|&(name, about)| {
        let mut row = vec![about.to_owned(), shown(of(name, "bytes"), 0)];
        if with_instructions {
            row.push(shown(of(name, "instructions"), 0));
            row.push(share(name, "instructions"));
        }
        row.push(shown(of(name, "us of CPU"), 0));
        row.push(share(name, "us of CPU"));
        row.push(shown(of(name, "us"), 0));
        row
    });

    let mut head = vec!["function", "bytes, stripped"];
    if with_instructions {
        head.extend(["instructions", "/ bare"]);
    }
    head.extend(["us of CPU", "CPU / bare", "us"]);

    let load = shown(of("machine", "load"), 1);
    table(&head, rows) + &format!("\nThe load of the machine was {load} when it began.\n")
}

/// What building each program costs.
pub(super) fn building(results: &Results) -> String {
    let of = |name, measure| results.number("build", name, "-", 0, measure);
    let measured = PROGRAMS
        .iter()
        .filter(|(name, _)| of(name, "crates").is_some());

    let rows = measured.map(|&(name, about)| {
        vec![
            about.to_owned(),
            shown(of(name, "crates"), 0),
            shown(of(name, "s of CPU of a clean build"), 0),
            shown(of(name, "s of CPU of a check"), 2),
        ]
    });

    let head = [
        "program",
        "crates",
        "s of CPU, clean build",
        "s of CPU, check after a change",
    ];
    table(&head, rows)
}
