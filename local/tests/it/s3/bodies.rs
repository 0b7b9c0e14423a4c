//! Bodies that are too long for memory.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use s3_dispatch_local::{BucketSpec, LocalPipeline, LocalPipelineBuilder, S3Endpoint, Topology};
use tempfile::TempDir;

use super::client::{Answer, S3Client, serve};

const BUCKET: &str = "amzn-s3-demo-bucket";
const MIB: usize = 1024 * 1024;

fn builder() -> LocalPipelineBuilder {
    let topology = Topology::new().with_bucket(BucketSpec::new(BUCKET));
    LocalPipeline::builder().with_topology(topology)
}

/// A text of this length that does not repeat.
fn text(length: usize) -> String {
    let mut text = String::with_capacity(length + 8);
    for number in 0.. {
        if text.len() >= length {
            break;
        }
        text += &format!("{number:07} ");
    }
    text.truncate(length);
    text
}

struct Served {
    pipeline: LocalPipeline,
    endpoint: S3Endpoint,
    client: S3Client,
}

impl Served {
    async fn start(builder: LocalPipelineBuilder) -> Self {
        let pipeline = builder.start().await.unwrap();
        let (endpoint, client) = serve(&pipeline).await;

        Self {
            pipeline,
            endpoint,
            client,
        }
    }

    fn send(&self, request: &str, headers: &[&str], body: &str) -> Answer {
        let (method, target) = request.split_once(' ').unwrap();
        let target = format!("/{BUCKET}{target}");
        let answer = tokio::task::block_in_place(|| {
            self.client.send(method, &target, headers, body.as_bytes())
        });
        answer.unwrap()
    }

