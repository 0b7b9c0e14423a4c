//! The page, as a browser requests it.

pub(crate) mod browser;
mod notifications;
mod replay;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};

use self::browser::{BUCKET, Ui, rate, send};
use crate::cli::{Program, start};
use crate::programs::wayward;
use crate::recursion::loop_configuration;

#[tokio::test]
async fn the_page_is_served_whole_and_loads_nothing_from_elsewhere() {
    let ui = Ui::start(&[]).await;
    let page = ui.get("/").await;
    assert_eq!(page.status, 200);

    assert!(
        page.head
            .contains("content-security-policy: default-src 'none'; script-src 'self';"),
        "{}",
        page.head
    );

    let mut wanted: Vec<String> = vec![String::from("style.css"), String::from("main.js")];

    assert!(
        wanted
            .iter()
            .all(|file| page.body.contains(&format!("\"/{file}\""))),
        "{}",
        page.body
    );

    let mut seen = 0;

    while let Some(file) = wanted.get(seen) {
        seen += 1;
        let response = ui.get(&format!("/{file}")).await;
        assert_eq!(response.status, 200, "{file}");

        assert!(
            response.head.contains("x-content-type-options: nosniff"),
            "{}",
            response.head
        );

        assert!(
            !response.body.contains("http://") || file == "arrows.js",
            "{file} loads from elsewhere"
        );

        for part in response.body.split("from \"./").skip(1) {
            let imported = part.split('"').next().unwrap().to_owned();
            if !wanted.contains(&imported) {
                wanted.push(imported);
            }
        }
    }

    assert!(seen > 4, "{wanted:?}");
    assert_eq!(ui.get("/nothing").await.status, 404);
}

