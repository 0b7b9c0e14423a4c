//! A function for the tests that does what its event says, including crashes and bad answers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::exit;

fn main() {
    // A pipe that the test writes to, so that the start takes as long as the test wants.
    if let Ok(pipe) = std::env::var("START_AFTER") {
        drop(std::fs::read(pipe));
    }

    if let Ok(text) = std::env::var("START_WITH") {
        eprintln!("{text}");
        if std::env::var("START_ERROR").is_ok() {
            post(
                "init/error",
                &format!(r#"{{"errorType":"Config","errorMessage":"{text}"}}"#),
            );
        }

        exit(7);
    }

    println!("ready in process {}", std::process::id());
    loop {
        let (id, trace_header, event) = next();
        // Test notifications are not about objects.
        if event.contains("ObjectCreated")
            && let Ok(target) = std::env::var("WRITE_TO")
        {
            write(&target, &trace_header);
        }
        if event.contains("ObjectCreated")
            && let Ok(queue) = std::env::var("LETTERS_TO")
        {
            send_letter(&queue, &event);
        }
        if std::env::var("HANG").is_ok() {
            println!("working");
            std::thread::park();
        }

        match std::env::var("REFUSE").as_deref() {
            Ok("batch") => {
                post(&format!("invocation/{id}/error"), "{}");
                continue;
            }
            Ok(_) => {
                post(&format!("invocation/{id}/response"), &all_failed(&event));
                continue;
            }
            Err(_) => {}
        }

        match event.trim_matches('"') {
            "crash" => exit(3),
            "leave a child and end" => {
                let child = std::process::Command::new("sleep").arg("600").spawn();
                println!("child {}", child.map_or(0, |child| child.id()));
                exit(3);
            }
            "hang" => loop {
                std::thread::park();
            },
            "fail" => post(
                &format!("invocation/{id}/error"),
                r#"{"errorType":"Refused","errorMessage":"it was told to"}"#,
            ),
            "print" => {
                println!("to output");
                eprintln!("to error: \u{1b}[31mred");
                print!("{}", "x".repeat(100_000));
                post(&format!("invocation/{id}/response"), "null");
            }
            "environment" => {
                let mut names: Vec<_> = std::env::vars()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                names.sort();
                post(&format!("invocation/{id}/response"), &names.join("\n"));
            }
            "other id" => {
                post("invocation/another/response", "null");
                post(&format!("invocation/{id}/response"), "\"its own\"");
                post(&format!("invocation/{id}/response"), "\"twice\"");
            }
            "too much" => post(
                &format!("invocation/{id}/response"),
                &"x".repeat(6 * 1024 * 1024 + 1),
            ),
            "break off and end" => {
                drop(break_off(&id));
                exit(3);
            }
            "break off and ask" => drop(break_off(&id)),
            "break off and answer" => {
                drop(break_off(&id));
                post(&format!("invocation/{id}/response"), "\"whole\"");
            }
            "break off and hang" => {
                drop(break_off(&id));
                std::thread::park();
            }
            "process when told" => {
                println!("working");
                drop(std::env::var("ANSWER_AFTER").map(std::fs::read));
                let process = std::process::id().to_string();
                post(&format!("invocation/{id}/response"), &process);
            }
            "process" => post(
                &format!("invocation/{id}/response"),
                &std::process::id().to_string(),
            ),
            _ => post(&format!("invocation/{id}/response"), &event),
        }
    }
}

/// Returns the id, the trace header and the payload of the next invocation.
fn next() -> (String, String, String) {
    let (head, body) = request("GET", "invocation/next", "");
    let header = |name| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(line, _)| line.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_owned())
    };
    let id = header("Lambda-Runtime-Aws-Request-Id");
    let trace_header = header("Lambda-Runtime-Trace-Id");

    (
        id.unwrap_or_else(|| exit(4)),
        trace_header.unwrap_or_default(),
        body,
    )
}

/// Puts an object, and says in the way of `WRITE_AS` who does.
fn write(target: &str, trace_header: &str) -> Option<()> {
    let endpoint = std::env::var("AWS_ENDPOINT_URL_S3").ok()?;
    let host = endpoint.strip_prefix("http://")?;
    let sender = match std::env::var("WRITE_AS").ok()?.as_str() {
        "trace" => format!("X-Amzn-Trace-Id: {trace_header}"),
        "encoded trace" => format!("X-Amzn-Trace-Id: {}", trace_header.replace('|', "%7C")),
        "token" => {
            let token = std::env::var("AWS_SESSION_TOKEN").ok()?;
            format!("X-Amz-Security-Token: {token}")
        }
        other => format!("X-Nobody: {other}"),
    };

    let mut stream = TcpStream::connect(host).ok()?;
    write!(
        stream,
        "PUT {target} HTTP/1.1\r\nHost: {host}\r\n{sender}\r\nContent-Length: 4\r\n\
         Connection: close\r\n\r\nmore"
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;

    Some(())
}

/// The answer that each message of a batch has failed.
fn all_failed(event: &str) -> String {
    let batch: serde_json::Value = serde_json::from_str(event).unwrap_or_default();
    let records = batch["Records"].as_array().into_iter().flatten();
    let failures = records.map(|record| serde_json::json!({"itemIdentifier": record["messageId"]}));
    let failures: Vec<_> = failures.collect();

    serde_json::json!({ "batchItemFailures": failures }).to_string()
}

/// Sends the notification of the first message of a batch to a queue, as a sink of dead letters
/// does.
fn send_letter(queue: &str, event: &str) -> Option<()> {
    let endpoint = std::env::var("AWS_ENDPOINT_URL_SQS").ok()?;
    let host = endpoint.strip_prefix("http://")?;
    let batch: serde_json::Value = serde_json::from_str(event).ok()?;
    let input = serde_json::json!({
        "QueueUrl": format!("{endpoint}/123456789012/{queue}"),
        "MessageBody": batch["Records"][0]["body"],
    });
    let input = input.to_string();

    let mut stream = TcpStream::connect(host).ok()?;
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-amz-json-1.0\r\n\
         X-Amz-Target: AmazonSQS.SendMessage\r\nConnection: close\r\nContent-Length: {}\r\n\r\n\
         {input}",
        input.len()
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;

    Some(())
}

fn post(path: &str, body: &str) {
    request("POST", path, body);
}

/// Sends half an answer, and closes the connection.
fn break_off(id: &str) -> std::io::Result<()> {
    let host = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap_or_default();
    let mut stream = TcpStream::connect(&host)?;

    write!(
        stream,
        "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: {host}\r\n\
         Content-Length: 100\r\n\r\nnull"
    )
}

/// Returns the head and the body of the answer. Ends the function if its API no
/// longer exists.
fn request(method: &str, path: &str, body: &str) -> (String, String) {
    let exchange = || {
        let host = std::env::var("AWS_LAMBDA_RUNTIME_API").ok()?;
        let mut stream = TcpStream::connect(&host).ok()?;

        write!(
            stream,
            "{method} /2018-06-01/runtime/{path} HTTP/1.1\r\nHost: {host}\r\n"
        )
        .ok()?;

        write!(
            stream,
            "Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .ok()?;

        let mut reader = BufReader::new(stream);
        let mut head = String::new();

        while !head.ends_with("\r\n\r\n") {
            (reader.read_line(&mut head).ok()? > 0).then_some(())?;
        }

        let mut answer = String::new();
        reader.read_to_string(&mut answer).ok()?;

        Some((head, answer))
    };

    exchange().unwrap_or_else(|| exit(5))
}
