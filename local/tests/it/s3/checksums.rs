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

/// Uploads 5 MiB of `A` and `123456789`, and returns the id of the upload and the elements that
/// name the parts.
fn upload(s3: &Setup, headers: &[&str], name: &str) -> (String, String) {
    let started = s3.send(&format!("POST /{BUCKET}/key?uploads"), headers, "");
    let id = started.text("UploadId").unwrap().to_owned();
    let mut parts = String::new();
    let first = "A".repeat(5 * 1024 * 1024);

    for (number, body) in [(1, first.as_str()), (2, "123456789")] {
        let put = format!("PUT /{BUCKET}/key?partNumber={number}&uploadId={id}");
        let put = s3.ok_with(&put, body);
        let e_tag = put.header("etag").unwrap();
        let sum = put.header(&format!("x-amz-checksum-{name}")).unwrap();
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

            let part = s3.send(&format!("GET /{BUCKET}/key?partNumber=2"), &[MODE], "");
            assert_eq!(part.header(&header), Some(second));
        }
    }
}
