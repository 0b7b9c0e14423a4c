//! What a pipeline remembers does not grow with what passes through it.

use std::time::Duration;

use s3_dispatch::{ObjectKey, Routes};
use s3_dispatch_local::{Faults, LocalPipeline, ObjectEvent};

use crate::{BUCKET, setting, topology};

/// Measured in a process of its own, where nobody else allocates.
#[tokio::test(start_paused = true)]
async fn memory_does_not_grow() {
    const ALONE: &str = "SOAK_ALONE";

    if std::env::var_os(ALONE).is_some() {
        return measure().await;
    }

    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "memory::memory_does_not_grow", "--nocapture"])
        .env(ALONE, "1")
        .status();
    assert!(child.unwrap().success());
}

async fn measure() {
    let events = (setting("SOAK_OBJECTS", 2_000.0) as usize).max(2_000);
    let routes = || Routes::new(()).on_fn("*", async |_: ObjectKey| Ok::<_, std::io::Error>(()));

    let pipeline = LocalPipeline::builder()
        .with_topology(topology(5))
        // A dead letter stays, so there had better be none.
        .with_faults(Faults::chaos(0.05))
        .with_history(500)
        .with_report(500)
        .with_router("put-processor", routes())
        .with_router("copy-processor", routes())
        .start()
        .await
        .unwrap();

    pass(&pipeline, events / 2).await;
    let before = resident();
    pass(&pipeline, 3 * events).await;
    let after = resident();

    println!(
        "{before} kB after {} events, {after} kB after {} events",
        events / 2,
        events / 2 + 3 * events
    );

    // What the allocator and the kernel make of the same need differs by this much.
    assert!(after < before + 4_000, "from {before} kB to {after} kB");
}

async fn pass(pipeline: &LocalPipeline, events: usize) {
    for index in 0..events {
        let event = ObjectEvent::new("ObjectCreated:Put", BUCKET, format!("holiday/{index}.jpg"));
        pipeline
            .publish(event.with_size(1024).with_e_tag("e"))
            .await
            .unwrap();

        if index % 100 == 99 {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
    }

    pipeline.settle().await;
}

/// In kB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();

    line.trim().trim_end_matches(" kB").parse().unwrap()
}
