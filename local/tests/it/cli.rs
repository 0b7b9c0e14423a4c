//! The program in a terminal.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use crate::programs::{is_running, put_processor, wayward};

const PATIENCE: Duration = Duration::from_secs(60);

/// A pipeline in a process of its own.
pub(crate) struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    errors: ChildStderr,
    /// What was printed so far.
    seen: Vec<String>,
}

impl Program {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_s3-dispatch-local"));
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);

        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let errors = child.stderr.take().unwrap();

        Self {
            child,
            lines,
            errors,
            seen: Vec::new(),
        }
    }

    /// The first line that contains this.
    pub(crate) async fn line(&mut self, text: &str) -> String {
        if let Some(line) = self.seen.iter().find(|line| line.contains(text)) {
            return line.clone();
        }

        let search = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                self.seen.push(line.clone());
                if line.contains(text) {
                    return Some(line);
                }
            }

            None
        };

        let found = tokio::time::timeout(PATIENCE, search).await.ok().flatten();

        found.unwrap_or_else(|| panic!("no line with `{text}`: {:#?}", self.seen))
    }

    /// The port that it says it listens on.
    pub(crate) async fn port(&mut self) -> u16 {
        let line = self.line("S3 is at http://127.0.0.1:").await;
        line.split(['/', ','])
            .find_map(|part| part.strip_prefix("127.0.0.1:"))
            .unwrap()
            .parse()
            .unwrap()
    }

    pub(crate) fn signal(&self, signal: &str) {
        let process = self.child.id().unwrap().to_string();
        assert!(
            std::process::Command::new("kill")
                .args([signal, &process])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits for the end: the status, and what it has printed as an error.
    pub(crate) async fn end(&mut self) -> (ExitStatus, String) {
        let mut errors = String::new();
        let end = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                self.seen.push(line);
            }

            self.errors.read_to_string(&mut errors).await.unwrap();
            self.child.wait().await.unwrap()
        };

        let status = tokio::time::timeout(PATIENCE, end)
            .await
            .expect("the program does not end");

        (status, errors)
    }
}

/// Puts an object, unsigned, and gives the first line of the answer.
async fn put(port: u16, key: &str, body: &str) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .unwrap();
    let request = format!(
        "PUT /amzn-s3-demo-bucket/{key} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();

    answer.lines().next().unwrap_or_default().to_owned()
}

/// The function's process, as the line says that starts it.
fn process_of(line: &str) -> String {
    line.rsplit(' ').next().unwrap().to_owned()
}

/// Waits until a process is gone.
async fn ends(process: &str) {
    let gone = async {
        while is_running(process) {
            tokio::task::yield_now().await;
        }
    };

    tokio::time::timeout(Duration::from_secs(20), gone)
        .await
        .unwrap_or_else(|_| panic!("process {process} goes on"));
}

/// With which arguments nothing is built.
fn own(function: &Path) -> [String; 4] {
    let of = |name: &str| format!("{name}={}", function.display());
    [
        "--function".into(),
        of("put-processor"),
        "--function".into(),
        of("copy-processor"),
    ]
}

pub(crate) fn start(function: &Path, arguments: &[&str]) -> Program {
    let own = own(function);
    let all: Vec<&str> = own
        .iter()
        .map(String::as_str)
        .chain(arguments.iter().copied())
        .collect();

    Program::start(&all)
}

#[tokio::test]
async fn the_demo_ends_well_and_says_so() {
    let mut program = Program::start(&["--demo"]);
    let (status, errors) = program.end().await;
    assert!(status.success(), "{errors}{:#?}", program.seen);
    let seen = program.seen.join("\n");

    for text in [
        "ObjectCreated:Put \"holiday/my photo.jpg\" in amzn-s3-demo-bucket, 12 bytes",
        "notification to object-events",
        "filter       passes to copy-processor",
        "filter       not for copy-processor",
        "object uploaded",
        "to put-processor-dead-letters, received 2 times",
        "right  videos/long film.mp4  ObjectCreated:CompleteMultipartUpload  handled by put-processor",
        "right  poison/too large.bin  ObjectCreated:Put                      in put-processor-dead-letters after 2 attempts",
        "everything went where it should",
    ] {
        assert!(seen.contains(text), "{text}: {seen}");
    }

    assert!(!seen.contains('\u{1b}'), "colours are for terminals");
    assert_eq!(errors, "");
}

