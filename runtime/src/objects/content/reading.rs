//! Reads the body of an object to its end, also when the connection breaks.

use std::error::Error as StdError;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;

use crate::objects::body::ObjectBody;
use crate::objects::error::{ObjectError, ObjectErrorKind};
use crate::objects::objects::Objects;
use crate::objects::store::{ObjectHead, OpenedObject, ReadRequest};

/// How many times a read is resumed while it makes no progress.
const MAX_INTERRUPTIONS: u32 = 5;

/// How many bytes are progress, after which interruptions are counted anew.
const PROGRESS: u64 = 1024 * 1024;

/// The wait before the first resumption. Each further one doubles it.
const FIRST_WAIT: Duration = Duration::from_millis(50);

/// A body on its way, which is opened again from where it broke off.
pub(in crate::objects) struct Reading {
    objects: Objects,
    /// With the entity tag and the version of what was opened first.
    request: ReadRequest,
    body: Option<ObjectBody>,
    /// The size of the whole object.
    size: u64,
    /// The next byte, and the byte behind the last.
    position: u64,
    end: u64,
    interruptions: u32,
    /// The bytes since the last interruption.
    progress: u64,
}

impl Reading {
    /// Opens the body.
    ///
    /// From here on, only the content that was opened is read.
    pub(in crate::objects) async fn open(
        objects: &Objects,
        mut request: ReadRequest,
    ) -> Result<(ObjectHead, Self), ObjectError> {
        let OpenedObject { head, range, body } = objects.get(&request).await?;
        let begins = request.range.as_ref().map_or(0, |range| range.start);
        if range.start != begins || range.end > head.size || range.end < range.start {
            let found = format!("the service sent bytes {range:?} of {}", head.size);
            return Err(unavailable(&request, found));
        }

        if request.e_tag.is_some() && head.e_tag.is_some() && request.e_tag != head.e_tag {
            return Err(superseded(&request));
        }

        request.e_tag = request.e_tag.or_else(|| head.e_tag.clone());
        request.version_id = request.version_id.or_else(|| head.version_id.clone());
        let reading = Self {
            objects: objects.clone(),
            request,
            body: Some(body),
            size: head.size,
            position: range.start,
            end: range.end,
            interruptions: 0,
            progress: 0,
        };

        Ok((head, reading))
    }

    /// How many bytes are still to come.
    pub(in crate::objects) fn remaining(&self) -> u64 {
        self.end - self.position
    }

    /// The next piece, never empty. `None` once all bytes have come.
    pub(in crate::objects) async fn next(&mut self) -> Result<Option<Bytes>, ObjectError> {
        loop {
            let Some(body) = &mut self.body else {
                if self.remaining() == 0 {
                    return Ok(None);
                }
                self.resume().await?;
                continue;
            };

            match body.next().await {
                Some(Ok(piece)) if piece.is_empty() => {}
                Some(Ok(piece)) => return self.accept(piece).map(Some),
                None if self.remaining() == 0 => self.body = None,
                None => {
                    self.interrupted("the body ended early".into(), None)
                        .await?
                }
                // The service may find at the end that a checksum does not match.
                Some(Err(error)) if self.remaining() == 0 => {
                    return Err(unavailable(&self.request, error));
                }
                Some(Err(error)) => self.interrupted(error, None).await?,
            }
        }
    }

    fn accept(&mut self, piece: Bytes) -> Result<Bytes, ObjectError> {
        let len = piece.len() as u64;
        if len > self.remaining() {
            let error = "the body is longer than the service announced";
            return Err(unavailable(&self.request, error));
        }

        self.position += len;
        self.progress += len;
        Ok(piece)
    }

    /// Waits before the next attempt, unless there were too many.
    async fn interrupted(
        &mut self,
        error: Box<dyn StdError + Send + Sync>,
        asked: Option<Duration>,
    ) -> Result<(), ObjectError> {
        self.body = None;
        if self.progress >= PROGRESS {
            self.interruptions = 0;
        }

        self.progress = 0;
        self.interruptions += 1;
        if self.interruptions > MAX_INTERRUPTIONS {
            let read = format!(
                "reading broke off at byte {} of {}",
                self.position, self.end
            );
            return Err(unavailable(&self.request, error).with_detail(read));
        }

        let wait = FIRST_WAIT * 2_u32.pow(self.interruptions - 1);
        tokio::time::sleep(wait.max(asked.unwrap_or_default())).await;
        Ok(())
    }

    /// Opens the rest of the same content.
    async fn resume(&mut self) -> Result<(), ObjectError> {
        let mut request = self.request.clone();
        request.range = Some(self.position..self.end);

        let opened = match self.objects.get(&request).await {
            Ok(opened) => opened,
            Err(error) if error.kind().is_transient() => {
                let asked = error.retry_after();
                return self.interrupted(error.into(), asked).await;
            }
            Err(error) => return Err(error),
        };

        let is_another = opened.head.e_tag.is_some() && opened.head.e_tag != request.e_tag;
        if is_another || opened.head.size != self.size {
            return Err(superseded(&request));
        }

        if opened.range != (self.position..self.end) {
            let found = format!("the service sent bytes {:?}", opened.range);
            return self.interrupted(found.into(), None).await;
        }

        self.body = Some(opened.body);
        Ok(())
    }
}

fn unavailable(
    request: &ReadRequest,
    source: impl Into<Box<dyn StdError + Send + Sync>>,
) -> ObjectError {
    ObjectError::new(ObjectErrorKind::Unavailable)
        .with_source(source)
        .about(&request.bucket, &request.key)
}

fn superseded(request: &ReadRequest) -> ObjectError {
    ObjectError::new(ObjectErrorKind::Superseded).about(&request.bucket, &request.key)
}
