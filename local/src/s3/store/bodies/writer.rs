//! Writes a body: first into memory, and into a file as soon as it is too long for that.

use std::io;
use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};

use super::blocking::blocking;
use super::new_file::NewFile;

/// How many bytes of a body are in memory before they are written to a file. Shorter bodies may
/// stay in memory.
const BLOCK_BYTES: usize = 1024 * 1024;

/// A body that is being written.
#[derive(Default)]
pub(super) struct BodyWriter {
    /// What is not in the file yet.
    block: BytesMut,
    file: Option<NewFile>,
}

impl BodyWriter {
    /// Whether so many bytes can be added before the block must be written.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.block.is_empty() || self.block.len() + bytes <= BLOCK_BYTES
    }

    pub(super) fn push(&mut self, chunk: &[u8]) {
        self.block.extend_from_slice(chunk);
    }

    /// Whether the whole body is in memory, and short.
    pub(super) fn is_in_memory(&self) -> bool {
        self.file.is_none() && self.block.len() <= BLOCK_BYTES
    }

    /// How many bytes are in memory.
    pub(super) fn len(&self) -> usize {
        self.block.len()
    }

    /// The bytes in memory.
    pub(super) fn into_memory(self) -> Bytes {
        self.block.freeze()
    }

    /// Writes the block to the file with this path.
    pub(super) async fn write_block(&mut self, path: io::Result<PathBuf>) -> io::Result<()> {
        let (mut block, file) = (std::mem::take(&mut self.block), self.file.take());
        let path = path?;

        // If this writer is dropped meanwhile, the file is dropped with the task's result.
        let written = blocking(move || {
            let mut file = open(file, path)?;
            file.write(&block)?;
            block.clear();
            Ok((block, file))
        });
        let (block, file) = written.await?;

        self.block = block;
        self.file = Some(file);

        Ok(())
    }

    /// Writes the last block. With a folder, the file's own one, the file is on disk then.
    pub(super) async fn into_file(self, path: PathBuf, synced: Option<&Path>) -> io::Result<()> {
        let synced = synced.map(Path::to_owned);
        blocking(move || {
            let mut file = open(self.file, path)?;
            file.write(&self.block)?;
            file.keep(synced.as_deref())
        })
        .await
    }
}

fn open(file: Option<NewFile>, path: PathBuf) -> io::Result<NewFile> {
    match file {
        Some(file) => Ok(file),
        None => NewFile::create(path),
    }
}
