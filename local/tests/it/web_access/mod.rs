//! What web pages may do at each port: nothing, unless their origin is allowed.

mod names;
mod ports;
mod request;

use std::net::{Ipv4Addr, SocketAddr};

use self::ports::{ALLOWED, Port, Ports};
use self::request::{Answer, Request};
use crate::ui::browser::Ui;

const FOREIGN: &str = "https://evil.example";

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asker {
    Program,
    TypedAddress,
    OwnPage,
    OwnPageWithoutOrigin,
    AllowedPage,
    ForeignPage,
    ForeignPageWithoutOrigin,
    NeighbourPage,
    PageWithoutOrigin,
    TwoPages,
}

const SOURCES: [Asker; 10] = [
    Asker::Program,
    Asker::TypedAddress,
    Asker::OwnPage,
    Asker::OwnPageWithoutOrigin,
    Asker::AllowedPage,
    Asker::ForeignPage,
    Asker::ForeignPageWithoutOrigin,
    Asker::NeighbourPage,
    Asker::PageWithoutOrigin,
    Asker::TwoPages,
];

impl Asker {
    /// The headers that a browser sends.
    fn headers(self, host: &str) -> Vec<String> {
        let of = |origin: &str, site: &str| {
            vec![
                format!("Origin: {origin}"),
                format!("Sec-Fetch-Site: {site}"),
            ]
        };

        match self {
            Self::Program => Vec::new(),
            Self::TypedAddress => vec!["Sec-Fetch-Site: none".into()],
            Self::OwnPage => of(&format!("http://{host}"), "same-origin"),
            Self::OwnPageWithoutOrigin => vec!["Sec-Fetch-Site: same-origin".into()],
            Self::AllowedPage => of(ALLOWED, "cross-site"),
            Self::ForeignPage => of(FOREIGN, "cross-site"),
            Self::ForeignPageWithoutOrigin => vec![
                "Sec-Fetch-Site: cross-site".into(),
                "Sec-Fetch-Mode: no-cors".into(),
                "Sec-Fetch-Dest: image".into(),
                format!("Referer: {FOREIGN}/"),
            ],
            Self::NeighbourPage => of("http://localhost:3000", "same-site"),
            Self::PageWithoutOrigin => of("null", "cross-site"),
            Self::TwoPages => vec![format!("Origin: {ALLOWED}"), format!("Origin: {FOREIGN}")],
        }
    }

    fn is_admitted(self, port: &Port) -> bool {
        match self {
            Self::Program | Self::TypedAddress => true,
            Self::OwnPage | Self::OwnPageWithoutOrigin => port.has_pages,
            Self::AllowedPage => port.takes_origins,
            _ => false,
        }
    }
}

async fn send(port: &Port, request: &Request, host: &str, asker: Asker) -> Answer {
    let headers = [vec![format!("Host: {host}")], asker.headers(host)].concat();
    let headers: Vec<_> = headers.iter().map(String::as_str).collect();

    request.send(port.address, &headers).await
}

fn check_refused(port: &Port, answer: &Answer, case: &str) {
    assert_eq!(answer.status, 403, "{case}: {answer:?}");
    assert!((port.reason)(&answer.body).is_some(), "{case}: {answer:?}");
    let permission = answer.header("access-control-allow-origin");
    assert_eq!(permission, None, "{case}: {answer:?}");
}

#[tokio::test]
async fn only_programs_own_pages_and_allowed_pages_reach_a_port() {
    let ports = Ports::open().await;

    for port in &ports.all {
        for (request, asker) in port
            .requests
            .iter()
            .flat_map(|request| SOURCES.into_iter().map(move |asker| (request, asker)))
        {
            let case = format!(
                "{}: {} {} from {asker:?}",
                port.name, request.method, request.target
            );
            let before = ports.pipeline.journal().history().len();
            let answer = send(port, request, &port.address.to_string(), asker).await;

            if !asker.is_admitted(port) {
                check_refused(port, &answer, &case);
                assert_eq!(ports.pipeline.journal().history().len(), before, "{case}");
                continue;
            }

            assert_eq!(answer.status, request.status, "{case}: {answer:?}");
            let permission = answer.header("access-control-allow-origin");
            let wanted = (asker == Asker::AllowedPage).then_some(ALLOWED);
            assert_eq!(permission, wanted, "{case}: {answer:?}");
        }
    }
}

