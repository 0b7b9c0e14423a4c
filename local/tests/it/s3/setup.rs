//! A pipeline whose queue gets every event of its bucket.

use s3_dispatch_local::{
    BucketSpec, Destination, LocalPipeline, NotificationSpec, QueueSpec, S3Endpoint, Topology,
};
use serde_json::Value;

use super::client::{Answer, S3Client, serve};

pub(super) const BUCKET: &str = "amzn-s3-demo-bucket";

/// A bucket, its endpoint and its events.
pub(super) struct Setup {
    pub(super) pipeline: LocalPipeline,
    _endpoint: S3Endpoint,
    client: S3Client,
    /// How many messages were read.
    read: usize,
}

impl Setup {
    pub(super) async fn start() -> Self {
        let events = ["ObjectCreated:*", "ObjectRemoved:*", "ObjectTagging:*"];
        let events = events.map(|name| name.parse().unwrap());
        let notification = NotificationSpec::new(events, Destination::Queue("events".into()));
        let topology = Topology::new()
            .with_bucket(BucketSpec::new(BUCKET).with_notification(notification))
            .with_queue(QueueSpec::new("events"));

        let builder = LocalPipeline::builder().with_topology(topology);
        let pipeline = builder.start().await.unwrap();
        pipeline.settle().await;
        let (endpoint, client) = serve(&pipeline).await;

        Self {
            read: pipeline.queue("events").unwrap().messages.len(),
            pipeline,
            _endpoint: endpoint,
            client,
        }
    }

    /// Sends a request with these headers.
    pub(super) fn send(&self, request: &str, headers: &[&str], body: &str) -> Answer {
        let (method, target) = request.split_once(' ').unwrap();
        tokio::task::block_in_place(|| {
            self.client
                .send(method, target, headers, body.as_bytes())
                .unwrap()
        })
    }

    /// Sends a request with these headers to this host, a name of the endpoint without its port.
    pub(super) fn send_to(
        &self,
        name: &str,
        request: &str,
        headers: &[&str],
        body: &[u8],
    ) -> Answer {
        let (method, target) = request.split_once(' ').unwrap();
        let host = format!("{name}:{}", self.port());
        tokio::task::block_in_place(|| {
            self.client
                .send_to(&host, method, target, headers, body)
                .unwrap()
        })
    }

    /// The port of the endpoint.
    pub(super) fn port(&self) -> u16 {
        self.client.0.port()
    }

    /// Sends a signed request without a body, such as `GET /bucket`.
    pub(super) fn signed(&self, request: &str) -> Answer {
        let (method, target) = request.split_once(' ').unwrap();
        tokio::task::block_in_place(|| self.client.signed(method, target))
    }

    /// Puts `123456789` with a signature, in chunks and with a trailer.
    pub(super) fn put_in_chunks(
        &self,
        target: &str,
        announced: &str,
        trailer: (&str, &str),
    ) -> Answer {
        tokio::task::block_in_place(|| self.client.put_in_chunks(target, announced, trailer))
    }

    /// Sends a request without a body, such as `GET /bucket`, that must succeed.
    pub(super) fn ok(&self, request: &str) -> Answer {
        self.ok_with(request, "")
    }

    /// Sends a request that must succeed.
    pub(super) fn ok_with(&self, request: &str, body: &str) -> Answer {
        let answer = self.send(request, &[], body);
        assert!(answer.is_success(), "{request}: {answer:?}");
        answer
    }

    /// Checks that a request fails with this status and code.
    pub(super) fn check_fails(&self, request: &str, body: &str, status: u16, code: &str) -> Answer {
        let answer = self.send(request, &[], body);
        let actual = (answer.status, answer.text("Code"));
        assert_eq!(actual, (status, Some(code)), "{request}: {answer:?}");
        answer
    }

    /// The body of an object.
    pub(super) fn get(&self, target: &str) -> String {
        self.ok(&format!("GET {target}")).body
    }

    pub(super) fn set_versioning(&self, status: &str) {
        let body =
            format!("<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>");
        self.ok_with(&format!("PUT /{BUCKET}?versioning"), &body);
    }

    /// The records of the events since the last time.
    pub(super) async fn records(&mut self) -> Vec<Value> {
        self.pipeline.settle().await;
        let messages = self.pipeline.queue("events").unwrap().messages;
        let new = messages[self.read..].iter();
        let records = new.map(|message| {
            let mut notification: Value = serde_json::from_str(&message.body).unwrap();
            notification["Records"][0].take()
        });

        let records = records.collect();
        self.read = messages.len();
        records
    }

    /// The events since the last time: the name, the key, and the version id.
    pub(super) async fn events(&mut self) -> Vec<(String, String, Option<String>)> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let records = self.records().await.into_iter();
        let events = records.map(|record| {
            let object = &record["s3"]["object"];
            let name = text(&record["eventName"]).unwrap();
            (
                name,
                text(&object["key"]).unwrap(),
                text(&object["versionId"]),
            )
        });

        events.collect()
    }
}

/// An event as [`Setup::events`] returns it.
pub(super) fn event(
    name: &str,
    key: &str,
    version_id: Option<&str>,
) -> (String, String, Option<String>) {
    (name.into(), key.into(), version_id.map(str::to_owned))
}
