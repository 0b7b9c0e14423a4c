use s3_dispatch_core::delivery::Delivery;
use s3_dispatch_core::{ErrorKind, EventName};
use s3_dispatch_testing::{RecordBuilder, SqsBatchBuilder, SqsMessageBuilder};

fn message(id: &str) -> SqsMessageBuilder {
    SqsMessageBuilder::new(id).with_record(RecordBuilder::new(EventName::OBJECT_CREATED_PUT))
}

#[test]
fn a_message_has_its_attributes() {
    let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1";
    let batch = SqsBatchBuilder::new()
        .with_message(
            message("first")
                .with_receive_count(3)
                .with_group_id("g")
                .with_trace_header(header),
        )
        .with_message(message("second"));

    let delivery = Delivery::parse(batch.to_bytes()).unwrap();
    let [first, second] = delivery.messages() else {
        panic!("not two messages")
    };

    assert_eq!(first.context.message_id().unwrap(), "first");
    assert_eq!(first.context.receive_count(), Some(3));
    assert_eq!(first.context.group_id().unwrap(), "g");
    assert_eq!(first.context.trace_header().unwrap(), header);
    assert_eq!(
        first.context.queue_arn().unwrap(),
        "arn:aws:sqs:us-east-1:123456789012:object-events"
    );
    assert!(!first.context.is_fifo());
    assert_eq!(
        (second.context.receive_count(), second.context.group_id()),
        (Some(1), None)
    );
    assert_eq!(
        (second.context.trace_header(), second.context.request_id()),
        (None, None)
    );
    assert_eq!(second.context.deadline(), None);
}

#[test]
fn a_fifo_queue_is_recognised_by_its_arn() {
    let delivery = Delivery::parse(
        SqsBatchBuilder::new()
            .on_fifo_queue()
            .with_message(message("1"))
            .to_bytes(),
    )
    .unwrap();

    assert!(delivery.messages()[0].context.is_fifo());
    assert!(delivery.messages()[0].context.group_id().is_some());
}

#[test]
fn a_message_without_an_id_fails_the_batch() {
    let check = |member: &str| {
        let good = r#"{"messageId":"1","body":"{}"}"#;
        let payload =
            format!(r#"{{"Records":[{good},{{{member}"receiptHandle":"r","body":"{{}}"}}]}}"#);
        let error = Delivery::parse(payload).unwrap_err();
        assert_eq!(
            (error.kind(), error.path()),
            (ErrorKind::MissingMessageId, Some("$.Records[1].messageId"))
        );
    };

    check("");
    check(r#""messageId":null,"#);
    check(r#""messageId":"","#);
    check(r#""messageId":"1","messageId":null,"#);
    let batch =
        SqsBatchBuilder::new().with_message(SqsMessageBuilder::without_id().with_body("{}"));
    assert_eq!(
        Delivery::parse(batch.to_bytes()).unwrap_err().kind(),
        ErrorKind::MissingMessageId
    );
}

#[test]
fn an_id_that_is_not_a_text_fails_the_batch() {
    let error = Delivery::parse(r#"{"Records":[{"messageId":7,"body":"{}"}]}"#).unwrap_err();
    assert_eq!(
        (error.kind(), error.path()),
        (ErrorKind::InvalidField, Some("$.Records[0].messageId"))
    );
}

#[test]
fn a_message_without_a_body_fails_alone() {
    for member in ["", r#","body":null"#] {
        let payload =
            format!(r#"{{"Records":[{{"messageId":"1","eventSource":"aws:sqs"{member}}}]}}"#);
        let delivery = Delivery::parse(payload).unwrap();
        let error = delivery.messages()[0].content.as_ref().unwrap_err();
        assert_eq!(
            (error.kind(), error.path()),
            (ErrorKind::MissingField, Some("$.Records[0].body"))
        );
    }
}

#[test]
fn malformed_attributes_are_ignored() {
    let attributes = [
        r#""attributes":null"#,
        r#""attributes":[]"#,
        r#""attributes":{"ApproximateReceiveCount":"often","AWSTraceHeader":7,
            "MessageGroupId":null}"#,
        r#""attributes":{"ApproximateReceiveCount":"\ud800"},"eventSourceARN":{}"#,
    ];

    for attributes in attributes {
        let payload = format!(
            r#"{{"Records":[{{"messageId":"1","body":"{{\"Records\":[]}}",{attributes}}}]}}"#
        );
        let delivery = Delivery::parse(payload).unwrap();
        let message = &delivery.messages()[0];
        assert!(message.content.is_ok());

        assert_eq!(
            (message.context.receive_count(), message.context.queue_arn()),
            (None, None),
            "{attributes}"
        );
    }
}

fn receive_count(written: &str) -> Option<u32> {
    let payload = format!(
        r#"{{"Records":[{{"messageId":"1","body":"{{}}",
        "attributes":{{"ApproximateReceiveCount":{written}}}}}]}}"#
    );
    let delivery = Delivery::parse(payload).unwrap();

    delivery.messages()[0].context.receive_count()
}

