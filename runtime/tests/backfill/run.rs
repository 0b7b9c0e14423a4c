//! Runs the program against a server, and tells what it did.

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

use crate::server::Server;

/// A folder with what the program reads and writes.
pub(crate) struct Place(TempDir);

/// How a run ended.
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file, and returns its path as text.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// What the handlers noted.
    pub(crate) fn notes(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("notes")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The command, which works on the bucket `holiday`.
    pub(crate) fn command(&self, server: &Server, arguments: &[&str]) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["backfill", "--bucket", "holiday"])
            .args(arguments)
            .env_clear()
            .env("PROGRAM", "handles")
            .env("NOTES", self.path("notes"))
            .env("AWS_ENDPOINT_URL", server.endpoint())
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_MAX_ATTEMPTS", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn start(&self, server: &Server, arguments: &[&str]) -> Child {
        self.command(server, arguments).spawn().unwrap()
    }

    pub(crate) fn run(&self, server: &Server, arguments: &[&str]) -> Ended {
        Ended::new(self.command(server, arguments).output().unwrap())
    }
}

impl Ended {
    fn new(output: Output) -> Self {
        Self {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Checks the status and that standard error contains each of these texts.
    #[track_caller]
    pub(crate) fn check(&self, status: i32, texts: &[&str]) {
        assert_eq!(self.status, Some(status), "{}{}", self.stdout, self.stderr);
        for text in texts {
            assert!(
                self.stderr.contains(text),
                "no `{text}` in: {}",
                self.stderr
            );
        }
    }
}

/// The key in a note.
pub(crate) fn key(note: &str) -> String {
    let start = note.find('"').unwrap();
    let end = note.rfind('"').unwrap();
    serde_json::from_str(&note[start..=end]).unwrap()
}
