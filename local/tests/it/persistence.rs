//! What survives a restart.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use s3_dispatch::{HandlerError, ObjectKey, Routes, State};
use s3_dispatch_local::{
    Error, ErrorKind, Faults, LocalPipeline, Message, ObjectEvent, QueueSpec, Sent, StepKind,
    Topology,
};
use s3_dispatch_testing::NotificationBuilder;
use tempfile::TempDir;

use crate::cli::Program;

const BUCKET: &str = "amzn-s3-demo-bucket";

#[derive(Clone, Default)]
struct App {
    handled: Arc<Mutex<Vec<String>>>,
    fails: bool,
}

fn app(fails: bool) -> App {
    App {
        fails,
        ..App::default()
    }
}

async fn start(folder: &Path, app: &App) -> Result<LocalPipeline, Error> {
    let routes = || {
        Routes::new(app.clone()).on_fn("*", async |key: ObjectKey, State(app): State<App>| {
            if app.fails {
                return Err(HandlerError::retry(std::io::Error::other("not now")));
            }

            app.handled.lock().unwrap().push(key.as_str().to_owned());
            Ok(())
        })
    };

    let mut topology = Topology::example();
    let mut fifo = QueueSpec::new("orders.fifo");
    fifo.content_based_deduplication = true;
    topology.queues.push(fifo);
    let builder = LocalPipeline::builder()
        .with_topology(topology)
        .with_data(folder);
    let builder = builder.with_faults(Faults::none().with_seed(7));

    builder
        .with_router("put-processor", routes())
        .with_router("copy-processor", routes())
        .start()
        .await
}

fn handled(app: &App) -> Vec<String> {
    let mut handled = app.handled.lock().unwrap().clone();
    handled.sort();
    handled
}

fn log(folder: &TempDir) -> std::path::PathBuf {
    folder.path().join("log.jsonl")
}

