//! The bodies of objects, in memory or in a folder.

use std::collections::HashSet;
use std::io::{self, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};
use serde::{Deserialize, Serialize};
use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use crate::s3::errors::storage_error;

/// How many bytes are kept in memory before more are rejected.
const MAX_MEMORY_BYTES: u64 = 1024 * 1024 * 1024;

/// How many bytes of a file are read at once.
const READ_BYTES: usize = 256 * 1024;

/// Stores the bodies of objects.
#[derive(Debug)]
pub(crate) struct BodyStore {
    /// The folder of the files. Without it everything is in memory.
    folder: Option<PathBuf>,
    /// Whether a body is on disk, and not only handed to the system, before it is used.
    is_synced: bool,
    next_file: AtomicU64,
    in_memory: AtomicU64,
    max_body: u64,
}

/// The body of an object or of a part: pieces, one after another.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct StoredBody {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Piece {
    length: u64,
    /// The number that is the name of the file.
    file: u64,
    /// The bytes, if there is no file.
    #[serde(skip)]
    memory: Option<Bytes>,
}

/// Where a body is written to.
enum BodyWriter {
    Memory(BytesMut),
    File(File),
}

impl StoredBody {
    /// The length in bytes.
    pub(in crate::s3) fn len(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.length).sum()
    }

    /// The lengths of the pieces in bytes. An object that was uploaded in parts has one for each.
    pub(in crate::s3) fn pieces(&self) -> impl ExactSizeIterator<Item = u64> {
        self.pieces.iter().map(|piece| piece.length)
    }

    /// The body without what is in these files.
    pub(super) fn without(mut self, files: &HashSet<u64>) -> Self {
        self.pieces.retain(|piece| !files.contains(&piece.file));
        self
    }

    /// The files that contain the body.
    pub(super) fn files(&self) -> impl Iterator<Item = u64> {
        self.pieces.iter().map(|piece| piece.file)
    }

    /// A body that consists of these, one after another.
    pub(super) fn concat(parts: impl IntoIterator<Item = Self>) -> Self {
        Self {
            pieces: parts.into_iter().flat_map(|part| part.pieces).collect(),
        }
    }
}

impl BodyStore {
    /// Keeps all bodies in memory. None is longer than `max_body` bytes.
    pub(crate) fn in_memory(max_body: u64) -> Self {
        Self {
            folder: None,
            is_synced: false,
            next_file: AtomicU64::new(0),
            in_memory: AtomicU64::new(0),
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
        std::fs::create_dir_all(&folder)?;
        let kept: HashSet<u64> = bodies.flat_map(StoredBody::files).collect();
        let mut next_file = 0;

        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let file = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse::<u64>().ok());

            match file {
                Some(file) if kept.contains(&file) => next_file = next_file.max(file + 1),
                Some(_) => std::fs::remove_file(entry.path())?,
                None => {}
            }
        }

