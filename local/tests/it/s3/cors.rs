//! The CORS configuration of a bucket, and what it says to programs and pages.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use s3_dispatch_local::{BucketSpec, LocalPipeline, Origin, S3Endpoint, Topology};
use tempfile::TempDir;

use super::client::{Answer, S3Client, serve};
use super::setup::{BUCKET, Setup};

const VARY: &str = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";

fn put_cors(s3: &Setup, rules: &str) -> Answer {
    let body = format!("<CORSConfiguration>{rules}</CORSConfiguration>");
    s3.send(&format!("PUT /{BUCKET}?cors"), &[], &body)
}

fn configure(s3: &Setup, rules: &str) {
    let answer = put_cors(s3, rules);
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// A rule for each pair of a method and an origin.
fn rules(pairs: &[(&str, &str)]) -> String {
    let rules = pairs.iter().map(|(method, origin)| {
        format!(
            "<CORSRule><AllowedMethod>{method}</AllowedMethod>\
             <AllowedOrigin>{origin}</AllowedOrigin></CORSRule>"
        )
    });

    rules.collect()
}

/// Checks the status, the allowed origin and the allowed methods of an answer.
fn check(answer: &Answer, status: u16, allowed: Option<(&str, &str)>, case: &str) {
    let origin = answer.header("access-control-allow-origin");
    let methods = answer.header("access-control-allow-methods");
    assert_eq!(answer.status, status, "{case}: {answer:?}");
    assert_eq!(origin.zip(methods), allowed, "{case}: {answer:?}");
    assert_eq!(origin.is_some(), methods.is_some(), "{case}: {answer:?}");
    assert_eq!(answer.header("vary"), allowed.map(|_| VARY), "{case}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_is_stored_read_and_deleted() {
    let s3 = Setup::start().await;
    let query = format!("/{BUCKET}?cors");
    let absent = "NoSuchCORSConfiguration";
    s3.check_fails(&format!("GET {query}"), "", 404, absent);

    let rule = "<CORSRule><AllowedHeader>x-AMZ-*</AllowedHeader><AllowedMethod>GET</AllowedMethod>\
                <AllowedMethod>PUT</AllowedMethod><AllowedOrigin>*.get</AllowedOrigin>\
                <AllowedOrigin></AllowedOrigin><ExposeHeader>ETag</ExposeHeader><ID>one</ID>\
                <MaxAgeSeconds>3000</MaxAgeSeconds></CORSRule>";
    configure(&s3, rule);
    let read = s3.ok(&format!("GET {query}"));
    assert!(read.body.contains(rule), "{read:?}");
    assert!(read.body.contains("<CORSConfiguration"), "{read:?}");

    // What was read can be put again.
    s3.ok_with(&format!("PUT {query}"), &read.body);
    assert_eq!(s3.ok(&format!("DELETE {query}")).status, 204);
    assert_eq!(s3.ok(&format!("DELETE {query}")).status, 204);
    s3.check_fails(&format!("GET {query}"), "", 404, absent);

    for method in ["GET", "DELETE"] {
        s3.check_fails(&format!("{method} /absent?cors"), "", 404, "NoSuchBucket");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_s3_refuses_changes_nothing() {
    let s3 = Setup::start().await;
    let good = rules(&[("GET", "http://a.example")]);
    configure(&s3, &good);

    let rule = |inner: &str| format!("<CORSRule>{inner}</CORSRule>");
    let get = "<AllowedMethod>GET</AllowedMethod>";
    let any = "<AllowedOrigin>*</AllowedOrigin>";
    let many = rules(&[("GET", "*"); 101]);
    for (body, code, text) in [
        (
            rules(&[("MYMETHOD", "*")]),
            "InvalidRequest",
            "Found unsupported HTTP method in CORS config. Unsupported method is MYMETHOD",
        ),
        (
            rules(&[("GET", "http://*.example.*")]),
            "InvalidRequest",
            "AllowedOrigin \"http://*.example.*\" can not have more than one wildcard.",
        ),
        (
            rule(&format!("<AllowedHeader>*-*</AllowedHeader>{get}{any}")),
            "InvalidRequest",
            "AllowedHeader \"*-*\" can not have more than one wildcard.",
        ),
        (
            rule(&format!("{get}{any}<ExposeHeader>x-*</ExposeHeader>")),
            "InvalidRequest",
            "ExposeHeader \"x-*\" contains wildcard.",
        ),
        (
            rule(&format!("<ID>{}</ID>{get}{any}", "x".repeat(256))),
            "InvalidRequest",
            "the id of a CORS rule",
        ),
        (rule(get), "MalformedXML", ""),
        (rule(any), "MalformedXML", ""),
        (String::new(), "MalformedXML", ""),
        (many, "MalformedXML", ""),
    ] {
        let answer = put_cors(&s3, &body);
        let message = answer.text("Message").unwrap_or_default();
        assert_eq!(
            (answer.status, answer.text("Code")),
            (400, Some(code)),
            "{body}: {answer:?}"
        );
        assert!(
            message.replace("&quot;", "\"").starts_with(text),
            "{message}"
        );
        assert!(s3.ok(&format!("GET /{BUCKET}?cors")).body.contains(&good));
    }
}

/// The table of `test_cors_origin_response` of ceph's s3-tests, without its access control lists.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_says_what_the_first_matching_rule_allows() {
    let s3 = Setup::start().await;
    configure(
        &s3,
        &rules(&[
            ("GET", "*suffix"),
            ("GET", "start*end"),
            ("GET", "prefix*"),
            ("PUT", "*.put"),
        ]),
    );
    let list = format!("/{BUCKET}");
    let origins = [
        ("foo.suffix", true),
        ("foo.bar", false),
        ("foo.suffix.get", false),
        ("startend", true),
        ("start1end", true),
        ("start12end", true),
        ("0start12end", false),
        ("prefix", true),
        ("prefix.suffix", true),
        ("bla.prefix", false),
        ("foo.put", false),
    ];
    check(
        &s3.send(&format!("GET {list}"), &[], ""),
        200,
        None,
        "no origin",
    );

    for (origin, is_allowed) in origins {
        let header = format!("Origin: {origin}");
        let allowed = is_allowed.then_some((origin, "GET"));
        check(
            &s3.send(&format!("GET {list}"), &[&header], ""),
            200,
            allowed,
            origin,
        );
        let missing = s3.send(&format!("GET {list}/bar"), &[&header], "");
        check(&missing, 404, allowed, origin);

        let asks = [header.as_str(), "Access-Control-Request-Method: GET"];
        let status = if is_allowed { 200 } else { 403 };
        for target in [list.clone(), format!("{list}/bar")] {
            let answer = s3.send(&format!("OPTIONS {target}"), &asks, "");
            check(&answer, status, allowed, origin);
        }
    }

    // The method is the one that is asked about, or else that of the request.
    let put = format!("PUT {list}/bar");
    let from = |origin: &str| format!("Origin: {origin}");
    for (origin, asked, allowed) in [
        ("foo.suffix", Some("GET"), Some(("foo.suffix", "GET"))),
        ("foo.suffix", Some("PUT"), None),
        ("foo.suffix", Some("DELETE"), None),
        ("foo.suffix", None, None),
        ("foo.put", None, Some(("foo.put", "PUT"))),
    ] {
        let asked = asked.map(|method| format!("Access-Control-Request-Method: {method}"));
        let headers: Vec<_> = [Some(from(origin)), asked].into_iter().flatten().collect();
        let headers: Vec<_> = headers.iter().map(String::as_str).collect();
        check(&s3.send(&put, &headers, ""), 200, allowed, origin);
    }

    let asks = [&*from("foo.put"), "Access-Control-Request-Method: PUT"];
    let answer = s3.send(&format!("OPTIONS {list}"), &asks, "");
    check(&answer, 200, Some(("foo.put", "PUT")), "preflight of PUT");
    assert_eq!(answer.body, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preflight_that_is_not_allowed_is_answered_as_s3_does() {
    let s3 = Setup::start().await;
    let options =
        |target: &str, headers: &[&str]| s3.send(&format!("OPTIONS {target}"), headers, "");
    let origin = "Origin: foo.suffix";
    let get = "Access-Control-Request-Method: GET";
    let object = format!("/{BUCKET}/key");
    let no_origin = "Insufficient information. Origin request header needed.";
    let disabled = "CORSResponse: CORS is not enabled for this bucket.";

    let check = |answer: Answer, status: u16, code: &str, message: &str| {
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.text("Code"), Some(code), "{answer:?}");
        assert!(
            answer.text("Message").unwrap().starts_with(message),
            "{answer:?}"
        );
        answer
    };
    for target in ["/absent/key", &object] {
        check(options(target, &[]), 400, "BadRequest", no_origin);
    }
    let absent = options("/absent/key", &[origin, get]);
    check(
        absent,
        403,
        "AccessForbidden",
        "CORSResponse: Bucket not found",
    );
    let answer = check(
        options(&object, &[origin, get]),
        403,
        "AccessForbidden",
        disabled,
    );
    assert_eq!(answer.text("Method"), Some("GET"));
    let answer = check(
        options(&object, &[origin]),
        403,
        "AccessForbidden",
        disabled,
    );
    assert_eq!(answer.text("Method"), Some("OPTIONS"));

    configure(&s3, &rules(&[("GET", "*suffix")]));
    check(options(&object, &[]), 400, "BadRequest", no_origin);
    let text = "Invalid Access-Control-Request-Method";
    check(options(&object, &[origin]), 400, "BadRequest", text);
    let not_allowed = "CORSResponse: This CORS request is not allowed.";
    let put = "Access-Control-Request-Method: PUT";
    let answer = options(&object, &[origin, put]);
    let answer = check(answer, 403, "AccessForbidden", not_allowed);
    assert_eq!(answer.text("ResourceType"), Some("OBJECT"));
    let answer = options(&format!("/{BUCKET}"), &["Origin: bar", get]);
    let answer = check(answer, 403, "AccessForbidden", not_allowed);
    assert_eq!(answer.text("ResourceType"), Some("BUCKET"));
    let header = "Access-Control-Request-Headers: x-amz-meta-header2";
    let answer = options(&object, &[origin, get, header]);
    check(answer, 403, "AccessForbidden", not_allowed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preflight_names_the_headers_that_it_was_asked_about() {
    let s3 = Setup::start().await;
    configure(
        &s3,
        "<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod>\
         <AllowedOrigin>*</AllowedOrigin><AllowedHeader>x-AMZ-meta-*</AllowedHeader>\
         <AllowedHeader>Range</AllowedHeader><ExposeHeader>x-amz-id-2</ExposeHeader>\
         <ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>3000</MaxAgeSeconds></CORSRule>",
    );
    let ask = |headers: &str| {
        let headers = format!("Access-Control-Request-Headers: {headers}");
        let asks = [
            "Origin: foo",
            "Access-Control-Request-Method: PUT",
            &headers,
        ];
        s3.send(&format!("OPTIONS /{BUCKET}/key"), &asks, "")
    };

    let answer = ask("X-Amz-Meta-A,range");
    check(&answer, 200, Some(("*", "GET, PUT")), "two headers");
    for (name, value) in [
        ("access-control-allow-headers", Some("x-amz-meta-a, range")),
        ("access-control-expose-headers", Some("x-amz-id-2, ETag")),
        ("access-control-max-age", Some("3000")),
        // For every origin there are no credentials.
        ("access-control-allow-credentials", None),
    ] {
        assert_eq!(answer.header(name), value, "{answer:?}");
    }
    assert_eq!(ask("content-type, range").status, 403);

    configure(&s3, &rules(&[("GET", "foo")]));
    let answer = s3.send(&format!("GET /{BUCKET}"), &["Origin: foo"], "");
    check(&answer, 200, Some(("foo", "GET")), "one origin");
    let credentials = answer.header("access-control-allow-credentials");
    assert_eq!(credentials, Some("true"));
}

const ALLOWED: &str = "http://localhost:5173";
const FOREIGN: &str = "https://evil.example";

async fn pages() -> (LocalPipeline, S3Endpoint) {
    let topology = Topology::new().with_bucket(BucketSpec::new(BUCKET));
    let builder = LocalPipeline::builder().with_topology(topology);
    let pipeline = builder.start().await.unwrap();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let bound = S3Endpoint::bind(address).await.unwrap();
    let endpoint = bound
        .with_allowed_origin(Origin::parse(ALLOWED).unwrap())
        .serve(Arc::clone(pipeline.buckets()));

    (pipeline, endpoint)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_bucket_lets_in_a_page_that_the_port_does_not_allow() {
    let (_pipeline, endpoint) = pages().await;
    let client = S3Client(endpoint.address());
    let send = |method: &str, headers: &[&str], body: &str| {
        let target = format!("/{BUCKET}?cors");
        tokio::task::block_in_place(|| {
            client
                .send(method, &target, headers, body.as_bytes())
                .unwrap()
        })
    };
    let methods = ["GET", "PUT", "HEAD", "POST", "DELETE"];
    let everything = rules(&methods.map(|method| (method, "*")));
    let body = format!("<CORSConfiguration>{everything}</CORSConfiguration>");
    assert_eq!(send("PUT", &[], &body).status, 200);

    let foreign = [
        vec![format!("Origin: {FOREIGN}")],
        vec![String::from("Origin: null")],
        vec![String::from("Origin: NULL")],
        vec![String::from("Origin: chrome-extension://abc")],
        vec![String::from("Origin: ")],
        vec![
            String::from("Origin: evil"),
            String::from("Sec-Fetch-Site: cross-site"),
        ],
        vec![format!("Origin: {FOREIGN}"), String::from("Origin: evil")],
    ];
    for headers in foreign {
        let mut headers: Vec<_> = headers.iter().map(String::as_str).collect();
        headers.push("Access-Control-Request-Method: GET");
        for method in ["GET", "PUT", "DELETE", "OPTIONS"] {
            let answer = send(method, &headers, "");
            assert_eq!(answer.status, 403, "{method} {headers:?}: {answer:?}");
            let allowed = answer.header("access-control-allow-origin");
            assert_eq!(allowed, None, "{method} {headers:?}: {answer:?}");
        }
    }
    assert_eq!(send("GET", &[], "").texts("CORSRule").len(), methods.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_may_allow_less_than_the_port() {
    let (_pipeline, endpoint) = pages().await;
    let client = S3Client(endpoint.address());
    let send = |method: &str, target: &str, headers: &[&str], body: &str| {
        tokio::task::block_in_place(|| {
            let headers = [headers, &["Sec-Fetch-Site: cross-site"]].concat();
            client
                .send(method, target, &headers, body.as_bytes())
                .unwrap()
        })
    };
    let origin = format!("Origin: {ALLOWED}");
    let object = format!("/{BUCKET}/key");
    let ask = |method: &str| {
        let method = format!("Access-Control-Request-Method: {method}");
        let private = "Access-Control-Request-Private-Network: true";
        send("OPTIONS", &object, &[&origin, &method, private], "")
    };

    // Without a configuration, an allowed page may do everything.
    assert_eq!(ask("PUT").status, 204);
    assert_eq!(send("PUT", &object, &[&origin], "body").status, 200);

    let body = rules(&[("GET", "http://localhost:*")]);
    let body = format!("<CORSConfiguration>{body}</CORSConfiguration>");
    let cors = format!("/{BUCKET}?cors");
    assert_eq!(send("PUT", &cors, &[&origin], &body).status, 200);

    let get = ask("GET");
    check(&get, 200, Some((ALLOWED, "GET")), "GET");
    assert_eq!(
        get.header("access-control-allow-private-network"),
        Some("true")
    );
    check(&ask("PUT"), 403, None, "PUT");
    let read = send("GET", &object, &[&origin], "");
    check(&read, 200, Some((ALLOWED, "GET")), "GET");
    assert_eq!(read.header("access-control-expose-headers"), None);
    // As at S3, CORS keeps the page from reading the answer, and does not refuse the request.
    check(&send("PUT", &object, &[&origin], "body"), 200, None, "PUT");

    // What has no configuration follows the port.
    let service = send("GET", "/", &[&origin], "");
    assert_eq!(service.header("access-control-allow-origin"), Some(ALLOWED));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_keeps_cors() {
    let folder = TempDir::new().unwrap();
    let start = || {
        let topology = Topology::new().with_bucket(BucketSpec::new(BUCKET));
        let builder = LocalPipeline::builder().with_topology(topology);
        builder.with_data(folder.path()).start()
    };
    let target = format!("/{BUCKET}?cors");

    let pipeline = start().await.unwrap();
    let (mut endpoint, client) = serve(&pipeline).await;
    let body = rules(&[("GET", "*")]);
    let body = format!("<CORSConfiguration>{body}</CORSConfiguration>");
    tokio::task::block_in_place(|| {
        let put = client.send("PUT", &target, &[], body.as_bytes());
        assert_eq!(put.unwrap().status, 200);
    });
    endpoint.stop().await;
    pipeline.stop().await;
    drop((endpoint, pipeline));

    let pipeline = start().await.unwrap();
    let (_endpoint, client) = serve(&pipeline).await;
    let read = tokio::task::block_in_place(|| client.call("GET", &target));
    assert_eq!(read.texts("AllowedOrigin"), ["*"]);
}