#[test]
fn a_receive_count_that_is_too_large_is_capped() {
    for written in ["4294967296", "18446744073709551616", &"9".repeat(80)] {
        assert_eq!(receive_count(written), Some(u32::MAX), "{written}");
        assert_eq!(receive_count(&format!("{written:?}")), Some(u32::MAX));
    }
}

#[test]
fn a_receive_count_has_nothing_but_digits() {
    assert_eq!(receive_count("\"0012\""), Some(12));

    for written in [
        "",
        "+5",
        "-5",
        "1.0",
        "4294967296x",
        "99999999999 ",
        "\u{661}",
    ] {
        assert_eq!(receive_count(&format!("\"{written}\"")), None, "{written}");
    }
}

#[test]
fn messages_with_equal_ids_stay_separate() {
    let batch = SqsBatchBuilder::new()
        .with_message(message("same"))
        .with_body("same", "no JSON");
    let delivery = Delivery::parse(batch.to_bytes()).unwrap();

    let ids: Vec<_> = delivery
        .messages()
        .iter()
        .map(|message| message.context.message_id().unwrap().as_str())
        .collect();

    assert_eq!(ids, ["same", "same"]);
}

const TRACE_PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[test]
fn a_message_has_the_trace_context_that_its_producer_set() {
    let batch = SqsBatchBuilder::new()
        .with_message(
            message("set")
                .with_attribute("colour", "red")
                .with_attribute("traceparent", TRACE_PARENT),
        )
        .with_message(message("other").with_attribute("colour", "red"));

    let delivery = Delivery::parse(batch.to_bytes()).unwrap();
    let [set, other] = delivery.messages() else {
        panic!("not two messages")
    };

    assert_eq!(set.context.trace_parent().unwrap(), TRACE_PARENT);
    assert!(set.content.is_ok());
    assert_eq!(other.context.trace_parent(), None);
}

#[test]
fn the_output_of_receive_message_has_the_trace_context_too() {
    let payload = format!(
        r#"{{"Messages":[{{"MessageId":"1","ReceiptHandle":"r","MD5OfBody":"m","Body":"{{}}",
            "MD5OfMessageAttributes":"m","MessageAttributes":{{"traceparent":
            {{"StringValue":"{TRACE_PARENT}","DataType":"String"}}}}}}]}}"#
    );

    let delivery = Delivery::parse(payload).unwrap();
    let context = &delivery.messages()[0].context;
    assert_eq!(context.trace_parent().unwrap(), TRACE_PARENT);
}

#[test]
fn malformed_message_attributes_cost_no_message() {
    let attributes = [
        "null",
        "[]",
        r#""traceparent""#,
        r#"{"traceparent":null}"#,
        r#"{"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}"#,
        r#"{"traceparent":{"binaryValue":"AAEC","dataType":"Binary"}}"#,
        r#"{"traceparent":{"stringValue":7}}"#,
        r#"{"traceparent":{"stringValue":"\ud800"}}"#,
        r#"{"traceparent":{"stringValue":"a"},"traceparent":{}}"#,
    ];

    for attributes in attributes {
        let payload = format!(
            r#"{{"Records":[{{"messageId":"1","body":"{{\"Records\":[]}}",
                "messageAttributes":{attributes},"eventSourceARN":"arn"}}]}}"#
        );
        let delivery = Delivery::parse(payload).unwrap();
        let message = &delivery.messages()[0];
        assert!(message.content.is_ok(), "{attributes}");
        assert_eq!(message.context.trace_parent(), None, "{attributes}");
        assert_eq!(message.context.queue_arn().unwrap(), "arn", "{attributes}");
    }
}
