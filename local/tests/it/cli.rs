//! The program as a user runs it in a terminal.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use crate::programs::{ends, is_running, program, put_processor, wayward};

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
        Self::spawn(command(arguments))
    }

    pub(crate) fn spawn(mut command: Command) -> Self {
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

    /// The lines read so far.
    pub(crate) fn seen(&self) -> &[String] {
        &self.seen
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(&self.child, name);
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

fn signal(child: &Child, name: &str) {
    let process = child.id().unwrap().to_string();
    let mut kill = std::process::Command::new("kill");
    assert!(kill.args([name, &process]).status().unwrap().success());
}

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_s3-dispatch-local"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);

    command
}

/// Puts an object without a signature, and returns the first line of the response.
pub(crate) async fn put(port: u16, key: &str, body: &str) -> String {
    put_into(port, "amzn-s3-demo-bucket", key, body).await
}

/// Puts an object into this bucket.
pub(crate) async fn put_into(port: u16, bucket: &str, key: &str, body: &str) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .unwrap();
    let request = format!(
        "PUT /{bucket}/{key} HTTP/1.1\r\nHost: localhost:{port}\r\n\
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

/// A program that runs these lines of a shell.
fn script(folder: &Path, lines: &str) -> PathBuf {
    let program = folder.join("script");
    std::fs::write(&program, format!("#!/bin/sh\n{lines}\n")).unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, executable).unwrap();
    program
}

#[tokio::test]
async fn the_command_line_gives_functions_their_environment_and_arguments() {
    let folder = tempfile::tempdir().unwrap();
    let print = script(
        folder.path(),
        "echo \"$LEVEL, $QUERY, $1, $2\"; exec sleep 60",
    );
    let arguments = [
        "--port",
        "0",
        "--env",
        "LEVEL=debug",
        "--env",
        "copy-processor:LEVEL=warn",
        "--env",
        "QUERY=a:b=c",
        "--",
        "--size",
        "two words",
    ];

    let mut program = start(&print, &arguments);
    program
        .line("put-processor: debug, a:b=c, --size, two words")
        .await;
    program
        .line("copy-processor: warn, a:b=c, --size, two words")
        .await;
    program.signal("-TERM");
    assert!(program.end().await.0.success());
}

#[tokio::test]
async fn arguments_need_a_program() {
    let elsewhere = "put-processor=http://127.0.0.1:9000";
    let arguments = ["--function", elsewhere, "--", "--size"];
    let (status, errors) = Program::start(&arguments).end().await;
    assert_eq!(status.code(), Some(1));
    assert_eq!(
        errors,
        "error: the arguments after `--` need a program: `--function NAME=PATH`\n"
    );
}

#[tokio::test]
async fn the_own_environment_is_passed_on_by_choice_and_without_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let print = script(
        folder.path(),
        "echo \"<$MINE> <$AWS_PROFILE> <$AWS_ENDPOINT_URL_DYNAMODB> <$AWS_ACCESS_KEY_ID> \
         <$TZ>\"; exec sleep 60",
    );

    let cases = [
        (
            &["--port", "0"][..],
            "put-processor: <> <> <> <test> <:UTC>",
        ),
        (
            &["--port", "0", "--inherit-env"],
            "put-processor: <my own> <> <http://localhost:8000> <test> <Asia/Tokyo>",
        ),
    ];

    for (arguments, expected) in cases {
        let functions = function_arguments(&print);
        let functions: Vec<_> = functions.iter().map(String::as_str).collect();
        let mut command = command(&[&functions[..], arguments].concat());
        command.envs([
            ("MINE", "my own"),
            ("AWS_PROFILE", "production"),
            ("AWS_ENDPOINT_URL_DYNAMODB", "http://localhost:8000"),
            ("AWS_ACCESS_KEY_ID", "secret"),
            ("TZ", "Asia/Tokyo"),
        ]);

        let mut program = Program::spawn(command);
        program.line(expected).await;
        program.signal("-TERM");
        assert!(program.end().await.0.success());
    }
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

/// Uploads this many objects, one after another.
async fn put_many(port: u16, objects: usize) {
    for object in 1..=objects {
        let status = put(port, &format!("{object}"), "").await;
        assert_eq!(status, "HTTP/1.1 200 OK");
    }
}

/// Asserts that the lines have each of so many uploads, in order.
fn check_objects(lines: &str, objects: usize) {
    let found: Vec<_> = lines
        .lines()
        .filter_map(|line| line.split_once("  object       ")?.0.rsplit_once('#'))
        .map(|(_, number)| number.trim().parse::<usize>().unwrap())
        .collect();
    assert!(found.iter().copied().eq(1..=objects), "{found:?}");
}

#[tokio::test]
async fn no_line_is_lost_when_the_reader_is_slow() {
    let mut program = start(&wayward(), &["--port", "0"]);
    let port = program.port().await;
    // More steps than the journal keeps for a reader that falls behind.
    put_many(port, 1_500).await;

    program.signal("-TERM");
    assert!(program.end().await.0.success());
    check_objects(&program.seen.join("\n"), 1_500);
}

#[tokio::test]
async fn no_line_is_lost_in_a_file_or_in_a_pipe_that_does_not_block() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("output");
    let functions = function_arguments(&wayward());
    let functions: Vec<_> = functions.iter().map(String::as_str).collect();
    let port = free_port().to_string();
    let arguments = [&functions[..], &["--port", &port, "--sqs-port", "0"]].concat();
    let port = port.parse().unwrap();

    let mut to_file = command(&arguments);
    to_file.stdout(std::fs::File::create(&file).unwrap());
    let mut child = to_file.spawn().unwrap();
    listens(port).await;
    put_many(port, 1_500).await;
    terminate(&mut child).await;
    check_objects(&std::fs::read_to_string(&file).unwrap(), 1_500);

    let (mut reader, writer) = std::os::unix::net::UnixStream::pair().unwrap();
    writer.set_nonblocking(true).unwrap();
    let mut to_pipe = command(&arguments);
    to_pipe.stdout(std::os::fd::OwnedFd::from(writer));
    let mut child = to_pipe.spawn().unwrap();
    // Its end of the pipe is then only with the child.
    drop(to_pipe);
    listens(port).await;
    put_many(port, 1_500).await;

    let reading = tokio::task::spawn_blocking(move || {
        let mut lines = String::new();
        std::io::Read::read_to_string(&mut reader, &mut lines).unwrap();
        lines
    });
    terminate(&mut child).await;
    check_objects(&reading.await.unwrap(), 1_500);
}