#[tokio::test]
async fn requests_from_other_sites_and_for_other_hosts_are_rejected() {
    let ui = Ui::start(&[]).await;
    let port = ui.port;
    let own = format!("Host: 127.0.0.1:{port}");
    let body = r#"{"rates": []}"#;
    let length = format!("Content-Length: {}", body.len());

    let cases: [(&[&str], u16); 10] = [
        (&[&own], 204),
        (&[&format!("Host: localhost:{port}")], 204),
        (
            &[
                &own,
                &format!("Origin: http://127.0.0.1:{port}"),
                "Sec-Fetch-Site: same-origin",
            ],
            204,
        ),
        (&[&own, "Sec-Fetch-Site: none"], 204),
        (&[], 403),
        (&["Host: evil.example"], 403),
        (&[&format!("Host: evil.example:{port}")], 403),
        (&[&own, "Origin: http://evil.example"], 403),
        (&[&own, "Origin: null"], 403),
        (&[&own, "Sec-Fetch-Site: cross-site"], 403),
    ];

    for (headers, status) in cases {
        let headers = [headers, &["Content-Type: application/json", &length]].concat();
        let response = send(port, "POST", "/faults", &headers, body).await;
        assert_eq!(response.status, status, "{headers:?}");
    }

    // A request may come from another site without an `Origin`. Links to the page are allowed.
    let cross = [own.as_str(), "Sec-Fetch-Site: cross-site"];
    for (path, status) in [
        ("/events", 403),
        ("/message?id=e1", 403),
        ("/main.js", 403),
        ("/", 200),
    ] {
        assert_eq!(
            send(port, "GET", path, &cross, "").await.status,
            status,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_dropped_file_is_put_into_the_bucket_and_its_path_is_shown() {
    let mut ui = Ui::start(&[]).await;
    let mut events = ui.watch().await;
    let first = events.next().await.unwrap();
    let nodes = first["diagram"]["nodes"].as_array().unwrap();

    assert!(
        nodes
            .iter()
            .any(|node| *node == "queue:put-processor-dead-letters"),
        "{nodes:?}"
    );

    let key = "a%2F..%2F%3Cb%3E+%26%20%C3%A9.txt";
    assert_eq!(ui.put(key, "hello").await.status, 201);
    ui.program
        .line("ObjectCreated:Put \"a/../<b>+& é.txt\" in amzn-s3-demo-bucket, 5 bytes")
        .await;

    let stored = send(
        ui.s3,
        "GET",
        &format!("/{BUCKET}/{key}"),
        &[&format!("Host: localhost:{}", ui.s3)],
        "",
    )
    .await;

    assert_eq!((stored.status, stored.body.as_str()), (200, "hello"));

    let message = events.message("e1", "handled").await;
    assert_eq!(message["key"], "a/../<b>+& é.txt");
    assert_eq!(message["handled"], 1);
    let details: Value = serde_json::from_str(&ui.get("/message?id=e1").await.body).unwrap();

    let expected = [
        "object",
        "notification",
        "filter",
        "filter",
        "queue",
        "invocation",
        "answer",
        "outcome",
        "deleted",
    ];

    assert_eq!(path_without_logs(&details), expected);
    let payload: Value =
        serde_json::from_str(details["messages"][0]["payload"].as_str().unwrap()).unwrap();
    assert_eq!(
        payload["Records"][0]["s3"]["object"]["key"],
        "a/../%3Cb%3E%2B%26+%C3%A9.txt"
    );
    assert_eq!(ui.get("/message?id=e2").await.status, 404);
}

/// The kinds of the steps, without the function's log lines.
fn path_without_logs(details: &Value) -> Vec<&str> {
    let steps = details["steps"].as_array().unwrap().iter();

    steps
        .map(|step| step["what"].as_str().unwrap())
        .filter(|what| *what != "log")
        .collect()
}

#[tokio::test]
async fn an_invalid_put_is_rejected_with_a_reason() {
    let ui = Ui::start(&[]).await;
    let host = format!("Host: 127.0.0.1:{}", ui.port);

    let cases = [
        (format!("/object?bucket={BUCKET}"), 400),
        (format!("/object?bucket={BUCKET}&key="), 404),
        (String::from("/object?bucket=another&key=a"), 404),
        (format!("/object?bucket={BUCKET}&key=%FF"), 400),
        (
            format!("/object?bucket={BUCKET}&key={}", "k".repeat(1025)),
            502,
        ),
    ];

    for (path, status) in cases {
        let response = ui.ask("PUT", &path, &[], "hello").await;
        assert_eq!(response.status, status, "{path}: {response:?}");
        let reason: Value = serde_json::from_str(&response.body).unwrap();

        assert!(
            reason["error"]
                .as_str()
                .is_some_and(|reason| !reason.contains('<')),
            "{reason}"
        );
    }

    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, ui.port))
        .await
        .unwrap();
    let head = format!(
        "PUT /object?bucket={BUCKET}&key=a HTTP/1.1\r\n{host}\r\n\
         Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await.unwrap();
    assert_eq!(line, "HTTP/1.1 411 Length Required\r\n");
}

#[tokio::test]
async fn fault_rates_can_be_changed() {
    let ui = Ui::start(&["--fault", "delay=0.25"]).await;
    let mut events = ui.watch().await;
    let first = events.next().await.unwrap();

    assert_eq!(
        (
            rate(&first, "publish", "delay"),
            rate(&first, "publish", "duplicate")
        ),
        (0.25, 0.0)
    );

    let change = r#"{"rates": [
        {"hop": "publish", "fault": "duplicate", "rate": 1},
        {"hop": "publish", "fault": "delay", "rate": 0}
    ]}"#;
    assert_eq!(ui.change_faults(change).await.status, 204);
    let event = events
        .until(|event| rate(event, "publish", "duplicate") == 1.0)
        .await;

    assert_eq!(
        (
            rate(&event, "publish", "delay"),
            rate(&event, "deliver", "delay")
        ),
        (0.0, 0.25)
    );

    let change = r#"{"rates": [
        {"hop": "deliver", "fault": "delay", "rate": 0},
        {"hop": "invoke", "fault": "delay", "rate": 0}
    ]}"#;
    assert_eq!(ui.change_faults(change).await.status, 204);

    assert_eq!(ui.put("twice", "").await.status, 201);
    let message = events.message("e1", "handled").await;
    assert_eq!(
        (&message["handled"], &message["faults"]),
        (&2.into(), &1.into())
    );
}

