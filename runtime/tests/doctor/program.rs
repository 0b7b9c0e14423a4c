//! The programs that the deployments are for.

use std::time::Duration;

use s3_dispatch::failure::FailedMessage;
use s3_dispatch::{Backoff, Dispatcher, HandlerError, Routes, async_trait, s3_handler};

#[s3_handler("ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload")]
async fn index_upload() -> Result<(), HandlerError> {
    Ok(())
}

#[s3_handler(
    "ObjectCreated:*",
    prefix = "photos/",
    suffix = ".jpg",
    reads,
    writes = "thumbnails/"
)]
async fn resize() -> Result<(), HandlerError> {
    Ok(())
}

#[s3_handler("ObjectCreated:*", prefix = ["in/", "my in/"])]
async fn import() -> Result<(), HandlerError> {
    Ok(())
}

/// Nothing in the program says that `uploads` is the bucket of the events.
#[s3_handler("ObjectCreated:Put", writes = "s3://uploads/copies/")]
async fn copy() -> Result<(), HandlerError> {
    Ok(())
}

#[s3_handler("ObjectCreated:Put", reads, writes = "small/", skip_own_writes)]
async fn shrink() -> Result<(), HandlerError> {
    Ok(())
}

#[s3_handler("ObjectCreated:Put")]
async fn index_one() -> Result<(), HandlerError> {
    Ok(())
}

#[s3_handler("Replication:*")]
async fn replicated() -> Result<(), HandlerError> {
    Ok(())
}

#[s3_handler(
    "ObjectCreated:*",
    prefix = ["lake/dt=2026 (new)/", "ü/"],
    suffix = ["~.csv", "*.tsv"]
)]
async fn special() -> Result<(), HandlerError> {
    Ok(())
}

#[s3_handler(
    "ObjectCreated:*",
    key = "tenants/{tenant}/photos/{name}.jpg",
    no_folders
)]
async fn of_tenant() -> Result<(), HandlerError> {
    Ok(())
}

#[s3_handler("ObjectTagging:*", key = "{year}/{{draft}}/{name}")]
async fn tagged() -> Result<(), HandlerError> {
    Ok(())
}

#[s3_handler("ObjectCreated:*", prefix = "scans/", suffix = [".pdf", ".tiff"], ignore_suffix_case)]
async fn scanned() -> Result<(), HandlerError> {
    Ok(())
}

#[s3_handler("ObjectRemoved:*", "LifecycleExpiration:*", no_folders)]
async fn removed() -> Result<(), HandlerError> {
    Ok(())
}

#[s3_handler("ObjectCreated:*", bucket = "first", prefix = "in/")]
async fn of_first() -> Result<(), HandlerError> {
    Ok(())
}

#[s3_handler("ObjectAcl:Put", "ObjectCreated:Put", bucket = "second")]
async fn of_second() -> Result<(), HandlerError> {
    Ok(())
}

#[s3_handler("*")]
async fn audit() -> Result<(), HandlerError> {
    Ok(())
}

struct Later;

#[async_trait]
impl Backoff for Later {
    async fn postpone(
        &self,
        _: &[FailedMessage<'_>],
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(())
    }
}

/// Starts a program by its name.
pub(crate) async fn start(name: &str) -> Result<(), s3_dispatch::Error> {
    let none = Routes::new(());
    let routes = match name {
        "uploads" | "backoff" | "slow" => none.on::<index_upload>(),
        "thumbnails" => none.on::<resize>(),
        "import" => none.on::<import>(),
        "copy" => none.on::<copy>(),
        "shrink" => none.on::<shrink>(),
        "replicated" => none.on::<index_one>().on::<replicated>(),
        "audit" => none.on::<audit>(),
        "special" => none.on::<special>(),
        "patterns" => none.on::<of_tenant>().on::<tagged>(),
        "any-case" => none.on::<scanned>(),
        "removals" => none.on::<removed>(),
        "two-buckets" => none.on::<of_first>().on::<of_second>(),
        other => panic!("there is no program `{other}`"),
    };

    match name {
        "backoff" => s3_dispatch::start(Dispatcher::new(routes).with_backoff(Later)).await,
        "slow" => {
            let dispatcher = Dispatcher::new(routes).with_concurrency(2);
            let margin = Duration::from_secs(2);
            s3_dispatch::start(dispatcher.with_deadline_margin(margin)).await
        }
        _ => s3_dispatch::start(routes).await,
    }
}
