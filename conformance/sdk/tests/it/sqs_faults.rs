//! Faults that hit the calls of the AWS SDK, which retries them.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use s3_dispatch_local::{Fault, Faults, Hop, QueueSpec, StepKind, Topology};

use crate::sqs::{Server, client};

const MESSAGES: usize = 40;

/// A client that retries often and soon, and the URL of a queue.
async fn start(queue: QueueSpec, faults: Faults) -> (Server, Client, String) {
    let name = queue.name.clone();
    let server = Server::with_faults(Topology::new().with_queue(queue), faults).await;

    let retries = RetryConfig::standard()
        .with_max_attempts(20)
        .with_initial_backoff(Duration::from_millis(1))
        .with_max_backoff(Duration::from_millis(5));
    let config = client(&server.endpoint).config().to_builder();
    let client = Client::from_conf(config.retry_config(retries).build());
    let url = server.pipeline.as_ref().unwrap().queue_url(&name).unwrap();

    (server, client, url)
}

fn injected(server: &Server, hop: Hop, fault: Fault) -> usize {
    let history = server.pipeline.as_ref().unwrap().journal().history();
    let is_meant = |kind: &StepKind| {
        matches!(kind, StepKind::FaultInjected { hop: own_hop, fault: own_fault, .. }
            if (*own_hop, *own_fault) == (hop, fault))
    };

    history.iter().filter(|step| is_meant(&step.kind)).count()
}

/// Receives and deletes all messages, and counts the bodies.
async fn drain(client: &Client, url: &str) -> HashMap<String, usize> {
    let mut bodies = HashMap::new();

    loop {
        let receive = client
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(10);
        let received = receive.send().await.unwrap().messages.unwrap_or_default();
        if received.is_empty() {
            return bodies;
        }

        for message in received {
            *bodies.entry(message.body.unwrap()).or_default() += 1;
            let delete = client.delete_message().queue_url(url);
            let handle = message.receipt_handle.unwrap();
            delete.receipt_handle(handle).send().await.unwrap();
        }
    }
}

fn call_faults(rate: f64) -> Faults {
    let faults = [Fault::Throttle, Fault::DropRequest, Fault::DropResponse];
    let sites = faults
        .into_iter()
        .flat_map(|fault| [(Hop::Send, fault), (Hop::Delete, fault)])
        .chain([(Hop::Receive, Fault::Throttle)]);

    sites.fold(Faults::none(), |faults, (hop, fault)| {
        faults.with_rate(hop, fault, rate)
    })
}

#[tokio::test]
async fn the_sdk_retries_what_is_throttled_or_lost() {
    let (server, client, url) = start(QueueSpec::new("uploads"), call_faults(0.1)).await;

    for number in 0..MESSAGES {
        let send = client.send_message().queue_url(&url);
        let body = format!("message {number}");
        send.message_body(body).send().await.unwrap();
    }
    let bodies = drain(&client, &url).await;

    let lost_sends = injected(&server, Hop::Send, Fault::DropResponse);
    assert_eq!(bodies.len(), MESSAGES);
    assert_eq!(bodies.values().sum::<usize>(), MESSAGES + lost_sends);
    for fault in [Fault::Throttle, Fault::DropRequest, Fault::DropResponse] {
        assert!(injected(&server, Hop::Send, fault) > 0, "{fault}");
        assert!(injected(&server, Hop::Delete, fault) > 0, "{fault}");
    }
}

#[tokio::test]
async fn a_fifo_queue_takes_what_the_sdk_retries_once() {
    let queue = QueueSpec::new("orders.fifo").with_content_based_deduplication(true);
    let (server, client, url) = start(queue, call_faults(0.1)).await;

    for number in 0..MESSAGES {
        let send = client.send_message().queue_url(&url).message_group_id("g");
        let body = format!("message {number}");
        send.message_body(body).send().await.unwrap();
    }
    let bodies = drain(&client, &url).await;

    assert!(injected(&server, Hop::Send, Fault::DropResponse) > 0);
    assert_eq!(bodies.len(), MESSAGES);
    assert!(bodies.values().all(|count| *count == 1), "{bodies:?}");
}

#[tokio::test]
async fn the_sdk_names_the_error_of_a_throttled_call() {
    let faults = Faults::none().with_rate(Hop::Send, Fault::Throttle, 1.0);
    let (_server, client, url) = start(QueueSpec::new("uploads"), faults).await;

    let send = client.send_message().queue_url(&url).message_body("a");
    let error = send.send().await.unwrap_err().into_service_error();
    assert!(error.is_request_throttled(), "{error:?}");
    assert_eq!(error.code(), Some("RequestThrottled"));
}
