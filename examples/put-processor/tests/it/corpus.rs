//! Payloads of real systems, from the folder `S3_DISPATCH_CORPUS`.
//!
//! The file `expected.tsv` lists the records of each payload.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use s3_dispatch_testing::{SnsMessageBuilder, SqsBatchBuilder};
use serde_json::Value;

use crate::run;

/// The rows of each file, in the order of the document, without the name of the file.
type Rows = BTreeMap<String, Vec<String>>;

const NOTHING: &str = "none\t-\t-\t-\t-\t-\t-";

/// The folder of the corpus. If there is none, prints a message and returns `None`.
fn corpus() -> Option<PathBuf> {
    let corpus = std::env::var_os("S3_DISPATCH_CORPUS").map(|corpus| {
        // Tests run in the folder of the package, `.ci/run` in the folder of the workspace.
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        workspace.join(corpus).canonicalize().unwrap()
    });

    if corpus.is_none() {
        println!("skipped: S3_DISPATCH_CORPUS is not set");
    }

    corpus
}

fn expected(corpus: &Path) -> Rows {
    let table = std::fs::read_to_string(corpus.join("expected.tsv")).unwrap();
    let mut rows = Rows::new();

    for row in table.lines() {
        let (file, columns) = row.split_once('\t').unwrap();
        rows.entry(file.to_owned())
            .or_default()
            .push(columns.to_owned());
    }

    assert!(!rows.is_empty());
    rows
}

/// The records that one run of `inspect` finds in these files of a folder.
fn found<'f>(folder: &Path, files: impl Iterator<Item = &'f String>) -> Rows {
    let files: Vec<_> = files.collect();
    let paths: Vec<_> = files
        .iter()
        .map(|file| folder.join(file).to_str().unwrap().to_owned())
        .collect();
    let mut arguments = vec!["inspect"];
    arguments.extend(paths.iter().map(String::as_str));
    let run = run(&arguments, &[], b"");
    assert_eq!(run.stderr, "");

    let mut rows = Rows::new();

    for line in run.stdout.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let path = paths
            .iter()
            .position(|path| line["file"] == **path)
            .unwrap();
        rows.entry(files[path].clone())
            .or_default()
            .push(row(&line));
    }

    for rows in rows.values_mut() {
        // A message without an S3 event has a line of `inspect`, but no row in the table.
        rows.retain(|row| row != NOTHING);
        if rows.is_empty() {
            rows.push(NOTHING.to_owned());
        }
    }

    rows
}

fn row(line: &Value) -> String {
    let columns = [
        "delivery",
        "event_name",
        "bucket",
        "key",
        "key_as_sent",
        "size",
        "sequencer",
    ];

    columns.map(|column| cell(&line[column])).join("\t")
}

/// The text of a JSON string, a number, or `-` for a value that is absent or empty.
fn cell(value: &Value) -> String {
    let json = value.to_string();
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(_) => json[1..json.len() - 1].to_owned(),
        _ => json,
    }
}

#[track_caller]
fn check(found: &Rows, expected: &Rows) {
    let files = expected
        .iter()
        .filter(|(file, rows)| found.get(*file) != Some(*rows));
    let wrong: Vec<_> = files
        .map(|(file, rows)| (file, "expected", rows, "found", found.get(file)))
        .collect();

    assert!(
        wrong.is_empty(),
        "{} of {} files: {wrong:#?}",
        wrong.len(),
        expected.len()
    );

    assert_eq!(found.len(), expected.len());
}

/// Wraps each file that is not a batch in another envelope, and expects the same rows.
fn check_wrapped(name: &str, envelopes: &str, wrap: impl Fn(String) -> String) {
    let Some(corpus) = corpus() else { return };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let mut expected = expected(&corpus);

    expected.retain(|file, rows| {
        let payload = std::fs::read_to_string(corpus.join(file)).unwrap();
        let is_single = !is_batch(&payload);

        if is_single {
            std::fs::create_dir_all(folder.join(file).parent().unwrap()).unwrap();
            std::fs::write(folder.join(file), wrap(payload)).unwrap();
            rows.iter_mut()
                .filter(|row| *row != NOTHING)
                .for_each(|row| row.insert_str(0, envelopes));
        }

        is_single
    });

    assert!(!expected.is_empty());
    check(&found(&folder, expected.keys()), &expected);
}

/// Whether the payload is a batch of SQS or SNS, which has no envelope around it.
fn is_batch(payload: &str) -> bool {
    let payload: Value = serde_json::from_str(payload).unwrap();
    let is_message = |record: &Value| record.get("body").is_some() || record.get("Sns").is_some();

    payload["Records"]
        .as_array()
        .is_some_and(|records| records.iter().any(is_message))
}

#[test]
fn every_row_is_found() {
    let Some(corpus) = corpus() else { return };
    let expected = expected(&corpus);
    check(&found(&corpus, expected.keys()), &expected);
}

#[test]
fn every_row_is_found_in_an_sns_message() {
    check_wrapped("corpus-in-sns", "sns>", |payload| {
        SnsMessageBuilder::new(payload).to_json()
    });
}

#[test]
fn every_row_is_found_in_an_sqs_batch() {
    check_wrapped("corpus-in-sqs", "sqs>", |payload| {
        SqsBatchBuilder::new().with_body("1", payload).to_json()
    });
}

#[test]
fn every_row_is_found_in_an_sns_message_in_an_sqs_batch() {
    check_wrapped("corpus-in-sqs-and-sns", "sqs>sns>", |payload| {
        SqsBatchBuilder::new()
            .with_body("1", SnsMessageBuilder::new(payload).to_json())
            .to_json()
    });
}
