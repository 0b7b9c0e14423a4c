//! The objects of a bucket, as `ListObjectsV2` lists them.

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::{EncodingType, Object};
use tokio::task::JoinHandle;

use super::error::OriginError;
use super::found::{Found, decoded};
use super::position::Position;

/// What to list.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Scope {
    pub(in crate::cli) bucket: String,
    /// `None` for the whole bucket.
    pub(in crate::cli) prefix: Option<String>,
}

impl Scope {
    /// Says that a listing found nothing.
    pub(in crate::cli) fn without_objects(&self) -> String {
        let bucket = &self.bucket;
        match self.prefix.as_deref() {
            None | Some("") => format!("the bucket `{bucket}` has no objects"),
            Some(prefix) => {
                format!("no object in the bucket `{bucket}` has a key that begins with `{prefix}`")
            }
        }
    }
}

type Page = Result<ListObjectsV2Output, OriginError>;

/// Lists the current objects in the order of their keys, as bytes of UTF-8.
///
/// The next page is asked for while the one before it is used. A request that fails is tried again
/// as the client says.
pub(in crate::cli) struct Listing {
    client: Client,
    scope: Scope,
    /// The page that is on its way. `None` after the last one.
    next: Option<JoinHandle<Page>>,
}

impl Listing {
    /// Begins to list behind a position.
    ///
    /// Needs a Tokio runtime.
    pub(in crate::cli) fn new(client: Client, scope: Scope, from: &Position) -> Self {
        let after = match from {
            Position::After(key) => Some(key.clone()),
            _ => None,
        };
        let next = ask(&client, &scope, after, None);

        Self {
            client,
            scope,
            next: Some(next),
        }
    }

    /// The next objects. Empty at the end.
    pub(in crate::cli) async fn next(&mut self) -> Result<Vec<Found>, OriginError> {
        while let Some(next) = &mut self.next {
            let page = next.await.map_err(|error| {
                OriginError::new("the listing was interrupted").with_source(error)
            });
            self.next = None;
            let page = page??;

            let is_encoded = page.encoding_type == Some(EncodingType::Url);
            let objects = page.contents.unwrap_or_default().into_iter();
            let found: Vec<_> = objects
                .filter_map(|object| found(object, is_encoded))
                .collect();

            if page.is_truncated == Some(true) {
                let after = found.last().map(|last| last.key.clone());
                let token = page.next_continuation_token;
                self.next = Some(ask(&self.client, &self.scope, after, token));
            }
            if !found.is_empty() {
                return Ok(found);
            }
        }

        Ok(Vec::new())
    }
}

impl Drop for Listing {
    fn drop(&mut self) {
        if let Some(next) = &self.next {
            next.abort();
        }
    }
}

/// Asks for a page. `after` is what an error says.
fn ask(
    client: &Client,
    scope: &Scope,
    after: Option<String>,
    token: Option<String>,
) -> JoinHandle<Page> {
    let request = client
        .list_objects_v2()
        .bucket(&scope.bucket)
        .set_prefix(scope.prefix.clone())
        .encoding_type(EncodingType::Url);
    let request = match token {
        Some(token) => request.continuation_token(token),
        None => request.set_start_after(after.clone()),
    };
    let bucket = scope.bucket.clone();

    tokio::spawn(async move {
        request.send().await.map_err(|error| {
            let position = after.map_or(Position::Start, Position::After);
            OriginError::new(format!(
                "the bucket `{bucket}` could not be listed {position}"
            ))
            .with_source(error)
        })
    })
}

/// `None` for an entry without a key, which S3 does not write.
fn found(object: Object, is_encoded: bool) -> Option<Found> {
    let key = object.key?;
    let key = if is_encoded { decoded(&key) } else { key };

    Some(Found {
        size: object.size.and_then(|size| size.try_into().ok()),
        e_tag: object.e_tag.map(|tag| tag.trim_matches('"').to_owned()),
        last_modified: object.last_modified,
        ..Found::of_key(key.clone(), Position::After(key))
    })
}
