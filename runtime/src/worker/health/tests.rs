//! The server over loopback, with requests as raw bytes.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{Instant, sleep};

use super::connections::{self, MAX_CONNECTIONS};
use super::exporter::Exporter;
use super::pages::Pages;
use super::server::bind_error;
use super::{Health, HealthServer, HealthState};

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// An exporter that does not touch the recorder of this process.
fn exporter() -> Exporter {
    #[cfg(feature = "prometheus")]
    let exporter = Exporter::local().0;
    #[cfg(not(feature = "prometheus"))]
    let exporter = Exporter::install();

    exporter
}

/// A server, its address and the state of its worker.
fn start() -> (HealthServer, SocketAddr, Arc<HealthState>) {
    let state = Arc::new(HealthState::new());
    let health = Health::bind(ANY_PORT).unwrap();
    let address = health.local_addr();
    let server = health.serve_pages(Pages::new(Arc::clone(&state), exporter()));

    (server.unwrap(), address, state)
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();

    stream
}

/// Sends bytes and returns everything that comes back until the server closes the connection.
fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = connect(address);
    stream.write_all(request.as_bytes()).unwrap();

    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();

    answer
}

/// The status line and the body of the answer to `GET`.
fn get(address: SocketAddr, path: &str) -> (String, String) {
    let answer = ask(
        address,
        &format!("GET {path} HTTP/1.1\r\nHost: worker\r\n\r\n"),
    );
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();

    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

#[track_caller]
fn check(address: SocketAddr, path: &str, status: &str, body: &str) {
    let expected = (format!("HTTP/1.1 {status}"), body.to_owned());
    assert_eq!(get(address, path), expected, "{path}");
}

#[test]
fn a_probe_gets_200_or_503_and_the_reason() {
    let (_server, address, state) = start();
    check(address, "/livez", "200 OK", "ok\n");
    let unavailable = "503 Service Unavailable";
    check(
        address,
        "/readyz",
        unavailable,
        "nothing has been received yet\n",
    );

    state.receiving(true);
    check(address, "/readyz", "200 OK", "ok\n");
    check(address, "/readyz?verbose", "200 OK", "ok\n");
    state.receiving(false);
    check(address, "/readyz", unavailable, "the last receive failed\n");
    state.receiving(true);
    state.draining();
    check(address, "/readyz", unavailable, "draining\n");
    check(address, "/livez", "200 OK", "ok\n");
}

#[test]
fn a_worker_that_is_stuck_is_told_by_livez() {
    let state = Arc::new(HealthState::new().with_progress_limit(Duration::ZERO));
    let health = Health::bind(ANY_PORT).unwrap();
    let address = health.local_addr();
    let _server = health.serve_pages(Pages::new(state, exporter())).unwrap();

    let unavailable = "503 Service Unavailable";
    check(address, "/livez", unavailable, "no progress for 0 s\n");
    check(address, "/readyz", unavailable, "no progress for 0 s\n");
}

/// The test's own thread is blocked while it asks, and the runtime has no other.
#[tokio::test(flavor = "current_thread")]
async fn it_answers_while_every_thread_of_the_runtime_is_blocked() {
    let (_server, address, state) = start();
    state.progressed();
    check(address, "/livez", "200 OK", "ok\n");
}

#[test]
fn an_answer_is_one_line_that_nobody_caches() {
    let (_server, address, _state) = start();
    let answer = ask(address, "GET /livez HTTP/1.1\r\n\r\n");

    let mut lines: Vec<_> = answer.split("\r\n").collect();
    lines.retain(|line| !line.starts_with("date: "));
    assert_eq!(
        lines,
        [
            "HTTP/1.1 200 OK",
            "content-type: text/plain; charset=utf-8",
            "cache-control: no-store",
            "connection: close",
            "content-length: 3",
            "",
            "ok\n"
        ]
    );
}

#[test]
fn head_is_get_without_a_body() {
    let (_server, address, _state) = start();
    let answer = ask(address, "HEAD /livez HTTP/1.1\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\r\ncontent-length: 3\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");

    let answer = ask(address, "HEAD /readyz HTTP/1.1\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}

#[test]
fn other_paths_are_not_found() {
    let (_server, address, state) = start();
    state.receiving(true);

    let text = "there is nothing here: ask for /livez, /readyz or /metrics\n";
    for path in [
        "/",
        "/livez/",
        "/Livez",
        "/healthz",
        "/livez%2f",
        "//livez",
        "/../readyz",
    ] {
        check(address, path, "404 Not Found", text);
    }

    let answer = ask(
        address,
        "POST /events HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    );
    assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"), "{answer}");
}

#[test]
fn other_methods_are_not_allowed() {
    let (_server, address, state) = start();
    state.receiving(true);

    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "get", "FETCH"] {
        for path in ["/livez", "/readyz", "/metrics"] {
            let head = format!("{method} {path} HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
            let answer = ask(address, &head);
            let status = "HTTP/1.1 405 Method Not Allowed\r\n";
            assert!(answer.starts_with(status), "{method} {path}: {answer}");
            assert!(
                answer.contains("\r\nallow: GET, HEAD\r\n"),
                "{method} {path}: {answer}"
            );
        }
    }
}

#[test]
fn a_connection_serves_one_request() {
    let (_server, address, _state) = start();
    let request = "GET /livez HTTP/1.1\r\nConnection: keep-alive\r\n\r\n";
    let answer = ask(address, &request.repeat(3));
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
}

#[test]
fn what_is_no_request_or_too_large_is_refused() {
    let (_server, address, _state) = start();

    let answer = ask(address, "\u{16}\u{3}\u{1}\r\n\r\n");
    assert!(
        answer.starts_with("HTTP/1.1 400 Bad Request\r\n"),
        "{answer}"
    );

    // Exactly as much as the server reads, because bytes that nobody reads would reset the
    // connection, and the answer with it.
    let head = "GET /livez HTTP/1.1\r\nx: ";
    let answer = ask(
        address,
        &format!("{head}{}", "x".repeat(8_192 - head.len())),
    );
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[test]
fn clients_that_never_ask_do_not_keep_others_away() {
    let (_server, address, _state) = start();
    let mut idle: Vec<_> = (0..MAX_CONNECTIONS).map(|_| connect(address)).collect();
    check(address, "/livez", "200 OK", "ok\n");

    // The oldest made room.
    assert_eq!(idle[0].read(&mut [0]).unwrap(), 0);

    // The youngest is still served.
    let youngest = idle.last_mut().unwrap();
    youngest.write_all(b"GET /livez HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = String::new();
    youngest.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("\r\n\r\nok\n"), "{answer}");
}

#[test]
fn nobody_listens_and_nobody_is_connected_after_the_drop() {
    let (server, address, _state) = start();
    let mut idle = connect(address);
    check(address, "/livez", "200 OK", "ok\n");
    drop(server);

    assert_eq!(
        TcpStream::connect(address).unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );
    assert_eq!(idle.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_client_that_closes_early_leaves_the_server_alone() {
    let (_server, address, _state) = start();
    for request in ["", "GET /li", "GET /livez HTTP/1.1\r\n\r\n"] {
        let mut stream = connect(address);
        stream.write_all(request.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Both).unwrap();
    }

    check(address, "/livez", "200 OK", "ok\n");
}

#[track_caller]
fn check_bind(address: &str, kind: ErrorKind, expected: &str) {
    let address = address.parse().unwrap();
    let error = bind_error(address, &kind.into());
    assert_eq!(
        (error.kind(), error.to_string()),
        (kind, expected.to_owned())
    );
}

#[test]
fn an_address_that_cannot_be_used_is_named_on_one_line() {
    let taken = TcpListener::bind(ANY_PORT).unwrap();
    let address = taken.local_addr().unwrap();
    let error = Health::bind(address).unwrap_err();
    let expected =
        format!("the address `{address}` for health checks is in use by another program");
    assert_eq!(
        (error.kind(), error.to_string()),
        (ErrorKind::AddrInUse, expected)
    );

    // Reserved for documentation (RFC 5737).
    let error = Health::bind("192.0.2.1:8080".parse().unwrap()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the address `192.0.2.1:8080` for health checks is not one of this machine; \
         `0.0.0.0:8080` stands for all of them"
    );

    check_bind(
        "0.0.0.0:80",
        ErrorKind::PermissionDenied,
        "this process may not listen on `0.0.0.0:80` for health checks; choose a port above 1023",
    );
    check_bind(
        "[::]:8080",
        ErrorKind::Unsupported,
        "the address `[::]:8080` for health checks cannot be used: unsupported",
    );
}

/// The client's end of a connection whose buffers hold this many bytes.
fn pipe(bytes: usize) -> DuplexStream {
    let pages = Pages::new(Arc::new(HealthState::new()), exporter());
    let (client, server) = duplex(bytes);
    tokio::spawn(connections::serve(server, Arc::new(pages)));

    client
}

#[tokio::test(start_paused = true)]
async fn a_head_may_take_five_seconds() {
    let mut client = pipe(1_024);
    let started = Instant::now();
    client.write_all(b"GET /livez HTTP/1.1\r\n").await.unwrap();

    // However often something comes.
    let mut lines = 0;
    while client.write_all(b"x: y\r\n").await.is_ok() {
        sleep(Duration::from_secs(1)).await;
        lines += 1;
    }

    assert!((5..=6).contains(&lines), "{lines}");
    assert!(
        started.elapsed() <= Duration::from_secs(6),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_cut_off_after_ten_seconds() {
    let mut client = pipe(32);
    let started = Instant::now();
    client
        .write_all(b"GET /livez HTTP/1.1\r\n\r\n")
        .await
        .unwrap();

    sleep(Duration::from_secs(11)).await;
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    // As much as fits into the buffer.
    assert_eq!(answer, "HTTP/1.1 200 OK\r\ncontent-type: t");
    assert_eq!(started.elapsed(), Duration::from_secs(11));
}

#[cfg(not(feature = "prometheus"))]
#[test]
fn without_the_feature_metrics_says_what_is_missing() {
    let (_server, address, _state) = start();
    let text = "no metrics: build the program with the feature `prometheus` of the crate \
                `s3-dispatch`\n";
    check(address, "/metrics", "404 Not Found", text);
}

#[cfg(feature = "prometheus")]
mod prometheus {
    use metrics::with_local_recorder;

    use super::*;
    use crate::telemetry::metrics::{BUCKETS, describe, worker};

    #[test]
    fn metrics_are_written_in_the_text_format() {
        let (exporter, recorder) = Exporter::local();
        let health = Health::bind(ANY_PORT).unwrap();
        let address = health.local_addr();
        let pages = Pages::new(Arc::new(HealthState::new()), exporter);
        let _server = health.serve_pages(pages).unwrap();

        with_local_recorder(&recorder, || {
            describe();
            worker::describe();
            worker::held(7, 3, 5);
            worker::received(10, 0);
            crate::telemetry::metrics::batch_finished(7);
        });

        let answer = ask(address, "GET /metrics HTTP/1.1\r\n\r\n");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        let media_type = "\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\n";
        assert!(head.contains(media_type), "{head}");

        for line in [
            "# HELP s3_dispatch_worker_running handlers that run",
            "# TYPE s3_dispatch_worker_running gauge",
            "s3_dispatch_worker_running 5",
            "# TYPE s3_dispatch_worker_receives_total counter",
            "s3_dispatch_worker_receives_total{outcome=\"empty\"} 1",
            "# TYPE s3_dispatch_batch_size histogram",
            "s3_dispatch_batch_size_bucket{le=\"5\"} 0",
            "s3_dispatch_batch_size_bucket{le=\"10\"} 1",
            "s3_dispatch_batch_size_bucket{le=\"+Inf\"} 1",
            "s3_dispatch_batch_size_sum 7",
        ] {
            assert!(body.lines().any(|found| found == line), "{line}\n{body}");
        }
    }

    #[test]
    fn buckets_rise() {
        for (name, buckets) in BUCKETS {
            assert!(buckets.is_sorted_by(|lower, upper| lower < upper), "{name}");
        }
    }

    /// The only test of this process that installs a recorder for all of its threads.
    #[test]
    fn a_recorder_that_the_process_has_stays() {
        for (status, text) in [
            ("200 OK", "s3_dispatch_worker_lost_leases_total 1\n"),
            (
                "404 Not Found",
                "this process had a recorder of metrics before",
            ),
        ] {
            let health = Health::bind(ANY_PORT).unwrap();
            let address = health.local_addr();
            let _server = health.serve(Arc::new(HealthState::new())).unwrap();
            // Counted once, because no other recorder sees it.
            if status == "200 OK" {
                worker::lease_lost();
            }

            let (found, body) = get(address, "/metrics");
            assert_eq!(found, format!("HTTP/1.1 {status}"));
            assert!(body.contains(text), "{body}");
        }
    }
}
