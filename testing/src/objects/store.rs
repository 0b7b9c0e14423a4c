//! The memory, as handlers use it.

use std::ops::Range;
use std::task::Poll;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{TryStreamExt, stream};
use s3_dispatch::objects::{
    ObjectBody, ObjectError, ObjectErrorKind, ObjectHead, ObjectStore, OpenedObject, PutBody,
    PutCondition, PutRequest, ReadRequest, WrittenObject,
};

use super::fault::Fault;
use super::memory::MemoryObjects;
use super::state::Content;

/// The length of the pieces in which a body arrives.
const PIECE: u64 = 16 * 1024;

/// Each request gives the executor a turn before and after it has an effect, so that a test can
/// drop it there.
#[async_trait]
impl ObjectStore for MemoryObjects {
    async fn get(&self, request: &ReadRequest) -> Result<OpenedObject, ObjectError> {
        take_turns().await;
        let fault = self.begin(|fault| !fault.is_of_write())?;

        let (head, bytes) = {
            let state = self.state();
            let found = state.find(
                request.bucket.as_str(),
                request.key.as_str(),
                request.version_id.as_ref(),
                request.e_tag.as_ref(),
            )?;
            (found.head(), found.content.bytes.clone())
        };

        let range = clip(request.range.clone(), head.size)?;
        let bytes = bytes.slice(range.start as usize..range.end as usize);
        take_turns().await;
        Ok(OpenedObject::new(head, range, body(bytes, fault)))
    }

    async fn head(&self, request: &ReadRequest) -> Result<ObjectHead, ObjectError> {
        take_turns().await;
        self.begin(|fault| !fault.is_of_write() && !fault.is_of_body())?;

        let head = self
            .state()
            .find(
                request.bucket.as_str(),
                request.key.as_str(),
                request.version_id.as_ref(),
                request.e_tag.as_ref(),
            )?
            .head();
        take_turns().await;
        Ok(head)
    }

    async fn put(&self, request: &PutRequest) -> Result<WrittenObject, ObjectError> {
        let bytes = read(&request.body).await?;
        take_turns().await;
        let fault = self.begin(|fault| !fault.is_of_body())?;

        let written = self.put_if(request, bytes)?;
        take_turns().await;
        match fault {
            Some(_) => Err(ObjectError::new(ObjectErrorKind::Superseded)),
            None => Ok(written),
        }
    }
}

impl MemoryObjects {
    /// Counts a request, and lets it fail if the next fault can strike it.
    ///
    /// Returns a fault that strikes later.
    fn begin(&self, can_strike: impl Fn(Fault) -> bool) -> Result<Option<Fault>, ObjectError> {
        let mut state = self.state();
        state.requests += 1;

        let next = state.faults.front().copied();
        let Some(fault) = next.filter(|fault| can_strike(*fault)) else {
            return Ok(None);
        };
        state.faults.pop_front();

        let error = match fault {
            Fault::Throttled(delay) => {
                let error = ObjectError::new(ObjectErrorKind::Throttled);
                delay.into_iter().fold(error, ObjectError::with_retry_after)
            }
            Fault::Unavailable => ObjectError::new(ObjectErrorKind::Unavailable),
            Fault::Denied => ObjectError::new(ObjectErrorKind::Denied),
            Fault::Conflict => ObjectError::new(ObjectErrorKind::Conflict),
            _ => return Ok(Some(fault)),
        };
        Err(error)
    }

    fn put_if(&self, request: &PutRequest, bytes: Bytes) -> Result<WrittenObject, ObjectError> {
        let (bucket, key) = (request.bucket.as_str(), request.key.as_str());
        let mut state = self.state();

        let current = state.current(bucket, key).map(|found| found.head().e_tag);
        match (&request.condition, current) {
            (PutCondition::Absent, Some(_)) => {
                return Err(ObjectError::new(ObjectErrorKind::Superseded));
            }
            (PutCondition::Matches(_), None) => {
                return Err(ObjectError::new(ObjectErrorKind::Gone));
            }
            (PutCondition::Matches(e_tag), Some(current)) if current.as_ref() != Some(e_tag) => {
                return Err(ObjectError::new(ObjectErrorKind::Superseded));
            }
            _ => {}
        }

        let content = Content {
            bytes,
            content_type: request.content_type.clone(),
            metadata: request.metadata.clone(),
        };
        Ok(state.put(bucket, key, content).written())
    }
}

async fn read(body: &PutBody) -> Result<Bytes, ObjectError> {
    match body {
        PutBody::Bytes(bytes) => Ok(bytes.clone()),
        PutBody::File(path) => match std::fs::read(path) {
            Ok(bytes) => Ok(bytes.into()),
            Err(error) => Err(ObjectError::new(ObjectErrorKind::File).with_source(error)),
        },
        PutBody::Stream(stream) => {
            let pieces: Result<Vec<_>, _> = stream.open().try_collect().await;
            let bytes = pieces.map(|pieces| Bytes::from(pieces.concat()));
            bytes
                .and_then(|bytes| match bytes.len() as u64 == stream.length() {
                    true => Ok(bytes),
                    false => Err("the stream has another length than announced".into()),
                })
                .map_err(|error| ObjectError::new(ObjectErrorKind::Unavailable).with_source(error))
        }
        _ => Err(ObjectError::new(ObjectErrorKind::Rejected)),
    }
}

/// The part of a range that an object has.
fn clip(range: Option<Range<u64>>, size: u64) -> Result<Range<u64>, ObjectError> {
    match range {
        None => Ok(0..size),
        Some(range) if range.start < size && range.start < range.end => {
            Ok(range.start..range.end.min(size))
        }
        Some(_) => Err(ObjectError::new(ObjectErrorKind::Rejected)
            .with_source("the range begins behind the end of the object")),
    }
}

/// The body in pieces, with a turn before each, and with its fault.
fn body(bytes: Bytes, fault: Option<Fault>) -> ObjectBody {
    let len = bytes.len() as u64;
    let (end, breaks) = match fault {
        Some(Fault::BodyBreaksAfter(end)) if end < len => (end, true),
        Some(Fault::BodyEndsAfter(end)) => (end.min(len), false),
        _ => (len, false),
    };

    Box::pin(stream::unfold(Some(0), move |position: Option<u64>| {
        let bytes = bytes.clone();
        async move {
            let position = position?;
            take_turns().await;
            if position == end {
                let broken: Result<Bytes, _> = Err("connection reset by peer".into());
                return breaks.then_some((broken, None));
            }

            let next = end.min(position + PIECE);
            Some((
                Ok(bytes.slice(position as usize..next as usize)),
                Some(next),
            ))
        }
    }))
}

/// Lets the executor do something else.
async fn take_turns() {
    let mut has_waited = false;
    std::future::poll_fn(move |context| {
        if std::mem::replace(&mut has_waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