#[tokio::test(start_paused = true)]
async fn published_events_are_handled_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let before = app(false);
    let pipeline = start(folder.path(), &before).await.unwrap();
    pipeline.stop().await;

    // Nothing is running that could deliver the events.
    for key in ["1", "2", "3"] {
        pipeline.put(BUCKET, key, "body").await.unwrap();
    }

    drop(pipeline);
    assert!(handled(&before).is_empty());
    let after = app(false);
    let pipeline = start(folder.path(), &after).await.unwrap();
    pipeline.settle().await;
    assert_eq!(handled(&after), ["1", "2", "3"]);
    pipeline.stop().await;
    drop(pipeline);
    let third = app(false);
    start(folder.path(), &third).await.unwrap().settle().await;
    assert!(handled(&third).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_restart_restores_the_queues() {
    let folder = TempDir::new().unwrap();
    let pipeline = start(folder.path(), &app(true)).await.unwrap();
    pipeline.put(BUCKET, "failing", "body").await.unwrap();
    tokio::time::sleep(Duration::from_secs(200)).await;
    let message = Message::new("first", "body").with_group_id("group");
    assert_eq!(
        pipeline.send("orders.fifo", message).await.unwrap(),
        Sent::Accepted
    );
    let before = pipeline.queue("put-processor").unwrap().messages;
    assert_eq!((before.len(), before[0].receive_count), (1, 2));
    pipeline.stop().await;
    drop(pipeline);

    let pipeline = start(folder.path(), &app(true)).await.unwrap();
    let after = pipeline.queue("put-processor").unwrap().messages;
    assert_eq!(
        (&after[0].message_id, after[0].receive_count),
        (&before[0].message_id, 2)
    );
    assert_eq!(
        (after[0].sent, after[0].event),
        (before[0].sent, before[0].event)
    );
    assert_eq!(pipeline.queue("orders.fifo").unwrap().messages.len(), 1);
    // By the real clock, the id was seen a moment ago.
    let again = Message::new("second", "body").with_group_id("group");
    assert_eq!(
        pipeline.send("orders.fifo", again).await.unwrap(),
        Sent::Duplicate { of: "first".into() }
    );
    pipeline.settle().await;
    let dead = pipeline
        .queue("put-processor-dead-letters")
        .unwrap()
        .messages;
    assert_eq!((dead.len(), dead[0].receive_count), (1, 5));
    pipeline.stop().await;
    drop(pipeline);
    let pipeline = start(folder.path(), &app(false)).await.unwrap();
    let after = pipeline
        .queue("put-processor-dead-letters")
        .unwrap()
        .messages;
    assert_eq!((after.len(), after[0].receive_count), (1, 5));
}

#[tokio::test(start_paused = true)]
async fn an_unfinished_line_is_ignored_and_a_damaged_line_is_an_error() {
    let folder = TempDir::new().unwrap();
    let pipeline = start(folder.path(), &app(true)).await.unwrap();
    pipeline.stop().await;
    pipeline.put(BUCKET, "key", "body").await.unwrap();
    drop(pipeline);
    let whole = fs::read(log(&folder)).unwrap();

    OpenOptions::new()
        .append(true)
        .open(log(&folder))
        .unwrap()
        .write_all(b"{\"put\":{\"queue")
        .unwrap();

    let after = app(false);
    let pipeline = start(folder.path(), &after).await.unwrap();
    pipeline.settle().await;
    assert_eq!(handled(&after), ["key"]);
    pipeline.stop().await;
    drop(pipeline);
    fs::write(log(&folder), [&whole, b"nonsense\n".as_slice()].concat()).unwrap();
    let error = start(folder.path(), &app(false)).await.unwrap_err();
    let line = whole.iter().filter(|byte| **byte == b'\n').count() + 1;
    let expected = format!("line {line} of `{}` cannot be read", log(&folder).display());
    assert_eq!(
        (error.kind(), error.to_string()),
        (ErrorKind::Storage, expected)
    );
    fs::write(log(&folder), "something else\n").unwrap();
    assert_eq!(
        start(folder.path(), &app(false)).await.unwrap_err().kind(),
        ErrorKind::Storage
    );
}

#[tokio::test(start_paused = true)]
async fn two_pipelines_cannot_share_a_folder() {
    let folder = TempDir::new().unwrap();
    let first = start(folder.path(), &app(false)).await.unwrap();
    let error = start(folder.path(), &app(false)).await.unwrap_err();
    let expected = format!(
        "the folder `{}` is in use by another pipeline",
        folder.path().display()
    );
    assert_eq!(
        (error.kind(), error.to_string()),
        (ErrorKind::Storage, expected)
    );
    first.stop().await;
    drop(first);
    start(folder.path(), &app(false)).await.unwrap();
}

/// The log is cut off anywhere, as by a crash. What was acknowledged by then is in it.
#[tokio::test(start_paused = true)]
async fn no_acknowledged_event_is_lost_wherever_the_log_is_cut_off() {
    let folder = TempDir::new().unwrap();
    let before = app(false);
    let pipeline = start(folder.path(), &before).await.unwrap();
    pipeline.settle().await;
    pipeline.put(BUCKET, "only/object", "body").await.unwrap();
    pipeline.settle().await;
    pipeline.stop().await;
    drop(pipeline);
    assert_eq!(handled(&before), ["only/object"]);
    let whole = fs::read(log(&folder)).unwrap();
    let text = std::str::from_utf8(&whole).unwrap();
    // The client gets its answer when the first line about the object is written.
    let first = text.find("only/object").unwrap();
    let acknowledged = first + text[first..].find('\n').unwrap() + 1;

    for length in (acknowledged..whole.len()).step_by(97) {
        fs::write(log(&folder), &whole[..length]).unwrap();
        let after = app(false);
        let pipeline = start(folder.path(), &after).await.unwrap();
        pipeline.settle().await;
        let handled = handled(&after);

        let is_deleted = std::str::from_utf8(&whole[..length])
            .unwrap()
            .split_inclusive('\n')
            .any(|line| {
                line.contains(r#"{"removed":{"queue":"put-processor""#) && line.ends_with('\n')
            });

        assert_eq!(handled.is_empty(), is_deleted, "cut at {length}");
        pipeline.stop().await;
    }
}

/// A limit on the length of files has the same effect on a process as a full disk.
#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn events_acknowledged_before_the_disk_is_full_survive() {
    if let Some(folder) = std::env::var_os(LIMITED) {
        return publish_until_full(Path::new(&folder)).await;
    }

    let folder = TempDir::new().unwrap();
    with_short_files(
        "events_acknowledged_before_the_disk_is_full_survive",
        &folder,
    );
    let acknowledged = fs::read_to_string(folder.path().join("acknowledged")).unwrap();
    let acknowledged: Vec<_> = acknowledged.lines().map(String::from).collect();
    assert!(acknowledged.len() > 3, "{acknowledged:?}");
    let after = app(false);
    let pipeline = start(folder.path(), &after).await.unwrap();
    pipeline.settle().await;
    assert_eq!(handled(&after), acknowledged);

    assert_eq!(
        pipeline
            .queue("copy-processor-dead-letters")
            .unwrap()
            .messages
            .len(),
        1
    );
}

/// The variable with the folder of a test that runs in a separate process.
#[cfg(target_os = "linux")]
const LIMITED: &str = "FOLDER_OF_THE_LIMITED_PROCESS";

/// How long the files of that process can be.
#[cfg(target_os = "linux")]
const MAX_FILE_BYTES: u64 = 32 * 1024;

/// Runs this test in a process whose files can be at most 32 KiB long.
#[cfg(target_os = "linux")]
fn with_short_files(test: &str, folder: &TempDir) {
    let limited = std::process::Command::new("sh")
        .args([
            "-c",
            r#"trap "" XFSZ; ulimit -f 64; exec "$0" --exact "$1" --nocapture"#,
        ])
        .arg(std::env::current_exe().unwrap())
        .arg(format!("persistence::{test}"))
        .env(LIMITED, folder.path())
        .output()
        .unwrap();

    assert!(limited.status.success(), "{limited:?}");
}

/// Most entries of a long log are about messages that no longer exist.
#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn a_log_that_no_longer_fits_is_rewritten() {
    let Some(folder) = std::env::var_os(LIMITED) else {
        return with_short_files(
            "a_log_that_no_longer_fits_is_rewritten",
            &TempDir::new().unwrap(),
        );
    };

    let app = app(false);
    let pipeline = start(Path::new(&folder), &app).await.unwrap();

    for index in 0..100 {
        let key = format!("{index:0900}");
        let event = ObjectEvent::new("ObjectCreated:Put", BUCKET, key.as_str()).with_size(4);
        pipeline.publish(event).await.unwrap();
        pipeline.settle().await;
    }

    assert_eq!(handled(&app).len(), 100);
    pipeline.stop().await;
    drop(pipeline);

    start(Path::new(&folder), &app)
        .await
        .unwrap()
        .settle()
        .await;

    assert_eq!(handled(&app).len(), 100);
}

