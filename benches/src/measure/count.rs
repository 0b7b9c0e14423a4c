//! Counts the instructions and the allocations of a contender, each in a separate process.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::{Contender, Shape};

/// The function of the binary `counts` that answers one payload.
const MEASURED: &str = "counts::measured*";

/// A contender and its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cell {
    /// The contender.
    pub contender: Contender,
    /// The shape of the batch.
    pub shape: Shape,
    /// The number of messages, with one record each.
    pub messages: usize,
}

/// The cost of one record.
#[derive(Debug, Clone, Copy)]
pub struct Counts {
    /// Instructions per record.
    pub instructions: f64,
    /// Allocations per record. A block that grows counts again.
    pub allocations: f64,
    /// The number of records that were read.
    pub read: usize,
}

/// Runs the counting binaries, which are in the folder of the running one.
pub struct Driver {
    binaries: PathBuf,
    payloads: PathBuf,
    written: Mutex<HashSet<PathBuf>>,
}

impl Driver {
    /// A driver that keeps payloads in the build folder.
    ///
    /// # Panics
    ///
    /// If the build folder is unknown or cannot be written to.
    #[must_use]
    pub fn new() -> Self {
        let executable = std::env::current_exe().expect("the path of the running program is known");
        let binaries = executable
            .parent()
            .expect("the program is in a folder")
            .to_owned();
        let payloads = binaries.join("payloads");
        fs::create_dir_all(&payloads).expect("the build folder is writable");

        Self {
            binaries,
            payloads,
            written: Mutex::default(),
        }
    }

    /// Counts every cell, two at a time. The results have the order of the cells.
    pub fn count(&self, cells: &[Cell]) -> Vec<(Cell, Counts)> {
        let next = AtomicUsize::new(0);
        let counted = Mutex::new(Vec::new());

        let work = || {
            while let Some(&cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
                let counts = self.count_one(cell);
                counted
                    .lock()
                    .expect("no thread panicked")
                    .push((cell, counts));
            }
        };

        thread::scope(|scope| {
            scope.spawn(work);
            scope.spawn(work);
        });
        let mut counted = counted.into_inner().expect("no thread panicked");
        counted.sort_by_key(|(cell, _)| cells.iter().position(|other| other == cell));

        counted
    }

    fn count_one(&self, cell: Cell) -> Counts {
        // Each invocation seeds its hash maps again. This many invocations give a stable average.
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
        let mut written = self.written.lock().expect("no thread panicked");

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
    fs::write(path, payload).expect("the build folder is writable");
}

/// The output of a process, which must succeed.
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
