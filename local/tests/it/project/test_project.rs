//! A Cargo project whose programs have no dependencies, so that they are built in a second.

use std::fs;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use crate::cli::{Program, command};
use crate::programs::wayward;

/// A Cargo project in a folder of its own.
pub(super) struct TestProject(TempDir);

impl TestProject {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn folder(&self) -> &Path {
        self.0.path()
    }

    /// Writes a project with one program, which takes every creation in these buckets.
    pub(super) fn write_program(&self, name: &str, version: &str, buckets: &[&str]) {
        self.write_main(name, version, buckets, "ObjectCreated:*");
        self.write_manifest(&[name]);
    }

    /// Writes a manifest with programs, each from a file in `src` that has its name.
    pub(super) fn write_manifest(&self, programs: &[&str]) {
        let programs = programs
            .iter()
            .map(|name| format!("[[bin]]\nname = \"{name}\"\npath = \"src/{name}.rs\"\n"));
        let programs: String = programs.collect();
        let package = programs_package();
        self.write("Cargo.toml", &format!("{package}{programs}"));
    }

    /// Adds a feature to the manifest, which programs print when they start.
    pub(super) fn add_feature(&self, name: &str) {
        let manifest = fs::read_to_string(self.folder().join("Cargo.toml")).unwrap();
        self.write(
            "Cargo.toml",
            &format!("{manifest}[features]\n{name} = []\n"),
        );
    }

    /// Writes a program that says what it handles as one of `s3-dispatch` does. Otherwise it prints
    /// its version, and becomes the program in `FUNCTION`.
    pub(super) fn write_main(&self, name: &str, version: &str, buckets: &[&str], event: &str) {
        let event_name = match event.strip_suffix('*') {
            Some(prefix) => json!([{"prefix": prefix}]),
            None => json!([event]),
        };
        let routes = json!({
            "name": name,
            "buckets": buckets,
            "takes_any_bucket": buckets.is_empty(),
            "other_buckets": ["results"],
            "events": [format!("s3:{event}")],
            "filter_policy": {"Records": {"eventName": event_name}},
        });

        let text = format!(
            "use std::os::unix::process::CommandExt;\n\
             fn main() {{\n\
                 let arguments: Vec<String> = std::env::args().skip(1).collect();\n\
                 if arguments == [\"policy\", \"--format\", \"local\"] {{\n\
                     return println!(\"{{}}\", r#\"{routes}\"#);\n\
                 }}\n\
                 println!(\"version {version}\");\n\
                 println!(\"with worker: {{}}\", cfg!(feature = \"worker\"));\n\
                 let function = std::env::var(\"FUNCTION\").unwrap();\n\
                 panic!(\"{{}}\", std::process::Command::new(function).args(arguments).exec());\n\
             }}\n"
        );
        self.write(&format!("src/{name}.rs"), &text);
    }

    /// Writes a file.
    pub(super) fn write(&self, name: &str, text: &str) {
        let file = self.folder().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    pub(super) fn start(&self, arguments: &[&str]) -> Program {
        self.start_in(self.folder(), arguments)
    }

    /// Starts in a folder, on free ports.
    pub(super) fn start_in(&self, folder: &Path, arguments: &[&str]) -> Program {
        let function = format!("FUNCTION={}", wayward().display());
        let own = ["--port", "0", "--env", &function];
        let mut command = command(&[&own, arguments].concat());
        // Cargo would wait for others that use the same home.
        command
            .current_dir(folder)
            .env("CARGO_HOME", self.folder().join("home"))
            .env_remove("CARGO_TARGET_DIR");

        Program::spawn(command)
    }
}

fn programs_package() -> &'static str {
    "[package]\nname = \"index\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n"
}