#[cfg(target_os = "linux")]
async fn publish_until_full(folder: &Path) {
    let pipeline = start(folder, &app(false)).await.unwrap();
    pipeline.stop().await;
    let mut acknowledged = String::new();

    let error = loop {
        // The last key does not fit into the rest of the file, and a short line still does.
        let room = MAX_FILE_BYTES - fs::metadata(folder.join("log.jsonl")).unwrap().len();
        let digits = if room > 8_000 { 2_000 } else { 10_000 };
        let key = format!("{:0digits$}", acknowledged.lines().count());
        let event = ObjectEvent::new("ObjectCreated:Put", BUCKET, key.as_str()).with_size(4);

        match pipeline.publish(event).await {
            Ok(_) => acknowledged += &format!("{key}\n"),
            Err(error) => break error,
        }
    };

    assert_eq!(error.kind(), ErrorKind::Storage);
    assert!(error.to_string().starts_with("cannot write"), "{error}");
    let history = pipeline.journal().history();
    let told = history
        .iter()
        .filter(|step| matches!(step.kind, StepKind::StorageFailed { .. }))
        .count();
    assert_eq!(told, 1);
    let short = Message::new("short", "short");

    assert_eq!(
        pipeline
            .send("copy-processor-dead-letters", short)
            .await
            .unwrap(),
        Sent::Accepted
    );

    fs::write(folder.join("acknowledged"), acknowledged).unwrap();
}

