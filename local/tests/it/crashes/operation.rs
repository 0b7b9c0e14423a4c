//! Requests that a crash can cut off, and what must be true afterwards.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use s3_dispatch_local::{
    BucketSpec, Destination, LocalPipeline, NotificationSpec, QueueSpec, S3Endpoint, Topology,
};

use crate::s3::client::{Answer, S3Client, serve};

pub(super) const BUCKET: &str = "amzn-s3-demo-bucket";

/// The queue that gets every event. No function receives from it.
pub(super) const QUEUE: &str = "events";

/// The headers of each new object, which must be there after the crash too.
const PROPERTIES: [&str; 9] = [
    "Expires: Thu, 01 Jan 2032 00:00:00 GMT",
    "Cache-Control: no-cache",
    "Content-Type: text/css",
    "Content-Encoding: gzip",
    "Content-Language: de",
    "Content-Disposition: inline",
    "x-amz-storage-class: STANDARD_IA",
    "x-amz-website-redirect-location: /other",
    "x-amz-meta-colour: blue",
];

/// Two tags.
const TAGGING: &str = "x-amz-tagging: a=1&b=2";

/// The checksum of `a body`.
const BODY_CHECKSUM: &str = "x-amz-checksum-sha256: dxgk3kIodkL6D74LVouAzDKQ4pt9PNbvvHsbjrEDewQ=";

/// The checksum of `a part`.
const PART_CHECKSUM: &str = "x-amz-checksum-crc32: 2+D9gg==";

/// A request whose objects no other request changes, except for those that it names.
#[derive(Debug, Clone)]
pub(super) enum Operation {
    Put(String),
    Copy { from: String, to: String },
    Delete(String),
    DeleteBatch(Vec<String>),
    StartUpload(String),
    UploadPart { key: String, upload: String },
    Complete { key: String, upload: String },
}

/// A pipeline that has started after a crash.
pub(super) struct Restarted {
    pipeline: LocalPipeline,
    endpoint: S3Endpoint,
    pub(super) client: S3Client,
}

pub(super) fn topology() -> Topology {
    let events = ["ObjectCreated:*", "ObjectRemoved:*"].map(|name| name.parse().unwrap());
    let notification = NotificationSpec::new(events, Destination::Queue(QUEUE.into()));

    Topology::new()
        .with_bucket(BucketSpec::new(BUCKET).with_notification(notification))
        .with_queue(QueueSpec::new(QUEUE))
}

impl Operation {
    /// Sends the request.
    pub(super) fn send(&self, client: S3Client) -> io::Result<Answer> {
        match self {
            Self::Put(key) => {
                let headers = [&PROPERTIES[..], &[TAGGING, BODY_CHECKSUM]].concat();
                client.send("PUT", &path(key), &headers, b"a body")
            }
            Self::Copy { from, to } => {
                // What a copy takes from the request, and not from its source.
                let own = PROPERTIES
                    .iter()
                    .filter(|header| header.starts_with("x-amz-storage"));
                let redirect = PROPERTIES
                    .iter()
                    .filter(|header| header.contains("redirect"));
                let source = format!("x-amz-copy-source: {}", path(from));
                let own = own.chain(redirect).copied();
                let headers: Vec<_> = own.chain([source.as_str()]).collect();
                client.send("PUT", &path(to), &headers, b"")
            }
            Self::Delete(key) => client.send("DELETE", &path(key), &[], b""),
            Self::DeleteBatch(keys) => {
                let keys = keys.iter();
                let keys = keys.map(|key| format!("<Object><Key>{key}</Key></Object>"));
                let body = format!("<Delete>{}</Delete>", keys.collect::<String>());
                let target = format!("/{BUCKET}?delete");
                client.send("POST", &target, &[], body.as_bytes())
            }
            Self::StartUpload(key) => {
                let algorithm = "x-amz-checksum-algorithm: CRC32";
                let kind = "x-amz-checksum-type: FULL_OBJECT";
                let headers = [&PROPERTIES[..], &[TAGGING, algorithm, kind]].concat();
                client.send("POST", &format!("{}?uploads", path(key)), &headers, b"")
            }
            Self::UploadPart { key, upload } => {
                let target = format!("{}?partNumber=1&uploadId={upload}", path(key));
                client.send("PUT", &target, &[], b"a part")
            }
            Self::Complete { key, upload } => {
                let target = format!("{}?uploadId={upload}", path(key));
                // The MD5 digest of `a part`.
                let body = "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber>\
                            <ETag>\"9db120e8880f33acf4ddeb40892c390c\"</ETag></Part>\
                            </CompleteMultipartUpload>";
                client.send("POST", &target, &[], body.as_bytes())
            }
        }
    }

