//! How a request says that it is signed.

use super::setup::{BUCKET, Setup};
use super::signing::{Signed, basic, credential, now};

const HASH: &str = "x-amz-content-sha256: UNSIGNED-PAYLOAD";

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_request_has_a_date_or_an_x_amz_date_or_both() {
    let setup = Setup::start().await;
    let host = format!("localhost:{}", setup.port());
    let time = now();
    let date = time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    // botocore writes the zone like this.
    let zone = date.replace("GMT", "-0000");
    let amz_date = basic(time);

    let path = format!("/{BUCKET}/dated.txt");
    for (name, value, more) in [
        ("x-amz-date", &amz_date, None),
        ("x-amz-date", &amz_date, Some("Date: yesterday")),
        ("date", &date, None),
        ("date", &zone, None),
    ] {
        let mut headers = [
            ("host", host.as_str()),
            ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
            (name, value.as_str()),
        ];
        headers.sort_unstable();
        let authorization = Signed {
            method: "PUT",
            path: &path,
            query: "",
            headers: &headers,
            time,
        }
        .authorization();

        let own = format!("{name}: {value}");
        let mut sent = vec![HASH, own.as_str(), authorization.as_str()];
        sent.extend(more);
        let answer = setup.send_to("localhost", &format!("PUT {path}"), &sent, b"dated");
        assert_eq!(answer.status, 200, "{sent:?}: {answer:?}");

        // The date is signed, too.
        let later = "Date: Thu, 01 Jan 2026 00:00:00 GMT";
        if name == "date" {
            let sent = [HASH, later, authorization.as_str()];
            let answer = setup.send_to("localhost", &format!("PUT {path}"), &sent, b"dated");
            assert_eq!(answer.status, 403, "{answer:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_request_without_a_readable_date_is_refused() {
    let setup = Setup::start().await;
    let authorization = format!(
        "Authorization: AWS4-HMAC-SHA256 Credential={}, SignedHeaders=host, Signature=00",
        credential(now())
    );

    for date in [
        "X-Other: 1",
        "Date: yesterday",
        "Date: 26 Nov",
        "x-amz-date: Thu, 26 Nov 2026 09:30:00 GMT",
        "x-amz-date: 20261126",
    ] {
        let sent = [HASH, date, authorization.as_str()];
        let answer = setup.send(&format!("GET /{BUCKET}"), &sent, "");
        let actual = (answer.status, answer.text("Code"));
        assert_eq!(actual, (403, Some("AccessDenied")), "{date}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_says_wrongly_how_it_is_signed_is_refused() {
    let setup = Setup::start().await;
    let get = format!("GET /{BUCKET}");
    let v4 = "Authorization: AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=0";
    let v2 = "Authorization: AWS test:0";

    for (query, headers, status, code) in [
        ("", vec!["Authorization:"], 403, "AccessDenied"),
        ("", vec!["Authorization: Bearer 1"], 400, "InvalidArgument"),
        ("", vec!["Authorization: nothing"], 400, "InvalidArgument"),
        ("", vec!["Authorization: AWS test"], 400, "InvalidArgument"),
        ("", vec![v2, v2], 400, "InvalidArgument"),
        (
            "",
            vec!["Authorization: AWS4-HMAC-SHA256 Credential=test"],
            400,
            "AuthorizationHeaderMalformed",
        ),
        (
            "?X-Amz-Credential=test",
            vec![],
            400,
            "AuthorizationQueryParametersError",
        ),
        (
            "?X-Amz-Signature=0&X-Amz-Expires=60",
            vec![],
            400,
            "AuthorizationQueryParametersError",
        ),
        ("?AWSAccessKeyId=test", vec![], 403, "AccessDenied"),
        ("?Signature=0&Expires=60", vec![], 403, "AccessDenied"),
        (
            "?Signature=0&Expires=60&AWSAccessKeyId=test",
            vec![v4],
            400,
            "InvalidArgument",
        ),
    ] {
        let answer = setup.send(&format!("{get}{query}"), &headers, "");
        let actual = (answer.status, answer.text("Code"));
        assert_eq!(actual, (status, Some(code)), "{query} {headers:?}");
    }

    // What says nothing is not signed, and that is allowed.
    setup.ok(&format!("{get}?Expires=60"));
}
