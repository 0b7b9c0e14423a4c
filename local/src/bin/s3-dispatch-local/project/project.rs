//! A Cargo project, and the programs of it that run.

use std::path::{Path, PathBuf};

use s3_dispatch_local::Topology;

use super::build::{BuildOptions, build};
use super::choice::{Binary, choose, worker_features};
use super::copies::Copies;
use super::failure::Failure;
use super::metadata::{Metadata, Package, find_manifest, is_in_project};
use super::routes::ProgramRoutes;
use super::sources::{Fingerprint, Sources};
use super::topology::topology;
use crate::cli::{Arguments, Variable};

/// A Cargo project, and the programs of it that run.
pub(crate) struct Project {
    manifest: PathBuf,
    binaries: Vec<Binary>,
    options: BuildOptions,
    variables: Vec<Variable>,
    sources: Sources,
    copies: Copies,
}

/// Programs that were built, and say what they handle.
pub(crate) struct Built {
    topology: Topology,
    programs: Vec<PathBuf>,
}

impl Project {
    /// The project that the command line names, or the one of the current folder. `None` in a
    /// checkout of this repository, which has the examples instead of a program, and for functions
    /// that are named outside of a project.
    pub(crate) async fn find(arguments: &Arguments) -> Result<Option<Self>, Failure> {
        let is_given = arguments.manifest_path.is_some() || arguments.needs_project();
        if !is_given && !is_in_project()? {
            return Ok(None);
        }

        let manifest = find_manifest(arguments.manifest_path.as_deref())?;
        let metadata = Metadata::of(&manifest).await?;
        let is_named = arguments.manifest_path.is_some() || !arguments.program.is_empty();
        if !is_named && is_this_repository(&metadata, &manifest) {
            return Ok(None);
        }

        let programs = arguments.program.iter().map(String::as_str);
        let names: Vec<_> = programs.chain(arguments.named_functions()).collect();
        let binaries = choose(&metadata, &manifest, &names)?;

        let workers = binaries.iter().filter(|own| arguments.is_worker(&own.name));
        let for_workers = worker_features(&metadata, &binaries, workers);
        let features = arguments.features.iter().cloned().chain(for_workers);

        Ok(Some(Self {
            options: BuildOptions {
                release: arguments.release,
                features: features.collect(),
            },
            binaries,
            variables: arguments.env.clone(),
            sources: Sources::of(&metadata),
            copies: Copies::new(&metadata.target_directory),
            manifest,
        }))
    }

    /// Programs of the checkout of this repository that the current folder is in.
    pub(crate) async fn of_checkout(names: &[&str], features: &str) -> Result<Self, Failure> {
        let manifest = find_manifest(None)?;
        let metadata = Metadata::of(&manifest).await?;
        if !metadata.packages.iter().any(is_own) {
            let text = "this demo needs a checkout of the repository of `s3-dispatch`: its \
                        programs are built there";
            return Err(Failure::new(text));
        }

        Ok(Self {
            binaries: choose(&metadata, &manifest, names)?,
            options: BuildOptions {
                release: !cfg!(debug_assertions),
                features: vec![features.to_owned()],
            },
            variables: Vec::new(),
            sources: Sources::of(&metadata),
            copies: Copies::new(&metadata.target_directory),
            manifest,
        })
    }

    /// ``"`index` and `thumbnails`"``
    pub(super) fn names(&self) -> String {
        let names = self.binaries.iter().map(|binary| &binary.name);
        let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();

        names.join(" and ")
    }

    /// How they are built: `cargo build --release`.
    pub(super) fn build_command(&self) -> String {
        let arguments = ["cargo", "build"].into_iter();
        let arguments: Vec<_> = arguments.chain(self.options.arguments()).collect();

        arguments.join(" ")
    }

    /// Builds the programs, and asks them what they handle. What runs is not changed by this.
    pub(super) async fn build(&self) -> Result<Built, Failure> {
        let programs = build(&self.manifest, &self.binaries, &self.options).await?;
        let mut routes = Vec::new();

        for (binary, program) in self.binaries.iter().zip(&programs) {
            let name = &binary.name;
            let variables = self.variables_of(name);
            let own = ProgramRoutes::of(program, name, &variables).await?;
            routes.push((name.clone(), own));
        }

        let topology = topology(&routes).map_err(|error| {
            let names = self.names();
            Failure::new(format!("{names} cannot run with what they handle: {error}"))
        })?;

        Ok(Built { topology, programs })
    }

    /// Makes programs that were built those that run.
    pub(super) fn install(&self, built: &Built) -> Result<(), Failure> {
        let copies = &self.copies;
        built
            .programs
            .iter()
            .try_for_each(|program| copies.replace(program))
    }

    /// The pipeline of programs that were built, in which their copies run.
    pub(super) fn pipeline(&self, built: &Built) -> Topology {
        let mut topology = built.topology.clone();
        for (function, program) in topology.functions.iter_mut().zip(&built.programs) {
            function.program = Some(self.copies.path(program));
        }

        topology
    }

    /// The state of the sources now. The programs are those that were built last.
    pub(super) async fn fingerprint(&self, programs: &[PathBuf]) -> Fingerprint {
        let (sources, programs) = (self.sources.clone(), programs.to_vec());
        let fingerprint = tokio::task::spawn_blocking(move || sources.fingerprint(&programs));

        // It does not panic, and the runtime ends only with this program.
        fingerprint.await.unwrap_or_default()
    }

    fn variables_of(&self, function: &str) -> Vec<(String, String)> {
        let is_own = |variable: &&Variable| {
            let wanted = variable.function.as_deref();
            wanted.is_none_or(|wanted| wanted == function)
        };
        let own = self.variables.iter().filter(is_own);

        own.map(|variable| (variable.name.clone(), variable.value.clone()))
            .collect()
    }
}

impl Built {
    pub(super) fn topology(&self) -> &Topology {
        &self.topology
    }

    pub(super) fn programs(&self) -> &[PathBuf] {
        &self.programs
    }
}

/// Whether this is the manifest of the repository of this program, or of its package.
fn is_this_repository(metadata: &Metadata, manifest: &Path) -> bool {
    let Some(own) = metadata.packages.iter().find(|package| is_own(package)) else {
        return false;
    };

    own.has_manifest(manifest) || manifest.parent() == Some(metadata.workspace_root.as_path())
}

/// Whether this is the package of this program.
fn is_own(package: &Package) -> bool {
    package.name == env!("CARGO_PKG_NAME")
}
