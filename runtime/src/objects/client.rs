//! The store behind a client of the AWS SDK.

use std::error::Error as StdError;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::{ByteStream, DateTime, SdkBody};
use bytes::Bytes;
use futures_util::stream;
use http_body::{Body, Frame, SizeHint};
use s3_dispatch_core::{ETag, VersionId};

use crate::lambda::trace_interceptor::TraceHeaderInterceptor;
use crate::objects::body::{ObjectBody, PutBody, PutStream};
use crate::objects::error::{ObjectError, ObjectErrorKind};
use crate::objects::store::{
    ObjectHead, ObjectStore, OpenedObject, PutCondition, PutRequest, ReadRequest, WrittenObject,
};

#[async_trait]
impl ObjectStore for Client {
    async fn get(&self, request: &ReadRequest) -> Result<OpenedObject, ObjectError> {
        let range = request.range.as_ref();
        let got = self
            .get_object()
            .bucket(request.bucket.as_str())
            .key(request.key.as_str())
            .set_version_id(version(request))
            .set_if_match(request.e_tag.as_ref().map(quoted))
            .set_range(range.map(|range| format!("bytes={}-{}", range.start, range.end - 1)))
            .customize()
            .interceptor(TraceHeaderInterceptor::new())
            .send()
            .await
            .map_err(error)?;

        let length = length(got.content_length)?;
        let (start, size) = match got.content_range.as_deref() {
            Some(text) => start_and_size(text)?,
            None => (0, length),
        };

        let head = ObjectHead {
            size,
            e_tag: e_tag(got.e_tag),
            version_id: got.version_id.map(VersionId::from),
            last_modified: got.last_modified.and_then(time),
            content_type: got.content_type,
            metadata: got.metadata.unwrap_or_default().into_iter().collect(),
        };

        Ok(OpenedObject::new(
            head,
            start..start + length,
            body(got.body),
        ))
    }

    async fn head(&self, request: &ReadRequest) -> Result<ObjectHead, ObjectError> {
        let head = self
            .head_object()
            .bucket(request.bucket.as_str())
            .key(request.key.as_str())
            .set_version_id(version(request))
            .set_if_match(request.e_tag.as_ref().map(quoted))
            .customize()
            .interceptor(TraceHeaderInterceptor::new())
            .send()
            .await
            .map_err(error)?;

        Ok(ObjectHead {
            size: length(head.content_length)?,
            e_tag: e_tag(head.e_tag),
            version_id: head.version_id.map(VersionId::from),
            last_modified: head.last_modified.and_then(time),
            content_type: head.content_type,
            metadata: head.metadata.unwrap_or_default().into_iter().collect(),
        })
    }

    async fn put(&self, request: &PutRequest) -> Result<WrittenObject, ObjectError> {
        let body = match &request.body {
            PutBody::Bytes(bytes) => ByteStream::from(bytes.clone()),
            PutBody::File(path) => ByteStream::from_path(path).await.map_err(|error| {
                ObjectError::new(ObjectErrorKind::File)
                    .with_detail(format!("`{}` cannot be read", path.display()))
                    .with_source(error)
            })?,
            PutBody::Stream(stream) => {
                let stream = stream.clone();
                let make = move || SdkBody::from_body_1_x(Counted::new(&stream));
                ByteStream::new(SdkBody::retryable(make))
            }
        };

        let put = self
            .put_object()
            .bucket(request.bucket.as_str())
            .key(request.key.as_str())
            .body(body)
            .set_content_length(announced(&request.body))
            .set_content_type(request.content_type.clone())
            .set_metadata(Some(request.metadata.clone().into_iter().collect()));
        let put = match &request.condition {
            PutCondition::Absent => put.if_none_match("*"),
            PutCondition::Matches(e_tag) => put.if_match(quoted(e_tag)),
        };

        let traced = put.customize().interceptor(TraceHeaderInterceptor::new());
        let written = traced.send().await.map_err(error)?;
        Ok(WrittenObject::new(
            e_tag(written.e_tag),
            written.version_id.map(VersionId::from),
        ))
    }
}

/// A stream of an announced length. If it has another one, it fails, so that nothing is written.
struct Counted {
    /// Never locked: the body of a request must be `Sync`.
    pieces: Mutex<ObjectBody>,
    left: u64,
}

