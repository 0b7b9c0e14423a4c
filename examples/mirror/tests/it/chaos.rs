//! Changes of a bucket, on a pipeline that repeats, delays and loses what it can.

use std::collections::BTreeMap;
use std::path::Path;

use mirror::{App, Index, Leases, follow};
use s3_dispatch::{Exclusive, Objects, Router, Routes};
use s3_dispatch_testing::MemoryObjects;

use crate::BUCKET;
use crate::fleet::{Circumstances, Pause, Slow};

/// The program, as one of the processes that share a file.
pub(crate) fn routes(file: &Path, memory: &MemoryObjects, pause: Pause) -> impl Router + use<> {
    let objects = Objects::new(Slow(memory.clone(), pause));
    let app = App::new(objects, Index::open(file).unwrap());
    Routes::new(app).on::<follow>()
}

pub(crate) async fn sizes(file: &Path) -> BTreeMap<String, (u64, Option<String>)> {
    let entries = Index::open(file).unwrap().entries(BUCKET).await.unwrap();
    entries
        .into_iter()
        .map(|(key, entry)| (key, (entry.size, entry.e_tag)))
        .collect()
}

async fn check(circumstances: Circumstances) {
    for seed in 1..=20 {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("index.sqlite");

        let bucket = circumstances
            .run(seed, |memory, pause| {
                Exclusive::new(routes(&file, memory, pause), Leases::new(&file))
            })
            .await;
        assert_eq!(
            sizes(&file).await,
            bucket.objects(),
            "{circumstances:?}, seed {seed}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_index_of_a_plain_bucket_equals_the_bucket() {
    for circumstances in Circumstances::all() {
        if !circumstances.is_versioned {
            check(circumstances).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_index_of_a_bucket_with_versions_equals_the_bucket() {
    for circumstances in Circumstances::all() {
        if circumstances.is_versioned {
            check(circumstances).await;
        }
    }
}
