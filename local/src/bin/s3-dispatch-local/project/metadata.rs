//! What Cargo says about a project.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use tokio::process::Command;

use super::failure::Failure;

const MANIFEST: &str = "Cargo.toml";

/// The packages of a project, as `cargo metadata` prints them.
#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    pub(super) packages: Vec<Package>,
    #[serde(default)]
    pub(super) workspace_default_members: Vec<String>,
    pub(super) workspace_root: PathBuf,
    pub(super) target_directory: PathBuf,
}

#[derive(Debug, Deserialize)]
pub(super) struct Package {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) manifest_path: PathBuf,
    pub(super) default_run: Option<String>,
    pub(super) targets: Vec<Target>,
    /// The features, with those that each of them turns on.
    #[serde(default)]
    pub(super) features: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Target {
    pub(super) name: String,
    pub(super) kind: Vec<String>,
    pub(super) src_path: PathBuf,
}

impl Metadata {
    /// Asks Cargo about the project of this manifest.
    pub(super) async fn of(manifest: &Path) -> Result<Self, Failure> {
        let output = cargo(manifest)
            .args(["metadata", "--format-version=1", "--no-deps"])
            .arg("--manifest-path")
            .arg(manifest)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(|error| cannot_run(&error))?;

        if !output.status.success() {
            let reason = String::from_utf8_lossy(&output.stderr);
            let manifest = manifest.display();
            let text = format!("Cargo cannot read `{manifest}`: {}", reason.trim());
            return Err(Failure::new(text));
        }

        serde_json::from_slice(&output.stdout)
            .map_err(|error| Failure::new(format!("Cargo prints no metadata: {error}")))
    }
}

impl Package {
    /// Whether this is the package's manifest.
    pub(super) fn has_manifest(&self, manifest: &Path) -> bool {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        real(&self.manifest_path) == real(manifest)
    }

    /// The names of the package's programs.
    pub(super) fn programs(&self) -> impl Iterator<Item = &str> {
        let programs = self.targets.iter().filter(|target| target.is("bin"));
        programs.map(|target| target.name.as_str())
    }
}

impl Target {
    pub(super) fn is(&self, kind: &str) -> bool {
        self.kind.iter().any(|own| own == kind)
    }
}

/// A command of Cargo that runs in the folder of this manifest, whose settings count.
pub(super) fn cargo(manifest: &Path) -> Command {
    // Cargo sets it for `cargo run`.
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    if let Some(folder) = manifest.parent() {
        command.current_dir(folder);
    }

    command
}

pub(super) fn cannot_run(error: &io::Error) -> Failure {
    Failure::new(format!("`cargo` cannot be run: {error}"))
}

/// The manifest that is given, or else the one in this folder or the nearest above it.
pub(super) fn find_manifest(given: Option<&Path>) -> Result<PathBuf, Failure> {
    let here = here()?;
    if let Some(given) = given {
        let manifest = here.join(given);
        let manifest = match manifest.is_dir() {
            true => manifest.join(MANIFEST),
            false => manifest,
        };

        return match manifest.is_file() {
            true => Ok(manifest),
            false => Err(Failure::new(format!(
                "there is no `{}`",
                manifest.display()
            ))),
        };
    }

    nearest_manifest(&here).ok_or_else(|| {
        let here = here.display();
        Failure::new(format!(
            "`{here}` is not in a Cargo project; start it in one, or name a project with \
             `--manifest-path PATH`, a pipeline with `--config FILE`, or programs with `--function \
             NAME=PATH`"
        ))
    })
}

/// Whether the current folder is in a project.
pub(super) fn is_in_project() -> Result<bool, Failure> {
    here().map(|here| nearest_manifest(&here).is_some())
}

fn here() -> Result<PathBuf, Failure> {
    env::current_dir()
        .map_err(|error| Failure::new(format!("the current folder cannot be used: {error}")))
}

/// The manifest in this folder, or the nearest above it.
fn nearest_manifest(folder: &Path) -> Option<PathBuf> {
    let mut manifests = folder.ancestors().map(|folder| folder.join(MANIFEST));
    manifests.find(|path| path.is_file())
}
