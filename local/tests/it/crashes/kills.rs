//! The program is killed with `kill -9` while it serves requests.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use super::operation::{BUCKET, Operation, QUEUE, Restarted};
use crate::s3::client::{Answer, S3Client};

/// The variable with the number of kills.
const KILLS: &str = "KILLS";

/// How many kills one data folder sees.
const KILLS_PER_FOLDER: usize = 20;

/// How many clients send requests at the same time.
const CLIENTS: usize = 4;

/// The greatest number of answers after which the program is killed.
const MAX_ANSWERS: u64 = 60;

/// The greatest number of turns for which a kill waits after an answer. The first ones are as short
/// as a write to the log.
const MAX_TURNS: u64 = 3_000_000;

/// A request, and whether it was answered.
#[derive(Debug)]
struct Sent {
    operation: Operation,
    is_answered: bool,
}

/// What a run of kills has seen.
#[derive(Debug, Default)]
struct Counts {
    answered: usize,
    cut_off: usize,
    /// Requests that took effect although their answer was cut off.
    with_effect: usize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_change_is_without_its_event_after_a_kill() {
    let kills = std::env::var(KILLS).map_or(12, |kills| kills.parse().unwrap());
    let mut counts = Counts::default();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut folder = TempDir::new().unwrap();

    for round in 0..kills {
        if round % KILLS_PER_FOLDER == 0 {
            folder = TempDir::new().unwrap();
        }

        let sent = run_and_kill(folder.path(), round, &mut random);
        check(folder.path(), &sent, &mut counts).await;
    }

    println!("{kills} kills: {counts:?}");
    assert!(counts.answered > 0 && counts.cut_off > 0, "{counts:?}");
}

/// Starts the program, sends requests, and kills it. Returns the requests.
fn run_and_kill(folder: &Path, round: usize, random: &mut Random) -> Vec<Sent> {
    let (mut child, output) = start(folder);
    let mut lines = BufReader::new(output).lines();
    let address = lines
        .by_ref()
        .map(|line| line.unwrap())
        .find_map(|line| port(&line))
        .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .expect("the program prints its address");

    let (sent, answers) = (Mutex::new(Vec::new()), AtomicUsize::new(0));
    let (limit, turns) = (random.below(MAX_ANSWERS), random.below(MAX_TURNS));

    std::thread::scope(|scope| {
        // The program would wait for someone to read what it prints.
        scope.spawn(|| lines.for_each(drop));

        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let prefix = format!("{round}-{client}");
                let (sent, answers) = (&sent, &answers);
                scope.spawn(move || send_all(S3Client(address), &prefix, sent, answers))
            })
            .collect();

        // A client that was refused has ended, and its panic fails the test.
        while (answers.load(Ordering::Relaxed) as u64) < limit
            && clients.iter().any(|client| !client.is_finished())
        {
            std::thread::yield_now();
        }
        for _ in 0..turns {
            std::hint::spin_loop();
        }

        child.kill().unwrap();
        child.wait().unwrap();
    });

    sent.into_inner().unwrap()
}

fn start(folder: &Path) -> (Child, ChildStdout) {
    let config = folder.join("pipeline.toml");
    let text = format!(
        "[[bucket]]\nname = \"{BUCKET}\"\n[[bucket.notification]]\n\
         events = [\"s3:ObjectCreated:*\", \"s3:ObjectRemoved:*\"]\nqueue = \"{QUEUE}\"\n\
         [[queue]]\nname = \"{QUEUE}\"\n"
    );
    std::fs::write(&config, text).unwrap();

    let mut child = Command::new(env!("CARGO_BIN_EXE_s3-dispatch-local"))
        .args(["--port", "0", "--sqs-port", "0", "--config"])
        .arg(config)
        .arg("--data")
        .arg(folder.join("data"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.stdout.take().unwrap();

    (child, output)
}

fn port(line: &str) -> Option<u16> {
    let (_, rest) = line.split_once("S3 is at http://127.0.0.1:")?;
    rest.split(',').next()?.parse().ok()
}

/// Sends one request after another until the program ends.
fn send_all(client: S3Client, prefix: &str, sent: &Mutex<Vec<Sent>>, answers: &AtomicUsize) {
    let send = |operation: Operation| -> Option<Answer> {
        let index = {
            let mut sent = sent.lock().unwrap();
            sent.push(Sent {
                operation: operation.clone(),
                is_answered: false,
            });
            sent.len() - 1
        };

        let answer = operation.send(client).ok()?;
        assert!(answer.is_success(), "{operation:?}: {answer:?}");
        sent.lock().unwrap()[index].is_answered = true;
        answers.fetch_add(1, Ordering::Relaxed);

        Some(answer)
    };

    let mut number = 0;
    while send_some(&format!("{prefix}-{number}"), &send).is_some() {
        number += 1;
    }
}

/// Sends one request of each kind. `None` when the program has ended.
fn send_some(prefix: &str, send: &impl Fn(Operation) -> Option<Answer>) -> Option<()> {
    let key = |name: &str| format!("{prefix}-{name}");

    send(Operation::Put(key("base")))?;
    send(Operation::Copy {
        from: key("base"),
        to: key("copy"),
    })?;

    let started = send(Operation::StartUpload(key("upload")))?;
    let upload = started.text("UploadId").unwrap().to_owned();
    send(Operation::UploadPart {
        key: key("upload"),
        upload: upload.clone(),
    })?;
    send(Operation::Complete {
        key: key("upload"),
        upload,
    })?;

    let removed = ["1", "2", "3"].map(key);
    for key in &removed {
        send(Operation::Put(key.clone()))?;
    }
    let [single, batch @ ..] = removed;
    send(Operation::Delete(single))?;
    send(Operation::DeleteBatch(batch.into()))?;

    Some(())
}

/// Checks what the program left on disk, and repeats the requests that were cut off.
async fn check(folder: &Path, sent: &[Sent], counts: &mut Counts) {
    let restarted = Restarted::open(&folder.join("data")).await;
    let events = restarted.events();

    let operations = sent.iter().map(|sent| &sent.operation);
    let removed: Vec<_> = operations.flat_map(Operation::removes).collect();

    for Sent {
        operation,
        is_answered,
    } in sent
    {
        // What is removed later says nothing about its put.
        if matches!(operation, Operation::Put(key) if removed.contains(key)) {
            assert!(is_answered);
            continue;
        }

        let has_effect = restarted.check(operation, &events);
        if *is_answered {
            assert!(has_effect, "{operation:?} was acknowledged and is lost");
            counts.answered += 1;
            continue;
        }

        counts.cut_off += 1;
        if !matches!(
            operation,
            Operation::StartUpload(_) | Operation::UploadPart { .. }
        ) {
            counts.with_effect += usize::from(has_effect);
            restarted.repeat(operation, has_effect).await;
        }
    }

    restarted.close().await;
}

/// Xorshift: random enough for the moment of a kill.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
