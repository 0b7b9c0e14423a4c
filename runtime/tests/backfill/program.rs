//! The program: its handler notes each event in a file, and does what the key says.

use std::error::Error;
use std::fs::OpenOptions;
use std::io::Write;
use std::time::Duration;

use s3_dispatch::{Dispatcher, HandlerError, Routes, S3EventRecord};

pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    let routes = Routes::new(())
        .on_fn("ObjectCreated:*", handle)
        .on_fn("ObjectRemoved:*", handle);

    Ok(s3_dispatch::start(Dispatcher::new(routes)).await?)
}

async fn handle(record: S3EventRecord) -> Result<(), HandlerError> {
    let key = record.object.key.as_str();
    note(&record);

    if key.starts_with("slow") {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    match key {
        "fails" => Err(HandlerError::retry("it failed")),
        "is-bad" => Err(HandlerError::permanent("it is bad")),
        _ => Ok(()),
    }
}

/// One line for each call: what the record says.
fn note(record: &S3EventRecord) {
    let Ok(file) = std::env::var("NOTES") else {
        return;
    };

    let object = &record.object;
    let version = object.version_id.as_ref().map_or("-", |id| id.as_str());
    let e_tag = object.e_tag.as_ref().map_or("-", |e_tag| e_tag.as_str());
    let size = object.size.map_or("-".to_owned(), |size| size.to_string());
    let line = format!(
        "{} {} {version} {size} {e_tag} {}\n",
        record.event_name,
        serde_json::to_string(object.key.as_str()).unwrap(),
        record.is_backfilled()
    );

    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(file)
        .unwrap();
    file.write_all(line.as_bytes()).unwrap();
}
