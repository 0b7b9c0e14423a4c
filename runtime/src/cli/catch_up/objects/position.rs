//! Where a source goes on.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A place in a source: everything before it is settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::cli) enum Position {
    /// Nothing is settled.
    Start,
    /// After this key of a listing.
    After(String),
    /// Within the versions of a key.
    Version {
        /// The key before it in the listing. `None` if it is the first one.
        after: Option<String>,
        key: String,
        /// The versions of the key that are settled, oldest first, end with this one.
        through: String,
    },
    /// After this line of a file, counted from 1.
    Line(u64),
    /// After this row, counted from 1, of a file of an inventory, counted from 0.
    Row { file: usize, row: u64 },
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("at the beginning"),
            Self::After(key) => write!(f, "after the key {key:?}"),
            Self::Version { key, through, .. } => {
                write!(f, "after the version {through:?} of the key {key:?}")
            }
            Self::Line(line) => write!(f, "after line {line}"),
            Self::Row { file, row } => write!(f, "after row {row} of file {}", file + 1),
        }
    }
}