/// A port that nobody listens on.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Waits until a program listens on this port.
async fn listens(port: u16) {
    let connected = async {
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .is_err()
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, connected).await.unwrap();
}

async fn terminate(child: &mut Child) {
    signal(child, "-TERM");
    let status = tokio::time::timeout(PATIENCE, child.wait()).await;
    assert!(status.expect("the program did not end").unwrap().success());
}

#[tokio::test]
async fn a_second_signal_ends_a_program_whose_output_nobody_takes() {
    let mut program = start(&wayward(), &["--port", "0"]);
    let started = process_of(&program.line("put-processor started").await);
    let port = program.port().await;
    put_many(port, 1_500).await;

    // The first signal stops the pipeline, which cannot print its last lines.
    program.signal("-INT");
    ends(&started).await;
    assert!(program.child.try_wait().unwrap().is_none());

    let ended = async {
        while program.child.try_wait().unwrap().is_none() {
            signal(&program.child, "-INT");
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, ended).await.unwrap();
}

#[tokio::test]
async fn a_busy_function_ends_when_the_program_is_killed() {
    for signal in ["-KILL", "-HUP"] {
        let mut program = start(&wayward(), &["--port", "0", "--env", "HANG=1"]);
        let busy = process_of(&program.line("put-processor started").await);
        let waiting = process_of(&program.line("copy-processor started").await);
        let port = program.port().await;
        assert_eq!(put(port, "a", "").await, "HTTP/1.1 200 OK");
        program.line("put-processor: working").await;

        program.signal(signal);
        assert!(!program.end().await.0.success());
        ends(&busy).await;
        ends(&waiting).await;
    }
}

#[tokio::test]
async fn a_starting_function_and_what_it_started_end_when_the_program_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let slow = script(
        folder.path(),
        "sleep 600 & echo \"child $!\"; exec sleep 600",
    );
    let mut program = start(&slow, &["--port", "0"]);
    let starting = process_of(&program.line("put-processor started").await);
    let child = process_of(&program.line("put-processor: child").await);
    assert!(is_running(&starting) && is_running(&child));

    program.signal("-KILL");
    program.end().await;
    ends(&starting).await;
    ends(&child).await;
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
            vec![
                "--port",
                "0",
                "--function",
                "put-processor=http://127.0.0.1:9000",
                "--env",
                "put-processor:LOG=debug",
            ],
            String::from(
                "error: `put-processor`: a function that runs elsewhere gets no environment or \
                 arguments here\n",
            ),
        ),
        (
            vec!["--env", "resize:LOG=debug"],
            String::from(
                "error: there is no function `resize`; \
                 the functions are `put-processor`, `copy-processor`\n",
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
        (["--function", "name"], "expected `NAME=PATH` or `NAME=URL`"),
        (
            ["--function", "index=https://localhost"],
            "`https://localhost` does not begin with `http://`",
        ),
        (["--env", "LOG"], "expected `NAME=VALUE`"),
        (["--env", ":LOG=debug"], "or `FUNCTION:NAME=VALUE`"),
        (["--", "--size"], "--function <NAME=PATH|URL>"),
    ];

    for (arguments, reason) in cases {
        let (status, errors) = Program::start(&arguments).end().await;
        assert_eq!(status.code(), Some(2), "{arguments:?}");
        assert!(errors.contains(reason), "{errors}");
    }
}