#[tokio::test]
async fn a_demo_whose_functions_fail_says_which_events_are_lost() {
    let folder = tempfile::tempdir().unwrap();
    let quits = folder.path().join("quits");
    std::fs::write(&quits, "#!/bin/sh\necho no database >&2\nexit 1\n").unwrap();
    std::fs::set_permissions(&quits, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();

    let mut program = start(
        &put_processor(),
        &[
            "--demo",
            "--function",
            &format!("copy-processor={}", quits.display()),
        ],
    );

    let (status, errors) = program.end().await;
    assert_eq!(status.code(), Some(1), "{errors}");
    let seen = program.seen.join("\n");
    assert!(
        seen.contains("1 of 6 events did not go where they should"),
        "{seen}"
    );

    assert!(
        seen.contains(
            "in copy-processor-dead-letters after 2 attempts (should be handled by copy-processor)"
        ),
        "{seen}"
    );

    assert!(seen.contains("| copy-processor: no database"), "{seen}");
}

#[tokio::test]
async fn a_termination_ends_every_process() {
    for signal in ["-INT", "-TERM"] {
        let mut program = start(&wayward(), &["--port", "0"]);
        let started = program.line("put-processor started").await;
        let other = program.line("copy-processor started").await;
        program.port().await;
        program.signal(signal);
        let (status, errors) = program.end().await;
        assert!(status.success(), "{errors}");
        assert!(!is_running(&process_of(&started)) && !is_running(&process_of(&other)));
    }
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_nothing() {
    let mut program = start(&put_processor(), &["--port", "0"]);
    let port = program.port().await;

    let unread = Command::new("cat")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
        .stdout
        .unwrap();

    program.lines = BufReader::new(unread).lines();
    assert_eq!(put(port, "a", "").await, "HTTP/1.1 200 OK");
    assert_eq!(put(port, "b", "").await, "HTTP/1.1 200 OK");
    program.signal("-TERM");
    let (status, errors) = program.end().await;
    assert!(status.success(), "{errors}");
    assert_eq!(errors, "");
}

#[tokio::test]
async fn a_killed_pipeline_leaves_no_process_behind() {
    let mut program = start(&wayward(), &["--port", "0"]);
    let started = process_of(&program.line("put-processor started").await);
    // Only a process that waits for an invocation can notice.
    program.line("put-processor: ready in process").await;
    program.signal("-KILL");
    program.end().await;
    ends(&started).await;
}

/// A file for a bucket, a queue and a function that answers with its event.
fn echo(folder: &Path) -> String {
    let file = folder.join("pipeline.toml");
    let text = format!(
        "[[bucket]]\nname = \"amzn-s3-demo-bucket\"\n[[bucket.notification]]\nevents = [\"s3:ObjectCreated:*\"]\n\
         queue = \"uploads\"\n[[queue]]\nname = \"uploads\"\nvisibility_timeout = 1\n[[function]]\nname = \"echo\"\n\
         timeout = 1\ncommand = [{:?}]\n[[mapping]]\nqueue = \"uploads\"\nfunction = \"echo\"\n",
        wayward()
    );

    std::fs::write(&file, text).unwrap();

    file.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_topology_of_ones_own_runs() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(&["--config", &echo(folder.path()), "--port", "0"]);
    let port = program.port().await;
    assert_eq!(put(port, "a", "").await, "HTTP/1.1 200 OK");
    program.line("echo started").await;
    program
        .line("#1  object       ObjectCreated:Put \"a\" in amzn-s3-demo-bucket, 0 bytes")
        .await;
    program.line("#1  deleted").await;
    program.signal("-TERM");
    assert!(program.end().await.0.success());
}

#[tokio::test]
async fn a_restart_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (echo(folder.path()), folder.path().join("data"));

    let arguments = [
        "--config",
        &file,
        "--port",
        "0",
        "--data",
        data.to_str().unwrap(),
    ];

    let mut program = Program::start(&[&arguments[..], &["--fault", "throttle=1"]].concat());
    let port = program.port().await;
    assert_eq!(put(port, "my%20photo", "hello").await, "HTTP/1.1 200 OK");
    program.signal("-KILL");
    program.end().await;

    let mut program = Program::start(&arguments);
    let port = program.port().await;
    program.line("outcome").await;
    program.line("#1  deleted").await;
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .unwrap();
    let request = "GET /amzn-s3-demo-bucket/my%20photo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
    program.signal("-TERM");
    assert!(program.end().await.0.success());
}

#[tokio::test]
async fn what_cannot_be_is_told_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pipeline.toml");
    std::fs::write(&file, "[[queue]]\nname = 1\n").unwrap();
    let file = file.to_str().unwrap();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();

    let cases = [
        (
            vec!["--port", &port],
            format!("error: `127.0.0.1:{port}` is in use by another program: "),
        ),
        (vec!["--config", file], format!("error: {file}:2: ")),
        (
            vec!["--config", "/nowhere.toml"],
            String::from("error: the file `/nowhere.toml` cannot be read: "),
        ),
        (
            vec!["--function", "resize=/bin/true"],
            String::from("error: there is no function `resize`\n"),
        ),
        (
            vec!["--port", "0", "--function", "put-processor=/nowhere"],
            String::from(
                "error: the program `/nowhere` of the function `put-processor` does not exist\n",
            ),
        ),
        (
            vec!["--data", "/dev/null", "--port", "0"],
            String::from("error: cannot create the folder `/dev/null`: "),
        ),
    ];

    for (arguments, expected) in cases {
        // What is given here last is what counts.
        let needs_functions = !arguments.contains(&"--config");
        let mut program = match needs_functions {
            true => start(&wayward(), &arguments),
            false => Program::start(&arguments),
        };
        let (status, errors) = program.end().await;
        assert_eq!(status.code(), Some(1), "{arguments:?}");
        assert!(errors.starts_with(&expected), "{arguments:?}: {errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
    }
}

#[tokio::test]
async fn an_argument_that_is_wrong_is_explained() {
    let cases = [
        (["--chaos", "2"], "a rate is a number from 0 to 1"),
        (
            ["--fault", "kil=0.1"],
            "nothing of this name goes wrong; there are publish:duplicate, ",
        ),
        (
            ["--fault", "kill"],
            "it is of the form `fault=rate` or `hop:fault=rate`",
        ),
        (["--function", "name"], "it is of the form `name=path`"),
    ];

    for (arguments, reason) in cases {
        let (status, errors) = Program::start(&arguments).end().await;
        assert_eq!(status.code(), Some(2), "{arguments:?}");
        assert!(errors.contains(reason), "{errors}");
    }
}
