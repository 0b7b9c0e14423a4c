//! The program: its handler notes each object in a file.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use s3_dispatch::{
    Deduplicated, EventPattern, Exclusive, HandlerError, LatestOnly, LeaseStore, Route, Router,
    Routes, S3EventRecord, SequencerStore, State,
};

use crate::dynamodb;
use crate::file_store::FileStore;

/// The routes, with the wrappers in the order that the documentation advises.
pub(crate) fn router(notes: PathBuf, store: impl LeaseStore + SequencerStore) -> impl Router {
    let store = Arc::new(store);
    let latest = LatestOnly::new(routes(notes), Arc::clone(&store));

    Deduplicated::new(Exclusive::new(latest, Arc::clone(&store)), store)
}

/// Takes all new objects but those below `ignored/`.
fn routes(notes: PathBuf) -> Routes<PathBuf> {
    Routes::new(notes).on_fn(
        Route::new(EventPattern::from_static("ObjectCreated:*")).with_prefix("photos/"),
        handle,
    )
}

async fn handle(record: S3EventRecord, State(notes): State<PathBuf>) -> Result<(), HandlerError> {
    let (key, version) = (&record.object.key, record.object.version_id.as_ref());
    if key.as_str().ends_with("fails") && record.is_backfilled() {
        return Err(HandlerError::permanent("it fails"));
    }

    let version = version.map_or("-", |version| version.as_str());
    let e_tag = record
        .object
        .e_tag
        .as_ref()
        .map_or("-", |e_tag| e_tag.as_str());
    let line = format!("{:?} {version} {e_tag}\n", key.as_str());
    let file = OpenOptions::new().create(true).append(true).open(notes);
    file.unwrap().write_all(line.as_bytes()).unwrap();

    Ok(())
}

/// What this process is, says the environment.
pub(crate) fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(async {
        let [place, notes] = ["STORE", "NOTES"].map(|name| std::env::var(name).unwrap());
        let notes = PathBuf::from(notes);

        match std::env::var("PROGRAM").unwrap().as_str() {
            "remembers" => {
                let store = FileStore::open(Path::new(&place)).await;
                s3_dispatch::start(router(notes, store)).await
            }
            "remembers in DynamoDB" => {
                s3_dispatch::start(router(notes, dynamodb::store(&place))).await
            }
            "remembers nothing" => s3_dispatch::start(routes(notes)).await,
            other => panic!("no program `{other}`"),
        }
        .unwrap();
    });
}
