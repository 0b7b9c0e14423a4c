//! The tags of queues.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::client::Client;
use super::messages::Queues;
use super::persistence::{copy, of, open};

async fn tags(client: Client, queue: &str) -> Value {
    client.ok("ListQueueTags", of(queue, json!({}))).await
}

#[tokio::test(start_paused = true)]
async fn tags_are_added_replaced_and_removed() {
    let queues = Queues::start().await;
    let client = queues.client;
    let tag = async |tags: Value| {
        let input = of("uploads", json!({"Tags": tags}));
        assert_eq!(client.ok("TagQueue", input).await, json!({}));
    };
    assert_eq!(tags(client, "uploads").await, json!({}));

    tag(json!({"team": "images", "stage": "test"})).await;
    tag(json!({"team": "ä 日本語", "cost centre": ""})).await;
    let expected = json!({"team": "ä 日本語", "stage": "test", "cost centre": ""});
    assert_eq!(tags(client, "uploads").await["Tags"], expected);
    assert_eq!(tags(client, "failed").await, json!({}));

    let input = of("uploads", json!({"TagKeys": ["team", "unknown"]}));
    assert_eq!(client.ok("UntagQueue", input).await, json!({}));
    let expected = json!({"stage": "test", "cost centre": ""});
    assert_eq!(tags(client, "uploads").await["Tags"], expected);
}

#[tokio::test(start_paused = true)]
async fn tags_survive_a_kill() {
    let folder = TempDir::new().unwrap();
    let (_pipeline, client) = open(folder.path()).await;
    let input = of("uploads", json!({"Tags": {"team": "images"}}));
    client.ok("TagQueue", input).await;
    let input = json!({"QueueName": "new", "tags": {"stage": "test"}});
    client.ok("CreateQueue", input).await;
    // Other settings leave the tags as they are.
    let input = of("new", json!({"Attributes": {"DelaySeconds": "7"}}));
    client.ok("SetQueueAttributes", input).await;

    let killed = copy(&folder);
    let (_restarted, client) = open(killed.path()).await;
    assert_eq!(
        tags(client, "uploads").await["Tags"],
        json!({"team": "images"})
    );
    assert_eq!(tags(client, "new").await["Tags"], json!({"stage": "test"}));
}

#[tokio::test(start_paused = true)]
async fn wrong_tags_are_refused() {
    let queues = Queues::start().await;
    let many = |count: usize| -> Value {
        let tags = (0..count).map(|number| (format!("key {number}"), json!("value")));
        Value::Object(tags.collect())
    };
    let accepted = [json!({"k".repeat(128): "v".repeat(256)}), many(49)];
    for tags in accepted {
        queues
            .ok("TagQueue", "uploads", json!({"Tags": tags}))
            .await;
    }

    let key = "Must be 1 to 128 letters, digits, spaces or any of _.:/=+-@, and must not begin \
               with aws:.";
    let value = "Must be up to 256 letters, digits, spaces or any of _.:/=+-@.";
    let long = "k".repeat(129);
    for (tags, text) in [
        (
            json!({"": "v"}),
            format!("Tag key  is invalid. Reason: {key}"),
        ),
        (
            json!({"AWS:name": "v"}),
            format!("Tag key AWS:name is invalid. Reason: {key}"),
        ),
        (
            json!({"a#b": "v"}),
            format!("Tag key a#b is invalid. Reason: {key}"),
        ),
        (
            json!({&long: "v"}),
            format!("Tag key {long} is invalid. Reason: {key}"),
        ),
        (
            json!({"a": "v#"}),
            format!("The value of tag a is invalid. Reason: {value}"),
        ),
        (
            json!({"a": "v".repeat(257)}),
            format!("The value of tag a is invalid. Reason: {value}"),
        ),
        (
            json!({"one more": "v"}),
            "Too many tags for this resource. A queue can have at most 50 tags.".into(),
        ),
    ] {
        let input = json!({"Tags": tags});
        let code = "InvalidParameterValue";
        let queue = if text.starts_with("Too many") {
            "uploads"
        } else {
            "failed"
        };
        queues
            .check_refused("TagQueue", queue, input, code, &text)
            .await;
    }
    assert_eq!(tags(queues.client, "failed").await, json!({}));

    for (operation, parameter) in [("TagQueue", "Tags"), ("UntagQueue", "TagKeys")] {
        let text = format!("The request must contain the parameter {parameter}.");
        let code = "MissingParameter";
        queues
            .check_refused(operation, "uploads", json!({}), code, &text)
            .await;
    }
}