#[tokio::test]
async fn an_invalid_fault_change_is_rejected() {
    let ui = Ui::start(&[]).await;

    for (body, status) in [
        ("", 400),
        (
            r#"{"rates": [{"hop": "publish", "fault": "kill", "rate": 0.5}]}"#,
            400,
        ),
        (
            r#"{"rates": [{"hop": "publish", "fault": "delay", "rate": 1.5}]}"#,
            400,
        ),
        (r#"{"rates": [], "seed": 1}"#, 400),
        (&" ".repeat(16 * 1024 + 1), 413),
    ] {
        assert_eq!(
            ui.change_faults(body).await.status,
            status,
            "{}",
            body.trim()
        );
    }

    assert_eq!(
        ui.ask("POST", "/faults", &["Content-Type: text/plain"], "{}")
            .await
            .status,
        415
    );
}

/// Writes a configuration with a topic, and a function that returns its event.
fn write_configuration(folder: &Path) -> String {
    let file = folder.join("pipeline.toml");
    let text = format!(
        "[[bucket]]\nname = \"photos\"\n\
         [[bucket.notification]]\nevents = [\"s3:ObjectCreated:*\"]\ntopic = \"created\"\n\
         [[topic]]\nname = \"created\"\n\
         [[subscription]]\ntopic = \"created\"\nqueue = \"uploads\"\n\
         [[queue]]\nname = \"uploads\"\nvisibility_timeout = 2\n\
         dead_letter_queue = \"dead\"\nmax_receive_count = 3\n\
         [[queue]]\nname = \"dead\"\n\
         [[function]]\nname = \"echo\"\ntimeout = 1\ncommand = [{:?}]\n\
         [[mapping]]\nqueue = \"uploads\"\nfunction = \"echo\"\n",
        wayward()
    );
    std::fs::write(&file, text).unwrap();

    file.to_str().unwrap().to_owned()
}

/// What the page says about an object whose notification is too long for its queue. `more` is
/// added to the subscription.
async fn state_of_refused(more: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pipeline.toml");
    let text = format!(
        "[[bucket]]\nname = \"photos\"\n\
         [[bucket.notification]]\nevents = [\"s3:ObjectCreated:*\"]\ntopic = \"created\"\n\
         [[topic]]\nname = \"created\"\n\
         [[subscription]]\ntopic = \"created\"\nqueue = \"uploads\"\n{more}\
         [[queue]]\nname = \"uploads\"\nmax_message_size = 1024\n\
         [[queue]]\nname = \"letters\"\n"
    );
    std::fs::write(&file, text).unwrap();
    let arguments = [
        "--config",
        file.to_str().unwrap(),
        "--port",
        "0",
        "--ui",
        "0",
    ];
    let ui = Ui::of(Program::start(&arguments)).await;
    let mut events = ui.watch().await;

    let path = format!("/object?bucket=photos&key={}", "k".repeat(1000));
    assert_eq!(ui.ask("PUT", &path, &[], "").await.status, 201);

    loop {
        let event = events.next().await.expect("the stream ended");
        let mut messages = event["messages"].as_array().unwrap().iter();
        let found = messages.find(|message| message["id"] == "e1" && message["state"] != "moving");
        if let Some(message) = found {
            break json!([message["state"], message["at"]]);
        }
    }
}

#[tokio::test]
async fn a_message_of_a_loop_that_is_dropped_is_lost_and_not_handled() {
    let folder = tempfile::tempdir().unwrap();
    let file = loop_configuration(folder.path());
    let ui = Ui::of(Program::start(&[
        "--config", &file, "--port", "0", "--ui", "0",
    ]))
    .await;
    let mut events = ui.watch().await;
    assert_eq!(ui.put("1", "an image").await.status, 201);

    // The object that 16 invocations have led to.
    events.message("e17", "lost").await;
}

#[tokio::test]
async fn what_a_queue_refuses_is_lost_or_a_dead_letter() {
    assert_eq!(state_of_refused("").await, json!(["lost", []]));

    let letters = json!([{"node": "queue:letters", "how": "dead", "count": 1}]);
    let state = state_of_refused("dead_letter_queue = \"letters\"\n").await;
    assert_eq!(state, json!(["dead", letters]));
}

#[tokio::test]
async fn under_faults_the_page_agrees_with_the_queues() {
    let folder = tempfile::tempdir().unwrap();
    let file = write_configuration(folder.path());

    let arguments = [
        "--config", &file, "--port", "0", "--ui", "0", "--chaos", "0.2", "--seed", "5",
    ];

    let ui = Ui::of(Program::start(&arguments)).await;
    let mut events = ui.watch().await;

    for number in 0..60 {
        let response = ui
            .ask(
                "PUT",
                &format!("/object?bucket=photos&key={number}"),
                &[],
                "",
            )
            .await;

        assert_eq!(response.status, 201);
    }

    let mut all = BTreeMap::new();
    let is_settled = |all: &BTreeMap<String, Value>| {
        let events = all.keys().filter(|id| id.starts_with('e')).count();
        events == 60 && all.values().all(|message| message["state"] != "moving")
    };

    let last = loop {
        let event = events.next().await.expect("the stream ended");
        for message in event["messages"].as_array().unwrap() {
            all.insert(message["id"].as_str().unwrap().to_owned(), message.clone());
        }

        let queue = &event["state"]["queues"]["queue:uploads"];
        if is_settled(&all) && queue["visible"] == 0 && queue["in_flight"] == 0 {
            break event;
        }
    };

    let dead = all
        .values()
        .flat_map(|message| message["at"].as_array().unwrap());
    assert_eq!(
        last["state"]["queues"]["queue:dead"]["visible"],
        dead.count()
    );

    let redriven = last["flows"]
        .as_array()
        .unwrap()
        .iter()
        .find(|flow| flow[1] == "queue:dead")
        .unwrap();

    assert_eq!(
        redriven[2],
        last["state"]["queues"]["queue:dead"]["visible"]
    );
}

/// Puts objects with these keys through the S3 endpoint, over one connection.
async fn put_all(ui: &Ui, keys: impl Iterator<Item = String>) {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, ui.s3))
        .await
        .unwrap();
    let mut stream = BufReader::new(stream);

    for key in keys {
        let head = format!(
            "PUT /{BUCKET}/{key} HTTP/1.1\r\nHost: localhost:{}\r\nContent-Length: 0\r\n\r\n",
            ui.s3
        );
        stream.write_all(head.as_bytes()).await.unwrap();

        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        assert_eq!(line, "HTTP/1.1 200 OK\r\n");
        while line != "\r\n" {
            line.clear();
            stream.read_line(&mut line).await.unwrap();
        }
    }
}

