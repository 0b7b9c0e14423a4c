//! The program as a user runs it in a terminal.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use crate::programs::{is_running, program, put_processor, wayward};

const PATIENCE: Duration = Duration::from_secs(60);

/// A running `s3-dispatch-local`.
pub(crate) struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    errors: ChildStderr,
    /// The lines read so far.
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

    /// Returns the first line that contains this text, and waits for it.
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

    /// The port that it prints for S3.
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

    /// Waits for the end. Returns the status and the standard error.
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
            .expect("the program did not end");

        (status, errors)
    }
}

/// Puts an object without a signature, and returns the first line of the response.
async fn put(port: u16, key: &str, body: &str) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .unwrap();
    let request = format!(
        "PUT /amzn-s3-demo-bucket/{key} HTTP/1.1\r\nHost: localhost:{port}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();

    answer.lines().next().unwrap_or_default().to_owned()
}

/// The process id in a line such as `put-processor started as process 123`.
fn process_of(line: &str) -> String {
    line.rsplit(' ').next().unwrap().to_owned()
}

/// Waits until a process has ended.
async fn ends(process: &str) {
    let gone = async {
        while is_running(process) {
            tokio::task::yield_now().await;
        }
    };

    tokio::time::timeout(Duration::from_secs(20), gone)
        .await
        .unwrap_or_else(|_| panic!("process {process} is still running"));
}

/// Arguments that name a program for each function, so that nothing is built.
fn function_arguments(function: &Path) -> [String; 4] {
    let of = |name: &str| format!("{name}={}", function.display());
    [
        "--function".into(),
        of("put-processor"),
        "--function".into(),
        of("copy-processor"),
    ]
}

pub(crate) fn start(function: &Path, arguments: &[&str]) -> Program {
    let functions = function_arguments(function);
    let all: Vec<&str> = functions
        .iter()
        .map(String::as_str)
        .chain(arguments.iter().copied())
        .collect();

    Program::start(&all)
}

#[tokio::test]
async fn the_demo_succeeds_and_prints_what_happened_to_each_event() {
    // `.ci/run` also runs the demo without programs, so that it builds them itself.
    let functions = ["put-processor", "copy-processor"]
        .map(|name| format!("{name}={}", program(name).display()));
    let [put, copy] = &functions;
    let mut program = Program::start(&["--demo", "--function", put, "--function", copy]);
    let (status, errors) = program.end().await;
    assert!(status.success(), "{errors}{:#?}", program.seen);
    let seen = program.seen.join("\n");

    for text in [
        "ObjectCreated:Put \"holiday/my photo.jpg\" in amzn-s3-demo-bucket, 12 bytes",
        "notification to object-events",
        "filter       passes to copy-processor",
        "filter       not for copy-processor",
        "object uploaded",
        "to put-processor-dead-letters after 2 receives",
        "ok     videos/long film.mp4  ObjectCreated:CompleteMultipartUpload  \
         handled by put-processor",
        "ok     poison/too large.bin  ObjectCreated:Put                      \
         in put-processor-dead-letters after 2 attempts",
        "Every event ended where it should.",
    ] {
        assert!(seen.contains(text), "{text}: {seen}");
    }

    assert!(!seen.contains('\u{1b}'), "colours are only for terminals");
    assert_eq!(errors, "");
}

#[tokio::test]
async fn a_demo_with_a_failing_function_prints_which_events_are_wrong() {
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
        seen.contains("1 of 6 events did not end where they should."),
        "{seen}"
    );

    assert!(
        seen.contains(
            "in copy-processor-dead-letters after 2 attempts (expected: handled by copy-processor)"
        ),
        "{seen}"
    );

    assert!(seen.contains("| copy-processor: no database"), "{seen}");
}

