//! The lines that `run` writes to the log: no text from outside can forge one.

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};

use s3_dispatch::{ObjectKey, Routes};
use s3_dispatch_testing::SqsBatchBuilder;
use serde_json::Value;

use crate::script::put;

/// A newline, a carriage return, an escape sequence, C1, DEL and a separator of lines.
const HOSTILE: &str = "\nERROR forged\r\u{1b}[31m\u{85}\u{9b}\u{7f}\u{2028}";
const CONTROLS: [char; 7] = [
    '\n', '\r', '\u{1b}', '\u{85}', '\u{9b}', '\u{7f}', '\u{2028}',
];

/// Panics when it is printed.
struct Unprintable;

impl fmt::Display for Unprintable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("unprintable{HOSTILE}")
    }
}

/// Does what the key says, with a text that the key holds.
async fn handle(key: ObjectKey) -> Result<(), String> {
    match key.as_str().split_once('/') {
        Some(("panic", text)) => panic!("panic{text}"),
        Some(("long", text)) => panic!("{}", text.repeat(100_000)),
        Some(("error", text)) => Err(format!("error{text}")),
        Some(("value", text)) => {
            let error = std::io::Error::other(format!("cause{text}"));
            let error = &error as &(dyn std::error::Error + 'static);
            let span = tracing::info_span!("work", shown = %format!("shown{text}"));
            span.in_scope(|| tracing::warn!(value = %text, error, "message{text}"));
            Ok(())
        }
        Some(("unprintable", _)) => {
            let span = tracing::info_span!("work", shown = tracing::field::Empty);
            span.in_scope(|| span.record("shown", tracing::field::display(Unprintable)));
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Runs the function in the process of this test, until the Runtime API fails.
fn serve() {
    serve_routes(Routes::new(()).on_fn("*", handle));
}

/// The same with other routes.
pub(crate) fn serve_routes(routes: Routes<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let served = runtime.block_on(s3_dispatch::run(routes));

    assert!(served.is_err(), "the Runtime API has ended");
}

/// Answers requests for an invocation with these payloads, and breaks off at the next.
fn runtime_api(listener: &TcpListener, payloads: &[String]) {
    let mut payloads = payloads.iter();

    for connection in listener.incoming() {
        let mut connection = connection.unwrap();
        let request = read_request(&mut connection);

        let body = match request.starts_with("GET") {
            true => match payloads.next() {
                Some(payload) => payload.as_str(),
                None => return,
            },
            false => "",
        };

        let headers = "lambda-runtime-aws-request-id: 1\r\nlambda-runtime-deadline-ms: 0\r\n\
                       lambda-runtime-invoked-function-arn: arn\r\nconnection: close";
        let length = body.len();
        let answer =
            format!("HTTP/1.1 200 OK\r\n{headers}\r\ncontent-length: {length}\r\n\r\n{body}");
        connection.write_all(answer.as_bytes()).unwrap();
    }
}

/// Reads a request. Returns its first line.
fn read_request(connection: &mut TcpStream) -> String {
    let mut reader = BufReader::new(connection);
    let (mut first, mut line, mut length) = (String::new(), String::new(), 0);
    reader.read_line(&mut first).unwrap();

    while reader.read_line(&mut line).unwrap() > 2 {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }

    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();

    first
}

/// Runs `test` again, in a process of its own, as a Lambda function that is invoked once.
fn invoke(test: &str, format: &str, settings: &[(&str, &str)]) -> Output {
    let batch = SqsBatchBuilder::new()
        .with_record("1", put(&format!("panic/{HOSTILE}")))
        .with_record("2", put(&format!("error/{HOSTILE}")))
        .with_record("3", put(&format!("value/{HOSTILE}")))
        .with_record("4", put("unprintable/"))
        .with_record("5", put("long/é"));

    invoke_with(test, vec![batch.to_json()], format, settings)
}

/// Runs `test` again, in a process of its own, as a Lambda function that gets these payloads.
pub(crate) fn invoke_with(
    test: &str,
    payloads: Vec<String>,
    format: &str,
    settings: &[(&str, &str)],
) -> Output {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || runtime_api(&listener, &payloads));

    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--quiet"])
        .env("AWS_LAMBDA_RUNTIME_API", address)
        .env("AWS_LAMBDA_FUNCTION_NAME", "log-lines")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_LOG_FORMAT", format)
        .env_remove("AWS_LAMBDA_LOG_LEVEL")
        .env_remove("RUST_LOG")
        .env_remove("RUST_BACKTRACE")
        .envs(settings.iter().copied())
        .output()
        .unwrap()
}

/// Returns the lines of the log, and checks that none of them was forged.
fn check(test: &str, format: &str) -> Vec<String> {
    let output = invoke(test, format, &[]);
    let (log, errors) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    // The test harness writes lines as well.
    let lines: Vec<_> = log
        .split('\n')
        .filter(|line| line.contains(['{', '=']))
        .collect();

    assert!(output.status.success(), "{log}{errors}");
    for line in log.split('\n').chain(errors.split('\n')) {
        assert!(!line.contains(CONTROLS), "{line:?}");
        assert!(line.len() < 20_000, "a line of {} bytes", line.len());
        assert!(
            !line.trim_start().starts_with("ERROR forged"),
            "{log}{errors}"
        );
    }

    assert!(
        errors.starts_with("ERROR panic error=\"unprintable\\nERROR"),
        "{errors}"
    );
    assert_eq!(errors.lines().count(), 1, "{errors}");

    lines.into_iter().map(str::to_owned).collect()
}

#[test]
fn hostile_texts_do_not_forge_lines_of_text() {
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() {
        return serve();
    }

    let lines = check(
        "log_lines::hostile_texts_do_not_forge_lines_of_text",
        "Text",
    );
    let escaped = r"\nERROR forged\r\u{1b}[31m\u{85}\u{9b}\u{7f}\u{2028}";

    for text in [
        format!("}}: panic error=\"panic{escaped}\" location=\"runtime/tests/it/log_lines.rs:"),
        format!("record failed error=\"panicked: panic{escaped}\""),
        format!("record failed error=\"error{escaped}\""),
        format!("work{{shown=shown{escaped}}}: message{escaped} value={escaped}"),
        format!("error=cause{escaped}"),
    ] {
        let count = lines.iter().filter(|line| line.contains(&text)).count();
        assert_eq!(count, 1, "{text}\n{lines:#?}");
    }
}

#[test]
fn hostile_texts_do_not_forge_lines_of_json() {
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() {
        return serve();
    }

    let lines = check(
        "log_lines::hostile_texts_do_not_forge_lines_of_json",
        "JSON",
    );
    let lines: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();

    for (member, text) in [
        ("/error", format!("panic{HOSTILE}")),
        ("/error", format!("panicked: panic{HOSTILE}")),
        ("/error", format!("error{HOSTILE}")),
        ("/error", format!("cause{HOSTILE}")),
        ("/value", HOSTILE.to_owned()),
        ("/message", format!("message{HOSTILE}")),
        ("/shown", format!("shown{HOSTILE}")),
    ] {
        let has_text = |line: &&Value| line.pointer(member).is_some_and(|value| *value == text);
        assert_eq!(
            lines.iter().filter(has_text).count(),
            1,
            "{text}\n{lines:#?}"
        );
    }
}

/// Returns the objects that the function logs with these environment variables, without metrics.
fn json_with(test: &str, settings: &[(&str, &str)]) -> Vec<Value> {
    let output = invoke(test, "JSON", settings);
    let log = String::from_utf8(output.stdout).unwrap();
    let lines = log.lines().filter(|line| line.starts_with('{'));

    lines
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line.get("_aws").is_none())
        .collect()
}

#[test]
fn the_environment_chooses_the_level_of_handled_records() {
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() {
        return serve();
    }

    let test = "log_lines::the_environment_chooses_the_level_of_handled_records";
    let handled_at = |settings: &[(&str, &str)]| {
        let lines = json_with(test, settings);
        let handled = lines
            .iter()
            .filter(|line| line["message"] == "record handled");
        let levels: Vec<_> = handled.map(|line| line["level"].clone()).collect();
        let warning = lines
            .iter()
            .find(|line| line["message"].as_str().unwrap().contains("not a level"));

        (levels, warning.cloned())
    };

    assert_eq!(handled_at(&[]), (vec![], None));
    let (levels, warning) = handled_at(&[("S3_DISPATCH_LOG_HANDLED", " Info ")]);
    assert_eq!((levels, warning), (vec!["INFO".into()], None));

    let (levels, warning) = handled_at(&[("S3_DISPATCH_LOG_HANDLED", "loud")]);
    let warning = warning.expect("a warning")["message"].clone();
    assert!(levels.is_empty());
    assert_eq!(
        warning,
        "`S3_DISPATCH_LOG_HANDLED` is not a level: `loud`; write `error`, `warn`, `info`, `debug` \
         or `trace`"
    );
}
