//! Objects of a listing, handled here or sent to a queue.

use s3_dispatch::Notification;

use crate::run::{Place, key};
use crate::server::{Server, Version};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("every_object_is_handled_once", every_object_is_handled_once),
    (
        "events_are_sent_as_s3_sends_them",
        events_are_sent_as_s3_sends_them,
    ),
    ("only_what_is_meant_is_taken", only_what_is_meant_is_taken),
    ("a_dry_run_only_counts", a_dry_run_only_counts),
    ("versions_come_oldest_first", versions_come_oldest_first),
    ("what_failed_is_printed", what_failed_is_printed),
    ("a_limit_ends_the_run", a_limit_ends_the_run),
];

/// Keys that are changed by whoever encodes or decodes them once too often.
const KEYS: [&str; 8] = [
    "a b.jpg",
    "a%20b.jpg",
    "a+b.jpg",
    "c\u{1}\u{7f}",
    "caf\u{e9}/\u{1f600}",
    "line\nfeed",
    "slow/&<>\"'",
    "z",
];

fn objects(keys: &[&str]) -> Vec<Version> {
    keys.iter().copied().map(Version::only).collect()
}

fn every_object_is_handled_once() {
    for page in [1, 3, 1_000] {
        let (server, place) = (Server::start(objects(&KEYS), page), Place::new());
        let ended = place.run(&server, &["--here"]);
        ended.check(0, &["8 handled"]);
        // A bar is only for terminals.
        assert!(!ended.stderr.contains(['\r', '\u{1b}', '█']));

        let mut keys: Vec<_> = place.notes().iter().map(|note| key(note)).collect();
        keys.sort();
        assert_eq!(keys, KEYS);
        let note = &place.notes()[0];
        assert!(note.starts_with("ObjectCreated:Put "), "{note}");
        assert!(note.ends_with(" 0f3ca2b1 true"), "{note}");
    }
}

fn events_are_sent_as_s3_sends_them() {
    let mut versions = objects(&KEYS);
    versions[7].e_tag = "0f3ca2b1-7".to_owned();
    let (server, place) = (Server::start(versions, 3), Place::new());
    let url = format!("{}/000000000000/uploads", server.endpoint());
    place.run(&server, &["--to", &url]).check(0, &["8 sent"]);

    let mut sent = server.world.lock().unwrap().sent.clone();
    sent.sort_by_key(|body| only_record(body).object.key.as_str().to_owned());
    assert_eq!(
        sent[0],
        concat!(
            r#"{"Records":[{"eventVersion":"2.6","eventSource":"aws:s3","#,
            r#""awsRegion":"eu-central-1","eventTime":"2026-04-07T14:30:00.000Z","#,
            r#""eventName":"ObjectCreated:Put","s3":{"s3SchemaVersion":"1.0","#,
            r#""configurationId":"s3-dispatch-backfill","bucket":{"name":"holiday","#,
            r#""arn":"arn:aws:s3:::holiday"},"object":{"key":"a+b.jpg","size":7,"#,
            r#""eTag":"0f3ca2b1"}}}]}"#,
        )
    );
    let keys: Vec<_> = sent
        .iter()
        .map(|body| only_record(body).object.key.to_string())
        .collect();
    assert_eq!(keys, KEYS);
    let upload = only_record(&sent[7]).event_name;
    assert_eq!(upload, "ObjectCreated:CompleteMultipartUpload");
}

fn only_record(body: &str) -> s3_dispatch::S3EventRecord {
    match Notification::parse(body.to_owned()).unwrap() {
        Notification::Records(mut records) => records.remove(0),
        other => panic!("{other:?}"),
    }
}