    /// Checks that a body of this length is refused, without a byte of it.
    fn check_refuses_length(&self, length: usize) {
        let answer = self.put_raw(&format!("Content-Length: {length}\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert!(answer.contains("<Code>EntityTooLarge</Code>"), "{answer}");
    }

    /// Puts an object with these bytes after the first headers. Returns the start of the answer.
    fn put_raw(&self, rest: &str) -> String {
        let host = self.client.0;
        let head = format!("PUT /{BUCKET}/key HTTP/1.1\r\nHost: {host}\r\n");
        tokio::task::block_in_place(|| {
            let mut stream = TcpStream::connect(host).unwrap();
            stream
                .write_all((head + "Connection: close\r\n" + rest).as_bytes())
                .unwrap();

            let mut answer = [0; 4096];
            let read = stream.read(&mut answer).unwrap();
            String::from_utf8_lossy(&answer[..read]).into_owned()
        })
    }

    /// Uploads an object in parts.
    fn upload(&self, key: &str, parts: &[&str]) {
        let started = self.send(&format!("POST /{key}?uploads"), &[], "");
        let id = started.text("UploadId").unwrap();
        let mut named = String::new();
        for (number, part) in (1..).zip(parts) {
            let put = format!("PUT /{key}?partNumber={number}&uploadId={id}");
            let put = self.send(&put, &[], part);
            let e_tag = put.header("etag").unwrap();
            named += &format!("<Part><PartNumber>{number}</PartNumber><ETag>{e_tag}</ETag></Part>");
        }

        let body = format!("<CompleteMultipartUpload>{named}</CompleteMultipartUpload>");
        let done = self.send(&format!("POST /{key}?uploadId={id}"), &[], &body);
        assert!(done.is_success(), "{done:?}");
    }

    async fn stop(mut self) {
        self.endpoint.stop().await;
        self.pipeline.stop().await;
    }
}

/// Bodies of a block and more, in temporary files, in a folder, and where nothing may stay in
/// memory.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_body_is_read_and_copied_as_it_was_written() {
    let folder = TempDir::new().unwrap();
    let builders = [
        builder(),
        builder().with_data(folder.path()).with_sync(false),
        builder().with_max_memory(0),
    ];

    for builder in builders {
        let s3 = Served::start(builder).await;
        for length in [0, 1, MIB, MIB + 1, 3 * MIB + 5] {
            let body = text(length);
            assert!(s3.send("PUT /key", &[], &body).is_success());
            let source = format!("x-amz-copy-source: {BUCKET}/key");
            assert!(s3.send("PUT /copy", &[&source], "").is_success());

            for key in ["key", "copy"] {
                assert!(
                    s3.send(&format!("GET /{key}"), &[], "").body == body,
                    "{length}"
                );
            }
            for range in [0..1, MIB - 1..MIB + 1, 2 * MIB - 3..3 * MIB + 2] {
                if range.end <= length {
                    let header = format!("Range: bytes={}-{}", range.start, range.end - 1);
                    let part = s3.send("GET /key", &[&header], "");
                    assert!(part.body == body[range.clone()], "{range:?} of {length}");
                }
            }
        }

        let parts = [text(5 * MIB), text(2 * MIB)];
        s3.upload("parts", &[&parts[0], &parts[1]]);
        assert!(s3.send("GET /parts", &[], "").body == parts.concat());
        s3.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_long_is_refused() {
    let limit = 6 * MIB;
    let s3 = Served::start(builder().with_max_body(limit as u64)).await;
    let longest = text(limit);
    assert!(s3.send("PUT /key", &[], &longest).is_success());
    s3.check_refuses_length(limit + 1);
    assert!(s3.send("GET /key", &[], "").body == longest);

    // An object can be longer, but is not copied in one request.
    let parts = [text(5 * MIB), text(2 * MIB)];
    s3.upload("parts", &[&parts[0], &parts[1]]);
    let source = format!("x-amz-copy-source: {BUCKET}/parts");
    let refused = s3.send("PUT /copy", &[&source], "");
    assert_eq!(
        (refused.status, refused.text("Code")),
        (400, Some("InvalidRequest"))
    );

    let started = s3.send("POST /copy?uploads", &[], "");
    let id = started.text("UploadId").unwrap();
    let copy = format!("PUT /copy?partNumber=1&uploadId={id}");
    let range = format!("x-amz-copy-source-range: bytes=0-{}", limit - 1);
    assert!(s3.send(&copy, &[&source, &range], "").is_success());
    let refused = s3.send(&copy, &[&source], "");
    assert_eq!(refused.text("Code"), Some("InvalidRequest"), "{refused:?}");
    s3.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_five_gibibytes_are_refused_before_they_are_sent() {
    let s3 = Served::start(builder()).await;
    s3.check_refuses_length(5 * 1024 * MIB + 1);
    s3.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_unknown_length_is_refused_when_it_is_too_long() {
    let s3 = Served::start(builder().with_max_body(10)).await;
    for (chunk, status) in [("a\r\n0123456789", "200"), ("b\r\n0123456789-", "400")] {
        let body = format!("Transfer-Encoding: chunked\r\n\r\n{chunk}\r\n0\r\n\r\n");
        let answer = s3.put_raw(&body);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
    }

    assert_eq!(s3.send("GET /key", &[], "").body, "0123456789");
    s3.stop().await;
}

/// The second part is not open yet when the object is deleted.
#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_is_deleted_while_it_is_read_is_read_to_its_end() {
    let folder = TempDir::new().unwrap();
    let builder = builder().with_data(folder.path()).with_sync(false);
    let s3 = Served::start(builder).await;
    let parts = [text(12 * MIB), text(MIB)];
    s3.upload("key", &[&parts[0], &parts[1]]);

    tokio::task::block_in_place(|| {
        let mut stream = TcpStream::connect(s3.client.0).unwrap();
        let request = format!(
            "GET /{BUCKET}/key HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            s3.client.0
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut first = [0];
        stream.read_exact(&mut first).unwrap();

        assert!(s3.send("DELETE /key", &[], "").is_success());
        assert_eq!(s3.send("GET /key", &[], "").status, 404);
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert!(rest.ends_with(parts.concat().as_bytes()), "{}", rest.len());
    });

    s3.stop().await;
    assert_eq!(files(&folder.path().join("bodies")), [0; 0]);
}

/// The lengths of the files in a folder.
fn files(folder: &Path) -> Vec<u64> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| entry.metadata().unwrap().len())
        .collect()
}

/// A client that goes away leaves no file behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_breaks_off_leaves_no_file() {
    let folder = TempDir::new().unwrap();
    let builder = builder().with_data(folder.path()).with_sync(false);
    let s3 = Served::start(builder).await;
    let body = text(3 * MIB);

    tokio::task::block_in_place(|| {
        let mut stream = TcpStream::connect(s3.client.0).unwrap();
        let head = format!(
            "PUT /{BUCKET}/key HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n",
            s3.client.0,
            4 * MIB
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
    });

    assert_eq!(s3.send("GET /key", &[], "").status, 404);
    s3.stop().await;
    assert_eq!(files(&folder.path().join("bodies")), [0; 0]);
}

/// A running program whose temporary folder is this one.
struct Program {
    child: Child,
    client: S3Client,
}

impl Program {
    fn start(temporary: &Path) -> Self {
        let config = temporary.join("pipeline.toml");
        std::fs::write(&config, format!("[[bucket]]\nname = \"{BUCKET}\"\n")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_s3-dispatch-local"))
            .args(["--port", "0", "--config"])
            .arg(config)
            .env("TMPDIR", temporary)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();

        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.by_ref().map(Result::unwrap).find_map(|line| {
            let (_, port) = line.split_once("http://127.0.0.1:")?;
            let digits = port.split(|sign: char| !sign.is_ascii_digit()).next()?;
            digits.parse().ok()
        });
        std::thread::spawn(|| lines.for_each(drop));
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.unwrap()));

        Self {
            child,
            client: S3Client(address),
        }
    }

    fn put(&self, key: &str, body: &str) {
        let target = format!("/{BUCKET}/{key}");
        let put = self
            .client
            .send("PUT", &target, &[], body.as_bytes())
            .unwrap();
        assert!(put.is_success(), "{put:?}");
    }

    fn end(mut self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap();
    }

    /// The most memory that the program has used so far, in MiB.
    #[cfg(target_os = "linux")]
    fn peak_memory(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap();
        let kibibytes: usize = peak.trim().trim_end_matches(" kB").parse().unwrap();
        kibibytes / 1024
    }
}

/// The folders of the programs in a temporary folder.
fn temporary_folders(temporary: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(temporary).unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    folders.map(|entry| entry.path()).collect()
}

#[cfg(unix)]
#[test]
fn temporary_files_end_with_their_object_and_with_the_program() {
    let temporary = TempDir::new().unwrap();
    let program = Program::start(temporary.path());
    program.put("short", "short");
    assert_eq!(
        temporary_folders(temporary.path()),
        [""; 0].map(PathBuf::from)
    );

    program.put("long", &text(2 * MIB));
    let folders = temporary_folders(temporary.path());
    assert_eq!(folders.len(), 1, "{folders:?}");
    assert_eq!(files(&folders[0]), [2 * MIB as u64]);
    program.put("long", &text(3 * MIB));
    assert_eq!(files(&folders[0]), [3 * MIB as u64]);

    // A second program leaves the files of the first one alone.
    let other = Program::start(temporary.path());
    other.put("long", &text(2 * MIB));
    assert_eq!(temporary_folders(temporary.path()).len(), 2);
    other.end("-INT");
    assert_eq!(temporary_folders(temporary.path()), folders);

    program.end("-KILL");
    assert_eq!(temporary_folders(temporary.path()), folders);
    let next = Program::start(temporary.path());
    next.put("long", &text(2 * MIB));
    let new_folders = temporary_folders(temporary.path());
    assert!(
        new_folders.len() == 1 && new_folders != folders,
        "{new_folders:?}"
    );
    next.end("-TERM");
    let left = std::fs::read_dir(temporary.path()).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["pipeline.toml"]);
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_a_body() {
    let temporary = TempDir::new().unwrap();
    let program = Program::start(temporary.path());
    program.put("warm-up", &text(4 * MIB));
    program.client.call("GET", &format!("/{BUCKET}/warm-up"));
    let before = program.peak_memory();

    let body = text(48 * MIB);
    program.put("key", &body);
    let source = format!("x-amz-copy-source: {BUCKET}/key");
    let copy = program
        .client
        .send("PUT", &format!("/{BUCKET}/copy"), &[&source], b"");
    assert!(copy.unwrap().is_success());
    assert!(program.client.call("GET", &format!("/{BUCKET}/copy")).body == body);

    let grown = program.peak_memory() - before;
    program.end("-TERM");
    assert!(grown < 16, "{grown} MiB");
}