    /// The events of the request, and the objects that it creates (`true`) or removes.
    fn effects(&self) -> Vec<(&'static str, &str, bool)> {
        match self {
            Self::Put(key) => vec![("ObjectCreated:Put", key, true)],
            Self::Copy { to, .. } => vec![("ObjectCreated:Copy", to, true)],
            Self::Delete(key) => vec![("ObjectRemoved:Delete", key, false)],
            Self::DeleteBatch(keys) => {
                let keys = keys.iter();
                keys.map(|key| ("ObjectRemoved:Delete", key.as_str(), false))
                    .collect()
            }
            Self::Complete { key, .. } => {
                vec![("ObjectCreated:CompleteMultipartUpload", key, true)]
            }
            Self::StartUpload(_) | Self::UploadPart { .. } => Vec::new(),
        }
    }

    /// The keys that the request removes.
    pub(super) fn removes(&self) -> Vec<String> {
        match self {
            Self::Delete(key) => vec![key.clone()],
            Self::DeleteBatch(keys) => keys.clone(),
            _ => Vec::new(),
        }
    }

    /// Whether a repetition changes something again, and so sends another event.
    fn is_repeatable(&self) -> bool {
        matches!(self, Self::Put(_) | Self::Copy { .. })
    }
}

impl Restarted {
    pub(super) async fn open(folder: &Path) -> Self {
        let pipeline = LocalPipeline::builder()
            .with_topology(topology())
            .with_data(folder)
            .with_sync(false)
            .start()
            .await
            .unwrap();
        pipeline.settle().await;
        let (endpoint, client) = serve(&pipeline).await;

        Self {
            pipeline,
            endpoint,
            client,
        }
    }

    pub(super) async fn close(mut self) {
        self.endpoint.stop().await;
        self.pipeline.stop().await;
    }

    /// How many events there are, by name and key.
    pub(super) fn events(&self) -> BTreeMap<(String, String), usize> {
        let mut events = BTreeMap::new();

        for message in self.pipeline.queue(QUEUE).unwrap().messages {
            let notification: serde_json::Value = serde_json::from_str(&message.body).unwrap();
            // A test notification has no records.
            if let Some(record) = notification["Records"].get(0) {
                let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
                let event = (
                    text(&record["eventName"]),
                    text(&record["s3"]["object"]["key"]),
                );
                *events.entry(event).or_default() += 1;
            }
        }

        events
    }

    fn exists(&self, key: &str) -> bool {
        self.client.call("HEAD", &path(key)).status == 200
    }

    /// Checks that an object is what the request made it.
    fn check_properties(&self, operation: &Operation, key: &str) {
        let (body, checksum) = match operation {
            Operation::Complete { .. } => ("a part", PART_CHECKSUM),
            _ => ("a body", BODY_CHECKSUM),
        };

        let mode = "x-amz-checksum-mode: ENABLED";
        let object = self.client.send("GET", &path(key), &[mode], b"").unwrap();
        assert_eq!(object.body, body, "{operation:?}");
        for header in PROPERTIES.into_iter().chain([checksum]) {
            let (name, value) = header.split_once(": ").unwrap();
            assert_eq!(object.header(name), Some(value), "{operation:?} {name}");
        }

        let tags = self.client.call("GET", &format!("{}?tagging", path(key)));
        assert_eq!(tags.texts("Key"), ["a", "b"], "{operation:?}");
        assert_eq!(tags.texts("Value"), ["1", "2"], "{operation:?}");
    }

    /// Checks that each change has one event, and each event its change. Returns whether the
    /// request took effect.
    pub(super) fn check(
        &self,
        operation: &Operation,
        events: &BTreeMap<(String, String), usize>,
    ) -> bool {
        let effects = operation.effects().into_iter();
        let mut effects = effects.map(|(name, key, is_created)| {
            let has_effect = self.exists(key) == is_created;
            if has_effect && is_created {
                self.check_properties(operation, key);
            }
            let count = count(events, name, key);
            assert_eq!(
                count,
                usize::from(has_effect),
                "{operation:?}: {name} {key}"
            );

            has_effect
        });

        let Some(first) = effects.next() else {
            return true;
        };
        assert!(effects.all(|effect| effect == first), "{operation:?}");

        first
    }

    /// Repeats a request that was cut off, and checks that nothing is missing afterwards.
    pub(super) async fn repeat(&self, operation: &Operation, had_effect: bool) {
        let answer = operation.send(self.client).unwrap();
        assert!(answer.is_success(), "{operation:?}: {answer:?}");
        assert_eq!(answer.texts("Error"), [""; 0], "{operation:?}");

        self.pipeline.settle().await;
        let events = self.events();
        let repeated = usize::from(had_effect && operation.is_repeatable());

        for (name, key, is_created) in operation.effects() {
            assert_eq!(self.exists(key), is_created, "{operation:?}");
            if is_created {
                self.check_properties(operation, key);
            }
            let count = count(&events, name, key);
            assert_eq!(count, 1 + repeated, "{operation:?}: {name} {key}");
        }
    }
}

fn count(events: &BTreeMap<(String, String), usize>, name: &str, key: &str) -> usize {
    let event = (name.to_owned(), key.to_owned());
    events.get(&event).copied().unwrap_or_default()
}

pub(super) fn path(key: &str) -> String {
    format!("/{BUCKET}/{key}")
}