#[tokio::test]
async fn a_signal_ends_the_program_and_its_functions() {
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
async fn the_pipeline_keeps_running_when_nobody_reads_its_output() {
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
async fn the_functions_end_when_the_program_is_killed() {
    let mut program = start(&wayward(), &["--port", "0"]);
    let started = process_of(&program.line("put-processor started").await);
    // Only a process that waits for an invocation notices that the program is gone.
    program.line("put-processor: ready in process").await;
    program.signal("-KILL");
    program.end().await;
    ends(&started).await;
}

/// Writes a configuration with a bucket, a queue and a function that returns its event.
fn write_echo_configuration(folder: &Path) -> String {
    let file = folder.join("pipeline.toml");
    let text = format!(
        "[[bucket]]\nname = \"amzn-s3-demo-bucket\"\n\
         [[bucket.notification]]\nevents = [\"s3:ObjectCreated:*\"]\nqueue = \"uploads\"\n\
         [[queue]]\nname = \"uploads\"\nvisibility_timeout = 1\n\
         [[function]]\nname = \"echo\"\ntimeout = 1\ncommand = [{:?}]\n\
         [[mapping]]\nqueue = \"uploads\"\nfunction = \"echo\"\n",
        wayward()
    );

    std::fs::write(&file, text).unwrap();

    file.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_configuration_file_describes_the_pipeline() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(&[
        "--config",
        &write_echo_configuration(folder.path()),
        "--port",
        "0",
    ]);
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

#[test]
fn the_configuration_in_the_readme_is_valid() {
    let readme = include_str!("../../README.md");
    let (_, configuration) = readme.split_once("```toml\n").unwrap();
    let (configuration, _) = configuration.split_once("```").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pipeline.toml");
    std::fs::write(&file, configuration).unwrap();

    let topology = s3_dispatch_local::Topology::from_toml_file(&file).unwrap();
    assert_eq!(topology.mappings.len(), 1);
}

#[tokio::test]
async fn a_restart_with_a_data_folder_keeps_objects_and_messages() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (
        write_echo_configuration(folder.path()),
        folder.path().join("data"),
    );

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
    let request = format!(
        "GET /amzn-s3-demo-bucket/my%20photo HTTP/1.1\r\nHost: localhost:{port}\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
    program.signal("-TERM");
    assert!(program.end().await.0.success());
}

#[tokio::test]
async fn an_error_at_startup_is_printed_on_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pipeline.toml");
    std::fs::write(&file, "[[queue]]\nname = 1\n").unwrap();
    let file = file.to_str().unwrap();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();

    let cases = [
        (
            vec!["--port", &port],
            format!(
                "error: `127.0.0.1:{port}` is in use by another program; \
                 choose another port with `--port PORT`\n"
            ),
        ),
        (
            vec!["--port", "0", "--sqs-port", &port],
            format!(
                "error: `127.0.0.1:{port}` is in use by another program; \
                 choose another port with `--sqs-port PORT`\n"
            ),
        ),
        (vec!["--config", file], format!("error: {file}:2: ")),
        (
            vec!["--config", "/nowhere.toml"],
            String::from("error: the file `/nowhere.toml` cannot be read: "),
        ),
        (
            vec!["--function", "resize=/bin/true"],
            String::from(
                "error: there is no function `resize`; \
                 the functions are `put-processor`, `copy-processor`\n",
            ),
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
        // Of two programs for one function, the last one counts.
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
async fn an_invalid_option_value_is_explained() {
    let cases = [
        (["--chaos", "2"], "expected a rate from 0 to 1"),
        (["--port", "http"], "expected a port number from 0 to 65535"),
        (
            ["--fault", "kil=0.1"],
            "there is no fault `kil`; the faults are publish:duplicate, ",
        ),
        (
            ["--fault", "kill"],
            "expected `FAULT=RATE` or `HOP:FAULT=RATE`, such as `kill=0.1`",
        ),
        (["--function", "name"], "expected `NAME=PATH`"),
    ];

    for (arguments, reason) in cases {
        let (status, errors) = Program::start(&arguments).end().await;
        assert_eq!(status.code(), Some(2), "{arguments:?}");
        assert!(errors.contains(reason), "{errors}");
    }
}
