//! Checksums that the endpoint checks, keeps and returns.

use super::client::Answer;
use super::setup::{BUCKET, Setup};

/// The checksums of `123456789` ("Catalogue of parametrised CRC algorithms", and FIPS 180).
const CHECKSUMS: [(&str, &str); 5] = [
    ("crc32", "y/Q5Jg=="),
    ("crc32c", "4waSgw=="),
    ("crc64nvme", "rosUhgp5mIg="),
    ("sha1", "98O8HYCOBHMq32eZZczDTKeuNEE="),
    ("sha256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="),
];

const MODE: &str = "x-amz-checksum-mode: ENABLED";

fn read(s3: &Setup, key: &str, headers: &[&str]) -> [Answer; 2] {
    ["GET", "HEAD"].map(|method| s3.send(&format!("{method} /{BUCKET}/{key}"), headers, ""))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checksum_is_kept_and_returned_to_who_asks_for_it() {
    let s3 = Setup::start().await;
    for (name, value) in CHECKSUMS {
        let header = format!("x-amz-checksum-{name}: {value}");
        let put = s3.send(&format!("PUT /{BUCKET}/key"), &[&header], "123456789");
        assert!(put.is_success(), "{put:?}");
        let source = format!("x-amz-copy-source: {BUCKET}/key");
        let copy = s3.send(&format!("PUT /{BUCKET}/copy"), &[&source], "");
        let element = format!("Checksum{}", name.to_uppercase());
        assert_eq!(copy.text(&element), Some(value), "{copy:?}");

        let header = format!("x-amz-checksum-{name}");
        for key in ["key", "copy"] {
            for answer in read(&s3, key, &[MODE]) {
                assert_eq!(answer.header(&header), Some(value), "{key}: {answer:?}");
                assert_eq!(answer.header("x-amz-checksum-type"), Some("FULL_OBJECT"));
            }
            let silent: [&[&str]; 2] = [&[], &[MODE, "Range: bytes=0-3"]];
            for headers in silent {
                for answer in read(&s3, key, headers) {
                    assert_eq!(answer.header(&header), None, "{key}: {answer:?}");
                }
            }
        }

        let asked = "x-amz-object-attributes: Checksum";
        let attributes = s3.send(&format!("GET /{BUCKET}/key?attributes"), &[asked], "");
        assert_eq!(attributes.text(&element), Some(value), "{attributes:?}");
        assert_eq!(attributes.text("ChecksumType"), Some("FULL_OBJECT"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_gets_the_checksum_that_the_client_asks_for() {
    let s3 = Setup::start().await;
    s3.ok_with(&format!("PUT /{BUCKET}/key"), "123456789");
    let source = format!("x-amz-copy-source: {BUCKET}/key");
    for (name, value) in CHECKSUMS {
        let asked = format!("x-amz-checksum-algorithm: {}", name.to_uppercase());
        s3.send(&format!("PUT /{BUCKET}/copy"), &[&source, &asked], "");
        for answer in read(&s3, "copy", &[MODE]) {
            let header = format!("x-amz-checksum-{name}");
            assert_eq!(answer.header(&header), Some(value), "{answer:?}");
        }
    }
}

/// What the endpoint computes of a body itself.
fn computed(s3: &Setup, name: &str, body: &str) -> String {
    let asked = format!("x-amz-checksum-algorithm: {}", name.to_uppercase());
    let put = s3.send(&format!("PUT /{BUCKET}/computed"), &[&asked], body);
    put.header(&format!("x-amz-checksum-{name}"))
        .unwrap()
        .to_owned()
}

fn first_part() -> String {
    "A".repeat(5 * 1024 * 1024)
}

/// Uploads 5 MiB of `A` and `123456789`, and returns the id of the upload and the elements that
/// name the parts.
fn upload(s3: &Setup, headers: &[&str], name: &str) -> (String, String) {
    let started = s3.send(&format!("POST /{BUCKET}/key?uploads"), headers, "");
    let id = started.text("UploadId").unwrap().to_owned();
    let header = format!("x-amz-checksum-{name}");
    let mut parts = String::new();

    for (number, body) in [(1, first_part().as_str()), (2, "123456789")] {
        let sum = computed(s3, name, body);
        let put = format!("PUT /{BUCKET}/key?partNumber={number}&uploadId={id}");
        let put = s3.send(&put, &[&format!("{header}: {sum}")], body);
        assert_eq!(put.header(&header), Some(sum.as_str()), "{put:?}");

        let e_tag = put.header("etag").unwrap();
        let element = format!("Checksum{}", name.to_uppercase());
        parts += &format!(
            "<Part><PartNumber>{number}</PartNumber><ETag>{e_tag}</ETag>\
             <{element}>{sum}</{element}></Part>"
        );
    }

    (id, parts)
}

fn complete(s3: &Setup, id: &str, parts: &str, headers: &[&str]) -> Answer {
    let body = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
    s3.send(&format!("POST /{BUCKET}/key?uploadId={id}"), headers, &body)
}

/// The checksum of the object is that of its bytes, which one request would have too, or that of
/// the checksums of the parts.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_has_a_checksum_of_the_whole_object_or_of_the_parts() {
    let s3 = Setup::start().await;
    let whole = "A".repeat(5 * 1024 * 1024) + "123456789";
    s3.ok_with(&format!("PUT /{BUCKET}/whole"), &whole);
    let source = format!("x-amz-copy-source: {BUCKET}/whole");

    for (name, second) in CHECKSUMS {
        let algorithm = format!("x-amz-checksum-algorithm: {}", name.to_uppercase());
        let header = format!("x-amz-checksum-{name}");
        let element = format!("Checksum{}", name.to_uppercase());
        let copy = s3.send(&format!("PUT /{BUCKET}/copy"), &[&source, &algorithm], "");
        let expected = copy.text(&element).map(str::to_owned);
        assert!(expected.is_some(), "{copy:?}");

        for kind in ["FULL_OBJECT", "COMPOSITE"] {
            let typed = format!("x-amz-checksum-type: {kind}");
            let impossible = match kind {
                "FULL_OBJECT" => name.starts_with("sha"),
                _ => name == "crc64nvme",
            };
            if impossible {
                let request = format!("POST /{BUCKET}/key?uploads");
                let refused = s3.send(&request, &[&algorithm, &typed], "");
                assert_eq!(refused.text("Code"), Some("InvalidRequest"), "{refused:?}");
                continue;
            }

            let (id, parts) = upload(&s3, &[&algorithm, &typed], name);
            let listed = s3.ok(&format!("GET /{BUCKET}/key?uploadId={id}"));
            assert_eq!(listed.texts(&element)[1], second);
            assert_eq!(listed.text("ChecksumType"), Some(kind));

            let wrong = parts
                .replace(second, CHECKSUMS[0].1)
                .replace("y/Q5Jg==", "AAAAAA==");
            assert_eq!(
                complete(&s3, &id, &wrong, &[]).text("Code"),
                Some("InvalidPart")
            );
            let bad = format!("{header}: AAAAAA==");
            assert_eq!(
                complete(&s3, &id, &parts, &[&bad]).text("Code"),
                Some("BadDigest")
            );

            // The second answer is that to a retry.
            for _ in 0..2 {
                let answer = complete(&s3, &id, &parts, &[]);
                let value = answer.text(&element).map(str::to_owned);
                assert_eq!(answer.text("ChecksumType"), Some(kind), "{answer:?}");
                match kind {
                    "FULL_OBJECT" => assert_eq!(value, expected),
                    _ => assert!(value.as_ref().unwrap().ends_with("-2"), "{value:?}"),
                }
                for read in read(&s3, "key", &[MODE]) {
                    assert_eq!(read.header(&header).map(str::to_owned), value);
                }
            }

            // S3 shows the checksums of parts only if they make that of the object.
            let is_composite = kind == "COMPOSITE";
            let part = s3.send(&format!("GET /{BUCKET}/key?partNumber=2"), &[MODE], "");
            assert_eq!(part.header(&header), is_composite.then_some(second));
            check_attributes(&s3, &element, second, is_composite);
        }
    }
}

/// Checks the attributes of the object that [`upload`] makes.
fn check_attributes(s3: &Setup, element: &str, second: &str, is_composite: bool) {
    let page = ["x-amz-max-parts: 1", "x-amz-part-number-marker: 1"];
    let asked = "x-amz-object-attributes: Checksum,ObjectParts";
    let attributes = |headers: &[&str]| {
        let headers = [&[asked], headers].concat();
        s3.send(&format!("GET /{BUCKET}/key?attributes"), &headers, "")
    };

    let all = attributes(&[]);
    let sums = all.texts(element);
    assert!(!sums[0].contains('-'), "{all:?}");
    assert_eq!(all.text("PartsCount"), Some("2"), "{all:?}");
    if !is_composite {
        assert_eq!(
            (sums.len(), all.texts("PartNumber").len()),
            (1, 0),
            "{all:?}"
        );
        return;
    }

    assert_eq!((sums.len(), sums[2]), (3, second), "{all:?}");
    assert_eq!(all.texts("Size"), ["5242880", "9"]);
    let first = attributes(&page[..1]);
    assert_eq!(first.texts("PartNumber"), ["1"], "{first:?}");
    assert_eq!(first.text("IsTruncated"), Some("true"));
    assert_eq!(first.text("NextPartNumberMarker"), Some("1"));
    let last = attributes(&page);
    assert_eq!(last.texts("PartNumber"), ["2"], "{last:?}");
    assert_eq!(last.text("IsTruncated"), Some("false"));
}

/// Checks that an object has this checksum, which S3 computes by itself.
fn check_default(s3: &Setup, key: &str, value: &str) {
    for answer in read(s3, key, &[MODE]) {
        assert_eq!(
            answer.header("x-amz-checksum-crc64nvme"),
            Some(value),
            "{answer:?}"
        );
        assert_eq!(answer.header("x-amz-checksum-type"), Some("FULL_OBJECT"));
    }

    let asked = "x-amz-object-attributes: Checksum";
    let attributes = s3.send(&format!("GET /{BUCKET}/{key}?attributes"), &[asked], "");
    assert_eq!(attributes.text("ChecksumCRC64NVME"), Some(value));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_without_a_checksum_gets_one() {
    let s3 = Setup::start().await;
    let crc64 = CHECKSUMS[2].1;

    let put = s3.ok_with(&format!("PUT /{BUCKET}/key"), "123456789");
    assert_eq!(put.header("x-amz-checksum-crc64nvme"), Some(crc64));
    assert_eq!(put.header("x-amz-checksum-type"), Some("FULL_OBJECT"));
    check_default(&s3, "key", crc64);

    let source = format!("x-amz-copy-source: {BUCKET}/key");
    let copy = s3.send(&format!("PUT /{BUCKET}/copy"), &[&source], "");
    assert_eq!(copy.text("ChecksumCRC64NVME"), Some(crc64));
    check_default(&s3, "copy", crc64);

    s3.pipeline.put(BUCKET, "own", "123456789").await.unwrap();
    check_default(&s3, "own", crc64);
    s3.pipeline
        .copy((BUCKET, "own"), (BUCKET, "own-copy"))
        .await
        .unwrap();
    check_default(&s3, "own-copy", crc64);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_without_a_checksum_gets_one_of_the_whole_object() {
    let s3 = Setup::start().await;
    let whole = first_part() + "123456789";
    let expected = computed(&s3, "crc64nvme", &whole);
    let started = s3.ok(&format!("POST /{BUCKET}/key?uploads"));
    assert_eq!(started.header("x-amz-checksum-algorithm"), None);
    let id = started.text("UploadId").unwrap();

    // The second part brings a checksum of its own choice.
    let mut parts = String::new();
    let sent = "x-amz-checksum-sha1: 98O8HYCOBHMq32eZZczDTKeuNEE=";
    for (number, body, headers) in [
        (1, first_part().as_str(), &[][..]),
        (2, "123456789", &[sent]),
    ] {
        let put = format!("PUT /{BUCKET}/key?partNumber={number}&uploadId={id}");
        let put = s3.send(&put, headers, body);
        assert_eq!(put.header("x-amz-checksum-crc64nvme"), None, "{put:?}");
        assert_eq!(put.header("x-amz-checksum-sha1").is_some(), number == 2);
        let e_tag = put.header("etag").unwrap();
        parts += &format!("<Part><PartNumber>{number}</PartNumber><ETag>{e_tag}</ETag>SUM</Part>");
    }
    let (first, second) = parts.split_at(parts.find("SUM").unwrap());
    let with = |sum: &str| format!("{first}{}", second[3..].replace("SUM", sum));

    let listed = s3.ok(&format!("GET /{BUCKET}/key?uploadId={id}"));
    assert_eq!(listed.text("ChecksumAlgorithm"), None, "{listed:?}");
    let wrong = with("<ChecksumSHA1>AAAAAAAAAAAAAAAAAAAAAAAAAAA=</ChecksumSHA1>");
    assert_eq!(
        complete(&s3, id, &wrong, &[]).text("Code"),
        Some("InvalidPart")
    );

    let right = with("<ChecksumSHA1>98O8HYCOBHMq32eZZczDTKeuNEE=</ChecksumSHA1>");
    let answer = complete(&s3, id, &right, &[]);
    assert_eq!(
        answer.text("ChecksumCRC64NVME"),
        Some(expected.as_str()),
        "{answer:?}"
    );
    assert_eq!(answer.text("ChecksumType"), Some("FULL_OBJECT"));
    check_default(&s3, "key", &expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn checksums_that_contradict_each_other_or_the_body_are_refused() {
    let s3 = Setup::start().await;
    let crc32 = "x-amz-checksum-crc32: y/Q5Jg==";
    let crc32c = "x-amz-checksum-crc32c: 4waSgw==";
    let cases: [(&[&str], &str, &str); 9] = [
        (
            &[crc32, crc32c],
            "InvalidRequest",
            "Expecting a single x-amz-checksum- header",
        ),
        (
            &[crc32, "x-amz-checksum-sha1: "],
            "InvalidRequest",
            "Expecting a single",
        ),
        (
            &["x-amz-checksum-crc32: "],
            "InvalidRequest",
            "Value for x-amz-checksum-crc32 header",
        ),
        (
            &["x-amz-checksum-crc32: y/Q5"],
            "InvalidRequest",
            "Value for x-amz-checksum-crc32 header",
        ),
        (
            &["x-amz-checksum-crc32: AAAAAA=="],
            "BadDigest",
            "The CRC32 you specified did not match",
        ),
        (
            &["x-amz-sdk-checksum-algorithm: CRC32"],
            "InvalidRequest",
            "no corresponding",
        ),
        (
            &["x-amz-sdk-checksum-algorithm: SHA1", crc32],
            "InvalidRequest",
            "header is invalid",
        ),
        (
            &["x-amz-sdk-checksum-algorithm: CRC8", crc32],
            "InvalidRequest",
            "is unsupported",
        ),
        (
            &["x-amz-sdk-checksum-algorithm: XXHASH3", crc32],
            "NotImplemented",
            "has no XXHASH3",
        ),
    ];

    for (headers, code, text) in cases {
        let answer = s3.send(&format!("PUT /{BUCKET}/key"), headers, "123456789");
        assert_eq!(answer.text("Code"), Some(code), "{headers:?}: {answer:?}");
        assert!(
            answer.text("Message").unwrap().contains(text),
            "{headers:?}: {answer:?}"
        );
    }

    s3.check_fails(&format!("GET /{BUCKET}/key"), "", 404, "NoSuchKey");
    let lower = ["x-amz-sdk-checksum-algorithm: crc32", crc32];
    assert!(
        s3.send(&format!("PUT /{BUCKET}/key"), &lower, "123456789")
            .is_success()
    );
}

/// A checksum of the checksums needs that of each part, twice.
#[tokio::test(flavor = "multi_thread")]
async fn the_parts_of_an_upload_have_the_checksums_that_it_needs() {
    let s3 = Setup::start().await;
    let start = |kind: &str| {
        let headers = [
            "x-amz-checksum-algorithm: CRC32",
            &format!("x-amz-checksum-type: {kind}"),
        ];
        let started = s3.send(&format!("POST /{BUCKET}/key?uploads"), &headers, "");
        started.text("UploadId").unwrap().to_owned()
    };
    let put = |id: &str, headers: &[&str]| {
        let put = format!("PUT /{BUCKET}/key?partNumber=1&uploadId={id}");
        s3.send(&put, headers, "123456789")
    };
    let e_tag = "<PartNumber>1</PartNumber><ETag>25f9e794323b453885f5181f1b624d0b</ETag>";
    let bare = format!("<Part>{e_tag}</Part>");

    let (composite, full) = (start("COMPOSITE"), start("FULL_OBJECT"));
    for (id, headers, text) in [
        (
            &composite,
            &[][..],
            "expected checksum Type: crc32, actual checksum Type: null",
        ),
        (
            &composite,
            &["x-amz-checksum-crc32c: 4waSgw=="],
            "actual checksum Type: crc32c",
        ),
        (
            &full,
            &["x-amz-checksum-crc32c: 4waSgw=="],
            "actual checksum Type: crc32c",
        ),
    ] {
        let answer = put(id, headers);
        assert_eq!(answer.text("Code"), Some("InvalidRequest"), "{answer:?}");
        assert!(answer.text("Message").unwrap().contains(text), "{answer:?}");
    }

    assert!(put(&composite, &["x-amz-checksum-crc32: y/Q5Jg=="]).is_success());
    let answer = complete(&s3, &composite, &bare, &[]);
    assert_eq!(answer.text("Code"), Some("InvalidRequest"), "{answer:?}");
    assert!(
        answer
            .text("Message")
            .unwrap()
            .contains("missing for part 1"),
        "{answer:?}"
    );

    assert_eq!(
        put(&full, &[]).header("x-amz-checksum-crc32"),
        Some("y/Q5Jg==")
    );
    for (header, code) in [
        ("x-amz-checksum-type: COMPOSITE", "BadDigest"),
        ("x-amz-checksum-crc32: AAAAAA==", "BadDigest"),
        ("x-amz-checksum-crc32c: 4waSgw==", "InvalidRequest"),
        ("x-amz-mp-object-size: 8", "InvalidRequest"),
    ] {
        let answer = complete(&s3, &full, &bare, &[header]);
        assert_eq!(answer.text("Code"), Some(code), "{header}: {answer:?}");
    }

    let right = [
        "x-amz-checksum-type: FULL_OBJECT",
        "x-amz-checksum-crc32: y/Q5Jg==",
        "x-amz-mp-object-size: 9",
    ];
    assert!(complete(&s3, &full, &bare, &right).is_success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checksum_can_follow_the_body() {
    let s3 = Setup::start().await;
    for (name, value) in CHECKSUMS {
        let header = format!("x-amz-checksum-{name}");
        let put = s3.put_in_chunks(&format!("/{BUCKET}/{name}"), &header, (&header, value));
        assert!(put.is_success(), "{put:?}");
        assert_eq!(put.header(&header), Some(value), "{put:?}");
        for answer in read(&s3, name, &[MODE]) {
            assert_eq!(answer.header(&header), Some(value), "{answer:?}");
            assert_eq!(answer.header("content-encoding"), None);
        }
        assert_eq!(s3.get(&format!("/{BUCKET}/{name}")), "123456789");

        let announced = header.to_uppercase();
        let wrong = if name == "crc32" {
            CHECKSUMS[1].1
        } else {
            CHECKSUMS[0].1
        };
        for (trailer, value, code) in [
            (
                header.as_str(),
                wrong,
                if name.starts_with("crc32") {
                    "BadDigest"
                } else {
                    "InvalidRequest"
                },
            ),
            ("x-amz-meta-other", "value", "MalformedTrailerError"),
        ] {
            let answer = s3.put_in_chunks(&format!("/{BUCKET}/no"), &announced, (trailer, value));
            assert_eq!(answer.text("Code"), Some(code), "{name}: {answer:?}");
        }
    }

    s3.check_fails(&format!("GET /{BUCKET}/no"), "", 404, "NoSuchKey");
}
