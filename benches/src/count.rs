//! Counting the instructions and allocations of a contender, in processes of their own.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::{Contender, Shape};

/// The function around one answer, in the binary `counts`.
const MEASURED: &str = "counts::measured*";

/// A contender before a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cell {
    /// Who answers.
    pub contender: Contender,
    /// How the batch is written.
    pub shape: Shape,
    /// How many messages it has, of one record each.
    pub messages: usize,
}

/// What one record costs.
#[derive(Debug, Clone, Copy)]
pub struct Counts {
    /// Instructions per record.
    pub instructions: f64,
    /// Allocations per record, a growing block counted again.
    pub allocations: f64,
    /// How many records were read.
    pub read: usize,
}

/// Runs the counting binaries, which stand beside the one that runs.
pub struct Driver {
    binaries: PathBuf,
    payloads: PathBuf,
    written: Mutex<HashSet<PathBuf>>,
}

impl Driver {
    /// Payloads are kept in the build folder.
    ///
    /// # Panics
    ///
    /// When the build folder is not known, or cannot be written to.
    #[must_use]
    pub fn new() -> Self {
        let executable = std::env::current_exe().expect("the system knows what it runs");
        let binaries = executable
            .parent()
            .expect("an executable is in a folder")
            .to_owned();
        let payloads = binaries.join("payloads");
        fs::create_dir_all(&payloads).expect("the build folder can be written to");

        Self {
            binaries,
            payloads,
            written: Mutex::default(),
        }
    }

    /// Counts all cells, two at a time, in the order given.
    pub fn count(&self, cells: &[Cell]) -> Vec<(Cell, Counts)> {
        let next = AtomicUsize::new(0);
        let counted = Mutex::new(Vec::new());

        let work = || {
            while let Some(&cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
                let counts = self.count_one(cell);
                counted
                    .lock()
                    .expect("no thread panics with it")
                    .push((cell, counts));
            }
        };

        thread::scope(|scope| {
            scope.spawn(work);
            scope.spawn(work);
        });
        let mut counted = counted.into_inner().expect("no thread panics with it");
        counted.sort_by_key(|(cell, _)| cells.iter().position(|other| other == cell));

        counted
    }

    fn count_one(&self, cell: Cell) -> Counts {
        // Hash maps are seeded anew for each invocation: enough of them, so that the average holds
        // still.
        let times = (1000 / cell.messages).clamp(1, 200);
        let payload = self.payload(cell.shape, cell.messages);

        let arguments = [
            cell.contender.name(),
            &payload.to_string_lossy(),
            &times.to_string(),
        ]
        .map(str::to_owned);

        let per_record = |total: u64| total as f64 / (times * cell.messages) as f64;

        let mut valgrind = Command::new("valgrind");

        valgrind.args([
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
            &format!("--toggle-collect={MEASURED}"),
        ]);

        let counted = run(valgrind
            .arg(self.binaries.join("counts"))
            .arg("answer")
            .args(&arguments));
        let instructions = number_after(&counted, "Collected :");

        let counted = run(Command::new(self.binaries.join("allocations")).args(&arguments));

        Counts {
            instructions: per_record(instructions),
            allocations: per_record(number_after(&counted, "allocations:")),
            read: usize::try_from(number_after(&counted, "read:"))
                .expect("a batch fits into memory"),
        }
    }

    fn payload(&self, shape: Shape, messages: usize) -> PathBuf {
        let path = self
            .payloads
            .join(format!("{}-{messages}.json", shape.name()));
        let mut written = self.written.lock().expect("no thread panics with it");

        if written.insert(path.clone()) {
            write(&path, &shape.payload(messages));
        }

        path
    }
}

impl Default for Driver {
    fn default() -> Self {
        Self::new()
    }
}

fn write(path: &Path, payload: &[u8]) {
    fs::write(path, payload).expect("the build folder can be written to");
}

/// All that a process prints, which must succeed.
fn run(command: &mut Command) -> String {
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "{command:?}: {text}");

    text
}

fn number_after(text: &str, label: &str) -> u64 {
    let rest = text
        .split(label)
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next());
    let number = rest.and_then(|digits| digits.parse().ok());

    number.unwrap_or_else(|| panic!("no number after `{label}` in: {text}"))
}
