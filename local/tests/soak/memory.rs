//! The memory of a pipeline does not grow with the number of events.

use std::time::Duration;

use s3_dispatch::{ObjectKey, Routes};
use s3_dispatch_local::{Faults, LocalPipeline, ObjectEvent};

use crate::{BUCKET, setting, topology};

/// Measured in a separate process, where nothing else allocates.
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
        // Dead letters stay in memory, so there must be none.
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

    // The allocator and the kernel vary by this much for the same need.
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

/// The resident memory in kB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();

    line.trim().trim_end_matches(" kB").parse().unwrap()
}
