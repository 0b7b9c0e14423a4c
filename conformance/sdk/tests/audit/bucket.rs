//! A bucket with objects, some of whose events were dropped on purpose.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use s3_dispatch::{
    LeaseStore, MessageContext, Outcome, Route, Router, S3EventRecord, SequencerStore, SkipReason,
    async_trait,
};
use s3_dispatch_local::{LocalPipeline, S3Endpoint};
use tempfile::TempDir;

use crate::file_store::FileStore;
use crate::program::router;

pub(crate) const BUCKET: &str = "amzn-s3-demo-bucket";

/// A pipeline whose function drops an event in twenty.
pub(crate) struct Bucket {
    pub(crate) pipeline: LocalPipeline,
    endpoint: S3Endpoint,
    folder: TempDir,
    /// Where the program finds the store.
    place: String,
    /// The key, version and ETag of each object whose event was dropped.
    dropped: Arc<Mutex<BTreeSet<String>>>,
}

/// How the program ended.
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Loses what it drops: SQS deletes the message, and nobody hears of it.
struct Drops<R> {
    router: R,
    share: u64,
    dropped: Arc<Mutex<BTreeSet<String>>>,
}

#[async_trait]
impl<R: Router> Router for Drops<R> {
    async fn route(&self, record: &S3EventRecord, message: &MessageContext) -> Outcome {
        let mut hasher = DefaultHasher::new();
        let name = name(record);
        name.hash(&mut hasher);

        if hasher.finish() % self.share == 0 {
            self.dropped.lock().unwrap().insert(name);
            return Outcome::Skipped(SkipReason::Unrouted);
        }
        self.router.route(record, message).await
    }

    fn routes(&self) -> &[Route] {
        self.router.routes()
    }
}

/// The key, version and ETag of a record.
pub(crate) fn name(record: &S3EventRecord) -> String {
    let object = &record.object;
    let version = object
        .version_id
        .as_ref()
        .map_or("-", |version| version.as_str());
    let e_tag = object.e_tag.as_ref().map_or("-", |e_tag| e_tag.as_str());

    format!("{:?} {version} {e_tag}", object.key.as_str())
}

impl Bucket {
    /// Starts the pipeline. One event in `share` is dropped.
    pub(crate) async fn start(share: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("store");
        let store = FileStore::open(&place).await;

        Self::start_with(share, folder, store, place.to_str().unwrap()).await
    }

    /// The same with another store, which the program finds at this place.
    pub(crate) async fn start_with(
        share: u64,
        folder: TempDir,
        store: impl LeaseStore + SequencerStore,
        place: &str,
    ) -> Self {
        let dropped = Arc::default();
        let router = Drops {
            router: router(folder.path().join("notes"), store),
            share,
            dropped: Arc::clone(&dropped),
        };

        let builder = LocalPipeline::of(router).unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let pipeline = builder.with_sqs_endpoint(address).start().await.unwrap();
        let endpoint = S3Endpoint::bind(address).await.unwrap();
        let endpoint = endpoint.serve(Arc::clone(pipeline.buckets()));

        Self {
            pipeline,
            endpoint,
            folder,
            place: place.to_owned(),
            dropped,
        }
    }

    pub(crate) async fn put(&self, key: &str, content: String) {
        self.pipeline.put(BUCKET, key, content).await.unwrap();
    }

    pub(crate) fn dropped(&self) -> BTreeSet<String> {
        self.dropped.lock().unwrap().clone()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Takes what the handlers noted since the last time.
    pub(crate) fn take_notes(&self) -> Vec<String> {
        let path = self.path("notes");
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        drop(std::fs::remove_file(path));

        text.lines().map(str::to_owned).collect()
    }

    /// Runs a program with these arguments.
    pub(crate) async fn run(&self, program: &str, arguments: &[&str]) -> Ended {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(arguments)
            .env_clear()
            .env("PROGRAM", program)
            .env("STORE", &self.place)
            .env("NOTES", self.path("notes"))
            .env(
                "AWS_ENDPOINT_URL",
                format!("http://{}", self.endpoint.address()),
            )
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .stdin(Stdio::null());
        if let Ok(endpoint) = std::env::var("S3_DISPATCH_AWS_ENDPOINT") {
            command.env("S3_DISPATCH_AWS_ENDPOINT", endpoint);
        }
        if let Some(address) = self.pipeline.sqs_address() {
            command.env("AWS_ENDPOINT_URL_SQS", format!("http://{address}"));
        }

        // The pipeline answers meanwhile.
        let output = tokio::task::spawn_blocking(move || command.output());
        let output = output.await.unwrap().unwrap();
        Ended {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs `audit` on objects of any age.
    pub(crate) async fn audit(&self, arguments: &[&str]) -> Ended {
        let all = ["audit", "--bucket", BUCKET, "--grace", "0s"];
        let all: Vec<_> = all.iter().chain(arguments).copied().collect();

        self.run("remembers", &all).await
    }
}

impl Ended {
    /// Checks the status, and that standard error contains each of these texts.
    #[track_caller]
    pub(crate) fn check(&self, status: i32, texts: &[&str]) {
        assert_eq!(self.status, Some(status), "{}{}", self.stdout, self.stderr);
        for text in texts {
            assert!(
                self.stderr.contains(text),
                "no `{text}` in: {}",
                self.stderr
            );
        }
    }
}
