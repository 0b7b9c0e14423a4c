//! Where a case takes place: a folder, with what the handlers note in it.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::case::Record;

/// A file of what handlers did, which processes share.
#[derive(Debug, Clone)]
pub(crate) struct Notes(PathBuf);

/// What a handler did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Began(Record),
    /// It returned. One that was stopped or panicked does not.
    Ended(Record),
}

pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file, and returns its path as text.
    pub(crate) fn write(&self, name: &str, content: &str) -> String {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn notes(&self) -> Notes {
        Notes::new(self.path("notes"))
    }
}

impl Notes {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(crate) fn begin(&self, record: &Record) {
        self.write("began", record);
    }

    pub(crate) fn end(&self, record: &Record) {
        self.write("ended", record);
    }

    pub(crate) fn clear(&self) {
        drop(std::fs::remove_file(&self.0));
    }

    /// What was done so far, in order.
    pub(crate) fn steps(&self) -> Vec<Step> {
        let text = std::fs::read_to_string(&self.0).unwrap_or_default();
        let steps = text.lines().map(|line| {
            let [step, number, key] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else {
                panic!("not a step: {line}")
            };
            let record = Record {
                key: key.to_owned(),
                number: number.parse().unwrap(),
            };
            match step {
                "began" => Step::Began(record),
                _ => Step::Ended(record),
            }
        });

        steps.collect()
    }

    /// The records whose handlers returned.
    pub(crate) fn ended(&self) -> Vec<Record> {
        let steps = self.steps().into_iter();
        let ended = steps.filter_map(|step| match step {
            Step::Ended(record) => Some(record),
            Step::Began(_) => None,
        });

        ended.collect()
    }

    /// One write for a line, so that lines of several threads do not mix.
    fn write(&self, step: &str, record: &Record) {
        let line = format!("{step} {} {}\n", record.number, record.key);
        let file = OpenOptions::new().append(true).create(true).open(&self.0);
        file.unwrap().write_all(line.as_bytes()).unwrap();
    }
}