#[tokio::test]
async fn only_the_last_messages_are_kept() {
    let ui = Ui::start(&[]).await;
    put_all(&ui, (0..2010).map(|number| number.to_string())).await;

    let mut events = ui.watch().await;
    let first = events.next().await.unwrap();

    let ids: Vec<_> = first["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["id"].clone())
        .collect();

    assert_eq!(ids.len(), 200);
    assert_eq!((&ids[0], &ids[199]), (&"e1811".into(), &"e2010".into()));
    assert_eq!(ui.get("/message?id=e10").await.status, 404);
    assert_eq!(ui.get("/message?id=e11").await.status, 200);

    let (found, has_older) = search(&ui, "count=5000").await;
    assert_eq!((found.len(), has_older), (2000, false));
    assert_eq!((&*found[0], &*found[1999]), ("2009", "10"));
}

/// Returns the keys that a search finds, and whether there are older ones.
async fn search(ui: &Ui, query: &str) -> (Vec<String>, bool) {
    let response = ui.get(&format!("/messages?{query}")).await;
    assert_eq!(response.status, 200, "{query}: {response:?}");
    let found: Value = serde_json::from_str(&response.body).unwrap();
    let messages = found["messages"].as_array().unwrap().iter();

    (
        messages
            .map(|message| message["key"].as_str().unwrap().to_owned())
            .collect(),
        found["has_older"].as_bool().unwrap(),
    )
}

#[tokio::test]
async fn messages_are_found_by_what_the_page_shows_of_them() {
    let ui = Ui::start(&[]).await;
    let mut events = ui.watch().await;
    let keys = [
        "Photos/A.jpg",
        "photos/b.jpg",
        "notes/%C3%89t%C3%A9.txt",
        "notes/10%25",
    ];
    put_all(&ui, keys.into_iter().map(String::from)).await;
    while search(&ui, "state=handled").await.0.len() < keys.len() {
        events.next().await;
    }

    let all = [
        "notes/10%",
        "notes/\u{c9}t\u{e9}.txt",
        "photos/b.jpg",
        "Photos/A.jpg",
    ];
    let cases: [(&str, &[&str], bool); 12] = [
        ("", &all, false),
        ("search=", &all, false),
        ("search=photos", &all[2..], false),
        ("search=A.JPG", &all[3..], false),
        ("search=%C3%A9T%C3%89", &all[1..2], false),
        ("search=10%25", &all[..1], false),
        ("search=%232", &all[2..3], false),
        ("search=objectcreated:put&count=3", &all[..3], true),
        ("search=amzn-s3-demo&state=handled", &all, false),
        ("state=all", &all, false),
        ("state=dead", &[], false),
        ("search=nothing", &[], false),
    ];

    for (query, wanted, has_older) in cases {
        let (found, more) = search(&ui, query).await;
        assert_eq!(
            (&found[..], more),
            (
                &wanted.iter().map(ToString::to_string).collect::<Vec<_>>()[..],
                has_older
            ),
            "{query}"
        );
    }

    assert_eq!(ui.get("/messages?count=many").await.status, 400);
}

#[tokio::test]
async fn a_notification_is_for_no_queue_if_no_subscription_lets_it_pass() {
    let ui = Ui::start(&[]).await;
    let mut events = ui.watch().await;
    put_all(&ui, ["a".to_owned(), "b".to_owned()].into_iter()).await;

    let count_of = |event: &Value, name: &str| {
        let actions = event["actions"].as_array().unwrap();
        let action = actions
            .iter()
            .find(|action| action[0] == "topic:object-events" && action[1] == name);
        action.map_or(0, |action| action[2].as_u64().unwrap())
    };
    let last = events
        .until(|event| count_of(event, "notifications") == 3)
        .await;
    // One of two subscriptions refuses each upload, and both refuse S3's test notification.
    assert_eq!(count_of(&last, "for no queue"), 1);
}

#[tokio::test]
async fn the_number_of_open_pages_is_limited() {
    let ui = Ui::start(&[]).await;
    let mut pages = Vec::new();

    for _ in 0..16 {
        let mut events = ui.watch().await;
        events.next().await.unwrap();
        pages.push(events);
    }

    assert_eq!(ui.get("/events").await.status, 503);
    let first = pages.remove(0);
    drop(first);
    pages[0]
        .until(|event| event["state"]["viewers"] == 15)
        .await;
    assert!(ui.watch().await.next().await.is_some());
}

#[tokio::test]
async fn a_page_that_does_not_read_is_disconnected() {
    let ui = Ui::start(&[]).await;
    for number in 100..300 {
        assert_eq!(
            ui.put(&format!("{number}{}", "x".repeat(1000)), "")
                .await
                .status,
            201
        );
    }

    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut slow = socket
        .connect((Ipv4Addr::LOCALHOST, ui.port).into())
        .await
        .unwrap();
    let mut events = ui.watch().await;
    events.next().await.unwrap();

    slow.write_all(
        format!(
            "GET /events HTTP/1.0\r\nHost: localhost:{}\r\n\r\n",
            ui.port
        )
        .as_bytes(),
    )
    .await
    .unwrap();

    events.until(|event| event["state"]["viewers"] == 2).await;
    events.until(|event| event["state"]["viewers"] == 1).await;
}

#[tokio::test]
async fn the_program_ends_while_a_page_is_open() {
    let mut ui = Ui::start(&[]).await;
    let mut events = ui.watch().await;
    events.next().await.unwrap();
    ui.program.signal("-TERM");
    while events.next().await.is_some() {}
    let (status, errors) = ui.program.end().await;
    assert!(status.success(), "{errors}");
}

#[tokio::test]
async fn a_port_in_use_is_reported_on_one_line() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (status, errors) = start(&wayward(), &["--port", "0", "--ui", &port])
        .end()
        .await;
    assert_eq!(status.code(), Some(1));
    assert_eq!(
        errors,
        format!(
            "error: `127.0.0.1:{port}` is in use by another program; \
             choose another port with `--ui PORT`\n"
        )
    );
}

