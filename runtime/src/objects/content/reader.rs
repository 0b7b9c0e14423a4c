//! The body of an object as a stream, as a reader, and line by line.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt};
use s3_dispatch_core::{BucketName, ObjectKey};
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

use crate::objects::content::reading::Reading;
use crate::objects::error::{ObjectError, ObjectErrorKind};

/// The body of an object, in pieces of the size in which they arrive.
///
/// It ends only after the last byte. After an error, [`chunk`](Self::chunk) fails again, so that a
/// part never looks like the whole. As a [`Stream`] it ends, as streams do.
pub struct ObjectStream {
    pieces: BoxStream<'static, Result<Bytes, ObjectError>>,
    /// What each further read fails with.
    failure: Option<ObjectError>,
}

impl ObjectStream {
    pub(in crate::objects) fn new(reading: Reading) -> Self {
        let pieces = stream::try_unfold(reading, |mut reading| async move {
            let piece = reading.next().await?;
            Ok(piece.map(|piece| (piece, reading)))
        });

        Self {
            pieces: pieces.boxed(),
            failure: None,
        }
    }

    /// The next piece, for programs that do not use the traits of the crate `futures`. `None` after
    /// the last byte.
    ///
    /// # Errors
    ///
    /// `Unavailable` if the body broke off too often; `Gone` and `Superseded` if it broke off, and
    /// the content that it began with is not there any more.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, ObjectError> {
        match self.next().await {
            None => self.check().map(|()| None),
            piece => piece.transpose(),
        }
    }

    /// Fails if reading has failed before.
    fn check(&self) -> Result<(), ObjectError> {
        match &self.failure {
            None => Ok(()),
            Some(failure) => Err(failure.again()),
        }
    }
}

impl Stream for ObjectStream {
    type Item = Result<Bytes, ObjectError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let piece = ready!(self.pieces.as_mut().poll_next(context));
        if let Some(Err(error)) = &piece {
            self.failure = Some(error.again());
        }

        Poll::Ready(piece)
    }
}

impl fmt::Debug for ObjectStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectStream").finish_non_exhaustive()
    }
}

/// The body of an object as an [`AsyncRead`] and [`AsyncBufRead`].
///
/// An [`io::Error`] that it returns has the [`ObjectError`] inside. After one, each further read
/// fails.
#[derive(Debug)]
pub struct ObjectReader {
    stream: ObjectStream,
    piece: Bytes,
}

impl ObjectReader {
    pub(in crate::objects) fn new(stream: ObjectStream) -> Self {
        Self {
            stream,
            piece: Bytes::new(),
        }
    }
}

impl AsyncBufRead for ObjectReader {
    fn poll_fill_buf(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        if this.piece.is_empty() {
            match ready!(Pin::new(&mut this.stream).poll_next(context)) {
                Some(Ok(piece)) => this.piece = piece,
                Some(Err(error)) => return Poll::Ready(Err(io::Error::other(error))),
                None => this.stream.check().map_err(io::Error::other)?,
            }
        }

        Poll::Ready(Ok(&this.piece))
    }

    fn consume(mut self: Pin<&mut Self>, amount: usize) {
        self.piece.advance(amount);
    }
}

impl AsyncRead for ObjectReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let piece = ready!(self.as_mut().poll_fill_buf(context))?;
        let amount = piece.len().min(buffer.remaining());

        buffer.put_slice(&piece[..amount]);
        self.consume(amount);
        Poll::Ready(Ok(()))
    }
}

/// The lines of an object, one after another.
#[derive(Debug)]
pub struct ObjectLines {
    stream: ObjectStream,
    object: (BucketName, ObjectKey),
    buffer: BytesMut,
    /// How many bytes of the buffer have no line feed.
    searched: usize,
    has_ended: bool,
}

impl ObjectLines {
    pub(in crate::objects) fn new(stream: ObjectStream, object: (BucketName, ObjectKey)) -> Self {
        Self {
            stream,
            object,
            buffer: BytesMut::new(),
            searched: 0,
            has_ended: false,
        }
    }

    /// The next line, without `\n` or `\r\n` at its end. `None` after the last line.
    ///
    /// A line is held in memory as a whole.
    ///
    /// # Errors
    ///
    /// `Content` if the line is not UTF-8, and then the next call returns the next line. Those of
    /// [`ObjectStream::chunk`], and then each further call fails. The last line is returned only if
    /// the object ends there.
    pub async fn next_line(&mut self) -> Result<Option<String>, ObjectError> {
        loop {
            let unsearched = &self.buffer[self.searched..];
            if let Some(place) = unsearched.iter().position(|byte| *byte == b'\n') {
                let mut line = self.buffer.split_to(self.searched + place + 1);
                self.searched = 0;
                line.truncate(line.len() - 1);
                return self.text(&line).map(Some);
            }

            self.searched = self.buffer.len();
            if self.has_ended {
                let line = self.buffer.split();
                self.searched = 0;
                return if line.is_empty() {
                    Ok(None)
                } else {
                    self.text(&line).map(Some)
                };
            }

            match self.stream.chunk().await? {
                Some(piece) => self.buffer.extend_from_slice(&piece),
                None => self.has_ended = true,
            }
        }
    }

    fn text(&self, line: &[u8]) -> Result<String, ObjectError> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = std::str::from_utf8(line);

        text.map(str::to_owned)
            .map_err(|error| not_utf8(error).about(&self.object.0, &self.object.1))
    }
}

pub(in crate::objects) fn not_utf8(error: std::str::Utf8Error) -> ObjectError {
    ObjectError::new(ObjectErrorKind::Content)
        .with_detail("the content is not UTF-8")
        .with_source(error)
}
