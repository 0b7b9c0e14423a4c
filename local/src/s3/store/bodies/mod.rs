//! The bodies of objects: short ones in memory, others in the files of a folder.
//!
//! No body is ever in memory as a whole if it is longer than a block. Bodies that outlive the
//! process are always in files.

mod blocking;
mod folder;
mod new_file;
mod pins;
mod reading;
mod stored;
mod writer;

use std::collections::HashSet;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use self::folder::Folder;
use self::pins::Pins;
use self::reading::read_piece;
use self::stored::Piece;
use self::writer::BodyWriter;
use crate::s3::errors::storage_error;

pub(in crate::s3) use self::pins::Pin;
pub(crate) use self::stored::StoredBody;

/// Stores the bodies of objects.
#[derive(Debug)]
pub(crate) struct BodyStore {
    folder: Folder,
    next_file: AtomicU64,
    pins: Arc<Pins>,
    /// How many bytes are in memory.
    in_memory: AtomicU64,
    /// How many bytes may be in memory.
    max_memory: u64,
    /// The longest body of one request, in bytes.
    max_body: u64,
}

impl BodyStore {
    /// Keeps short bodies in memory, up to `max_memory` bytes together, and others in temporary
    /// files. None is longer than `max_body` bytes.
    pub(crate) fn temporary(max_memory: u64, max_body: u64) -> Self {
        Self {
            folder: Folder::temporary(),
            next_file: AtomicU64::new(0),
            pins: Arc::default(),
            in_memory: AtomicU64::new(0),
            max_memory,
            max_body,
        }
    }

    /// Keeps all bodies in this folder, and removes the files that are in none of these bodies.
    pub(crate) fn open<'b>(
        folder: PathBuf,
        bodies: impl Iterator<Item = &'b StoredBody>,
        is_synced: bool,
        max_body: u64,
    ) -> io::Result<Self> {
        let kept: HashSet<u64> = bodies.flat_map(StoredBody::files).collect();
        let (folder, next_file) = Folder::lasting(folder, &kept, is_synced)?;

        Ok(Self {
            folder,
            next_file: AtomicU64::new(next_file),
            pins: Arc::default(),
            in_memory: AtomicU64::new(0),
            max_memory: 0,
            max_body,
        })
    }

    /// Refuses a body of this length, if it is known, before any of it is received.
    pub(in crate::s3) fn check_length(&self, length: Option<usize>) -> S3Result<()> {
        match length {
            Some(length) if length as u64 > self.max_body => Err(self.too_large()),
            _ => Ok(()),
        }
    }

    /// Refuses to copy so many bytes in one request.
    pub(in crate::s3) fn check_copy_length(&self, length: u64) -> S3Result<()> {
        if length <= self.max_body {
            return Ok(());
        }

        Err(s3_error!(
            InvalidRequest,
            "The specified copy source is larger than the maximum allowable size for a copy \
             source: {}",
            self.max_body
        ))
    }

    fn too_large(&self) -> S3Error {
        s3_error!(
            EntityTooLarge,
            "Your proposed upload exceeds the maximum allowed size: {} bytes",
            self.max_body
        )
    }

    /// Writes a body. `seen` is called with each chunk.
    pub(in crate::s3) async fn write<E: Into<s3s::StdError>>(
        &self,
        mut body: impl Stream<Item = Result<Bytes, E>> + Unpin,
        mut seen: impl FnMut(&[u8]),
    ) -> S3Result<StoredBody> {
        let file = self.next_file.fetch_add(1, Ordering::Relaxed);
        let mut writer = BodyWriter::default();
        let mut length = 0;

        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| refusal(error.into()))?;
            length += chunk.len() as u64;
            if length > self.max_body {
                return Err(self.too_large());
            }

            seen(&chunk);
            if !writer.has_room(chunk.len()) {
                let written = writer.write_block(self.new_file(file)).await;
                written.map_err(storage_error)?;
            }
            writer.push(&chunk);
        }

        let memory = self.finish(writer, file).await.map_err(storage_error)?;
        let piece = Piece {
            length,
            file,
            memory,
        };

        Ok(StoredBody {
            pieces: vec![piece],
        })
    }

    /// Ends a body. Returns its bytes if they stay in memory.
    async fn finish(&self, writer: BodyWriter, file: u64) -> io::Result<Option<Bytes>> {
        let may_stay = self.folder.is_temporary() && writer.is_in_memory();
        if may_stay && self.reserve_memory(writer.len() as u64) {
            return Ok(Some(writer.into_memory()));
        }

        let path = self.new_file(file)?;
        writer.into_file(path, self.folder.synced()).await?;

        Ok(None)
    }

    fn reserve_memory(&self, bytes: u64) -> bool {
        let reserved = self
            .in_memory
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                Some(used + bytes).filter(|used| *used <= self.max_memory)
            });

        reserved.is_ok()
    }

    /// Copies a range of a body, which is pinned.
    pub(in crate::s3) async fn copy(
        &self,
        stored: &StoredBody,
        range: Range<u64>,
        pin: Pin,
        seen: impl FnMut(&[u8]),
    ) -> S3Result<StoredBody> {
        self.write(Box::pin(self.read(stored, range, pin)), seen)
            .await
    }

    /// Keeps the files of a body until the pin is dropped, even if the body is discarded.
    pub(in crate::s3) fn pin(&self, stored: &StoredBody) -> Pin {
        let files = stored.pieces.iter().filter(|piece| piece.memory.is_none());
        self.pins.pin(files.map(|piece| piece.file).collect())
    }

    /// Reads a range of a body, which is pinned.
    pub(in crate::s3) fn read(
        &self,
        stored: &StoredBody,
        range: Range<u64>,
        pin: Pin,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static {
        let mut start = 0;
        let mut reads = Vec::new();

        for piece in &stored.pieces {
            let end = start + piece.length;
            let (from, to) = (range.start.max(start), range.end.min(end));

            if from < to {
                reads.push((
                    self.folder.file(piece.file),
                    piece.memory.clone(),
                    from - start..to - start,
                ));
            }

            start = end;
        }

        stream::iter(reads)
            .map(|(path, memory, range)| read_piece(path, memory, range))
            .flatten()
            .inspect(move |_| {
                // The stream owns the pin.
                let _ = &pin;
            })
    }

    /// Removes a body, as soon as nobody reads it.
    pub(in crate::s3) fn discard(&self, stored: &StoredBody) {
        for piece in &stored.pieces {
            if piece.memory.is_some() {
                self.in_memory.fetch_sub(piece.length, Ordering::Relaxed);
            } else if let Some(path) = self.folder.file(piece.file) {
                self.pins.discard(piece.file, path);
            }
        }
    }

    /// The path of a new file.
    fn new_file(&self, number: u64) -> io::Result<PathBuf> {
        Ok(self.folder.path()?.join(number.to_string()))
    }
}

/// The error for a body that cannot be read: its own, if it has one.
fn refusal(error: s3s::StdError) -> S3Error {
    match error.downcast::<S3Error>() {
        Ok(error) => *error,
        Err(error) => S3Error::with_source(S3ErrorCode::IncompleteBody, error),
    }
}
