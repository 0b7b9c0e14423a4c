//! Reads a piece of a body, block by block.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, stream};

use super::blocking::blocking;

/// How many bytes of a file are read at once.
const READ_BYTES: u64 = 256 * 1024;

/// Reads this range of a piece, which is in memory or in a file.
pub(super) fn read_piece(
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

            let end = range.end.min(range.start + READ_BYTES);
            let block = range.start..end;
            let (file, bytes) = blocking(move || read_block(file, path, block)).await?;

            Ok(Some((bytes, (Some(file), end..range.end))))
        }
    })
}

/// Reads a block of a file, which follows the last one if the file is open.
fn read_block(
    file: Option<File>,
    path: Option<PathBuf>,
    block: Range<u64>,
) -> io::Result<(File, Bytes)> {
    let mut file = match (file, path) {
        (Some(file), _) => file,
        (None, Some(path)) => {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(block.start))?;
            file
        }
        (None, None) => return Err(io::ErrorKind::NotFound.into()),
    };

    let mut bytes = BytesMut::zeroed((block.end - block.start) as usize);
    file.read_exact(&mut bytes)?;

    Ok((file, bytes.freeze()))
}
