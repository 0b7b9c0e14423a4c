//! The queues of the local pipeline, used through the AWS SDK.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
    MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName,
    SendMessageBatchRequestEntry,
};
use s3_dispatch_local::{QueueSpec, Topology};

use crate::sqs::{Server, client};

struct Sqs {
    _server: Server,
    client: Client,
    url: String,
}

impl Sqs {
    /// A client, and the URL of a queue whose dead-letter queue is `failed`.
    async fn start() -> Self {
        let topology = Topology::new()
            .with_queue(QueueSpec::new("uploads").with_redrive("failed", 1))
            .with_queue(QueueSpec::new("failed"));
        let server = Server::local(topology).await;
        let client = client(&server.endpoint);

        let found = client
            .get_queue_url()
            .queue_name("uploads")
            .send()
            .await
            .unwrap();

        Self {
            _server: server,
            client,
            url: found.queue_url.unwrap(),
        }
    }
}

fn text(value: &str) -> MessageAttributeValue {
    MessageAttributeValue::builder()
        .data_type("String")
        .string_value(value)
        .build()
        .unwrap()
}

#[tokio::test]
async fn messages_go_there_and_back_with_their_attributes() {
    let Sqs {
        client,
        url,
        _server,
    } = Sqs::start().await;
    let bytes = MessageAttributeValue::builder()
        .data_type("Binary")
        .binary_value(Blob::new([0, 255]))
        .build()
        .unwrap();

    let sent = client
        .send_message()
        .queue_url(&url)
        .message_body("hello ä")
        .message_attributes("Text", text("ü"))
        .message_attributes("Bytes", bytes.clone())
        .send()
        .await
        .unwrap();

    let received = client
        .receive_message()
        .queue_url(&url)
        .message_attribute_names("All")
        .message_system_attribute_names(MessageSystemAttributeName::All)
        .wait_time_seconds(1)
        .send()
        .await
        .unwrap();
    let message = &received.messages()[0];

    assert_eq!(message.body(), Some("hello ä"));
    assert_eq!(message.message_id(), sent.message_id());
    assert_eq!(message.md5_of_body(), sent.md5_of_message_body());
    assert_eq!(
        message.md5_of_message_attributes(),
        sent.md5_of_message_attributes()
    );
    let expected = HashMap::from([("Text".to_owned(), text("ü")), ("Bytes".to_owned(), bytes)]);
    assert_eq!(message.message_attributes(), Some(&expected));
    let count = &MessageSystemAttributeName::ApproximateReceiveCount;
    assert_eq!(message.attributes().unwrap()[count], "1");

    let handle = message.receipt_handle().unwrap();
    let delete = client
        .delete_message()
        .queue_url(&url)
        .receipt_handle(handle);
    delete.send().await.unwrap();
}