/// Deleted messages do not fill the disk.
#[tokio::test(start_paused = true)]
async fn the_log_is_rewritten_when_it_has_grown() {
    let folder = TempDir::new().unwrap();
    let pipeline = start(folder.path(), &app(false)).await.unwrap();
    let length = || fs::metadata(log(&folder)).unwrap().len();
    let mut longest = 0;

    for id in 0..60 {
        let body = NotificationBuilder::test_event("b".repeat(1_000_000)).to_json();
        pipeline
            .send("put-processor", Message::new(id.to_string(), body))
            .await
            .unwrap();
        pipeline.settle().await;
        longest = longest.max(length());
    }

    assert!((16_000_000..25_000_000).contains(&longest), "{longest}");
    assert!(length() < longest);
}

/// Each write to `/dev/full` fails, as on a full disk.
#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn a_full_disk_rejects_new_events_with_one_clear_line() {
    let folder = TempDir::new().unwrap();
    std::os::unix::fs::symlink("/dev/full", folder.path().join("log.jsonl.new")).unwrap();
    let error = start(folder.path(), &app(false)).await.unwrap_err();
    let path = folder.path().join("log.jsonl.new");
    let expected = format!("the disk is full: cannot write `{}`", path.display());
    assert_eq!(
        (error.kind(), error.to_string()),
        (ErrorKind::Storage, expected)
    );
}

#[tokio::test(start_paused = true)]
async fn a_folder_of_an_earlier_version_is_refused_with_what_to_do() {
    let folder = TempDir::new().unwrap();
    fs::create_dir_all(folder.path().join("buckets/objects")).unwrap();
    let log = "{\"s3-dispatch-local\":1}\n";
    fs::write(folder.path().join("queues.jsonl"), log).unwrap();

    let error = start(folder.path(), &app(false)).await.unwrap_err();
    let expected = format!(
        "the folder `{}` was written by an earlier version, and this one cannot read it; choose \
         another folder, or delete this one with its objects and messages",
        folder.path().display()
    );
    assert_eq!(
        (error.kind(), error.to_string()),
        (ErrorKind::Storage, expected)
    );
    assert!(folder.path().join("buckets/objects").exists());
}

/// A limit on the length of files cuts off the entry, so that neither half of it counts.
#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn an_object_whose_event_does_not_fit_on_the_disk_is_not_changed() {
    let Some(folder) = std::env::var_os(LIMITED) else {
        return with_short_files(
            "an_object_whose_event_does_not_fit_on_the_disk_is_not_changed",
            &TempDir::new().unwrap(),
        );
    };

    let pipeline = start(Path::new(&folder), &app(false)).await.unwrap();
    pipeline.stop().await;
    let mut key = String::new();

    let error = loop {
        let next = format!("{key}k");
        match pipeline.put(BUCKET, &format!("{next:0900}"), "body").await {
            Ok(_) => key = next,
            Err(error) => break error,
        }
    };

    assert_eq!(error.kind(), ErrorKind::Storage);
    assert!(!key.is_empty());
    let failed = format!("{key}k");
    assert_eq!(
        pipeline
            .delete(BUCKET, &format!("{failed:0900}"))
            .await
            .unwrap(),
        None
    );
    let bodies = fs::read_dir(Path::new(&folder).join("bodies")).unwrap();
    assert_eq!(bodies.count(), key.len());
}

#[tokio::test]
async fn only_what_is_written_to_disk_can_go_without_a_sync() {
    let mut program = Program::start(&["--no-sync"]);
    let (status, errors) = program.end().await;
    assert_eq!(status.code(), Some(2));
    assert!(errors.contains("--data <FOLDER>"), "{errors}");
}