/// The reason that a port gives.
async fn reason(port: &Port, host: &str, asker: Asker) -> String {
    let answer = send(port, &port.requests[0], host, asker).await;

    (port.reason)(&answer.body).unwrap_or_else(|| panic!("{}: {answer:?}", port.name))
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    let ports = Ports::open().await;

    for port in &ports.all {
        let own = port.address.to_string();
        let foreign = format!("evil.example:{}", port.address.port());
        let host_reason = reason(port, &foreign, Asker::Program).await;
        assert!(
            host_reason.contains(&format!("use `http://{own}`")),
            "{host_reason}"
        );

        let allow = "allow it with `--allow-origin ";
        let page_reasons = [
            (Asker::ForeignPage, format!("{allow}{FOREIGN}`")),
            (Asker::ForeignPageWithoutOrigin, format!("{allow}ORIGIN`")),
            (Asker::PageWithoutOrigin, "serve the page by HTTP".into()),
        ];

        for (asker, wanted) in page_reasons {
            let reason = reason(port, &own, asker).await;
            if port.takes_origins {
                assert!(reason.contains(&wanted), "{}: {reason}", port.name);
                assert!(host_reason.contains(&format!("{allow}http://{foreign}`")));
            } else {
                assert_eq!(
                    reason, "no page of another site may use this port",
                    "{}",
                    port.name
                );
                assert!(!host_reason.contains(allow), "{host_reason}");
            }
        }
    }
}

#[tokio::test]
async fn a_refusal_reaches_a_client_that_sends_a_long_body_first() {
    let ports = Ports::open().await;

    for port in &ports.all {
        let long = Request::new("PUT", "/photos/long.bin", 403).with_body("x".repeat(8 << 20));
        let answer = send(port, &long, "evil.example", Asker::Program).await;
        check_refused(port, &answer, port.name);

        // A client that asks first is told at once.
        let asking = Request::new("PUT", "/photos/long.bin", 403)
            .with_header("Expect: 100-continue")
            .with_body("x".repeat(1000));
        let answer = send(port, &asking, "evil.example", Asker::Program).await;
        check_refused(port, &answer, port.name);
    }
}

#[tokio::test]
async fn a_browser_may_ask_for_an_allowed_origin_and_for_no_other() {
    let ports = Ports::open().await;

    let ask = |private: bool| {
        let asked = Request::new("OPTIONS", "/photos/a.jpg", 204)
            .with_header("Access-Control-Request-Method: PUT")
            .with_header("Access-Control-Request-Headers: content-type,x-amz-meta-a");
        if private {
            asked.with_header("Access-Control-Request-Private-Network: true")
        } else {
            asked
        }
    };

    for (port, asker) in ports
        .all
        .iter()
        .flat_map(|port| SOURCES.map(|asker| (port, asker)))
    {
        let case = format!("{} from {asker:?}", port.name);
        let host = port.address.to_string();
        let answer = send(port, &ask(true), &host, asker).await;
        let has_id = answer.header("x-amz-request-id").is_some();
        assert_eq!(has_id, port.name == "S3", "{case}: {answer:?}");
        if !asker.is_admitted(port) {
            check_refused(port, &answer, &case);
            continue;
        }
        if asker != Asker::AllowedPage {
            assert_ne!(answer.status, 403, "{case}: {answer:?}");
            assert_eq!(
                answer.header("access-control-allow-methods"),
                None,
                "{case}"
            );
            continue;
        }

        assert_eq!(answer.status, 204, "{case}: {answer:?}");
        for (name, value) in [
            ("access-control-allow-origin", ALLOWED),
            ("access-control-allow-methods", "put"),
            ("access-control-allow-headers", "content-type,x-amz-meta-a"),
            ("access-control-allow-private-network", "true"),
            ("vary", "origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{case}: {answer:?}");
        }

        let answer = send(port, &ask(false), &host, asker).await;
        assert_eq!(answer.header("access-control-allow-private-network"), None);
    }
}

