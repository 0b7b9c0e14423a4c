//! What the page and the console show when a client configures a bucket.

use serde_json::Value;

use super::browser::{Ui, send};
use crate::cli::Program;

const NEW: &str = "amzn-s3-demo-new";
const QUEUE: &str = "<QueueConfiguration><Queue>arn:aws:sqs:us-east-1:123456789012:NAME</Queue>\
                     <Event>s3:ObjectCreated:*</Event></QueueConfiguration>";

async fn ask(s3: u16, method: &str, path: &str, body: &str) {
    let headers = [
        format!("Host: 127.0.0.1:{s3}"),
        format!("Content-Length: {}", body.len()),
    ];
    let headers = headers.each_ref().map(String::as_str);
    let answer = send(s3, method, path, &headers, body).await;
    assert_eq!(answer.status, 200, "{method} {path}: {answer:?}");
}

async fn configure(s3: u16, bucket: &str, queue: &str) {
    let body = QUEUE.replace("NAME", queue);
    let body = format!("<NotificationConfiguration>{body}</NotificationConfiguration>");
    ask(s3, "PUT", &format!("/{bucket}?notification"), &body).await;
}

#[tokio::test]
async fn a_bucket_that_a_client_wires_appears_on_the_page() {
    let mut ui = Ui::start(&[]).await;
    let mut events = ui.watch().await;
    let nodes = |event: &Value| event["diagram"]["nodes"].to_string();
    let first = events.next().await.unwrap();
    assert!(!nodes(&first).contains(NEW), "{first}");
    let path = format!("/object?bucket={NEW}&key=a.jpg");
    assert_eq!(ui.ask("PUT", &path, &[], "hello").await.status, 404);

    ask(ui.s3, "PUT", &format!("/{NEW}"), "").await;
    configure(ui.s3, NEW, "put-processor").await;
    let line = "configured   amzn-s3-demo-new: ObjectCreated:* to put-processor";
    ui.program.line(line).await;

    let bucket = format!("bucket:{NEW}");
    let changed = events.until(|event| nodes(event).contains(&bucket)).await;
    let edges = changed["diagram"]["edges"].as_array().unwrap();
    let edge = edges.iter().find(|edge| edge["from"] == *bucket).unwrap();
    assert_eq!(edge["to"], "queue:put-processor");
    assert_eq!(edge["label"], "ObjectCreated:*");

    assert_eq!(ui.ask("PUT", &path, &[], "hello").await.status, 201);
    let message = events.message("e1", "handled").await;
    assert_eq!(message["bucket"], NEW);
}

#[tokio::test]
async fn the_program_says_where_a_client_and_the_file_differ() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pipeline.toml");
    let write = |queue: &str| {
        let text = format!(
            "[[bucket]]\nname = {NEW:?}\n\
             [[bucket.notification]]\nevents = [\"s3:ObjectCreated:*\"]\nqueue = {queue:?}\n\
             [[queue]]\nname = \"one\"\n[[queue]]\nname = \"two\"\n"
        );
        std::fs::write(&file, text).unwrap();
    };
    let data = folder.path().join("data");
    let paths = [
        "--config",
        file.to_str().unwrap(),
        "--data",
        data.to_str().unwrap(),
    ];
    let arguments = [&["--port", "0", "--sqs-port", "0", "--no-sync"][..], &paths].concat();
    let stop = async |mut program: Program| {
        program.signal("-KILL");
        program.end().await;
    };

    write("one");
    let mut program = Program::start(&arguments);
    let s3 = program.port().await;
    configure(s3, NEW, "two").await;
    stop(program).await;

    let mut program = Program::start(&arguments);
    let line = "The bucket `amzn-s3-demo-new` publishes what a client has put, and not what the \
                configuration says.";
    program.line(line).await;
    program
        .line("amzn-s3-demo-new: ObjectCreated:* to two")
        .await;
    stop(program).await;

    write("two");
    let mut program = Program::start(&arguments);
    let line = "publishes what the configuration says, which has changed since a client has put \
                something else.";
    program.line(line).await;
    stop(program).await;
}
