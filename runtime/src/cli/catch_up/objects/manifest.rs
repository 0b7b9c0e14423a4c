//! A manifest of a batch job: rows of `bucket,key` or `bucket,key,version`.

use super::error::OriginError;
use super::found::Found;
use super::keys::{open_list, unreadable};
use super::position::Position;
use super::reading::Reading;
use super::rows::{Column, Rows};

/// Reads a manifest in the form `S3BatchOperations_CSV_20180820`, with keys that are encoded
/// ("Specifying a manifest", Amazon S3 User Guide, 2026).
pub(in crate::cli) struct JobManifest(Reading);

const COLUMNS: [Column; 3] = [Column::Bucket, Column::Key, Column::VersionId];

impl JobManifest {
    /// Opens a file, or standard input for `-`, behind a position. All rows are of this bucket.
    pub(in crate::cli) fn open(
        file: &str,
        bucket: &str,
        from: &Position,
    ) -> Result<Self, OriginError> {
        let input = open_list(file)?;

        let settled = match from {
            Position::Line(line) => *line,
            _ => 0,
        };
        let (name, bucket) = (file.to_owned(), bucket.to_owned());
        let reading = Reading::start(move |sink| {
            let rows = Rows {
                file: &name,
                columns: &COLUMNS,
                optional: 1,
                bucket: &bucket,
                settled,
            };
            rows.read(input, Position::Line, sink)
        });

        reading.map(Self).map_err(|error| unreadable(file, error))
    }

    /// The next objects. Empty at the end.
    pub(in crate::cli) async fn next(&mut self) -> Result<Vec<Found>, OriginError> {
        self.0.next().await
    }
}
