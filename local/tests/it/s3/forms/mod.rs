//! Forms by which browsers upload objects.

mod form;
mod policy;

use self::form::{Form, MULTIPART};
use super::setup::{BUCKET, Setup, event};

/// What boto3 makes of `generate_presigned_post` with the keys of the pipeline, for files of 1 to
/// 10 bytes whose type is an image.
const BOTO3_V4: [(&str, &str); 7] = [
    ("Content-Type", "image/png"),
    ("key", "photos/${filename}"),
    ("x-amz-algorithm", "AWS4-HMAC-SHA256"),
    (
        "x-amz-credential",
        "test/20260102/us-east-1/s3/aws4_request",
    ),
    ("x-amz-date", "20260102T030405Z"),
    (
        "policy",
        "eyJleHBpcmF0aW9uIjogIjIwOTUtMTItMTZUMDM6MDQ6MDVaIiwgImNvbmRpdGlvbnMiOiBbWyJzdGFydHMtd2l0a\
         CIsICIkQ29udGVudC1UeXBlIiwgImltYWdlLyJdLCBbImNvbnRlbnQtbGVuZ3RoLXJhbmdlIiwgMSwgMTBdLCB7Im\
         J1Y2tldCI6ICJhbXpuLXMzLWRlbW8tYnVja2V0In0sIFsic3RhcnRzLXdpdGgiLCAiJGtleSIsICJwaG90b3MvIl0\
         sIHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwgeyJ4LWFtei1jcmVkZW50aWFsIjogInRl\
         c3QvMjAyNjAxMDIvdXMtZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LCB7IngtYW16LWRhdGUiOiAiMjAyNjAxMDJUM\
         DMwNDA1WiJ9XX0=",
    ),
    (
        "x-amz-signature",
        "faa748920d3ab78e5e10771c2ff4412160d91750493fc7df83c87638fbca81d0",
    ),
];

/// The same with signature version 2.
const BOTO3_V2: [(&str, &str); 5] = [
    ("Content-Type", "image/png"),
    ("key", "photos/${filename}"),
    ("AWSAccessKeyId", "test"),
    (
        "policy",
        "eyJleHBpcmF0aW9uIjogIjIwOTUtMTItMTZUMDM6MDQ6MDVaIiwgImNvbmRpdGlvbnMiOiBbWyJzdGFydHMtd2l0a\
         CIsICIkQ29udGVudC1UeXBlIiwgImltYWdlLyJdLCBbImNvbnRlbnQtbGVuZ3RoLXJhbmdlIiwgMSwgMTBdLCB7Im\
         J1Y2tldCI6ICJhbXpuLXMzLWRlbW8tYnVja2V0In0sIFsic3RhcnRzLXdpdGgiLCAiJGtleSIsICJwaG90b3MvIl1\
         dfQ==",
    ),
    ("signature", "JDeh7EBXbeckemnq4yUATmjs+iw="),
];

