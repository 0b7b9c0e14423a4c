//! The log is cut off anywhere, as by a crash in the middle of any write.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use s3_dispatch_local::LocalPipeline;
use tempfile::TempDir;

use super::operation::{Operation, Restarted, topology};
use crate::s3::client::{S3Client, serve};

/// The variable with the distance of two cuts in bytes. Each line is always cut at its start, after
/// its first byte, and before its last one.
const STEP: &str = "CUT_EVERY";

/// A request, and how long the log was when its answer arrived.
struct Done {
    operation: Operation,
    answered_at: usize,
}

/// What a pipeline has written.
struct Recording {
    done: Vec<Done>,
    /// The log without the entries of the start.
    start: usize,
    log: Vec<u8>,
    /// Every body that ever existed.
    bodies: TempDir,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_change_is_without_its_event_wherever_the_log_is_cut_off() {
    let recording = record().await;
    let step = std::env::var(STEP).map_or(499, |step| step.parse().unwrap());
    let mut cuts: BTreeSet<usize> = (recording.start..=recording.log.len())
        .step_by(step)
        .collect();

    for (position, byte) in recording.log.iter().enumerate().skip(recording.start) {
        if *byte == b'\n' {
            cuts.extend([position, position + 1, position + 2]);
        }
    }

    cuts.retain(|cut| *cut <= recording.log.len());
    assert!(cuts.len() > 100, "{}", cuts.len());

    let mut effects_at_cut = 0;
    for cut in cuts {
        effects_at_cut += usize::from(restart_at(&recording, cut).await);
    }

    // Some answers were lost although the request took effect.
    assert!(effects_at_cut > 10, "{effects_at_cut}");
}

/// Every kind of request, on keys of its own.
fn requests() -> Vec<Operation> {
    let mut requests = Vec::new();
    let key = |name: &str, number: usize| format!("{name}-{number}");

    for number in 0..2 {
        let base = key("base", number);
        let batch: Vec<_> = (0..3).map(|part| key("batch", 3 * number + part)).collect();

        requests.push(Operation::Put(base.clone()));
        requests.push(Operation::Copy {
            from: base,
            to: key("copy", number),
        });
        requests.push(Operation::Put(key("deleted", number)));
        requests.push(Operation::Delete(key("deleted", number)));
        requests.extend(batch.iter().cloned().map(Operation::Put));
        requests.push(Operation::DeleteBatch(batch));
        requests.push(Operation::StartUpload(key("upload", number)));
    }

    requests
}

/// Sends all requests to a pipeline, and keeps what it writes.
async fn record() -> Recording {
    let (folder, bodies) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let pipeline = LocalPipeline::builder()
        .with_topology(topology())
        .with_data(folder.path())
        .start()
        .await
        .unwrap();
    pipeline.settle().await;

    let (mut endpoint, client) = serve(&pipeline).await;
    let start = log(folder.path()).len();
    let mut done = Vec::new();

    for operation in requests() {
        let answer = send(&operation, client, folder.path(), &bodies, &mut done);

        if let Operation::StartUpload(key) = operation {
            let upload = answer.text("UploadId").unwrap().to_owned();
            let (key, other) = (key.clone(), key);
            let part = Operation::UploadPart {
                key,
                upload: upload.clone(),
            };
            send(&part, client, folder.path(), &bodies, &mut done);
            let complete = Operation::Complete { key: other, upload };
            send(&complete, client, folder.path(), &bodies, &mut done);
        }
    }

    pipeline.settle().await;
    endpoint.stop().await;
    pipeline.stop().await;

    Recording {
        done,
        start,
        log: log(folder.path()),
        bodies,
    }
}

fn send(
    operation: &Operation,
    client: S3Client,
    folder: &Path,
    bodies: &TempDir,
    done: &mut Vec<Done>,
) -> crate::s3::client::Answer {
    let answer = operation.send(client).unwrap();
    assert!(answer.is_success(), "{operation:?}: {answer:?}");

    link_all(&folder.join("bodies"), bodies.path());
    done.push(Done {
        operation: operation.clone(),
        answered_at: log(folder).len(),
    });

    answer
}

/// Starts a pipeline on the log up to this byte. Returns whether the request that was cut off had
/// taken effect.
async fn restart_at(recording: &Recording, cut: usize) -> bool {
    let folder = TempDir::new().unwrap();
    let bodies = folder.path().join("bodies");
    fs::create_dir(&bodies).unwrap();
    link_all(recording.bodies.path(), &bodies);
    fs::write(folder.path().join("log.jsonl"), &recording.log[..cut]).unwrap();

    let restarted = Restarted::open(folder.path()).await;
    let events = restarted.events();
    let (acknowledged, others) = recording.done.split_at(
        recording
            .done
            .partition_point(|done| done.answered_at <= cut),
    );
    let cut_off = others.first().map(|done| &done.operation);

    // What a later request removed does not exist, whether its put took effect or not.
    let acknowledged = acknowledged.iter().map(|done| &done.operation);
    let removed: Vec<_> = acknowledged
        .clone()
        .chain(cut_off)
        .flat_map(Operation::removes)
        .collect();

    for operation in acknowledged {
        if !matches!(operation, Operation::Put(key) if removed.contains(key)) {
            let has_effect = restarted.check(operation, &events);
            assert!(has_effect, "{operation:?} is lost at {cut}");
        }
    }

    let mut had_effect = false;
    if let Some(operation) = cut_off {
        had_effect = restarted.check(operation, &events);
        restarted.repeat(operation, had_effect).await;
    }

    restarted.close().await;
    had_effect
}

fn log(folder: &Path) -> Vec<u8> {
    fs::read(folder.join("log.jsonl")).unwrap()
}

/// Makes each file of a folder a file of another folder too.
fn link_all(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if !target.exists() {
            fs::hard_link(entry.path(), target).unwrap();
        }
    }
}
