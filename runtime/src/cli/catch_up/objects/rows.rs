//! The rows of a CSV file of objects: a data file of an inventory, or a manifest of a batch job.

use std::io::Read;

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use csv::{ReaderBuilder, StringRecord};

use super::error::OriginError;
use super::found::{Found, decoded};
use super::position::Position;
use super::reading::{End, Sink};

/// What a column of a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Bucket,
    Key,
    VersionId,
    IsLatest,
    IsDeleteMarker,
    Size,
    LastModified,
    ETag,
    /// It says nothing that a notification has.
    Other,
}

/// The rows of one file.
pub(super) struct Rows<'r> {
    /// As errors name it.
    pub(super) file: &'r str,
    pub(super) columns: &'r [Column],
    /// How many columns at the end may be missing.
    pub(super) optional: usize,
    /// What the column of the bucket must say.
    pub(super) bucket: &'r str,
    /// How many rows are settled.
    pub(super) settled: u64,
}

impl Column {
    /// The column with this name in the schema of an inventory ("Amazon S3 Inventory list", Amazon
    /// S3 User Guide, 2026).
    pub(super) fn named(name: &str) -> Self {
        match name {
            "Bucket" => Self::Bucket,
            "Key" => Self::Key,
            "VersionId" => Self::VersionId,
            "IsLatest" => Self::IsLatest,
            "IsDeleteMarker" => Self::IsDeleteMarker,
            "Size" => Self::Size,
            "LastModifiedDate" => Self::LastModified,
            "ETag" => Self::ETag,
            _ => Self::Other,
        }
    }
}

impl Rows<'_> {
    /// Reads all rows behind the settled ones.
    pub(super) fn read(
        &self,
        input: impl Read,
        position: impl Fn(u64) -> Position,
        sink: &mut Sink,
    ) -> Result<(), End> {
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(input);
        let mut record = StringRecord::new();

        for row in 1.. {
            let read = reader.read_record(&mut record);
            let more = read.map_err(|error| self.mistake(row, "cannot be read").with_source(error));
            if !more? {
                break;
            }
            if row > self.settled {
                sink.push(self.found(&record, row, position(row))?)?;
            }
        }

        Ok(())
    }

    fn found(
        &self,
        record: &StringRecord,
        row: u64,
        position: Position,
    ) -> Result<Found, OriginError> {
        let (given, known) = (record.len(), self.columns.len());
        if given > known || given + self.optional < known {
            let text = format!("has {given} columns, and should have {known}");
            return Err(self.mistake(row, &text));
        }

        let mut found = Found::of_key(String::new(), position);
        let mut version_id = "";

        for (column, text) in self.columns.iter().zip(record) {
            match column {
                Column::Bucket if text != self.bucket => {
                    let text = format!("is of the bucket `{text}`, not `{}`", self.bucket);
                    return Err(self.mistake(row, &text));
                }
                Column::Bucket | Column::Other => {}
                Column::Key => found.key = decoded(text),
                Column::VersionId => version_id = text,
                Column::IsLatest => found.is_latest = self.truth(row, "IsLatest", text)?,
                Column::IsDeleteMarker => {
                    found.is_delete_marker = self.truth(row, "IsDeleteMarker", text)?;
                }
                Column::Size => found.size = self.size(row, text)?,
                Column::LastModified => found.last_modified = self.time(row, text)?,
                Column::ETag => {
                    let e_tag = text.trim_matches('"');
                    found.e_tag = (!e_tag.is_empty()).then(|| e_tag.to_owned());
                }
            }
        }

        if found.key.is_empty() {
            return Err(self.mistake(row, "has no key"));
        }
        found.set_version_id(Some(version_id));

        Ok(found)
    }

    fn truth(&self, row: u64, column: &str, text: &str) -> Result<bool, OriginError> {
        match text {
            _ if text.eq_ignore_ascii_case("true") => Ok(true),
            _ if text.eq_ignore_ascii_case("false") => Ok(false),
            _ => Err(self.not(row, column, text, "`true` or `false`")),
        }
    }

    /// A delete marker has none.
    fn size(&self, row: u64, text: &str) -> Result<Option<u64>, OriginError> {
        if text.is_empty() {
            return Ok(None);
        }

        let size = text.parse();
        size.map(Some)
            .map_err(|_| self.not(row, "Size", text, "a number of bytes"))
    }

    fn time(&self, row: u64, text: &str) -> Result<Option<DateTime>, OriginError> {
        if text.is_empty() {
            return Ok(None);
        }

        let time = DateTime::from_str(text, DateTimeFormat::DateTime);
        time.map(Some).map_err(|error| {
            self.not(
                row,
                "LastModifiedDate",
                text,
                "a time such as 2026-04-07T14:30:00.000Z",
            )
            .with_source(error)
        })
    }

    fn not(&self, row: u64, column: &str, text: &str, right: &str) -> OriginError {
        self.mistake(
            row,
            &format!("has the {column} {text:?}, which is not {right}"),
        )
    }

    fn mistake(&self, row: u64, text: &str) -> OriginError {
        OriginError::new(format!("row {row} of `{}` {text}", self.file))
    }
}
