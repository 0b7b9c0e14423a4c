//! As a worker that serves a queue.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use s3_dispatch_testing::{NotificationBuilder, RecordBuilder};

use crate::process::Process;
use crate::sqs::Sqs;

pub(crate) const TESTS: [(&str, fn()); 9] = [
    (
        "work_deletes_what_succeeded_and_drains",
        work_deletes_what_succeeded_and_drains,
    ),
    (
        "the_second_signal_ends_a_worker_at_once",
        the_second_signal_ends_a_worker_at_once,
    ),
    (
        "a_queue_that_does_not_exist_ends_a_worker",
        a_queue_that_does_not_exist_ends_a_worker,
    ),
    (
        "a_worker_without_credentials_ends",
        a_worker_without_credentials_ends,
    ),
    (
        "a_worker_that_cannot_be_prepared_ends",
        a_worker_that_cannot_be_prepared_ends,
    ),
    (
        "a_flag_wins_over_its_variable",
        a_flag_wins_over_its_variable,
    ),
    (
        "an_endpoint_of_the_settings_wins_over_that_of_the_url",
        an_endpoint_of_the_settings_wins_over_that_of_the_url,
    ),
    (
        "a_worker_says_which_queue_it_serves",
        a_worker_says_which_queue_it_serves,
    ),
    ("a_worker_tells_how_it_is", a_worker_tells_how_it_is),
];

/// A command that runs a program as a worker of a queue, with this name. Only the URL of the queue
/// says where that is.
pub(crate) fn command(program: &str, sqs: &Sqs, queue: &str) -> Command {
    command_for(program, &format!("{}/000000000000/{queue}", sqs.endpoint()))
}

fn command_for(program: &str, queue_url: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["work", "--queue-url", queue_url])
        .env_clear()
        .env("PROGRAM", program)
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());

    command
}

pub(crate) fn put(key: &str) -> String {
    let record = RecordBuilder::new("ObjectCreated:Put").with_key(key);
    NotificationBuilder::new().with_record(record).to_json()
}

fn work_deletes_what_succeeded_and_drains() {
    let sqs = Sqs::start();
    let worker = Process::start(&mut command("works", &sqs, "uploads"));
    sqs.send(put("good"));
    let deleted = (
        "DeleteMessageBatch".to_owned(),
        vec!["the handle".to_owned()],
    );
    assert_eq!(sqs.request(), deleted);

    let ended = worker.terminate();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");

    let stdout = String::from_utf8(ended.stdout).unwrap();
    let notes: Vec<_> = stdout
        .lines()
        .filter(|line| !line.contains("INFO"))
        .collect();
    assert_eq!(notes, ["prepares", "handles good", "after 1 messages"]);
    assert!(stdout.contains("SIGTERM received"), "{stdout}");
}

fn the_second_signal_ends_a_worker_at_once() {
    for (key, first, second, status) in [
        ("hangs", "TERM", "TERM", 143),
        ("hangs", "INT", "INT", 130),
        ("hangs", "TERM", "INT", 130),
        ("blocks", "INT", "TERM", 143),
    ] {
        let sqs = Sqs::start();
        let mut command = command("works", &sqs, "uploads");
        let mut worker = Process::start(command.args(["--drain", "3600"]));
        sqs.send(put(key));
        let mut lines = worker.lines();
        lines
            .find(|line| line == &format!("handles {key}"))
            .unwrap();

        worker.signal(first);
        lines
            .find(|line| line.contains("received: the worker drains"))
            .unwrap();
        worker.signal(second);
        assert_eq!(
            worker.end().status.code(),
            Some(status),
            "{key}, {first}, {second}"
        );
    }
}

fn a_queue_that_does_not_exist_ends_a_worker() {
    let sqs = Sqs::start();
    let ended = Process::start(&mut command("works", &sqs, "missing")).end();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");

    let stderr = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("error: "), "{stderr}");
    assert!(
        stderr.contains("The specified queue does not exist"),
        "{stderr}"
    );
}

fn a_worker_without_credentials_ends() {
    const INSTANCE: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
    const CONTAINER: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";

    let closed = {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    // The system takes connections, and nobody answers.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let silent = format!("http://{}", silent.local_addr().unwrap());

    for (source, endpoint) in [
        (INSTANCE, answering("403 Forbidden")),
        (INSTANCE, answering("404 Not Found")),
        (INSTANCE, closed.clone()),
        (INSTANCE, silent),
        (CONTAINER, answering("403 Forbidden")),
        (CONTAINER, closed),
    ] {
        let sqs = Sqs::start();
        let mut command = command("works", &sqs, "uploads");
        command
            .env_remove("AWS_ACCESS_KEY_ID")
            .env(source, &endpoint);
        let ended = Process::start(&mut command).end();
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");

        let stderr = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(
            stderr.starts_with("error: the worker cannot start: "),
            "{stderr}"
        );
        assert!(stderr.contains("credentials"), "{stderr}");
        let stdout = String::from_utf8(ended.stdout).unwrap();
        assert!(
            !stdout.contains("WARN") && !stdout.contains("ERROR"),
            "{stdout}"
        );
    }
}

/// Starts a server that answers every request with this status, and returns its URL.
fn answering(status: &'static str) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();

    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|length| length > 2) {
                line.clear();
            }

            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            drop(reader.get_mut().write_all(answer.as_bytes()));
        }
    });

    format!("http://{address}")
}

