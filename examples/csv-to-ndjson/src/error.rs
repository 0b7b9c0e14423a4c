//! What can be wrong with a CSV file.

use std::io;

use s3_dispatch::{Class, Classify};

/// The reason why a CSV file was not converted.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// The content is not what it should be. A retry does not help.
    #[error("line {line}: {mistake}")]
    Broken {
        /// The line on which the record begins, counted from 1. A record may have several lines.
        line: u64,
        /// What is wrong there.
        mistake: Mistake,
    },
    /// The result cannot be written, for example because the disk is full. A retry may help.
    #[error("the result cannot be written")]
    Unwritable(#[from] io::Error),
}

/// What is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// There is no header row.
    #[error("the header row is missing")]
    NoHeader,
    /// Two columns have the same name, so a JSON object would lose one of them.
    #[error("two columns are called `{0}`")]
    SameColumn(String),
    /// The name of a column is too long to be repeated in each object.
    #[error("the name of a column has more than {0} bytes as JSON")]
    LongName(usize),
    /// The record has more or fewer fields than the header.
    #[error("the record has {fields} fields, but the header has {columns}")]
    Fields {
        /// The number of fields in the record.
        fields: usize,
        /// The number of columns.
        columns: usize,
    },
    /// A field is not UTF-8.
    #[error("the record is not UTF-8")]
    NotUtf8,
    /// The record does not fit into the memory that is set aside for it.
    #[error("the record has more than {0} bytes, perhaps a quote is not closed")]
    TooLong(usize),
    /// The record has more fields than there is room for.
    #[error("the record has more than {0} fields")]
    TooManyFields(usize),
    /// The file ends within quotes.
    #[error("a quote is not closed")]
    OpenQuote,
}

impl Classify for ConvertError {
    fn class(&self) -> Class {
        match self {
            Self::Broken { .. } => Class::Permanent,
            Self::Unwritable(_) => Class::Retry,
        }
    }
}