fn only_what_is_meant_is_taken() {
    let mut versions = objects(&["a/1", "a/2", "a/3", "b/1"]);
    versions[0].modified = "2026-04-01T00:00:00.000Z".to_owned();
    versions[2].modified = "2026-05-01T00:00:00.000Z".to_owned();
    let (server, place) = (Server::start(versions, 2), Place::new());

    let ended = place.run(
        &server,
        &[
            "--here",
            "--prefix",
            "a/",
            "--since",
            "2026-04-02",
            "--until",
            "2026-05-01",
        ],
    );
    ended.check(0, &["1 handled", "2 of another time"]);
    assert_eq!(key(&place.notes()[0]), "a/2");

    let ended = place.run(&server, &["--here", "--event", "ObjectTagging:Put"]);
    ended.check(0, &["0 handled", "4 not routed"]);
    assert_eq!(place.notes().len(), 1);
}

fn a_dry_run_only_counts() {
    let (server, place) = (Server::start(objects(&KEYS), 3), Place::new());
    let url = format!("{}/000000000000/uploads", server.endpoint());
    place
        .run(&server, &["--to", &url, "--dry-run"])
        .check(0, &["8 events"]);
    place.run(&server, &["--dry-run"]).check(0, &["8 events"]);
    assert!(server.world.lock().unwrap().sent.is_empty());
    assert!(place.notes().is_empty());
}

/// The versions of three keys, the newest first, as S3 lists them.
fn history() -> Vec<Version> {
    let version = |key: &str, id: &str, minute: u32, is_marker| Version {
        id: id.to_owned(),
        modified: format!("2026-04-07T14:{minute:02}:00.000Z"),
        is_marker,
        ..Version::only(key)
    };

    vec![
        version("a", "v4", 40, false),
        version("a", "m3", 30, true),
        version("a", "v2", 20, false),
        version("a", "null", 10, false),
        version("b", "m2", 20, true),
        version("b", "v1", 10, false),
        version("c", "null", 10, false),
    ]
}

fn versions_come_oldest_first() {
    let expected = [
        "ObjectCreated:Put \"a\" null 1 0f3ca2b1 true",
        "ObjectCreated:Put \"a\" v2 1 0f3ca2b1 true",
        "ObjectRemoved:DeleteMarkerCreated \"a\" m3 - d41d8cd98f00b204e9800998ecf8427e true",
        "ObjectCreated:Put \"a\" v4 1 0f3ca2b1 true",
        "ObjectCreated:Put \"b\" v1 1 0f3ca2b1 true",
        "ObjectRemoved:DeleteMarkerCreated \"b\" m2 - d41d8cd98f00b204e9800998ecf8427e true",
        "ObjectCreated:Put \"c\" - 1 0f3ca2b1 true",
    ];

    for page in 1..=8 {
        let (server, place) = (Server::start(history(), page), Place::new());
        let arguments = ["--here", "--versions", "--concurrency", "1"];
        place.run(&server, &arguments).check(0, &["7 handled"]);
        assert_eq!(place.notes(), expected, "{page}");
    }

    // Without the option only what is there now.
    let (server, place) = (Server::start(history(), 2), Place::new());
    place
        .run(&server, &["--here", "--concurrency", "1"])
        .check(0, &["2 handled"]);
    let keys: Vec<_> = place.notes().iter().map(|note| key(note)).collect();
    assert_eq!(keys, ["a", "c"]);
}

fn what_failed_is_printed() {
    let (server, place) = (
        Server::start(objects(&["fails", "is-bad", "good"]), 10),
        Place::new(),
    );
    let ended = place.run(&server, &["--here", "--attempts", "2"]);
    ended.check(1, &["1 handled", "2 failed", "it failed", "it is bad"]);

    let mut keys: Vec<_> = ended
        .stdout
        .lines()
        .map(|line| only_record(line).object.key.to_string())
        .collect();
    keys.sort();
    assert_eq!(keys, ["fails", "is-bad"]);

    // What may pass is tried again, and what is permanent is not.
    let count = |name| {
        place
            .notes()
            .iter()
            .filter(|note| key(note) == name)
            .count()
    };
    assert_eq!((count("fails"), count("is-bad"), count("good")), (2, 1, 1));
}

fn a_limit_ends_the_run() {
    let (server, place) = (Server::start(objects(&KEYS), 3), Place::new());
    place
        .run(&server, &["--here", "--limit", "5"])
        .check(0, &["5 handled"]);
    assert_eq!(place.notes().len(), 5);
}
