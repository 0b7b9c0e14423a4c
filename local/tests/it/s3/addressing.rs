//! Buckets that the host names: `http://photos.localhost:9090/a.jpg`.

use super::setup::{BUCKET, Setup};
use super::signing::{Signed, basic, credential, now};

#[tokio::test(flavor = "multi_thread")]
async fn the_host_names_the_bucket() {
    let setup = Setup::start().await;

    for bucket in ["photos", "my.photos.2026", "a-b.c-d", "localhost.localhost"] {
        let host = format!("{bucket}.localhost");
        let send = |request: &str, body: &str| {
            let answer = setup.send_to(&host, request, &[], body.as_bytes());
            assert!(answer.is_success(), "{host}: {request}: {answer:?}");
            answer
        };

        send("PUT /", "");
        send("HEAD /", "");
        send("PUT /a/b%20c.txt", "text");
        assert_eq!(send("GET /a/b%20c.txt", "").body, "text");
        assert_eq!(send("GET /", "").texts("Key"), ["a/b c.txt"]);
        send("GET /?location", "");

        // The path names the same object, and so does the host in another case.
        assert_eq!(setup.get(&format!("/{bucket}/a/b%20c.txt")), "text");
        let upper = host.to_uppercase();
        let answer = setup.send_to(&upper, "GET /a/b%20c.txt", &[], b"");
        assert_eq!(answer.body, "text", "{upper}: {answer:?}");

        // A key may look like a path with a bucket.
        send(&format!("PUT /{BUCKET}/a.txt"), "other");
        assert_eq!(setup.get(&format!("/{bucket}/{BUCKET}/a.txt")), "other");

        send("DELETE /a/b%20c.txt", "");
        send(&format!("DELETE /{BUCKET}/a.txt"), "");
        send("DELETE /", "");
        let gone = setup.send_to(&host, "HEAD /", &[], b"");
        assert_eq!(gone.status, 404, "{host}: {gone:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_hosts_leave_the_bucket_to_the_path() {
    let setup = Setup::start().await;
    setup.ok_with(&format!("PUT /{BUCKET}/a.txt"), "text");

    // A bucket's name has three characters at least.
    for host in [
        "localhost",
        "LOCALHOST",
        "s3.localhost",
        "127.0.0.1",
        "[::1]",
    ] {
        let answer = setup.send_to(host, &format!("GET /{BUCKET}/a.txt"), &[], b"");
        assert_eq!(answer.body, "text", "{host}: {answer:?}");
    }

    for host in [
        "photos.example",
        "photos.localhost.example",
        "photos.127.0.0.1",
    ] {
        let answer = setup.send_to(host, "GET /", &[], b"");
        let actual = (answer.status, answer.text("Code"));
        assert_eq!(actual, (403, Some("AccessDenied")), "{host}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_presigned_url_may_name_the_bucket_in_its_host() {
    let mut setup = Setup::start().await;
    let host = format!("{BUCKET}.localhost:{}", setup.port());
    let time = now();
    let credential = credential(time).replace('/', "%2F");
    let query = format!(
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Date={}\
         &X-Amz-Expires=60&X-Amz-SignedHeaders=host",
        basic(time)
    );

    for (method, status) in [("PUT", 200), ("HEAD", 200), ("GET", 200), ("DELETE", 204)] {
        let signed = Signed {
            method,
            path: "/a/b.txt",
            query: &query,
            headers: &[("host", &host)],
            time,
        };
        let signature = signed.signature();
        let name = format!("{BUCKET}.localhost");
        let send = |signature: &str| {
            let target = format!("{method} /a/b.txt?{query}&X-Amz-Signature={signature}");
            setup.send_to(
                &name,
                &target,
                &[],
                if method == "PUT" { b"text" } else { b"" },
            )
        };

        let answer = send(&signature);
        assert_eq!(answer.status, status, "{method}: {answer:?}");
        let other = &signature[1..];
        let wrong = if signature.starts_with('0') { '1' } else { '0' };
        assert_eq!(send(&format!("{wrong}{other}")).status, 403, "{method}");
    }

    let names: Vec<_> = setup
        .events()
        .await
        .into_iter()
        .map(|event| event.0)
        .collect();
    assert_eq!(names, ["ObjectCreated:Put", "ObjectRemoved:Delete"]);
}
