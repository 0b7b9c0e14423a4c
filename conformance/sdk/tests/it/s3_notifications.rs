//! A bucket that is created and wired through the AWS SDK, up to the handler.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    Event, EventBridgeConfiguration, FilterRule, FilterRuleName, NotificationConfiguration,
    NotificationConfigurationFilter, QueueConfiguration, S3KeyFilter,
};
use s3_dispatch::{ObjectKey, Routes};
use s3_dispatch_local::{
    FunctionSpec, LocalPipeline, MappingSpec, QueueSpec, S3Endpoint, Topology,
};
use tokio::sync::watch;

use crate::s3::client;

const BUCKET: &str = "amzn-s3-demo-new";
const PATIENCE: Duration = Duration::from_secs(60);

/// A pipeline without a bucket, whose function keeps the keys that it gets.
struct Wired {
    client: Client,
    keys: Arc<Mutex<Vec<String>>>,
    handled: watch::Receiver<usize>,
    _pipeline: LocalPipeline,
    _endpoint: S3Endpoint,
}

impl Wired {
    async fn start() -> Self {
        let (count, handled) = watch::channel(0);
        let keys = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&keys);
        let routes = Routes::new(()).on_fn("*", move |key: ObjectKey| {
            kept.lock().unwrap().push(key.as_str().to_owned());
            count.send_modify(|count| *count += 1);
            async { Ok::<_, std::io::Error>(()) }
        });

        let topology = Topology::new()
            .with_queue(QueueSpec::new("uploads"))
            .with_function(FunctionSpec::new("index"))
            .with_mapping(MappingSpec::new("uploads", "index"));
        let builder = LocalPipeline::builder().with_topology(topology);
        let pipeline = builder.with_router("index", routes).start().await.unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let endpoint = S3Endpoint::bind(address)
            .await
            .unwrap()
            .serve(Arc::clone(pipeline.buckets()));

        Self {
            client: client(endpoint.address()),
            keys,
            handled,
            _pipeline: pipeline,
            _endpoint: endpoint,
        }
    }

    async fn put(&self, key: &str) {
        let put = self.client.put_object().bucket(BUCKET).key(key);
        let body = ByteStream::from_static(b"body");
        put.body(body).send().await.unwrap();
    }
}

fn configuration(queue: &str) -> NotificationConfiguration {
    let rule = FilterRule::builder()
        .name(FilterRuleName::Prefix)
        .value("images/")
        .build();
    let filter = NotificationConfigurationFilter::builder()
        .key(S3KeyFilter::builder().filter_rules(rule).build())
        .build();
    let queue = QueueConfiguration::builder()
        .id("images")
        .queue_arn(format!("arn:aws:sqs:us-east-1:123456789012:{queue}"))
        .events(Event::S3ObjectCreated)
        .filter(filter)
        .build()
        .unwrap();

    NotificationConfiguration::builder()
        .queue_configurations(queue)
        .event_bridge_configuration(EventBridgeConfiguration::builder().build())
        .build()
}

#[tokio::test]
async fn the_handler_runs_for_a_bucket_that_the_sdk_has_created_and_wired() {
    let mut wired = Wired::start().await;
    let s3 = wired.client.clone();
    s3.create_bucket().bucket(BUCKET).send().await.unwrap();

    let put = s3.put_bucket_notification_configuration().bucket(BUCKET);
    let refused = put
        .clone()
        .notification_configuration(configuration("absent"))
        .send()
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Some("InvalidArgument"));
    let message = refused.message().unwrap();
    let text = "Unable to validate the following destination configurations";
    assert!(message.starts_with(text), "{message}");

    put.notification_configuration(configuration("uploads"))
        .send()
        .await
        .unwrap();
    let found = s3
        .get_bucket_notification_configuration()
        .bucket(BUCKET)
        .send()
        .await
        .unwrap();
    assert!(found.event_bridge_configuration().is_some());
    let expected = configuration("uploads");
    let [queue] = found.queue_configurations() else {
        panic!("{found:?}");
    };
    let [wanted] = expected.queue_configurations() else {
        panic!("{expected:?}");
    };
    assert_eq!(queue.id(), wanted.id());
    assert_eq!(queue.queue_arn(), wanted.queue_arn());
    assert_eq!(queue.events(), wanted.events());
    let rules = queue.filter().unwrap().key().unwrap().filter_rules();
    let [rule] = rules else {
        panic!("{rules:?}");
    };
    assert_eq!(rule.value(), Some("images/"));

    for key in ["notes.txt", "images/1 ä.jpg"] {
        wired.put(key).await;
    }
    let handled = wired.handled.wait_for(|count| *count == 1);
    tokio::time::timeout(PATIENCE, handled)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(*wired.keys.lock().unwrap(), ["images/1 ä.jpg"]);
}
