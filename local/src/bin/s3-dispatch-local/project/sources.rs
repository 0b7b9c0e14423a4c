//! The files that programs are made from, and whether they have changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::metadata::{Metadata, Target};

/// The kinds of targets whose sources do not end up in a program.
const OTHERS: [&str; 3] = ["test", "example", "bench"];

/// The files that programs are made from.
#[derive(Debug, Clone)]
pub(super) struct Sources {
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
    /// The target directory, in which nothing is a source.
    target: PathBuf,
}

/// When each file was changed last, and its length.
pub(super) type Fingerprint = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

impl Sources {
    /// The sources of all packages of the project, with their manifests.
    pub(super) fn of(metadata: &Metadata) -> Self {
        let root = &metadata.workspace_root;
        let names = ["Cargo.toml", "Cargo.lock", ".cargo/config.toml"];
        let mut sources = Self {
            folders: Vec::new(),
            files: names.map(|name| root.join(name)).into(),
            target: metadata.target_directory.clone(),
        };

        for package in &metadata.packages {
            sources.files.push(package.manifest_path.clone());
            let root = package.manifest_path.parent();
            let is_part = |target: &&Target| !OTHERS.iter().any(|kind| target.is(kind));

            for target in package.targets.iter().filter(is_part) {
                match target.src_path.parent() {
                    // Beside the manifest is much that is no source, as the build script is one.
                    Some(folder) if Some(folder) != root => sources.folders.push(folder.into()),
                    _ => sources.files.push(target.src_path.clone()),
                }
            }
        }

        sources
    }

    /// The state of all files now. `programs` are those that were built last: Cargo lists beside
    /// each what it was made from, also from outside of the project.
    pub(super) fn fingerprint(&self, programs: &[PathBuf]) -> Fingerprint {
        let mut fingerprint = Fingerprint::new();

        for folder in &self.folders {
            self.add_folder(folder, &mut fingerprint);
        }
        for file in &self.files {
            add(file, &mut fingerprint);
        }
        for program in programs {
            let list = fs::read_to_string(program.with_extension("d")).unwrap_or_default();
            for file in dependencies(&list) {
                add(&file, &mut fingerprint);
            }
        }

        fingerprint
    }

    fn add_folder(&self, folder: &Path, fingerprint: &mut Fingerprint) {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();

        for entry in entries {
            let (path, name) = (entry.path(), entry.file_name());
            let is_hidden = name.as_encoded_bytes().starts_with(b".");
            if is_hidden || path == self.target {
                continue;
            }

            match entry.file_type() {
                Ok(kind) if kind.is_dir() => self.add_folder(&path, fingerprint),
                Ok(_) => add(&path, fingerprint),
                Err(_) => {}
            }
        }
    }
}

/// Adds a file. One that does not exist is not in the fingerprint.
fn add(file: &Path, fingerprint: &mut Fingerprint) {
    if let Ok(metadata) = fs::metadata(file) {
        let state = (metadata.modified().ok(), metadata.len());
        fingerprint.insert(file.to_owned(), state);
    }
}

/// The files that a program was made from, by the file that Cargo writes beside it:
/// `program: src/main.rs src/a\ b.rs`.
fn dependencies(list: &str) -> Vec<PathBuf> {
    let lines = list.lines().filter_map(|line| line.split_once(": "));

    lines.flat_map(|(_, files)| split(files)).collect()
}

/// Splits at the spaces that no backslash stands before.
fn split(files: &str) -> Vec<PathBuf> {
    let mut all = vec![String::new()];
    let mut characters = files.chars().peekable();

    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.next_if_eq(&' ').is_some() => push(&mut all, ' '),
            ' ' => all.push(String::new()),
            other => push(&mut all, other),
        }
    }

    let files = all.into_iter().filter(|file| !file.is_empty());
    files.map(PathBuf::from).collect()
}

fn push(all: &mut [String], character: char) {
    if let Some(last) = all.last_mut() {
        last.push(character);
    }
}
