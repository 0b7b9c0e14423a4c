//! A run of the program, by a way that people start.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use s3_dispatch::Notification;
use s3_dispatch_local::{BucketSpec, LocalPipeline, QueueSpec, S3Endpoint, Topology};
use tokio::runtime::Runtime;

use crate::case::{BUCKET, Case, Fate, Message, Record};
use crate::handlers::{HANGS, program};
use crate::place::Place;

/// S3 and SQS on loopback, which the program works on.
pub(crate) struct Aws {
    runtime: Runtime,
    pub(crate) pipeline: LocalPipeline,
    s3: S3Endpoint,
}

/// How the program ended.
pub(crate) struct Ended {
    status: Option<i32>,
    /// The records of the events that it printed.
    printed: BTreeSet<Record>,
    log: String,
}

impl Aws {
    /// The queues of a dead-letter queue and its messages are there for an hour.
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let topology = Topology::new()
            .with_bucket(BucketSpec::new(BUCKET))
            .with_queue(QueueSpec::new("failed"))
            .with_queue(QueueSpec::new("failed.fifo"));
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));

        let (pipeline, s3) = runtime.block_on(async {
            let builder = LocalPipeline::builder().with_topology(topology);
            let pipeline = builder.with_sqs_endpoint(address).start().await.unwrap();
            pipeline.enable_versioning(BUCKET).await.unwrap();
            let s3 = S3Endpoint::bind(address).await.unwrap();
            let s3 = s3.serve(Arc::clone(pipeline.buckets()));
            (pipeline, s3)
        });

        Self {
            runtime,
            pipeline,
            s3,
        }
    }

    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Puts all objects of a case into the bucket, oldest first. A number is the size.
    pub(crate) fn put(&self, case: &Case) {
        self.block_on(async {
            for record in case.objects() {
                let content = "x".repeat(usize::try_from(record.number).unwrap());
                let put = self.pipeline.put(BUCKET, &record.key, content);
                put.await.unwrap();
            }
        });
    }

    /// Runs the program, and stops it once a handler hangs.
    pub(crate) fn run(&self, case: &Case, place: &Place, arguments: &[&str]) -> Ended {
        let concurrency = case.concurrency().to_string();
        let drain = if case.is_cut { "0" } else { "25" };
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(arguments)
            .args(["--concurrency", &concurrency, "--drain", drain])
            .env_clear()
            .env("PROGRAM", program(case.wrapper))
            .env("NOTES", place.path("notes"))
            .env("AWS_ENDPOINT_URL", format!("http://{}", self.s3.address()))
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let sqs = self.pipeline.sqs_address().unwrap();
        command.env("AWS_ENDPOINT_URL_SQS", format!("http://{sqs}"));
        if let Some(key) = case.handled_before {
            command.env("HANDLED_BEFORE", key);
        }

        Ended::of(command.spawn().unwrap())
    }
}

impl Ended {
    fn of(mut child: Child) -> Self {
        let mut stdout = child.stdout.take().unwrap();
        let printed = std::thread::spawn(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).unwrap();
            text
        });

        let mut log = String::new();
        for line in BufReader::new(child.stderr.take().unwrap()).lines() {
            let line = line.unwrap();
            if line == HANGS {
                let terminate = ["-TERM", &child.id().to_string()];
                assert!(
                    Command::new("kill")
                        .args(terminate)
                        .status()
                        .unwrap()
                        .success()
                );
            }
            log += &(line + "\n");
        }

        Self {
            status: child.wait().unwrap().code(),
            printed: printed.join().unwrap().lines().flat_map(records).collect(),
            log,
        }
    }

    /// The fates of messages of which the program prints what failed, and says what it left. A
    /// message is handled if nothing says otherwise.
    pub(crate) fn fates(&self, case: &Case, place: &Place) -> Vec<Fate> {
        let (ended, is_left) = (place.notes().ended(), self.count("left") > 0);
        let fates = case.fates(|_, message| {
            let is_printed = message
                .records
                .iter()
                .any(|record| self.printed.contains(record));
            let has_ended = message.records.iter().all(|record| ended.contains(record));
            match is_printed || message.records.is_empty() || (is_left && !has_ended) {
                true => Fate::Kept,
                false => Fate::Handled,
            }
        });

        // The counts say the same, but for what was not read when the program was stopped.
        let kept = fates.iter().filter(|fate| **fate == Fate::Kept).count();
        let counts = ["failed", "left", "unreadable"].map(|what| self.count(what));
        let counted: usize = counts.iter().sum();
        match self.log.contains("stopped before the end") {
            true => assert!(counted <= kept, "{counted} of {kept}: {}", self.log),
            false => assert_eq!(counted, kept, "{}", self.log),
        }
        self.check_status(&fates);

        fates
    }

    /// The status says whether everything was handled.
    pub(crate) fn check_status(&self, fates: &[Fate]) {
        let expected = fates.iter().any(|fate| *fate != Fate::Handled);
        assert_eq!(self.status, Some(i32::from(expected)), "{}", self.log);
    }

    /// The number before this word in the summary, which is the last line but for an error.
    fn count(&self, what: &str) -> usize {
        let lines: Vec<_> = self.log.lines().collect();
        let summary = lines.iter().rev().find(|line| line.contains(" handled, "));
        let summary = summary.unwrap_or_else(|| panic!("no summary: {}", self.log));
        // An audit says before it what it has found, and a backfill behind it what it left out.
        let summary = summary.rsplit("of these: ").next().unwrap();
        let parts = summary.split("; ").next().unwrap().split(", ");

        let count = |part: &str| part.strip_suffix(what)?.trim().parse::<usize>().ok();
        parts.filter_map(count).sum()
    }
}

/// The records of an event that was printed.
fn records(line: &str) -> Vec<Record> {
    let Notification::Records(records) = Notification::parse(line.to_owned()).unwrap() else {
        panic!("not an event: {line}")
    };

    let records = records.iter().map(|record| Record {
        key: record.object.key.as_str().to_owned(),
        number: record.object.size.unwrap(),
    });
    records.collect()
}

/// A message for a queue of the pipeline.
pub(crate) fn queued(index: usize, message: &Message) -> s3_dispatch_local::Message {
    let queued = s3_dispatch_local::Message::new(index.to_string(), message.body());
    match message.group {
        Some(group) => queued
            .with_group_id(group)
            .with_deduplication_id(index.to_string()),
        None => queued,
    }
}

/// Longer than any case takes.
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);
