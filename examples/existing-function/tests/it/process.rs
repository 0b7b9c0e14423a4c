//! The two built programs, as functions behind `local`.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use existing_function::{add_to_index, open};
use s3_dispatch::Routes;
use s3_dispatch_local::{LocalPipeline, Topology};

use crate::BUCKET;

/// Uploads files of these names, and returns the lines of the program's index.
async fn index(program: &str, keys: &[&str]) -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("index");
    let pipeline = start(program, &file).await;
    for key in keys {
        pipeline.put(BUCKET, key, "text").await.unwrap();
    }
    // Not an upload, so no program gets it.
    pipeline
        .copy((BUCKET, keys[0]), (BUCKET, "copy"))
        .await
        .unwrap();
    pipeline.settle().await;
    pipeline.stop().await;

    let lines = std::fs::read_to_string(file).unwrap();
    assert_eq!(lines.lines().count(), keys.len());
    lines.lines().map(str::to_owned).collect()
}

async fn start(program: &str, file: &Path) -> LocalPipeline {
    let routes = Routes::prepared_by(open).on::<add_to_index>();
    let mut topology = Topology::of(&routes).unwrap();
    let function = &mut topology.functions[0];
    function.timeout = Duration::from_secs(10);
    let variable = ("INDEX_FILE".into(), file.to_str().unwrap().into());
    function.environment.extend([variable]);
    topology.queues[0].visibility_timeout = Duration::from_secs(60);

    let pipeline = LocalPipeline::builder()
        .with_topology(topology)
        .with_binary("processor", program);
    pipeline.start().await.unwrap()
}

#[tokio::test]
async fn both_programs_keep_the_same_index_of_ordinary_keys() {
    let keys = ["a.txt", "folder/b.txt"];
    let expected = keys.map(|key| format!("{BUCKET}/{key} 4"));
    for program in [
        env!("CARGO_BIN_EXE_existing-function-before"),
        env!("CARGO_BIN_EXE_existing-function-after"),
    ] {
        assert_eq!(
            index(program, &keys).await,
            BTreeSet::from(expected.clone())
        );
    }
}

#[tokio::test]
async fn only_the_program_of_s3_dispatch_indexes_a_key_with_a_space_as_it_is() {
    let before = index(
        env!("CARGO_BIN_EXE_existing-function-before"),
        &["my photo.jpg"],
    )
    .await;
    let after = index(
        env!("CARGO_BIN_EXE_existing-function-after"),
        &["my photo.jpg"],
    )
    .await;
    assert_eq!(before, BTreeSet::from([format!("{BUCKET}/my+photo.jpg 4")]));
    assert_eq!(after, BTreeSet::from([format!("{BUCKET}/my photo.jpg 4")]));
}
