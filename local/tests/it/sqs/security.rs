//! Who may use the endpoint.

use std::net::SocketAddr;

use s3_dispatch_local::{ErrorKind, LocalPipeline, QueueSpec, Topology};

use super::client::start;

fn one_queue() -> s3_dispatch_local::LocalPipelineBuilder {
    let topology = Topology::new().with_queue(QueueSpec::new("uploads"));
    LocalPipeline::builder().with_topology(topology)
}

#[tokio::test]
async fn requests_of_web_pages_and_for_other_hosts_are_refused() {
    let (pipeline, client) = start(one_queue()).await;
    let port = client.0.port();
    let target = "X-Amz-Target: AmazonSQS.GetQueueUrl";
    let host = |name: &str| format!("Host: {name}:{port}");

    let own = host("127.0.0.1");
    let signed = "Authorization: AWS4-HMAC-SHA256 Credential=test";

    let cases: [(&[&str], u16); 10] = [
        (&[&own], 200),
        (&[&host("localhost")], 200),
        (&[&host("[::1]")], 200),
        (&[&host("attacker.example")], 403),
        (&["Host: 127.0.0.1"], 403),
        (&[&own, &host("localhost")], 403),
        (&[&own, "Origin: https://attacker.example"], 403),
        (&[&own, "Origin: null"], 403),
        (&[&own, &format!("Origin: http://127.0.0.1:{port}")], 403),
        (&[&own, signed, "Origin: null"], 403),
    ];

    for (headers, status) in cases {
        let headers = [headers, &[target]].concat();
        let body = r#"{"QueueName":"uploads"}"#.to_owned();
        let answer = client.send("POST", &headers, body).await;
        assert_eq!(answer.status, status, "{headers:?}: {answer:?}");
    }

    pipeline.stop().await;
}

#[tokio::test]
async fn what_is_not_the_json_protocol_is_explained() {
    let (_pipeline, client) = start(one_queue()).await;
    let host = format!("Host: {}", client.0);
    let form = "Content-Type: application/x-www-form-urlencoded";

    let cases = [
        client.send("GET", &[&host], String::new()).await,
        client.send("OPTIONS", &[&host], String::new()).await,
        client
            .send("POST", &[&host, form], "Action=ListQueues".into())
            .await,
        client
            .send(
                "POST",
                &[&host, "X-Amz-Target: DynamoDB_20120810.GetItem"],
                "{}".into(),
            )
            .await,
    ];

    for answer in cases {
        assert_eq!(answer.status, 404, "{answer:?}");
        let message = answer.body["message"].as_str().unwrap();
        assert!(
            message.contains("speaks only SQS's JSON protocol"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn unknown_operations_and_malformed_inputs_are_errors() {
    let (_pipeline, client) = start(one_queue()).await;
    let host = format!("Host: {}", client.0);

    let unknown = client.refused("MakeTea", serde_json::json!({})).await;
    assert_eq!(unknown.name, "UnknownOperationException");
    let unsupported = client.refused("AddPermission", serde_json::json!({})).await;
    assert_eq!(unsupported.name, "UnsupportedOperation");

    for body in ["{", "[]", "\"text\"", r#"{"QueueName": 1}"#] {
        let headers = [&*host, "X-Amz-Target: AmazonSQS.GetQueueUrl"];
        let answer = client.send("POST", &headers, body.into()).await;
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
        assert_eq!(
            answer.body["__type"], "com.amazon.coral.service#SerializationException",
            "{body}"
        );
    }

    let long = " ".repeat(8 * 1024 * 1024 + 1);
    let headers = [&*host, "X-Amz-Target: AmazonSQS.GetQueueUrl"];
    assert_eq!(client.send("POST", &headers, long).await.status, 413);
}

#[tokio::test]
async fn the_endpoint_is_only_on_the_loopback_interface() {
    let address = SocketAddr::from(([0, 0, 0, 0], 0));
    let refused = one_queue()
        .with_sqs_endpoint(address)
        .start()
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Configuration);
    assert!(
        refused
            .to_string()
            .contains("`0.0.0.0:0` is not a loopback address"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_queue_url_needs_an_endpoint_and_a_queue() {
    let (pipeline, client) = start(one_queue()).await;
    let url = pipeline.queue_url("uploads").unwrap();
    assert_eq!(url, format!("http://{}/123456789012/uploads", client.0));
    assert_eq!(
        pipeline.queue_url("absent").unwrap_err().kind(),
        ErrorKind::UnknownName
    );

    let input = serde_json::json!({"QueueName": "uploads"});
    assert_eq!(client.ok("GetQueueUrl", input).await["QueueUrl"], url);

    for input in [
        serde_json::json!({"QueueName": "absent"}),
        serde_json::json!({"QueueName": "uploads", "QueueOwnerAWSAccountId": "000000000000"}),
    ] {
        let code = "AWS.SimpleQueueService.NonExistentQueue";
        let message = "The specified queue does not exist.";
        client
            .check_refused("GetQueueUrl", input, code, message)
            .await;
    }

    let without = one_queue().start().await.unwrap();
    assert_eq!(
        without.queue_url("uploads").unwrap_err().kind(),
        ErrorKind::Configuration
    );

    // A port in use is an error at start.
    let taken = one_queue()
        .with_sqs_endpoint(client.0)
        .start()
        .await
        .unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::Address);

    // After a stop nobody is served, and the port is free again.
    pipeline.stop().await;
    one_queue()
        .with_sqs_endpoint(client.0)
        .start()
        .await
        .unwrap();
}