#[tokio::test]
async fn the_program_allows_origins_at_s3_and_sqs() {
    let arguments = [
        "--sqs-port",
        "0",
        "--allow-origin",
        ALLOWED,
        "--allow-origin",
        FOREIGN,
    ];
    let mut ui = Ui::start(&arguments).await;
    let line = ui.program.line("SQS is at http://").await;
    let sqs = line.rsplit(':').next().unwrap().parse().unwrap();

    for (port, status) in [(ui.s3, 200), (sqs, 404), (ui.port, 403)] {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        for (origin, is_allowed) in [(ALLOWED, true), (FOREIGN, true), ("http://a.b", false)] {
            let headers = [format!("Host: {address}"), format!("Origin: {origin}")];
            let headers = headers.each_ref().map(String::as_str);
            let answer = Request::new("GET", "/", status)
                .send(address, &headers)
                .await;
            let wanted = if is_allowed { status } else { 403 };
            assert_eq!(answer.status, wanted, "{origin}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn an_allowed_page_reads_all_headers_and_shows_images() {
    let ports = Ports::open().await;
    let s3 = &ports.all[0];
    let host = s3.address.to_string();

    let answer = send(s3, &s3.requests[0], &host, Asker::AllowedPage).await;
    let exposed = answer.header("access-control-expose-headers").unwrap();
    for name in ["etag", "last-modified", "accept-ranges"] {
        assert!(exposed.split(", ").any(|own| own == name), "{exposed}");
    }

    // `<img>` sends no `Origin`.
    let own = format!("Host: {host}");
    let image = [
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Mode: no-cors",
        "Sec-Fetch-Dest: image",
    ];
    for (referer, status) in [
        (format!("{ALLOWED}/"), 200),
        (format!("{ALLOWED}/upload?to=photos"), 200),
        (ALLOWED.to_owned(), 200),
        (format!("{ALLOWED}.evil.example/"), 403),
        (format!("{ALLOWED}0/"), 403),
        (format!("{FOREIGN}/?{ALLOWED}/"), 403),
    ] {
        let referer = format!("Referer: {referer}");
        let headers = [&[own.as_str(), &referer], &image[..]].concat();
        let answer = s3.requests[0].send(s3.address, &headers).await;
        assert_eq!(answer.status, status, "{referer}: {answer:?}");
    }
}

#[tokio::test]
async fn other_sites_may_link_to_objects_but_not_embed_them() {
    let ports = Ports::open().await;

    for (port, request) in ports
        .all
        .iter()
        .flat_map(|port| port.requests.iter().map(move |request| (port, request)))
    {
        let host = format!("Host: {}", port.address);
        for (mode, dest) in [
            ("navigate", "document"),
            ("navigate", "iframe"),
            ("no-cors", "script"),
            ("no-cors", "empty"),
            ("navigate", "object"),
        ] {
            let mode_header = format!("Sec-Fetch-Mode: {mode}");
            let dest_header = format!("Sec-Fetch-Dest: {dest}");
            let headers = [
                &*host,
                "Sec-Fetch-Site: cross-site",
                &mode_header,
                &dest_header,
            ];
            let answer = request.send(port.address, &headers).await;

            let is_link = request.method == "GET" && dest == "document" && port.name == "S3";
            let wanted = if is_link { request.status } else { 403 };
            let case = format!("{}: {} {mode} {dest}", port.name, request.method);
            assert_eq!(answer.status, wanted, "{case}: {answer:?}");
        }
    }
}
