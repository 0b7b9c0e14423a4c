//! The body of an object or of a part.

use std::collections::HashSet;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// The body of an object or of a part: pieces, one after another.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct StoredBody {
    pub(super) pieces: Vec<Piece>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Piece {
    /// The length in bytes.
    pub(super) length: u64,
    /// The number that is the name of the file.
    pub(super) file: u64,
    /// The bytes, if there is no file.
    #[serde(skip)]
    pub(super) memory: Option<Bytes>,
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
    pub(in crate::s3::store) fn without(mut self, files: &HashSet<u64>) -> Self {
        self.pieces.retain(|piece| !files.contains(&piece.file));
        self
    }

    /// The files that contain the body.
    pub(in crate::s3::store) fn files(&self) -> impl Iterator<Item = u64> {
        self.pieces.iter().map(|piece| piece.file)
    }

    /// A body that consists of these, one after another.
    pub(in crate::s3::store) fn concat(parts: impl IntoIterator<Item = Self>) -> Self {
        Self {
            pieces: parts.into_iter().flat_map(|part| part.pieces).collect(),
        }
    }
}
