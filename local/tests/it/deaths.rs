//! Programs that end while they handle one message, and what that costs the other messages.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use s3_dispatch_local::{
    FunctionSpec, LocalPipeline, MappingSpec, Message, QueueSpec, StepKind, Topology,
};
use s3_dispatch_testing::{NotificationBuilder, RecordBuilder};

use crate::programs::deadly;

/// The ways in which a handler ends its process.
const DEATHS: [&str; 5] = ["abort", "exit", "exhaust", "overflow", "block"];

/// A queue with a program that deletes what has succeeded, or that does not.
fn topology(has_queue: bool) -> Topology {
    DEATHS.iter().fold(Topology::new(), |topology, name| {
        let dead = format!("{name}-dead");
        let queue = QueueSpec::new(*name)
            .with_visibility_timeout(Duration::from_secs(2))
            .with_redrive(&dead, 5);
        let mut function = FunctionSpec::new(*name)
            .with_program(deadly())
            .with_timeout(Duration::from_secs(2));
        if has_queue {
            function = function.with_variable("QUEUE", *name);
        }

        topology
            .with_queue(queue)
            .with_queue(QueueSpec::new(dead))
            .with_function(function)
            .with_mapping(
                MappingSpec::new(*name, *name).with_batch_window(Duration::from_millis(200)),
            )
    })
}

/// Sends ten messages to each queue, one of which is deadly, and waits until all are deleted or
/// dead letters. Returns the pipeline.
async fn run(has_queue: bool) -> LocalPipeline {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let pipeline = LocalPipeline::builder()
        .with_topology(topology(has_queue))
        .with_sqs_endpoint(address)
        .start()
        .await
        .unwrap();

    for death in DEATHS {
        for number in 0..10 {
            let key = if number == 4 {
                death.to_owned()
            } else {
                format!("good/{number}")
            };
            let record = RecordBuilder::new("ObjectCreated:Put").with_key(key);
            let body = NotificationBuilder::new().with_record(record).to_json();
            let message = Message::new(format!("{death}-{number}"), body);
            pipeline.send(death, message).await.unwrap();
        }
    }

    pipeline.settle().await;
    pipeline
}

/// The ids of a queue's dead letters.
fn dead(pipeline: &LocalPipeline, queue: &str) -> Vec<String> {
    let dead = pipeline.queue(&format!("{queue}-dead")).unwrap().messages;
    let mut ids: Vec<_> = dead
        .into_iter()
        .map(|letter| letter.message_id.to_string())
        .collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn with_a_queue_a_handler_that_ends_its_process_costs_one_message() {
    let pipeline = run(true).await;

    for death in DEATHS {
        assert_eq!(dead(&pipeline, death), [format!("{death}-4")]);
    }

    // A process that starts again tells what the last one was doing.
    let history = pipeline.journal().history();
    let logs = history.iter().filter_map(|step| match &step.kind {
        StepKind::FunctionLog { line, .. } => Some(line.to_string()),
        _ => None,
    });
    let told: Vec<_> = logs
        .filter(|line| line.contains("the last process here ended while it handled this record"))
        .collect();

    for death in DEATHS {
        assert!(told.iter().any(|line| line.contains(death)), "{told:#?}");
    }

    assert!(told.iter().all(|line| !line.contains("good/")), "{told:#?}");
    pipeline.stop().await;
}

#[tokio::test]
async fn without_a_queue_a_handler_that_ends_its_process_takes_at_most_a_quarter_along() {
    let pipeline = run(false).await;
    let mut lost = 0;

    for death in DEATHS {
        let dead = dead(&pipeline, death);
        assert!(dead.contains(&format!("{death}-4")), "{dead:?}");
        lost += dead.len() - 1;
    }

    println!("{lost} of {} healthy messages are lost", 9 * DEATHS.len());
    assert!(lost <= 9 * DEATHS.len() / 4, "{lost}");
    pipeline.stop().await;
}
