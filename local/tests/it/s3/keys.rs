//! Keys with characters that XML 1.0 cannot hold, or that its readers change.

use super::setup::{BUCKET, Setup};

/// Keys, each as it stands in a path, in XML, and with `encoding-type=url`.
const KEYS: [(&str, &str, &str); 7] = [
    ("a%01b", "a&#x1;b", "a%01b"),
    ("a%08b", "a&#x8;b", "a%08b"),
    ("a%09b", "a\tb", "a%09b"),
    ("a%0Ab", "a\nb", "a%0Ab"),
    ("a%0Db", "a&#xD;b", "a%0Db"),
    ("a%1Fb%26", "a&#x1F;b&amp;", "a%1Fb%26"),
    ("a%EF%BF%BEb", "a&#xFFFE;b", "a%EF%BF%BEb"),
];

#[tokio::test(flavor = "multi_thread")]
async fn listings_write_references_unless_the_client_asks_for_urls() {
    let setup = Setup::start().await;
    setup.set_versioning("Enabled");
    for (path, ..) in KEYS {
        setup.ok_with(&format!("PUT /{BUCKET}/{path}"), "text");
        setup.ok(&format!("POST /{BUCKET}/{path}?uploads"));
    }

    let in_xml: Vec<_> = KEYS.iter().map(|(_, xml, _)| *xml).collect();
    let encoded: Vec<_> = KEYS.iter().map(|(.., encoded)| *encoded).collect();
    for listing in [
        "prefix=a",
        "list-type=2&prefix=a",
        "versions&prefix=a",
        "uploads",
    ] {
        let plain = setup.ok(&format!("GET /{BUCKET}?{listing}"));
        assert_eq!(plain.texts("Key"), in_xml, "{listing}: {plain:?}");

        let urls = setup.ok(&format!("GET /{BUCKET}?{listing}&encoding-type=url"));
        assert_eq!(urls.texts("Key"), encoded, "{listing}: {urls:?}");
        assert_eq!(urls.texts("EncodingType"), ["url"], "{listing}");
    }

    // So are the texts that a listing repeats, and common prefixes.
    for (listing, after) in [
        ("", "marker"),
        ("list-type=2&", "start-after"),
        ("versions&", "key-marker"),
    ] {
        let query = format!("{listing}prefix=a%01&delimiter=b&{after}=a%01");
        for (encoding, text) in [("", "a&#x1;"), ("&encoding-type=url", "a%01")] {
            let answer = setup.ok(&format!("GET /{BUCKET}?{query}{encoding}"));
            let mut prefixes = answer.texts("Prefix");
            prefixes.sort_unstable();
            assert_eq!(
                prefixes,
                [text.to_owned(), format!("{text}b")],
                "{query}: {answer:?}"
            );
            let marker = match after {
                "marker" => "Marker",
                "start-after" => "StartAfter",
                _ => "KeyMarker",
            };
            assert_eq!(answer.text(marker), Some(text), "{query}: {answer:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_in_xml_names_the_keys_that_xml_can_hold() {
    let mut setup = Setup::start().await;
    let keys = [
        ("a%09b", "a\tb"),
        ("a%0Ab", "a&#10;b"),
        ("a%0Db", "a&#xD;b"),
        ("%26%3C", "&amp;&#60;"),
    ];
    for (path, _) in keys {
        setup.ok_with(&format!("PUT /{BUCKET}/{path}"), "text");
    }
    setup.records().await;

    let objects = keys.map(|(_, xml)| format!("<Object><Key>{xml}</Key></Object>"));
    let answer = setup.ok_with(
        &format!("POST /{BUCKET}?delete"),
        &format!("<Delete>{}</Delete>", objects.concat()),
    );
    assert_eq!(
        answer.texts("Key"),
        ["a\tb", "a\nb", "a&#xD;b", "&amp;&lt;"],
        "{answer:?}"
    );

    let deleted: Vec<_> = setup
        .events()
        .await
        .into_iter()
        .map(|event| event.1)
        .collect();
    assert_eq!(deleted, keys.map(|(path, _)| path));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_in_xml_with_another_key_is_malformed() {
    let mut setup = Setup::start().await;
    setup.ok_with(&format!("PUT /{BUCKET}/a.txt"), "text");
    setup.ok_with(&format!("PUT /{BUCKET}/a%01b"), "text");
    setup.records().await;

    for key in [
        "a\u{1}b",
        "a&#x1;b",
        "a&#1;b",
        "a\u{1f}",
        "a\u{fffe}",
        "a&#xFFFF;",
    ] {
        let body = format!(
            "<Delete><Object><Key>a.txt</Key></Object><Object><Key>{key}</Key></Object></Delete>"
        );
        let request = format!("POST /{BUCKET}?delete");
        setup.check_fails(&request, &body, 400, "MalformedXML");
    }
    assert_eq!(setup.records().await.len(), 0);

    // Its path names it.
    setup.ok(&format!("DELETE /{BUCKET}/a%01b"));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_about_one_key_write_references_too() {
    let setup = Setup::start().await;
    let object = format!("/{BUCKET}/a%01b");
    let started = setup.ok(&format!("POST {object}?uploads"));
    assert_eq!(started.text("Key"), Some("a&#x1;b"));
    let upload = started.text("UploadId").unwrap();

    let part = setup.ok_with(
        &format!("PUT {object}?partNumber=1&uploadId={upload}"),
        "text",
    );
    let listed = setup.ok(&format!("GET {object}?uploadId={upload}"));
    assert_eq!(listed.text("Key"), Some("a&#x1;b"));

    let parts = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{}</ETag></Part>\
         </CompleteMultipartUpload>",
        part.header("etag").unwrap()
    );
    let completed = setup.ok_with(&format!("POST {object}?uploadId={upload}"), &parts);
    assert_eq!(completed.text("Key"), Some("a&#x1;b"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_is_not_utf8_is_no_key() {
    let setup = Setup::start().await;
    setup.check_fails(&format!("GET /{BUCKET}/%AE%8A-"), "", 400, "InvalidURI");
}