fn a_worker_that_cannot_be_prepared_ends() {
    let sqs = Sqs::start();
    let ended = Process::start(&mut command("without a setting", &sqs, "uploads")).end();
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    assert_eq!(
        String::from_utf8(ended.stderr).unwrap(),
        "error: the state of the handlers could not be made: the setting `TABLE`\\nis missing: \
         environment variable not found\n"
    );
}

/// An address that is in use says which of two was taken.
fn a_flag_wins_over_its_variable() {
    let sqs = Sqs::start();
    let taken = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let (flag, variable) = (taken(), taken());
    let address = |listener: &TcpListener| listener.local_addr().unwrap().to_string();

    let check = |command: &mut Command, expected: &TcpListener| {
        let ended = Process::start(command).end();
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        let expected = format!(
            "the address `{}` for health checks is in use by another program\n",
            address(expected)
        );
        let stderr = String::from_utf8(ended.stderr).unwrap();
        assert!(stderr.ends_with(&expected), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    };

    let mut command = command("works", &sqs, "uploads");
    command.env("S3_DISPATCH_HEALTH", address(&variable));
    check(&mut command, &variable);
    check(command.args(["--health", &address(&flag)]), &flag);
}

fn an_endpoint_of_the_settings_wins_over_that_of_the_url() {
    for variable in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS"] {
        // Nobody can be asked at the address in the URL.
        let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}/1/uploads", closed.local_addr().unwrap());
        drop(closed);

        let sqs = Sqs::start();
        let mut command = command_for("works", &url);
        let worker = Process::start(command.env(variable, sqs.endpoint()));
        sqs.send(put("good"));
        assert_eq!(sqs.request().0, "DeleteMessageBatch", "{variable}");
        assert_eq!(worker.terminate().status.code(), Some(0), "{variable}");
    }
}

/// The lines of a worker up to the one in which it says what it serves.
fn first_lines(command: &mut Command) -> Vec<String> {
    let mut worker = Process::start(command);
    let mut first = Vec::new();
    for line in worker.lines() {
        let is_last = line.contains("the worker receives messages");
        first.push(line);
        if is_last {
            return first;
        }
    }

    panic!("it does not say what it serves: {first:?}");
}

fn a_worker_says_which_queue_it_serves() {
    let folder = tempfile::tempdir().unwrap();
    let profile = |text: String| {
        let path = folder.path().join(text.len().to_string());
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let sqs = Sqs::start();
    let endpoint = sqs.endpoint();
    let of_all = profile(format!("[default]\nendpoint_url = {endpoint}\n"));
    let of_sqs = profile(format!(
        "[default]\nservices = own\n[services own]\nsqs =\n  endpoint_url = {endpoint}\n"
    ));
    let elsewhere = "http://localhost:1/1/uploads";
    let here = format!("{endpoint}/1/uploads");

    for (url, setting, from) in [
        (&*here, None, "the URL of the queue"),
        (
            &here,
            Some(("AWS_ENDPOINT_URL_SQS", &endpoint)),
            "AWS_ENDPOINT_URL_SQS",
        ),
        (
            elsewhere,
            Some(("AWS_ENDPOINT_URL_SQS", &endpoint)),
            "AWS_ENDPOINT_URL_SQS",
        ),
        (
            elsewhere,
            Some(("AWS_ENDPOINT_URL", &endpoint)),
            "AWS_ENDPOINT_URL",
        ),
        (elsewhere, Some(("AWS_CONFIG_FILE", &of_all)), "the profile"),
        (elsewhere, Some(("AWS_CONFIG_FILE", &of_sqs)), "the profile"),
    ] {
        let mut command = command_for("works", url);
        command.args(["--concurrency", "4", "--visibility", "60"]);
        let lines = first_lines(command.envs(setting));

        let asked = format!("queue=\"{url}\" endpoint=\"{endpoint}\" endpoint_from=\"{from}\"");
        let expected = format!(
            "the worker receives messages {asked} concurrency=4 in_flight=18 visibility=60s \
             drain=25s"
        );
        let says = |expected: &str| lines.iter().filter(|line| line.ends_with(expected)).count();
        assert_eq!(says(&expected), 1, "{from}: {lines:#?}");

        let warning = format!(
            "WARN the server in the URL of the queue is not asked: the endpoint of the settings \
             wins {asked}"
        );
        assert_eq!(
            says(&warning),
            usize::from(url == elsewhere),
            "{from}: {lines:#?}"
        );
    }
}

fn a_worker_tells_how_it_is() {
    let sqs = Sqs::start();
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = free.local_addr().unwrap();
    drop(free);

    let mut command = command("works", &sqs, "uploads");
    let mut worker = Process::start(command.env("S3_DISPATCH_HEALTH", address.to_string()));
    sqs.send(put("hangs"));
    let mut lines = worker.lines();
    lines.find(|line| line == "handles hangs").unwrap();

    // It has received, and so it is ready.
    assert_eq!(get(address, "/livez"), 200);
    assert_eq!(get(address, "/readyz"), 200);

    worker.signal("TERM");
    lines
        .find(|line| line.contains("received: the worker drains"))
        .unwrap();
    wait_until(|| get(address, "/readyz") == 503);
    assert_eq!(get(address, "/livez"), 200);
    worker.signal("TERM");
    assert_eq!(worker.end().status.code(), Some(143));
}

/// The status of a page.
fn get(address: SocketAddr, path: &str) -> u16 {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();

    answer["HTTP/1.1 ".len()..][..3].parse().unwrap()
}

fn wait_until(is_true: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_true() {
        assert!(started.elapsed() < Duration::from_secs(20));
        std::thread::yield_now();
    }
}
