//! The program, which does what its name says and tells the server of the test about it.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::fmt;
use std::future::pending;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use lambda_runtime::LambdaEvent;
use s3_dispatch::{BatchReport, Dispatcher, Error, ObjectKey, Payload, Routes};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::util::{MapRequestLayer, MapResultLayer};

type BoxError = Box<dyn StdError + Send + Sync>;

/// An error with a cause.
#[derive(Debug)]
struct NoTable(std::env::VarError);

impl fmt::Display for NoTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the setting `TABLE`\nis missing")
    }
}

impl StdError for NoTable {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}

pub(crate) async fn main(name: &str) -> Result<(), Box<dyn StdError>> {
    let name = name.to_owned();

    if name == "run" {
        let routes = Routes::new(()).on_fn("*", async || Ok::<_, Infallible>(()));
        return Ok(s3_dispatch::run(routes).await?);
    }

    if let Some(seconds) = name.strip_prefix("waits and drains for seconds: ") {
        let drain = Duration::from_secs_f64(seconds.parse()?);
        return Ok(s3_dispatch::start(waiting(drain)).await?);
    }

    let routes = Routes::prepared_by(move || prepare(name.clone())).on_fn(
        "ObjectCreated:Put",
        async |key: ObjectKey| {
            note(&format!("handles {key}"));
            match key.as_str() {
                "bad" => Err("it is bad"),
                "hangs" => pending().await,
                "blocks" => loop {
                    std::thread::park();
                },
                _ => Ok(()),
            }
        },
    );

    let dispatcher = Dispatcher::new(routes)
        .layer(MapRequestLayer::new(|event: LambdaEvent<Payload>| {
            note("inner layer");
            event
        }))
        .layer(MapResultLayer::new(refuse_skipped))
        .layer(MapRequestLayer::new(|event: LambdaEvent<Payload>| {
            note(&format!("outer layer of {}", event.context.request_id));
            event
        }))
        .after_invocation(async |result: &Result<BatchReport, Error>| {
            note(&match result {
                Ok(report) => format!("after {} messages", report.messages().len()),
                Err(error) => format!("after {:?}", error.kind()),
            });
            Ok::<_, Infallible>(())
        });

    Ok(s3_dispatch::start(dispatcher).await?)
}

/// Handlers that wait until the server of the test opens the gate with the name of their key.
fn waiting(drain: Duration) -> Dispatcher<Routes<()>> {
    let routes = Routes::new(()).on_fn("ObjectCreated:Put", async |key: ObjectKey| {
        note(&format!("handles {key}"));
        wait_for_gate(&key).await;
        #[cfg(feature = "sqs")]
        if key.as_str().starts_with("asks-aws") {
            crate::aws_requests::send(&key).await;
        }
        Ok::<_, Infallible>(())
    });

    Dispatcher::new(routes)
        .with_concurrency(2)
        .with_drain(drain)
}

/// Waits without blocking the thread.
async fn wait_for_gate(key: &ObjectKey) {
    let host = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap();
    let mut server = tokio::net::TcpStream::connect(host).await.unwrap();
    let request = format!("GET /2018-06-01/runtime/gate/{key} HTTP/1.1\r\n\r\n");
    server.write_all(request.as_bytes()).await.unwrap();

    let mut accepted = [0; "HTTP/1.1 202".len()];
    server.read_exact(&mut accepted).await.unwrap();
}

async fn prepare(name: String) -> Result<(), NoTable> {
    note("prepares");

    match &*name {
        "without a setting" => Err(NoTable(std::env::VarError::NotPresent)),
        "panics" => panic!("there is no table"),
        "hangs" => pending().await,
        _ => Ok(()),
    }
}

/// Fails an invocation that skipped a record, with an error of its own type, or panics.
fn refuse_skipped(result: Result<BatchReport, Error>) -> Result<BatchReport, BoxError> {
    let report = result?;

    match report.skipped() {
        0 => Ok(report),
        1 => Err("a layer wants no skipped records".into()),
        _ => panic!("a layer panics"),
    }
}

/// Sends a text to the server of the test, and waits until it has it. In a terminal it prints it.
fn note(text: &str) {
    let Ok(host) = std::env::var("AWS_LAMBDA_RUNTIME_API") else {
        println!("{text}");
        return;
    };

    let mut server = TcpStream::connect(host).unwrap();
    let request = "POST /2018-06-01/runtime/note HTTP/1.1";
    write!(
        server,
        "{request}\r\nContent-Length: {}\r\n\r\n{text}",
        text.len()
    )
    .unwrap();

    let mut accepted = [0; "HTTP/1.1 202".len()];
    server.read_exact(&mut accepted).unwrap();
}
