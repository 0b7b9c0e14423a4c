//! The compile errors: one folder for each kind of mistake.
//!
//! Each case is compiled with the libraries that cargo built for this test, so nothing is built
//! twice. Set `UPDATE_SNAPSHOTS=1` to write the snapshots again, and look at each difference.

mod compiler;
mod snapshot;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::{env, fs, thread};

/// The snapshots contain the messages of this compiler.
const COMPILER: &str = "rustc 1.95.";

#[test]
fn each_mistake_gives_the_error_of_its_snapshot() {
    if !compiler::version().starts_with(COMPILER) {
        println!("skipped: the snapshots contain the messages of {COMPILER}x");
        return;
    }

    let cases = files_with_extension("rs");
    assert!(!cases.is_empty(), "there are no cases");

    let failures = Mutex::new(Vec::new());
    let queue = Mutex::new(cases.iter());
    let work = || {
        while let Some(case) = next(&queue) {
            if let Err(failure) = check(case) {
                lock(&failures).push(format!("{}: {failure}", case.display()));
            }
        }
    };

    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });

    let failures = lock(&failures);
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn each_snapshot_belongs_to_a_case() {
    for snapshot in files_with_extension("stderr") {
        let case = snapshot.with_extension("rs");
        assert!(case.is_file(), "{} does not exist", case.display());
    }
}

fn next<'c>(queue: &Mutex<impl Iterator<Item = &'c PathBuf>>) -> Option<&'c PathBuf> {
    lock(queue).next()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().expect("no thread panicked")
}

/// Compiles one case and compares the messages of the compiler with its snapshot.
fn check(case: &Path) -> Result<(), String> {
    let messages = compiler::messages(case)?;
    let actual = snapshot::normalize(&messages);
    let path = case.with_extension("stderr");

    if env::var_os("UPDATE_SNAPSHOTS").is_some() {
        return fs::write(&path, actual).map_err(|error| error.to_string());
    }

    let expected = fs::read_to_string(&path).unwrap_or_default();
    if actual == expected {
        Ok(())
    } else {
        Err(format!(
            "the messages differ from the snapshot\n--- expected\n{expected}\n--- actual\n{actual}"
        ))
    }
}

/// The files `tests/ui/*/*` with this extension, relative to the package.
fn files_with_extension(extension: &str) -> Vec<PathBuf> {
    let entries = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).expect("the folder of the cases can be read");
        entries
            .map(|entry| entry.expect("the entry can be read").path())
            .collect()
    };

    let folders = entries(Path::new("tests/ui"));
    let mut files: Vec<_> = folders
        .iter()
        .flat_map(|folder| entries(folder))
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();

    files
}
