//! Gives a batch to both programs, as Lambda would.

use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use aws_lambda_events::event::sqs::SqsBatchResponse;
use existing_function::{Index, add_to_index, function};
use futures_util::FutureExt;
use lambda_runtime::{Context, LambdaEvent};
use s3_dispatch::{Dispatcher, Routes};
use s3_dispatch_testing::{RecordBuilder, SqsBatchBuilder};
use tokio::time::Instant;

use crate::BUCKET;

/// How long an invocation may take.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The usual size of an object.
pub(crate) const SIZE: u64 = 1024;

/// What a program did with a batch.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    /// The messages that it reported as failed. `None` if the invocation failed, and with it every
    /// message.
    pub(crate) failures: Option<Vec<String>>,
    /// The keys that it added to the index, in this order.
    pub(crate) added: Vec<String>,
}

impl Answer {
    /// The batch was answered with these failures.
    pub(crate) fn new(failures: &[&str], added: &[&str]) -> Self {
        Self {
            failures: Some(texts(failures)),
            added: texts(added),
        }
    }

    /// The invocation failed after these keys were added.
    pub(crate) fn none(added: &[&str]) -> Self {
        Self {
            failures: None,
            added: texts(added),
        }
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// An index that does what the key says: `fail`, `panic` or `hang`. It notes all other keys, those
/// of objects of another size than usual with that size.
#[derive(Default)]
struct Wayward(Mutex<Vec<String>>);

#[async_trait]
impl Index for Wayward {
    async fn add(
        &self,
        bucket: &str,
        key: &str,
        size: u64,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        assert_eq!(bucket, BUCKET);
        match key {
            "fail" => return Err("the index is unavailable".into()),
            "panic" => panic!("the index has a mistake"),
            "hang" => std::future::pending().await,
            key if size == SIZE => self.0.lock().unwrap().push(key.to_owned()),
            key => self.0.lock().unwrap().push(format!("{key} {size}")),
        }

        Ok(())
    }
}

/// A record of an upload.
pub(crate) fn put(key: &str) -> RecordBuilder {
    RecordBuilder::new("ObjectCreated:Put")
        .with_bucket(BUCKET)
        .with_key(key)
        .with_size(SIZE)
}

/// Gives a batch to the function, and does what Lambda and `lambda_runtime` do with it: a payload
/// that is not an event, an error, a panic and too long a time fail the invocation.
pub(crate) async fn before(batch: &SqsBatchBuilder) -> Answer {
    let index = Wayward::default();
    let invoked = async {
        let event = serde_json::from_slice(&batch.to_bytes()).ok()?;
        let invoked = function(&index, LambdaEvent::new(event, Context::default()));
        AssertUnwindSafe(invoked).catch_unwind().await.ok()?.ok()
    };
    let response = tokio::time::timeout(TIMEOUT, invoked).await.ok().flatten();

    Answer {
        failures: response.map(ids),
        added: index.0.into_inner().unwrap(),
    }
}

/// Gives a batch to the program of `s3-dispatch`.
pub(crate) async fn after(batch: &SqsBatchBuilder) -> Answer {
    let index = Arc::new(Wayward::default());
    let routes = Routes::new(Arc::clone(&index) as Arc<dyn Index>).on::<add_to_index>();
    let deadline = (Instant::now() + TIMEOUT).into_std();
    let report = Dispatcher::new(routes)
        .dispatch(batch.to_bytes(), Some(deadline))
        .await;

    Answer {
        failures: report.ok().map(|report| ids(report.response())),
        added: index.0.lock().unwrap().clone(),
    }
}

fn ids(response: SqsBatchResponse) -> Vec<String> {
    let failures = response.batch_item_failures.into_iter();
    failures.map(|failure| failure.item_identifier).collect()
}