#[tokio::test]
async fn the_event_bus_is_in_the_diagram_and_its_events_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pipeline.toml");
    let text = format!(
        "[[bucket]]\nname = {BUCKET:?}\neventbridge = true\n\
         [[rule]]\nname = \"created\"\nqueue = \"uploads\"\n\
         pattern.detail-type = [\"Object Created\"]\n\
         [[rule]]\nname = \"deleted\"\nqueue = \"uploads\"\n\
         pattern.detail-type = [\"Object Deleted\"]\n\
         [[queue]]\nname = \"uploads\"\n\
         [[function]]\nname = \"index\"\ncommand = [{:?}]\n\
         [[mapping]]\nqueue = \"uploads\"\nfunction = \"index\"\n",
        wayward()
    );
    std::fs::write(&file, text).unwrap();

    let file = file.to_str().unwrap();
    let arguments = ["--config", file, "--port", "0", "--ui", "0"];
    let mut ui = Ui::of(Program::start(&arguments)).await;
    let mut events = ui.watch().await;
    let first = events.next().await.unwrap();
    let diagram = &first["diagram"];
    let bus = "bus:default event bus";
    let bucket = format!("bucket:{BUCKET}");
    assert_eq!(diagram["nodes"][1], bus);

    let edges = diagram["edges"].as_array().unwrap();
    let label = |from: &str, to: &str| {
        let mut edges = edges.iter();
        let edge = edges.find(|edge| edge["from"] == from && edge["to"] == to);
        edge.unwrap()["label"].as_str().unwrap()
    };
    assert_eq!(label(&bucket, bus), "every event");
    assert_eq!(label(bus, "queue:uploads"), "created, deleted");

    assert_eq!(ui.put("a.jpg", "hello").await.status, 201);
    ui.program
        .line("event        to the default event bus")
        .await;
    ui.program
        .line("rule         created matches, for uploads")
        .await;
    ui.program.line("rule         deleted does not match").await;
    events.message("e1", "handled").await;

    let details: Value = serde_json::from_str(&ui.get("/message?id=e1").await.body).unwrap();
    let path = path_without_logs(&details);
    assert_eq!(path[..5], ["object", "event", "rule", "rule", "queue"]);
}
