//! Queues whose messages are on disk, and that the configuration no longer has.

use std::fs;

use s3_dispatch_local::{
    BucketSpec, Destination, LocalPipeline, LocalPipelineBuilder, Message, NotificationSpec,
    QueueSpec, Topology,
};
use tempfile::TempDir;

use crate::cli::Program;

fn queues<const N: usize>(names: [&str; N]) -> LocalPipelineBuilder {
    let topology = Topology::new();
    let topology = names.into_iter().fold(topology, |topology, name| {
        topology.with_queue(QueueSpec::new(name))
    });

    LocalPipeline::builder().with_topology(topology)
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_left_out_keeps_its_messages() {
    let folder = TempDir::new().unwrap();
    let pipeline = queues(["kept", "empty"]).with_data(folder.path());
    let pipeline = pipeline.start().await.unwrap();
    for id in ["1", "2"] {
        let message = Message::new(id, "body");
        pipeline.send("kept", message).await.unwrap();
    }
    assert_eq!(pipeline.left_out_queues(), []);
    pipeline.stop().await;
    drop(pipeline);

    // Two starts without it, each of which rewrites the log.
    for _ in 0..2 {
        let pipeline = queues(["other"]).with_data(folder.path()).start().await;
        let pipeline = pipeline.unwrap();
        assert_eq!(pipeline.left_out_queues(), [("kept".into(), 2)]);
        pipeline.stop().await;
    }

    let pipeline = queues(["kept"]).with_data(folder.path()).start().await;
    let pipeline = pipeline.unwrap();
    assert_eq!(pipeline.left_out_queues(), []);
    let messages = pipeline.queue("kept").unwrap().messages;
    let ids: Vec<_> = messages
        .iter()
        .map(|message| &*message.message_id)
        .collect();
    assert_eq!(ids, ["1", "2"]);
}

/// A message was on its way to the queue when the pipeline ended.
#[tokio::test(start_paused = true)]
async fn a_notification_to_a_queue_that_is_left_out_is_kept() {
    let folder = TempDir::new().unwrap();
    let events = ["ObjectCreated:*".parse().unwrap()];
    let notification = NotificationSpec::new(events, Destination::Queue("kept".into()));
    let topology = Topology::new()
        .with_bucket(BucketSpec::new("photos").with_notification(notification))
        .with_queue(QueueSpec::new("kept"));
    let builder = LocalPipeline::builder().with_topology(topology);
    let pipeline = builder.with_data(folder.path()).start().await.unwrap();
    pipeline.settle().await;
    let test_notifications = pipeline.queue("kept").unwrap().messages.len();
    pipeline.stop().await;
    pipeline.put("photos", "1.jpg", "an image").await.unwrap();
    drop(pipeline);

    let pipeline = queues(["other"]).with_data(folder.path()).start().await;
    let pipeline = pipeline.unwrap();
    pipeline.settle().await;
    let expected = [("kept".into(), test_notifications + 1)];
    assert_eq!(pipeline.left_out_queues(), expected);
}

#[tokio::test]
async fn the_program_names_a_queue_that_is_left_out() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let pipeline = queues(["renamed"]).with_data(&data).start().await.unwrap();
    pipeline
        .send("renamed", Message::new("1", "body"))
        .await
        .unwrap();
    pipeline.stop().await;
    drop(pipeline);

    let config = folder.path().join("pipeline.toml");
    fs::write(&config, "[[queue]]\nname = \"new-name\"\n").unwrap();
    let ports = ["--port", "0", "--sqs-port", "0", "--no-sync"];
    let (config, data) = (config.to_str().unwrap(), data.to_str().unwrap());
    let paths = ["--config", config, "--data", data];
    let mut program = Program::start(&[&ports[..], &paths].concat());

    let line = program.line("is not in the configuration").await;
    let expected = "The queue `renamed` is not in the configuration. The data folder keeps its 1 \
                    message.";
    assert!(line.contains(expected), "{line}");
}