impl Counted {
    fn new(stream: &PutStream) -> Self {
        Self {
            pieces: Mutex::new(stream.open()),
            left: stream.length(),
        }
    }
}

impl Body for Counted {
    type Data = Bytes;
    type Error = Box<dyn StdError + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        let pieces = this
            .pieces
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);

        Poll::Ready(match ready!(pieces.as_mut().poll_next(context)) {
            Some(Ok(piece)) => match this.left.checked_sub(piece.len() as u64) {
                Some(left) => {
                    this.left = left;
                    Some(Ok(Frame::data(piece)))
                }
                None => Some(Err("the stream is longer than announced".into())),
            },
            Some(Err(error)) => Some(Err(error)),
            None if this.left > 0 => Some(Err("the stream is shorter than announced".into())),
            None => None,
        })
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// The length of a stream, which the SDK cannot know.
fn announced(body: &PutBody) -> Option<i64> {
    match body {
        PutBody::Stream(stream) => i64::try_from(stream.length()).ok(),
        _ => None,
    }
}

fn version(request: &ReadRequest) -> Option<String> {
    let version = request.version_id.as_ref()?;
    Some(version.as_str().to_owned())
}

fn quoted(e_tag: &ETag) -> String {
    format!("\"{e_tag}\"")
}

fn e_tag(sent: Option<String>) -> Option<ETag> {
    let sent = sent?;
    let bare = sent.trim_matches('"');
    (!bare.is_empty()).then(|| ETag::from(bare))
}

fn time(time: DateTime) -> Option<std::time::SystemTime> {
    std::time::SystemTime::try_from(time).ok()
}

fn length(length: Option<i64>) -> Result<u64, ObjectError> {
    length
        .and_then(|length| u64::try_from(length).ok())
        .ok_or_else(|| unreadable("the service did not send the length of the body"))
}

/// Reads `bytes 5-9/100`.
fn start_and_size(text: &str) -> Result<(u64, u64), ObjectError> {
    let parsed = || {
        let (range, size) = text.strip_prefix("bytes ")?.split_once('/')?;
        let (start, _) = range.split_once('-')?;
        Some((start.parse().ok()?, size.parse().ok()?))
    };

    parsed().ok_or_else(|| unreadable(&format!("`{text}` is not a content range")))
}

fn unreadable(source: &str) -> ObjectError {
    ObjectError::new(ObjectErrorKind::Unavailable).with_source(source)
}

fn body(body: ByteStream) -> ObjectBody {
    Box::pin(stream::unfold(body, |mut body| async move {
        let piece = body.next().await?;
        Some((piece.map_err(Into::into), body))
    }))
}

/// Tells the kind of an error by its code, or by the status if there is no code: the answer to
/// `HeadObject` has no body.
fn error<E>(error: SdkError<E, HttpResponse>) -> ObjectError
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    let status = error
        .raw_response()
        .map(|response| response.status().as_u16());
    let kind = kind(error.code(), status);
    let delay = error.raw_response().and_then(delay);

    let made = ObjectError::new(kind).with_source(error);
    match delay {
        Some(delay) => made.with_retry_after(delay),
        None => made,
    }
}

/// The kind of an error with this code ("Error responses", Amazon S3 API Reference, 2026).
fn kind(code: Option<&str>, status: Option<u16>) -> ObjectErrorKind {
    match (code.unwrap_or_default(), status.unwrap_or_default()) {
        ("NoSuchBucket", _) => ObjectErrorKind::NoSuchBucket,
        ("InvalidObjectState", _) => ObjectErrorKind::Archived,
        ("SlowDown" | "ThrottlingException" | "RequestLimitExceeded", _) | (_, 429 | 503) => {
            ObjectErrorKind::Throttled
        }
        // 405: the version is a delete marker.
        (_, 404 | 405) => ObjectErrorKind::Gone,
        (_, 412) => ObjectErrorKind::Superseded,
        (_, 409) => ObjectErrorKind::Conflict,
        (_, 401 | 403) => ObjectErrorKind::Denied,
        (_, 400..500) => ObjectErrorKind::Rejected,
        // A redirect means that the bucket is in another region.
        (_, 300..400) => ObjectErrorKind::Rejected,
        _ => ObjectErrorKind::Unavailable,
    }
}

/// The delay that the service asked for, in seconds.
fn delay(response: &HttpResponse) -> Option<Duration> {
    let seconds = response.headers().get("retry-after")?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}
