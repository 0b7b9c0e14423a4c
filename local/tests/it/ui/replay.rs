//! An event happens again, and dead letters go back.

use serde_json::{Value, json};

use super::browser::{PageResponse, Ui, send};
use crate::cli::Program;
use crate::programs::wayward;

async fn replay(ui: &Ui, body: &str) -> PageResponse {
    ui.ask("POST", "/replay", &["Content-Type: application/json"], body)
        .await
}

#[tokio::test]
async fn an_event_is_published_again_with_the_same_payload() {
    let ui = Ui::start(&[]).await;
    let mut events = ui.watch().await;
    assert_eq!(ui.put("a%20photo.jpg", "hello").await.status, 201);
    events.message("e1", "handled").await;

    let response = replay(&ui, r#"{"id": "e1", "what": "event"}"#).await;
    assert_eq!(response.status, 200, "{response:?}");
    let answer: Value = serde_json::from_str(&response.body).unwrap();
    assert_eq!(answer, json!({"event": "e2"}));
    let again = events.message("e2", "handled").await;
    assert_eq!(again["key"], "a photo.jpg");

    let mut records = Vec::new();
    for id in ["e1", "e2"] {
        let details = ui.get(&format!("/message?id={id}")).await.body;
        let details: Value = serde_json::from_str(&details).unwrap();
        let payload = details["messages"][0]["payload"].as_str().unwrap();
        let mut payload: Value = serde_json::from_str(payload).unwrap();
        // S3's own duplicates may differ in it, too.
        payload["Records"][0]["eventTime"] = Value::Null;
        records.push(payload);
    }
    assert_eq!(records[0], records[1]);
}

#[tokio::test]
async fn a_dead_letter_goes_back_to_its_queue() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pipeline.toml");
    let text = format!(
        "[[bucket]]\nname = \"photos\"\n\
         [[bucket.notification]]\nevents = [\"s3:ObjectCreated:*\"]\nqueue = \"uploads\"\n\
         [[queue]]\nname = \"uploads\"\nvisibility_timeout = 5\n\
         dead_letter_queue = \"dead\"\nmax_receive_count = 1\n\
         [[queue]]\nname = \"dead\"\n\
         [[function]]\nname = \"echo\"\ntimeout = 5\ncommand = [{:?}]\n\
         [[mapping]]\nqueue = \"uploads\"\nfunction = \"echo\"\n",
        wayward()
    );
    std::fs::write(&file, text).unwrap();
    let pipeline = [
        "--config",
        file.to_str().unwrap(),
        "--port",
        "0",
        "--ui",
        "0",
    ];
    // What is handled is received again, and is then a dead letter.
    let refused = ["--fault", "delete:refuse-delete=1"];
    let ui = Ui::of(Program::start(&[&pipeline[..], &refused].concat())).await;
    let mut events = ui.watch().await;

    let put = ui.ask("PUT", "/object?bucket=photos&key=a", &[], "hello");
    assert_eq!(put.await.status, 201);
    events.message("e1", "dead").await;
    let details = ui.get("/message?id=e1").await.body;
    let details: Value = serde_json::from_str(&details).unwrap();
    assert_eq!(details["dead_letters"], 1);

    let change = r#"{"rates": [{"hop": "delete", "fault": "refuse-delete", "rate": 0}]}"#;
    assert_eq!(ui.change_faults(change).await.status, 204);
    let response = replay(&ui, r#"{"id": "e1", "what": "dead-letters"}"#).await;
    assert_eq!(response.status, 200, "{response:?}");
    events.message("e1", "handled").await;

    let response = replay(&ui, r#"{"id": "e1", "what": "dead-letters"}"#).await;
    assert_eq!(response.status, 409, "{response:?}");
    assert!(response.body.contains("no dead letters"), "{response:?}");
}

#[tokio::test]
async fn an_invalid_replay_is_rejected() {
    let ui = Ui::start(&[]).await;
    for (body, status) in [
        ("", 400),
        (r#"{"id": "e1"}"#, 400),
        (r#"{"id": "e1", "what": "everything"}"#, 400),
        (r#"{"id": "e1", "what": "event"}"#, 404),
        (&" ".repeat(16 * 1024 + 1), 413),
    ] {
        assert_eq!(replay(&ui, body).await.status, status, "{}", body.trim());
    }

    let body = r#"{"id": "e1", "what": "event"}"#;
    let text = ui.ask("POST", "/replay", &["Content-Type: text/plain"], body);
    assert_eq!(text.await.status, 415);

    let own = format!("Host: 127.0.0.1:{}", ui.port);
    let json = ["Content-Type: application/json", "Content-Length: 0"];
    let foreign = [&[&*own, "Origin: http://evil.example"][..], &json].concat();
    let refused = send(ui.port, "POST", "/replay", &foreign, "");
    assert_eq!(refused.await.status, 403);
}
