//! The bytes of objects, in memory or in a folder.

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

/// The longest body of one request, unless another is asked for.
const MAX_BODY_BYTES: u64 = 1024 * 1024 * 1024;

/// How much is kept in memory, before more is refused.
const MAX_MEMORY_BYTES: u64 = 1024 * 1024 * 1024;

const READ_BYTES: usize = 256 * 1024;

/// Where the bytes of objects are.
#[derive(Debug)]
pub(crate) struct BodyStore {
    /// Where files are; without it all is in memory.
    folder: Option<PathBuf>,
    next_file: AtomicU64,
    in_memory: AtomicU64,
    max_body: u64,
}

/// The bytes of an object or of a part of one: pieces, one after the other.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Content {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Piece {
    length: u64,
    /// The file's name.
    file: u64,
    /// The bytes themselves, of a piece without a file.
    #[serde(skip)]
    memory: Option<Bytes>,
}

enum Writer {
    Memory(BytesMut),
    File(File),
}

impl Content {
    /// In bytes.
    pub(crate) fn len(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.length).sum()
    }

    /// Whether they have bytes in common.
    pub(crate) fn shares(&self, files: &HashSet<u64>) -> bool {
        self.pieces.iter().any(|piece| files.contains(&piece.file))
    }

    /// The files that it is in.
    pub(crate) fn files(&self) -> impl Iterator<Item = u64> {
        self.pieces.iter().map(|piece| piece.file)
    }

    /// One behind the other.
    pub(crate) fn concat(parts: impl IntoIterator<Item = Content>) -> Self {
        Self {
            pieces: parts.into_iter().flat_map(|part| part.pieces).collect(),
        }
    }
}

impl BodyStore {
    /// Keeps all in memory.
    pub(crate) fn in_memory() -> Self {
        Self {
            folder: None,
            next_file: AtomicU64::new(0),
            in_memory: AtomicU64::new(0),
            max_body: MAX_BODY_BYTES,
        }
    }

    /// Keeps all in this folder, and removes from it what is not among these contents.
    pub(crate) fn open<'c>(
        folder: PathBuf,
        contents: impl Iterator<Item = &'c Content>,
    ) -> io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let kept: HashSet<u64> = contents.flat_map(Content::files).collect();
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
            next_file: AtomicU64::new(next_file),
            in_memory: AtomicU64::new(0),
            max_body: MAX_BODY_BYTES,
        })
    }

    /// Takes bodies of so many bytes at most.
    pub(crate) fn limit(&mut self, bytes: u64) {
        self.max_body = bytes;
    }

    /// Writes a body, and shows each chunk of it.
    pub(crate) async fn write<E: Into<s3s::StdError>>(
        &self,
        mut body: impl Stream<Item = Result<Bytes, E>> + Unpin,
        mut seen: impl FnMut(&[u8]),
    ) -> S3Result<Content> {
        let file = self.next_file.fetch_add(1, Ordering::Relaxed);
        let mut piece = Piece {
            length: 0,
            file,
            memory: None,
        };

        let mut writer = self.writer(file).await?;

        let written = async {
            while let Some(chunk) = body.next().await {
                let chunk = chunk.map_err(|error| {
                    S3Error::with_source(S3ErrorCode::IncompleteBody, error.into())
                })?;
                piece.length += chunk.len() as u64;

                if piece.length > self.max_body {
                    return Err(s3_error!(
                        EntityTooLarge,
                        "a body has at most {} bytes here",
                        self.max_body
                    ));
                }

                seen(&chunk);
                match &mut writer {
                    Writer::File(file) => file.write_all(&chunk).await.map_err(storage_error)?,
                    Writer::Memory(bytes) => {
                        let used = self
                            .in_memory
                            .fetch_add(chunk.len() as u64, Ordering::Relaxed);
                        bytes.extend_from_slice(&chunk);

                        if used + chunk.len() as u64 > MAX_MEMORY_BYTES {
                            return Err(s3_error!(
                                EntityTooLarge,
                                "memory holds {MAX_MEMORY_BYTES} bytes: see `--data`"
                            ));
                        }
                    }
                }
            }

            if let Writer::File(file) = &mut writer {
                file.flush().await.map_err(storage_error)?;
            }

            Ok(())
        };

        let written = written.await;

        if let Writer::Memory(bytes) = writer {
            piece.memory = Some(bytes.freeze());
        }

        let content = Content {
            pieces: vec![piece],
        };
        written.inspect_err(|_| self.discard(&content))?;

        Ok(content)
    }

    /// A copy of some bytes of it.
    pub(crate) async fn copy(
        &self,
        content: &Content,
        range: Range<u64>,
        seen: impl FnMut(&[u8]),
    ) -> S3Result<Content> {
        self.write(Box::pin(self.read(content, range)), seen).await
    }

    /// Some bytes of it.
    pub(crate) fn read(
        &self,
        content: &Content,
        range: Range<u64>,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static {
        let mut start = 0;
        let mut reads = Vec::new();

        for piece in &content.pieces {
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

    /// Forgets it.
    pub(crate) fn discard(&self, content: &Content) {
        for piece in &content.pieces {
            if piece.memory.is_some() {
                self.in_memory.fetch_sub(piece.length, Ordering::Relaxed);
            } else if let Some(path) = self.path(piece.file) {
                // A file that is left over is removed at the next start.
                drop(std::fs::remove_file(path));
            }
        }
    }

    async fn writer(&self, file: u64) -> S3Result<Writer> {
        match self.path(file) {
            Some(path) => File::create(path)
                .await
                .map(Writer::File)
                .map_err(storage_error),
            None => Ok(Writer::Memory(BytesMut::new())),
        }
    }

    fn path(&self, file: u64) -> Option<PathBuf> {
        self.folder
            .as_ref()
            .map(|folder| folder.join(file.to_string()))
    }
}

/// What a client is told when something cannot be written.
pub(crate) fn storage_error(error: io::Error) -> S3Error {
    let mut answer = S3Error::with_message(
        S3ErrorCode::InternalError,
        format!("the object cannot be stored: {error}"),
    );
    if error.kind() == io::ErrorKind::StorageFull {
        answer.set_status_code(http::StatusCode::INSUFFICIENT_STORAGE);
    }

    answer
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
                // Fits, since the piece is in memory.
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