#[tokio::test]
async fn batches_report_each_entry() {
    let Sqs {
        client,
        url,
        _server,
    } = Sqs::start().await;
    let entry = |id: &str, body: &str| {
        let entry = SendMessageBatchRequestEntry::builder()
            .id(id)
            .message_body(body);
        entry.build().unwrap()
    };
    let sent = client
        .send_message_batch()
        .queue_url(&url)
        .entries(entry("a", "first"))
        .entries(entry("b", "\u{1}"))
        .entries(entry("c", "second"))
        .send()
        .await
        .unwrap();
    let ids: Vec<_> = sent.successful().iter().map(|entry| entry.id()).collect();
    assert_eq!(ids, ["a", "c"]);
    assert_eq!(sent.failed()[0].code(), "InvalidMessageContents");

    let receive = client
        .receive_message()
        .queue_url(&url)
        .max_number_of_messages(10);
    let received = receive.send().await.unwrap();
    let handles = received
        .messages()
        .iter()
        .map(|message| message.receipt_handle().unwrap());
    let handles: Vec<_> = handles.collect();

    let longer = ChangeMessageVisibilityBatchRequestEntry::builder()
        .id("1")
        .receipt_handle(handles[0])
        .visibility_timeout(1000);
    let changed = client
        .change_message_visibility_batch()
        .queue_url(&url)
        .entries(longer.build().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(changed.successful().len(), 1);

    let delete = |id: &str, handle: &str| {
        let entry = DeleteMessageBatchRequestEntry::builder()
            .id(id)
            .receipt_handle(handle);
        entry.build().unwrap()
    };
    let deleted = client
        .delete_message_batch()
        .queue_url(&url)
        .entries(delete("1", handles[0]))
        .entries(delete("2", "garbage"))
        .entries(delete("3", handles[1]))
        .send()
        .await
        .unwrap();
    assert_eq!(deleted.successful().len(), 2);
    assert_eq!(deleted.failed()[0].code(), "ReceiptHandleIsInvalid");
}

#[tokio::test]
async fn errors_are_those_that_the_sdk_knows() {
    let Sqs {
        client,
        url,
        _server,
    } = Sqs::start().await;
    let absent = url.replace("uploads", "absent");

    let sent = client
        .send_message()
        .queue_url(&absent)
        .message_body("a")
        .send()
        .await;
    assert!(
        sent.unwrap_err()
            .into_service_error()
            .is_queue_does_not_exist()
    );
    let found = client.get_queue_url().queue_name("absent").send().await;
    assert!(
        found
            .unwrap_err()
            .into_service_error()
            .is_queue_does_not_exist()
    );

    let deleted = client
        .delete_message()
        .queue_url(&url)
        .receipt_handle("garbage")
        .send()
        .await;
    assert!(
        deleted
            .unwrap_err()
            .into_service_error()
            .is_receipt_handle_is_invalid()
    );

    let receive = client
        .receive_message()
        .queue_url(&url)
        .max_number_of_messages(11);
    let error = receive.send().await.unwrap_err().into_service_error();
    assert_eq!(error.code(), Some("InvalidParameterValue"));
    assert!(
        error
            .message()
            .unwrap()
            .starts_with("Value 11 for parameter MaxNumberOfMessages")
    );

    client
        .send_message()
        .queue_url(&url)
        .message_body("a")
        .send()
        .await
        .unwrap();
    let received = client
        .receive_message()
        .queue_url(&url)
        .send()
        .await
        .unwrap();
    let handle = received.messages()[0].receipt_handle().unwrap();
    let change = |seconds| {
        let call = client.change_message_visibility().queue_url(&url);
        call.receipt_handle(handle)
            .visibility_timeout(seconds)
            .send()
    };
    change(0).await.unwrap();
    let error = change(1).await.unwrap_err().into_service_error();
    assert!(error.is_message_not_inflight(), "{error:?}");

    let purge = || client.purge_queue().queue_url(&url).send();
    purge().await.unwrap();
    let error = purge().await.unwrap_err().into_service_error();
    assert!(error.is_purge_queue_in_progress(), "{error:?}");

    let create = |delay: &str| {
        let call = client.create_queue().queue_name("new");
        call.attributes(QueueAttributeName::DelaySeconds, delay)
            .send()
    };
    create("1").await.unwrap();
    let error = create("2").await.unwrap_err().into_service_error();
    assert!(error.is_queue_name_exists(), "{error:?}");
}

#[tokio::test]
async fn a_poller_that_waits_gets_the_next_message() {
    let Sqs {
        client,
        url,
        _server,
    } = Sqs::start().await;
    let waiting = tokio::spawn({
        let receive = client
            .receive_message()
            .queue_url(&url)
            .wait_time_seconds(20);
        receive.send()
    });

    client
        .send_message()
        .queue_url(&url)
        .message_body("next")
        .send()
        .await
        .unwrap();
    let received = tokio::time::timeout(Duration::from_secs(15), waiting).await;
    let received = received.expect("it waits to the end").unwrap().unwrap();
    assert_eq!(received.messages()[0].body(), Some("next"));
}

#[tokio::test]
async fn dead_letters_are_sent_back() {
    let Sqs {
        client,
        url,
        _server,
    } = Sqs::start().await;
    client
        .send_message()
        .queue_url(&url)
        .message_body("poison")
        .send()
        .await
        .unwrap();

    for _ in 0..2 {
        let receive = client
            .receive_message()
            .queue_url(&url)
            .visibility_timeout(0);
        receive.send().await.unwrap();
    }

    let arn = "arn:aws:sqs:us-east-1:123456789012:failed";
    client
        .start_message_move_task()
        .source_arn(arn)
        .send()
        .await
        .unwrap();
    let tasks = client
        .list_message_move_tasks()
        .source_arn(arn)
        .send()
        .await
        .unwrap();
    assert_eq!(tasks.results()[0].status(), Some("COMPLETED"));
    assert_eq!(tasks.results()[0].approximate_number_of_messages_moved(), 1);

    let attributes = client
        .get_queue_attributes()
        .queue_url(&url)
        .attribute_names(QueueAttributeName::ApproximateNumberOfMessages)
        .send()
        .await
        .unwrap();
    let count = &QueueAttributeName::ApproximateNumberOfMessages;
    assert_eq!(attributes.attributes().unwrap()[count], "1");
}
