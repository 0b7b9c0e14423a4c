//! Functions that run elsewhere.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use s3_dispatch_local::{
    ErrorKind, Function, FunctionError, FunctionErrorKind, FunctionSpec, HttpListener, HttpServer,
    Invocation, InvokeUrl, LocalPipeline, MappingSpec, Message, QueueSpec, Remote, Topology,
    WebAccess,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Answers as the path and the payload ask for.
async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let report = r#"{"errorType":"Refused","errorMessage":"it was told to"}"#;

    let (status, header, body) = match &*body {
        b"watch" => (500, None, Bytes::from(report)),
        b"emulator" => (200, None, Bytes::from(report)),
        b"lambda" => (
            200,
            Some("Unhandled"),
            Bytes::from(r#"{"errorMessage":"no"}"#),
        ),
        b"throttle" => (429, None, Bytes::new()),
        b"gone" => (404, None, Bytes::from("no such function")),
        b"too much" => (200, None, Bytes::from(vec![b'x'; 6 * 1024 * 1024 + 1])),
        b"hang" => std::future::pending().await,
        body => {
            let text = format!("{path} {}", String::from_utf8_lossy(body));
            (200, None, Bytes::from(text))
        }
    };

    let mut response = Response::new(Full::new(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    if let Some(error) = header {
        let name = "X-Amz-Function-Error";
        response.headers_mut().insert(name, error.parse().unwrap());
    }

    Ok(response)
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn access(address: SocketAddr) -> WebAccess {
    WebAccess::new(address, |reason| {
        Response::new(Full::from(reason.to_owned()))
    })
}

async fn serve() -> (HttpServer, SocketAddr) {
    let (listener, address) = listen().await;
    let server = HttpListener::new(listener, access(address)).serve(service_fn(answer));
    (server, address)
}

async fn invoke(url: &str, payload: &'static str) -> Result<String, FunctionError> {
    let remote = Remote::new("index", InvokeUrl::parse(url).unwrap());
    let invocation = Invocation::new("an-id", payload).with_timeout(Duration::from_secs(20));
    let answer = remote.invoke(invocation).await?;
    Ok(String::from_utf8(answer.to_vec()).unwrap())
}

#[tokio::test]
async fn an_address_without_a_path_gets_that_of_the_invoke_operation() {
    let (_server, address) = serve().await;
    for url in [format!("http://{address}"), format!("http://{address}/")] {
        let answer = invoke(&url, "hello").await.unwrap();
        assert_eq!(answer, "/2015-03-31/functions/index/invocations hello");
    }

    let emulator = format!("http://{address}/2015-03-31/functions/function/invocations");
    let answer = invoke(&emulator, "hello").await.unwrap();
    assert_eq!(answer, "/2015-03-31/functions/function/invocations hello");

    let by_name = format!("http://localhost:{}", address.port());
    assert!(invoke(&by_name, "hello").await.is_ok());
}

#[tokio::test]
async fn every_form_of_an_error_is_reported() {
    let (_server, address) = serve().await;
    let url = format!("http://{address}");
    let cases = [
        (
            "watch",
            FunctionErrorKind::Unhandled,
            "Refused: it was told to".into(),
        ),
        (
            "emulator",
            FunctionErrorKind::Unhandled,
            "Refused: it was told to".into(),
        ),
        ("lambda", FunctionErrorKind::Unhandled, "no".into()),
        (
            "throttle",
            FunctionErrorKind::Throttled,
            format!("`{url}` answered 429 Too Many Requests"),
        ),
        (
            "gone",
            FunctionErrorKind::Unhandled,
            format!("`{url}` answered 404 Not Found: no such function"),
        ),
        (
            "too much",
            FunctionErrorKind::Unhandled,
            "Function.ResponseSizeTooLarge: the answer is longer than 6 MB".into(),
        ),
    ];

    for (payload, kind, text) in cases {
        let error = invoke(&url, payload).await.unwrap_err();
        assert_eq!((error.kind(), error.to_string()), (kind, text), "{payload}");
    }
}

/// Accepts one connection, sends this, and closes it.
async fn send_and_close(answer: &'static str) -> String {
    let (listener, address) = listen().await;

    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        assert!(stream.read(&mut request).await.unwrap() > 0);
        stream.write_all(answer.as_bytes()).await.unwrap();
    });

    format!("http://{address}")
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_called_that() {
    let cases = [
        ("", "before it answered"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnull",
            "in the middle of its answer",
        ),
    ];

    for (answer, when) in cases {
        let url = send_and_close(answer).await;
        let error = invoke(&url, "hello").await.unwrap_err();
        assert_eq!(error.kind(), FunctionErrorKind::Crashed);
        let expected = format!("`{url}` closed the connection {when}");
        assert_eq!(error.to_string(), expected);
    }

    let url = send_and_close("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nnull").await;
    assert_eq!(invoke(&url, "hello").await.unwrap(), "null");
}

#[tokio::test]
async fn nobody_who_listens_and_nobody_who_answers_are_reported() {
    let (listener, address) = listen().await;
    drop(listener);
    let url = format!("http://{address}");
    let error = invoke(&url, "hello").await.unwrap_err();
    assert_eq!(error.kind(), FunctionErrorKind::InitFailed);
    assert_eq!(error.to_string(), format!("no program listens at `{url}`"));

    let (_server, address) = serve().await;
    let url = InvokeUrl::parse(&format!("http://{address}")).unwrap();
    let hanging = Invocation::new("an-id", "hang").with_timeout(Duration::from_millis(50));
    let error = Remote::new("index", url.clone()).invoke(hanging).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), FunctionErrorKind::TimedOut);
    assert_eq!(
        error.to_string(),
        format!("`{url}` did not answer and was given up after 50ms")
    );
}

#[tokio::test]
async fn a_pipeline_invokes_a_function_that_runs_elsewhere() {
    let answer_all = |_: Request<Incoming>| async {
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("{}"))))
    };
    let (listener, address) = listen().await;
    let _server = HttpListener::new(listener, access(address)).serve(service_fn(answer_all));

    let url = InvokeUrl::parse(&format!("http://{address}")).unwrap();
    let topology = Topology::new()
        .with_queue(QueueSpec::new("uploads"))
        .with_function(FunctionSpec::new("index").with_invoke_url(url))
        .with_mapping(MappingSpec::new("uploads", "index"));
    let pipeline = LocalPipeline::builder().with_topology(topology);
    let pipeline = pipeline.start().await.unwrap();

    pipeline
        .send("uploads", Message::new("1", "{}"))
        .await
        .unwrap();
    pipeline.settle().await;
    assert!(pipeline.queue("uploads").unwrap().messages.is_empty());
}

#[test]
fn an_address_that_cannot_be_one_is_refused() {
    let cases = [
        (
            "localhost:9000",
            "`localhost:9000` does not begin with `http://`",
        ),
        (
            "https://localhost",
            "`https://localhost` does not begin with `http://`",
        ),
        ("http://local host", "`http://local host` is not a URL"),
        (
            "http://localhost:9000/lambda-url/index/",
            "`http://localhost:9000/lambda-url/index/` is a function URL, where a function gets \
             HTTP requests; leave its path out",
        ),
    ];

    for (text, expected) in cases {
        let error = InvokeUrl::parse(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert_eq!(error.to_string(), expected);
    }
}
