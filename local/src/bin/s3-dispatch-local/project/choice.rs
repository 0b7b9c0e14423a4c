//! Which program of a project runs.

use std::collections::BTreeSet;
use std::path::Path;

use super::failure::Failure;
use super::metadata::{Metadata, Package};

/// The feature that a package may have for programs that run as workers.
const WORKER_FEATURE: &str = "worker";

/// A program of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binary {
    /// The id of the package, as Cargo prints it.
    pub(super) package: String,
    pub(super) name: String,
}

/// What to do about a function that is no program of the project.
const OTHER_PIPELINES: &str = "`--examples` runs the pipeline of the examples, and `--config FILE` \
                               one of your own";

/// The programs with these names or, without names, the only program that `cargo run` would run in
/// the folder of this manifest.
pub(super) fn choose(
    metadata: &Metadata,
    manifest: &Path,
    names: &[&str],
) -> Result<Vec<Binary>, Failure> {
    if names.is_empty() {
        return only_program(metadata, manifest).map(|binary| vec![binary]);
    }

    let mut chosen: Vec<Binary> = Vec::new();
    for name in names {
        let binary = find(metadata, manifest, name)?;
        if !chosen.contains(&binary) {
            chosen.push(binary);
        }
    }

    Ok(chosen)
}

fn find(metadata: &Metadata, manifest: &Path, name: &str) -> Result<Binary, Failure> {
    let packages = metadata.packages.iter();
    let having: Vec<_> = packages
        .filter(|package| package.programs().any(|own| own == name))
        .collect();
    let here = having.iter().find(|package| package.has_manifest(manifest));

    match (here, &having[..]) {
        (Some(package), _) | (None, [package]) => Ok(binary(package, name)),
        (None, []) => {
            let programs = metadata.packages.iter().flat_map(Package::programs);
            let text = match list(programs) {
                Some(list) => format!("there is no program `{name}`; the programs are {list}"),
                None => format!("there is no program `{name}`, and no other one"),
            };
            Err(Failure::new(format!("{text}; {OTHER_PIPELINES}")))
        }
        (None, several) => {
            let packages = several.iter().map(|package| package.name.as_str());
            let packages = list(packages).unwrap_or_default();
            let text = format!(
                "the packages {packages} have a program `{name}`; choose one with \
                 `--manifest-path PATH`"
            );
            Err(Failure::new(text))
        }
    }
}

fn only_program(metadata: &Metadata, manifest: &Path) -> Result<Binary, Failure> {
    let here = metadata
        .packages
        .iter()
        .find(|own| own.has_manifest(manifest));
    let is_default = |package: &&Package| {
        let defaults = &metadata.workspace_default_members;
        defaults.is_empty() || defaults.contains(&package.id)
    };

    let packages: Vec<_> = match here {
        Some(package) => vec![package],
        None => metadata.packages.iter().filter(is_default).collect(),
    };

    if let [package] = packages[..]
        && let Some(name) = &package.default_run
    {
        return Ok(binary(package, name));
    }

    let programs = packages
        .iter()
        .flat_map(|package| package.programs().map(|name| binary(package, name)));
    let programs: Vec<_> = programs.collect();

    match &programs[..] {
        [binary] => Ok(binary.clone()),
        [] => Err(Failure::new(format!(
            "`{}` has no program: it needs a `src/main.rs` or a `[[bin]]`",
            manifest.display()
        ))),
        several => {
            let names = several.iter().map(|binary| binary.name.as_str());
            Err(Failure::new(format!(
                "`{}` has several programs; choose one or more of {} with `--program NAME`",
                manifest.display(),
                list(names).unwrap_or_default()
            )))
        }
    }
}

fn binary(package: &Package, name: &str) -> Binary {
    Binary {
        package: package.id.clone(),
        name: name.to_owned(),
    }
}

/// The features with which these programs are workers: one of the package of each, if that has it.
/// Without it, a program may be a worker all the same.
pub(super) fn worker_features<'b>(
    metadata: &Metadata,
    all: &[Binary],
    workers: impl Iterator<Item = &'b Binary>,
) -> BTreeSet<String> {
    let package = |binary: &Binary| {
        let mut packages = metadata.packages.iter();
        packages.find(|package| package.id == binary.package)
    };
    let packages = workers.filter_map(package);
    let packages = packages.filter(|package| package.features.contains_key(WORKER_FEATURE));

    // Cargo's older resolvers know the features of the built package by their own names only.
    let is_alone = |package: &Package| all.iter().all(|binary| binary.package == package.id);
    packages
        .map(|package| match is_alone(package) {
            true => WORKER_FEATURE.to_owned(),
            false => format!("{}/{WORKER_FEATURE}", package.name),
        })
        .collect()
}

/// ``"`a`, `b`"``, or `None` if there is nothing.
fn list<'n>(names: impl Iterator<Item = &'n str>) -> Option<String> {
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    (!names.is_empty()).then(|| names.join(", "))
}
