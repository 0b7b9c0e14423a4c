//! Objects of an inventory, of a list of keys, and of a manifest of a batch job.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use md5::{Digest, Md5};
use serde_json::json;

use crate::run::Place;
use crate::server::{Server, Version};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("an_inventory_is_read", an_inventory_is_read),
    ("an_inventory_in_s3_is_read", an_inventory_in_s3_is_read),
    (
        "a_damaged_inventory_is_refused",
        a_damaged_inventory_is_refused,
    ),
    ("keys_are_taken_as_they_are", keys_are_taken_as_they_are),
    ("s3_is_asked_about_keys", s3_is_asked_about_keys),
    ("a_manifest_is_read", a_manifest_is_read),
    ("mistakes_in_lists_are_named", mistakes_in_lists_are_named),
];

/// Rows as S3 Inventory writes them: keys encoded as in forms.
const ROWS: &str = concat!(
    r#""holiday","a+b%2B.jpg","v2","true","false","7","2026-04-07T14:30:00.000Z","0f3c","IA""#,
    "\n",
    r#""holiday","a+b%2B.jpg","v1","false","false","6","2026-04-06T14:30:00.000Z","0f3b","IA""#,
    "\n",
    r#""holiday","gone","m1","true","true","","2026-04-07T14:30:00.000Z","","""#,
    "\n",
);
const MORE_ROWS: &str = concat!(
    r#""holiday","line%0Afeed","","true","false","0","2026-04-07T14:30:00.000Z","d41d-2","IA""#,
    "\n",
);
const SCHEMA: &str =
    "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass";
const FOLDER: &str = "inventory/holiday/all";

fn zipped(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn manifest(schema: &str, files: &[(&str, &[u8])]) -> String {
    let files = files.iter().map(|(name, content)| {
        let digest = Md5::digest(content);
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        json!({
            "key": format!("{FOLDER}/data/{name}"),
            "size": content.len(),
            "MD5checksum": digest,
        })
    });

    json!({
        "sourceBucket": "holiday",
        "destinationBucket": "arn:aws:s3:::reports",
        "version": "2016-11-30",
        "creationTimestamp": "1775520000000",
        "fileFormat": "CSV",
        "fileSchema": schema,
        "files": files.collect::<Vec<_>>(),
    })
    .to_string()
}

/// Writes an inventory as `aws s3 sync` does, and returns the path of its manifest.
fn write(place: &Place) -> String {
    let (first, second) = (zipped(ROWS), zipped(MORE_ROWS));
    place.write("inv/data/1.csv.gz", &first);
    place.write("inv/data/2.csv.gz", &second);
    let manifest = manifest(SCHEMA, &[("1.csv.gz", &first), ("2.csv.gz", &second)]);
    place.write("inv/2026-04-08T01-00Z/manifest.json", manifest)
}

fn an_inventory_is_read() {
    let (server, place) = (Server::start(Vec::new(), 10), Place::new());
    let manifest = write(&place);
    let arguments = ["--here", "--inventory", &manifest, "--concurrency", "1"];
    place
        .run(&server, &arguments)
        .check(0, &["2 handled", "2 older versions"]);
    assert_eq!(
        place.notes(),
        [
            "ObjectCreated:Put \"a b+.jpg\" v2 7 0f3c true",
            "ObjectCreated:CompleteMultipartUpload \"line\\nfeed\" - 0 d41d-2 true",
        ]
    );

    let all = ["--here", "--inventory", &manifest, "--versions"];
    let place = Place::new();
    place.run(&server, &all).check(0, &["4 handled"]);
    let is_marker = |note: &&String| note.starts_with("ObjectRemoved:DeleteMarkerCreated \"gone\"");
    assert_eq!(place.notes().iter().filter(is_marker).count(), 1);

    let since = [
        "--dry-run",
        "--inventory",
        &manifest,
        "--versions",
        "--since",
        "2026-04-07",
    ];
    place
        .run(&server, &since)
        .check(0, &["3 events; 1 of another time"]);
}

fn an_inventory_in_s3_is_read() {
    let (server, place) = (Server::start(Vec::new(), 10), Place::new());
    let few = zipped("\"holiday\",\"x\"\n");
    let text = manifest("Bucket, Key", &[("1.csv.gz", &few)]);
    let mut world = server.world.lock().unwrap();
    world.files.insert(
        format!("/reports/{FOLDER}/manifest.json"),
        text.into_bytes(),
    );
    world
        .files
        .insert(format!("/reports/{FOLDER}/data/1.csv.gz"), few);
    drop(world);

    let url = format!("s3://reports/{FOLDER}/manifest.json");
    place
        .run(&server, &["--here", "--inventory", &url])
        .check(0, &["1 handled"]);
    assert_eq!(place.notes(), ["ObjectCreated:Put \"x\" - - - true"]);

    // The column that decides is missing.
    let since = ["--here", "--inventory", &url, "--since", "2d"];
    place
        .run(&server, &since)
        .check(1, &["does not say when \"x\" was last modified"]);
}

fn a_damaged_inventory_is_refused() {
    let (server, place) = (Server::start(Vec::new(), 10), Place::new());
    let manifest = write(&place);
    let check = |status: i32, texts: &[&str]| {
        let ended = place.run(&server, &["--here", "--inventory", &manifest]);
        ended.check(status, texts);
    };

    place.write("inv/data/2.csv.gz", zipped("\"holiday\",\"other\"\n"));
    check(
        1,
        &[
            "2.csv.gz` is damaged: its MD5 digest is",
            "go on after row 3 of file 1",
        ],
    );
    std::fs::remove_file(place.path("inv/data/2.csv.gz")).unwrap();
    check(
        1,
        &[
            "the data file `inventory/holiday/all/data/2.csv.gz`",
            "is missing",
        ],
    );

    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replace("\"CSV\"", "\"Parquet\"")).unwrap();
    check(
        2,
        &[
            "is in the format Parquet, and only CSV can be read",
            "\"Format\": \"CSV\"",
        ],
    );
    std::fs::write(&manifest, text.replace("\"holiday\"", "\"other\"")).unwrap();
    check(2, &["is about the bucket `other`, not `holiday`"]);
    std::fs::write(&manifest, "{}").unwrap();
    check(2, &["is not the `manifest.json` of an inventory"]);
    std::fs::write(&manifest, text.replace(", Key,", ", Name,")).unwrap();
    check(2, &["has no column `Key`"]);

    for (rows, mistake) in [
        ("\"holiday\",\"x\",\"maybe\"\n", "row 1 of"),
        ("\"holiday\",\"x\"\n", "has 2 columns, and should have 3"),
        (
            "\"other\",\"x\",\"true\"\n",
            "is of the bucket `other`, not `holiday`",
        ),
        ("\"holiday\",\"\",\"true\"\n", "has no key"),
    ] {
        let file = zipped(rows);
        place.write("inv/data/1.csv.gz", &file);
        let schema = "Bucket, Key, IsLatest";
        std::fs::write(&manifest, self::manifest(schema, &[("1.csv.gz", &file)])).unwrap();
        check(1, &[mistake]);
    }
}

