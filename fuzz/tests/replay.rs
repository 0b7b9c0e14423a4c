//! Replays every seed and every finding through the functions that the fuzzer calls.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use s3_dispatch_fuzz::{TARGETS, Target};

/// The files in a folder and its subfolders. None if the folder does not exist.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };

    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();

    paths
        .into_iter()
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[track_caller]
fn replay((_, check): &Target, folder: &Path) -> usize {
    let files = files(folder);
    for file in &files {
        // Shows the file if the check panics.
        println!("{}", file.display());
        check(&fs::read(file).unwrap());
    }

    files.len()
}

#[test]
fn every_seed_passes_its_check() {
    for target in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("seeds")
            .join(target.0);
        assert!(
            replay(target, &folder) > 0,
            "there are no seeds of {}",
            target.0
        );
    }
}

#[test]
fn every_finding_passes_its_check() {
    for target in TARGETS {
        replay(
            target,
            &Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("findings")
                .join(target.0),
        );
    }
}

/// Payloads that other systems sent.
#[test]
fn every_payload_of_the_corpus_passes_its_check() {
    let Ok(folder) = std::env::var("S3_DISPATCH_CORPUS") else {
        println!("skipped: S3_DISPATCH_CORPUS is not set");
        return;
    };

    for target in TARGETS.iter().filter(|(name, _)| *name == "payload") {
        assert!(replay(target, Path::new(&folder)) > 0, "{folder} is empty");
    }
}