fn form_of(fields: &[(&str, &str)]) -> Form {
    let form = Form::default().with_file(Some("C:\\pictures\\cat.png"), b"text");
    fields
        .iter()
        .fold(form, |form, (name, value)| form.with(name, value))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_boto3_puts_its_file() {
    let mut setup = Setup::start().await;

    for form in [form_of(&BOTO3_V4), form_of(&BOTO3_V2)] {
        let answer = form.send(&setup);
        assert_eq!(answer.status, 204, "{answer:?}");
        let e_tag = answer.header("etag").unwrap().to_owned();

        let object = setup.ok(&format!("GET /{BUCKET}/photos/cat.png"));
        assert_eq!(object.body, "text");
        assert_eq!(object.header("content-type"), Some("image/png"));
        assert_eq!(object.header("etag"), Some(e_tag.as_str()));

        let records = setup.records().await;
        assert_eq!(records.len(), 1, "{records:?}");
        assert_eq!(records[0]["eventName"], "ObjectCreated:Post");
        assert_eq!(records[0]["s3"]["object"]["key"], "photos/cat.png");
        assert_eq!(
            records[0]["responseElements"]["x-amz-request-id"],
            answer.header("x-amz-request-id").unwrap()
        );
    }

    let gone = setup.send(&format!("DELETE /{BUCKET}/photos/cat.png"), &[], "");
    assert_eq!(gone.status, 204);
    for (body, code) in [
        (&b""[..], "EntityTooSmall"),
        (b"eleven byte", "EntityTooLarge"),
    ] {
        let form = form_of(&BOTO3_V4).with_file(Some("cat.png"), body);
        form.check_fails(&setup, 400, code, "Your proposed upload");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_the_file_is_part_of_every_field() {
    let setup = Setup::start().await;

    for (sent, key, kept) in [
        (Some("a b.png"), "in%2Fa%20b.png", "a b.png"),
        (Some("dir/a.png"), "in%2Fa.png", "a.png"),
        (Some("C:\\dir\\b.png"), "in%2Fb.png", "b.png"),
        (Some(""), "in%2F", ""),
        (
            Some("\u{e9}.png"),
            "in%2F%C3%A9.png",
            "=?UTF-8?B?w6kucG5n?=",
        ),
        (None, "in%2F%24%7Bfilename%7D", "${filename}"),
    ] {
        let fields = [("x-amz-meta-name", "${filename}")];
        let form = Form::signed("in/${filename}", &fields).with_file(sent, b"text");
        let answer = form.send(&setup);
        assert_eq!(answer.status, 204, "{sent:?}: {answer:?}");
        let location = format!("http://localhost:{}/{BUCKET}/{key}", setup.port());
        assert_eq!(answer.header("location"), Some(location.as_str()));

        let object = setup.ok(&format!("GET /{BUCKET}/{key}"));
        assert_eq!(object.body, "text", "{sent:?}");
        let name = object.header("x-amz-meta-name").unwrap_or_default();
        assert_eq!(name, kept, "{sent:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fields_of_a_form_become_properties_of_the_object() {
    let setup = Setup::start().await;
    let tags = "<Tagging><TagSet><Tag><Key>a &amp; b</Key><Value>c=d</Value></Tag></TagSet>\
                </Tagging>";
    let fields = [
        ("ACL", "private"),
        ("Content-Type", "text/x-form"),
        ("Cache-Control", "max-age=1"),
        ("Content-Disposition", "inline"),
        ("Content-Encoding", "x-own"),
        ("Expires", "Wed, 01 Jan 2031 00:00:00 GMT"),
        ("x-amz-storage-class", "STANDARD_IA"),
        ("X-Amz-Meta-Color", "red"),
        ("x-amz-meta-bytes", "\u{1}\u{2}"),
        (
            "x-amz-checksum-sha256",
            "mC2ePrmW9VnmM/TRlN7zdh2Qn1o7ZH0ahR/q1nwyydE=",
        ),
        ("x-amz-copy-source", "/other/key"),
        ("tagging", tags),
    ];
    let form = Form::signed("a.txt", &fields);
    let form = form
        .with("x-ignore-me", "1")
        .with_after("acl", "public-read");
    let answer = form.send(&setup);
    assert_eq!(answer.status, 204, "{answer:?}");

    let sum = ["x-amz-checksum-mode: ENABLED"];
    let object = setup.send(&format!("GET /{BUCKET}/a.txt"), &sum, "");
    for (name, value) in [
        ("content-type", "text/x-form"),
        ("cache-control", "max-age=1"),
        ("content-disposition", "inline"),
        ("content-encoding", "x-own"),
        ("expires", "Wed, 01 Jan 2031 00:00:00 GMT"),
        ("x-amz-storage-class", "STANDARD_IA"),
        ("x-amz-meta-color", "red"),
        ("x-amz-meta-bytes", "=?UTF-8?B?AQI=?="),
        (
            "x-amz-checksum-sha256",
            "mC2ePrmW9VnmM/TRlN7zdh2Qn1o7ZH0ahR/q1nwyydE=",
        ),
        ("x-amz-tagging-count", "1"),
    ] {
        assert_eq!(object.header(name), Some(value), "{object:?}");
    }
    let tags = setup.ok(&format!("GET /{BUCKET}/a.txt?tagging"));
    assert_eq!(tags.text("Key"), Some("a &amp; b"), "{tags:?}");
    assert_eq!(tags.text("Value"), Some("c=d"), "{tags:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_no_object_can_have_is_refused() {
    let setup = Setup::start().await;

    for (name, value, code) in [
        (
            "x-amz-checksum-sha256",
            "c2FpbG9yamVycnk=",
            "InvalidRequest",
        ),
        ("x-amz-checksum-crc32", "AAAAAA==", "BadDigest"),
        ("x-amz-storage-class", "FakeClass", "InvalidStorageClass"),
        ("tagging", "not-xml", "MalformedXML"),
        ("Content-Type", "a\u{1}b", "InvalidArgument"),
        ("x-amz-meta- ", "b", "InvalidArgument"),
    ] {
        Form::signed("a.txt", &[(name, value)]).check_fails(&setup, 400, code, "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_chooses_its_answer() {
    let setup = Setup::start().await;
    let e_tag = "%221cb251ec0d568de6a929b520c4aed8d1%22";
    let query = format!("bucket={BUCKET}&key=a%2Fb%20c.txt&etag={e_tag}").replace("%20", "+");

    for (fields, status, location) in [
        (vec![("success_action_status", "200")], 200, None),
        (vec![("success_action_status", "204")], 204, None),
        (vec![("success_action_status", "404")], 204, None),
        (vec![("success_action_status", "")], 204, None),
        (vec![("success_action_redirect", "/relative")], 204, None),
        (vec![("success_action_redirect", "ftp://host/")], 204, None),
        (
            vec![("success_action_redirect", "http://localhost:5173/done")],
            303,
            Some(format!("http://localhost:5173/done?{query}")),
        ),
        (
            vec![("redirect", "https://app.example/?a=b")],
            303,
            Some(format!("https://app.example/?a=b&{query}")),
        ),
        (
            vec![
                ("success_action_status", "201"),
                ("success_action_redirect", "http://localhost/"),
            ],
            303,
            Some(format!("http://localhost/?{query}")),
        ),
    ] {
        let answer = Form::signed("a/b c.txt", &fields).send(&setup);
        assert_eq!(answer.status, status, "{fields:?}: {answer:?}");
        assert_eq!(answer.body, "", "{fields:?}");

        let own = format!("http://localhost:{}/{BUCKET}/a%2Fb%20c.txt", setup.port());
        let location = location.unwrap_or(own);
        assert_eq!(answer.header("location"), Some(location.as_str()));
        assert_eq!(
            answer.header("etag"),
            Some("\"1cb251ec0d568de6a929b520c4aed8d1\"")
        );
    }

    let form = Form::signed("a/b&c.txt", &[("success_action_status", "201")]);
    let answer = form.send(&setup);
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.text("Bucket"), Some(BUCKET));
    assert_eq!(answer.text("Key"), Some("a/b&amp;c.txt"));
    assert_eq!(answer.text("ETag"), answer.header("etag"));
    assert_eq!(answer.text("Location"), answer.header("location"));

    setup.set_versioning("Enabled");
    let versioned = Form::new("a.txt").send(&setup);
    assert!(
        versioned.header("x-amz-version-id").is_some(),
        "{versioned:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_may_name_the_bucket_of_a_form() {
    let mut setup = Setup::start().await;
    let host = format!("{BUCKET}.localhost");
    let body = Form::new("a.txt").sign_v4("").body();
    let answer = setup.send_to(&host, "POST /", &[MULTIPART], &body);

    assert_eq!(answer.status, 204, "{answer:?}");
    let location = format!("http://{host}:{}/a.txt", setup.port());
    assert_eq!(answer.header("location"), Some(location.as_str()));
    assert_eq!(
        setup.events().await,
        [event("ObjectCreated:Post", "a.txt", None)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_must_be_whole() {
    let setup = Setup::start().await;
    let form = Form::new("a.txt");
    let missing = "If it is specified, please check the order of the fields.";

    form.clone()
        .without("key")
        .check_fails(&setup, 400, "InvalidArgument", missing);
    let after = form.clone().without("key").with_after("key", "a.txt");
    after.check_fails(&setup, 400, "InvalidArgument", "'key'");
    Form::new("").check_fails(&setup, 400, "InvalidArgument", "greater than 0");
    let file = form.clone().without_file();
    file.check_fails(&setup, 400, "InvalidArgument", "exactly one file");
    let twice = form.clone().with("Key", "b.txt");
    twice.check_fails(&setup, 400, "InvalidArgument", "exactly one field");
    let long = "x".repeat(20 * 1024);
    let long = form.clone().with("x-ignore-me", &long);
    long.check_fails(&setup, 400, "MaxPostPreDataLengthExceeded", "too large");

    for (content_type, body, status, code) in [
        (MULTIPART, &b"no form"[..], 400, "MalformedPOSTRequest"),
        (MULTIPART, b"", 400, "MalformedPOSTRequest"),
        (MULTIPART, &form.body()[..40], 400, "MalformedPOSTRequest"),
        (
            "Content-Type: multipart/form-data",
            b"--\r\n",
            400,
            "MalformedPOSTRequest",
        ),
        (
            "Content-Type: text/html",
            b"text",
            412,
            "PreconditionFailed",
        ),
        ("X-No: type", b"", 412, "PreconditionFailed"),
    ] {
        let target = format!("POST /{BUCKET}");
        let answer = setup.send_to("localhost", &target, &[content_type], body);
        let actual = (answer.status, answer.text("Code"));
        assert_eq!(actual, (status, Some(code)), "{answer:?}");
    }

    let missing = setup.send_to("localhost", "POST /no-bucket", &[MULTIPART], &form.body());
    let actual = (missing.status, missing.text("Code"));
    assert_eq!(actual, (404, Some("NoSuchBucket")), "{missing:?}");
    assert_eq!(setup.ok(&format!("GET /{BUCKET}")).text("Key"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_breaks_off_is_not_stored() {
    let setup = Setup::start().await;
    let body = Form::new("a.txt").body();

    // In the file, at its end, and in the boundary after it.
    for cut in [15, 13, 12, 6].map(|missing| body.len() - missing) {
        let part = &body[..cut];
        let answer = setup.send_to("localhost", &format!("POST /{BUCKET}"), &[MULTIPART], part);
        let actual = (answer.status, answer.text("Code"));
        assert_eq!(actual, (400, Some("IncompleteBody")), "{cut}: {answer:?}");
    }

    assert_eq!(setup.ok(&format!("GET /{BUCKET}")).text("Key"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_without_an_end_are_not_kept() {
    let setup = Setup::start().await;
    let start = "----b-1\r\nContent-Disposition: form-data; name=\"key\"\r\nX-Long: ";
    let endless = [start.as_bytes(), &vec![b'x'; 1024 * 1024]].concat();
    let answer = setup.send_to(
        "localhost",
        &format!("POST /{BUCKET}"),
        &[MULTIPART],
        &endless,
    );

    let actual = (answer.status, answer.text("Code"));
    assert_eq!(
        actual,
        (400, Some("MaxPostPreDataLengthExceeded")),
        "{answer:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_passes_through() {
    let setup = Setup::start().await;
    // Parts of the boundary are part of the file.
    let file = b"\r\n----b-2\r\n----b".repeat(500_000);
    let form = Form::signed("large", &[]).with_file(Some("large"), &file);
    assert_eq!(form.send(&setup).status, 204);

    let length = file.len().to_string();
    let head = setup.ok(&format!("HEAD /{BUCKET}/large"));
    assert_eq!(head.header("content-length"), Some(length.as_str()));
    assert!(setup.get(&format!("/{BUCKET}/large")).as_bytes() == file);
}
