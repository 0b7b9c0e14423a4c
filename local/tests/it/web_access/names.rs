//! The names by which a port is reached, and how an origin is written.

use std::net::SocketAddr;
use std::sync::Arc;

use s3_dispatch_local::{Origin, S3Endpoint};

use super::ports::{Ports, pipeline};
use super::request::Request;
use super::{Asker, check_refused, send};

#[tokio::test]
async fn a_port_has_the_names_of_this_machine_and_no_others() {
    let ports = Ports::open().await;

    for port in &ports.all {
        let number = port.address.port();
        let other = number ^ 1;
        let own = [
            "127.0.0.1",
            "127.0.0.2",
            "localhost",
            "LocalHost",
            "photos.localhost",
            "my.photos-2026.localhost",
            "[::1]",
            "[::ffff:127.0.0.1]",
        ];
        let foreign = [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "photos.localhost.evil.example",
            "photos.127.0.0.1",
            "evillocalhost",
            "192.168.0.1",
            "8.8.8.8",
            "[2001:db8::1]",
            "test@127.0.0.1",
            "127.0.0.1,localhost",
        ];

        let own = own.map(|name| (format!("{name}:{number}"), true));
        let foreign = foreign.map(|name| (format!("{name}:{number}"), false));
        let others = [
            (format!("127.0.0.1:{other}"), false),
            (String::from("127.0.0.1"), false),
            (String::from("localhost"), false),
            (String::new(), false),
            (format!("localhost:{number}0"), false),
            (String::from("localhost:5173"), port.takes_origins),
        ];

        for (host, is_own) in own.into_iter().chain(foreign).chain(others) {
            let case = format!("{} as `{host}`", port.name);
            let answer = send(port, &port.requests[0], &host, Asker::Program).await;
            if is_own {
                assert_ne!(answer.status, 403, "{case}: {answer:?}");
            } else {
                check_refused(port, &answer, &case);
            }
        }
    }
}

#[tokio::test]
async fn a_request_names_the_port_once_wherever_it_does() {
    let ports = Ports::open().await;

    for port in &ports.all {
        let number = port.address.port();
        let own = format!("Host: {}", port.address);
        let two = ["Host: evil.example", own.as_str()];
        check_refused(
            port,
            &port.requests[0].send(port.address, &two).await,
            port.name,
        );
        check_refused(
            port,
            &port.requests[0].send(port.address, &[]).await,
            port.name,
        );

        // The name may also be in the target.
        let target = format!("http://evil.example:{number}/");
        let absolute = Request::new("GET", target, 403);
        check_refused(port, &absolute.send(port.address, &[&own]).await, port.name);
    }
}

#[tokio::test]
async fn a_port_for_other_machines_has_every_number_as_a_name() {
    let pipeline = pipeline().await;
    pipeline.put("photos", "a.jpg", "a").await.unwrap();
    let address = SocketAddr::from(([0, 0, 0, 0], 0));
    let endpoint = S3Endpoint::bind(address)
        .await
        .unwrap()
        .with_allowed_origin(Origin::parse("http://storage:9090").unwrap())
        .serve(Arc::clone(pipeline.buckets()));

    let to = SocketAddr::from(([127, 0, 0, 1], endpoint.address().port()));
    let request = Request::new("GET", "/photos/a.jpg", 200);
    for (host, status) in [
        ("192.168.0.1:9090", 200),
        ("[2001:db8::1]:19090", 200),
        ("localhost:19090", 200),
        ("storage:9090", 200),
        ("storage:9091", 403),
        ("evil.example:9090", 403),
    ] {
        let answer = request.send(to, &[&format!("Host: {host}")]).await;
        assert_eq!(answer.status, status, "{host}: {answer:?}");
    }
}

#[test]
fn an_origin_is_a_scheme_a_host_and_a_port() {
    for (text, wanted) in [
        ("http://localhost:5173", "http://localhost:5173"),
        ("HTTPS://App.Example", "https://app.example"),
        ("http://app.example:80", "http://app.example"),
        ("https://app.example:443", "https://app.example"),
        ("https://app.example:80", "https://app.example:80"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("tauri://localhost", "tauri://localhost"),
        ("chrome-extension://abcdef", "chrome-extension://abcdef"),
    ] {
        assert_eq!(Origin::parse(text).unwrap().to_string(), wanted);
    }

    for text in [
        "",
        "*",
        "null",
        "localhost",
        "localhost:5173",
        "http://",
        "http://localhost:5173/",
        "http://localhost/app",
        "http://localhost:x",
        "http://localhost:",
        "http://a@b",
        "http://*.example",
        "http://localhost?a",
        "http://localhost 1",
        "1p://localhost",
        "http://localhost:70000",
        "http://h\u{e9}.example",
        "http://localhost\n",
    ] {
        let error = Origin::parse(text).unwrap_err().to_string();
        assert!(
            error.contains("is not an origin; expected a scheme"),
            "{text:?}: {error}"
        );
    }
}
