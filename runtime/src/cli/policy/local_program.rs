//! What `s3-dispatch-local` asks a program.

use std::error::Error;

use s3_dispatch_core::{Manifest, Route};
use serde::Serialize;
use serde_json::Value;

/// A program in the form that `s3-dispatch-local` reads:
///
/// ```json
/// {"name": "put-processor", "buckets": ["photos"], "takes_any_bucket": false,
///  "other_buckets": [], "events": ["s3:ObjectCreated:Put"],
///  "filter_policy": {"Records": {"eventName": ["ObjectCreated:Put"]}}}
/// ```
#[derive(Debug, Serialize)]
pub(super) struct LocalProgram<'r> {
    name: &'r str,
    /// The buckets that routes name, each once.
    buckets: Vec<&'r str>,
    /// Whether a route names no bucket.
    takes_any_bucket: bool,
    /// The other buckets that handlers write or delete in, each once.
    other_buckets: Vec<&'r str>,
    /// As a bucket's configuration spells them.
    events: Vec<String>,
    /// Null if every event is handled.
    filter_policy: Value,
}

impl<'r> LocalProgram<'r> {
    /// Describes a program. Also returns whether its filter lets through hardly more.
    pub(super) fn of(
        manifest: &'r Manifest,
        name: &'r str,
    ) -> Result<(Self, bool), Box<dyn Error>> {
        let filter_policy = manifest.filter_policy()?;
        let notification = manifest.bucket_notification()?;

        let routes = manifest.routes();
        let buckets = each_once(routes.iter().filter_map(Route::bucket));
        let other_buckets = each_once(routes.iter().flat_map(Route::other_buckets));

        let program = Self {
            name,
            buckets,
            takes_any_bucket: routes.iter().any(|route| route.bucket().is_none()),
            other_buckets,
            events: notification.events().map(str::to_owned).collect(),
            filter_policy: serde_json::to_value(&filter_policy)?,
        };

        Ok((program, filter_policy.is_close()))
    }
}

fn each_once<'r>(buckets: impl Iterator<Item = &'r str>) -> Vec<&'r str> {
    let mut buckets: Vec<_> = buckets.collect();
    buckets.sort_unstable();
    buckets.dedup();

    buckets
}