fn keys_are_taken_as_they_are() {
    let (server, place) = (Server::start(Vec::new(), 10), Place::new());
    let file = place.write("keys", "a+b%20c\n d \ncaf\u{e9}");
    let arguments = ["--here", "--keys", &file, "--concurrency", "1"];
    place.run(&server, &arguments).check(0, &["3 handled"]);
    assert_eq!(
        place.notes(),
        [
            "ObjectCreated:Put \"a+b%20c\" - - - true",
            "ObjectCreated:Put \" d \" - - - true",
            "ObjectCreated:Put \"caf\u{e9}\" - - - true",
        ]
    );

    let asked = server.world.lock().unwrap().requests.clone();
    assert!(
        asked
            .iter()
            .all(|request| request.starts_with("HEAD /holiday/?")),
        "{asked:?}"
    );
}

fn s3_is_asked_about_keys() {
    let objects = ["a", "b c"].map(Version::only).to_vec();
    let (server, place) = (Server::start(objects, 10), Place::new());
    let file = place.write("keys", "b c\nmissing\na\n");
    let arguments = ["--here", "--keys", &file, "--head", "--concurrency", "1"];
    place
        .run(&server, &arguments)
        .check(0, &["2 handled", "1 absent", "missing"]);
    let expected = [
        "ObjectCreated:Put \"b c\" - 3 0f3ca2b1 true",
        "ObjectCreated:Put \"a\" - 1 0f3ca2b1 true",
    ];
    assert_eq!(place.notes(), expected);

    let since = [
        "--dry-run",
        "--keys",
        &file,
        "--head",
        "--since",
        "2026-04-08",
    ];
    place
        .run(&server, &since)
        .check(0, &["0 events; 2 of another time, 1 absent"]);
}

fn a_manifest_is_read() {
    let (server, place) = (Server::start(Vec::new(), 10), Place::new());
    let file = place.write("manifest.csv", "holiday,a+b%2C\nholiday,\"c\",v1\n");
    let arguments = ["--here", "--manifest", &file, "--concurrency", "1"];
    place.run(&server, &arguments).check(0, &["2 handled"]);
    let expected = [
        "ObjectCreated:Put \"a b,\" - - - true",
        "ObjectCreated:Put \"c\" v1 - - true",
    ];
    assert_eq!(place.notes(), expected);
}

fn mistakes_in_lists_are_named() {
    let (server, place) = (Server::start(Vec::new(), 10), Place::new());
    let check = |option: &str, content: &[u8], mistake: &str| {
        let file = place.write("list", content);
        let before = place.notes().len();
        let ended = place.run(&server, &["--here", option, &file]);
        ended.check(1, &[mistake, "list`", "a later run can go on after line 1"]);
        // What stands before the mistake is handled.
        assert_eq!(place.notes().len(), before + 1, "{mistake}");
    };

    check("--keys", b"a\n\nb\n", "line 2 of");
    check("--keys", b"a\nb\r\n", "ends in a carriage return");
    check("--keys", b"a\nb\xff\n", "it is not UTF-8");
    check(
        "--keys",
        format!("a\n{}\n", "x".repeat(1_025)).as_bytes(),
        "longer than 1,024 bytes",
    );
    check(
        "--keys",
        format!("a\n{}", "x".repeat(9_000)).as_bytes(),
        "longer than 1,024 bytes",
    );
    check(
        "--manifest",
        b"holiday,a\nother,b\n",
        "is of the bucket `other`, not `holiday`",
    );
    check(
        "--manifest",
        b"holiday,a\nb\n",
        "has 1 columns, and should have 3",
    );
    check(
        "--manifest",
        b"holiday,a\nholiday,b,v1,more\n",
        "has 4 columns, and should have 3",
    );

    let ended = place.run(&server, &["--here", "--keys", "/nonexistent/keys"]);
    ended.check(2, &["`/nonexistent/keys` cannot be read"]);
}