        Ok(Self {
            folder: Some(folder),
            is_synced,
            next_file: AtomicU64::new(next_file),
            in_memory: AtomicU64::new(0),
            max_body,
        })
    }

    /// Writes a body. `seen` is called with each chunk.
    pub(in crate::s3) async fn write<E: Into<s3s::StdError>>(
        &self,
        body: impl Stream<Item = Result<Bytes, E>> + Unpin,
        seen: impl FnMut(&[u8]),
    ) -> S3Result<StoredBody> {
        let file = self.next_file.fetch_add(1, Ordering::Relaxed);
        let mut piece = Piece {
            length: 0,
            file,
            memory: None,
        };

        let mut writer = self.writer(file).await?;
        let written = self
            .write_chunks(body, seen, &mut writer, &mut piece.length)
            .await;

        if let BodyWriter::Memory(bytes) = writer {
            piece.memory = Some(bytes.freeze());
        }

        let stored = StoredBody {
            pieces: vec![piece],
        };
        written.inspect_err(|_| self.discard(&stored))?;

        Ok(stored)
    }

    async fn write_chunks<E: Into<s3s::StdError>>(
        &self,
        mut body: impl Stream<Item = Result<Bytes, E>> + Unpin,
        mut seen: impl FnMut(&[u8]),
        writer: &mut BodyWriter,
        length: &mut u64,
    ) -> S3Result<()> {
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| refusal(error.into()))?;
            *length += chunk.len() as u64;

            if *length > self.max_body {
                return Err(s3_error!(
                    EntityTooLarge,
                    "the body is longer than {} bytes",
                    self.max_body
                ));
            }

            seen(&chunk);
            match writer {
                BodyWriter::File(file) => file.write_all(&chunk).await.map_err(storage_error)?,
                BodyWriter::Memory(bytes) => {
                    bytes.extend_from_slice(&chunk);
                    self.count_memory(chunk.len() as u64)?;
                }
            }
        }

        if let BodyWriter::File(file) = writer {
            file.flush().await.map_err(storage_error)?;
            self.sync(file).await.map_err(storage_error)?;
        }

        Ok(())
    }

    /// Waits until a new file is on disk, with its name in the folder.
    async fn sync(&self, file: &File) -> io::Result<()> {
        let Some(folder) = self.folder.as_ref().filter(|_| self.is_synced) else {
            return Ok(());
        };

        file.sync_all().await?;
        File::open(folder).await?.sync_all().await
    }

    fn count_memory(&self, bytes: u64) -> S3Result<()> {
        let used = self.in_memory.fetch_add(bytes, Ordering::Relaxed);
        if used + bytes > MAX_MEMORY_BYTES {
            return Err(s3_error!(
                EntityTooLarge,
                "the objects would exceed {MAX_MEMORY_BYTES} bytes of memory; use `--data`"
            ));
        }

        Ok(())
    }

    /// Copies a range of a body.
    pub(in crate::s3) async fn copy(
        &self,
        stored: &StoredBody,
        range: Range<u64>,
        seen: impl FnMut(&[u8]),
    ) -> S3Result<StoredBody> {
        self.write(Box::pin(self.read(stored, range)), seen).await
    }

    /// Reads a range of a body.
    pub(in crate::s3) fn read(
        &self,
        stored: &StoredBody,
        range: Range<u64>,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static {
        let mut start = 0;
        let mut reads = Vec::new();

        for piece in &stored.pieces {
            let end = start + piece.length;
            let (from, to) = (range.start.max(start), range.end.min(end));

            if from < to {
                reads.push((
                    self.path(piece.file),
                    piece.memory.clone(),
                    from - start..to - start,
                ));
            }

            start = end;
        }

        stream::iter(reads)
            .map(|(path, memory, range)| read_piece(path, memory, range))
            .flatten()
    }

    /// Removes a body.
    pub(in crate::s3) fn discard(&self, stored: &StoredBody) {
        for piece in &stored.pieces {
            if piece.memory.is_some() {
                self.in_memory.fetch_sub(piece.length, Ordering::Relaxed);
            } else if let Some(path) = self.path(piece.file) {
                // If this fails, the file is removed at the next start.
                drop(std::fs::remove_file(path));
            }
        }
    }

    async fn writer(&self, file: u64) -> S3Result<BodyWriter> {
        match self.path(file) {
            Some(path) => File::create(path)
                .await
                .map(BodyWriter::File)
                .map_err(storage_error),
            None => Ok(BodyWriter::Memory(BytesMut::new())),
        }
    }

    fn path(&self, file: u64) -> Option<PathBuf> {
        self.folder
            .as_ref()
            .map(|folder| folder.join(file.to_string()))
    }
}

/// The error for a body that cannot be read: its own, if it has one.
fn refusal(error: s3s::StdError) -> S3Error {
    match error.downcast::<S3Error>() {
        Ok(error) => *error,
        Err(error) => S3Error::with_source(S3ErrorCode::IncompleteBody, error),
    }
}

fn read_piece(
    path: Option<PathBuf>,
    memory: Option<Bytes>,
    range: Range<u64>,
) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static {
    stream::try_unfold((None, range), move |(file, range)| {
        let (path, memory) = (path.clone(), memory.clone());
        async move {
            if range.is_empty() {
                return Ok(None);
            }

            if let Some(memory) = memory {
                // The piece is in memory, so its length is a `usize`.
                let bytes = memory.slice(range.start as usize..range.end as usize);
                return Ok(Some((bytes, (None, range.end..range.end))));
            }

            let mut file = match (file, path) {
                (Some(file), _) => file,
                (None, Some(path)) => {
                    let mut file = fs::File::open(path).await?;
                    file.seek(SeekFrom::Start(range.start)).await?;
                    file
                }
                (None, None) => return Err(io::ErrorKind::NotFound.into()),
            };

            let mut bytes =
                BytesMut::with_capacity(READ_BYTES.min((range.end - range.start) as usize));

            if file.read_buf(&mut bytes).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }

            bytes.truncate((range.end - range.start) as usize);
            let left = range.start + bytes.len() as u64..range.end;

            Ok(Some((bytes.freeze(), (Some(file), left))))
        }
    })
}
