//! The manifest of a job: which objects it is about.

use super::csv;
use crate::{Error, ErrorKind};

/// The manifest of a job: the objects that it is about, in order.
///
/// # Examples
///
/// ```
/// use s3_dispatch_local::JobManifest;
///
/// let manifest = JobManifest::parse("photos,my%20photo.jpg\nphotos,b.jpg\n")?;
/// assert_eq!(manifest.len(), 2);
/// # Ok::<_, s3_dispatch_local::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobManifest {
    pub(super) objects: Vec<ManifestObject>,
}

/// One line of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ManifestObject {
    pub(super) bucket: String,
    /// As the manifest has it, which is encoded.
    pub(super) key: String,
    pub(super) version_id: Option<String>,
}

impl JobManifest {
    /// Reads a manifest in the format `S3BatchOperations_CSV_20180820`: a line for each object,
    /// with its bucket, its key, and perhaps its version, and no line of headers.
    ///
    /// Keys are URL-encoded, and a job passes them on as they are. Every line has a version, or
    /// none has ("Specifying a manifest", Amazon S3 User Guide, 2026).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] if a line does not have two or three fields, or as many as the
    /// first one, or if it lacks a bucket or a key. The text says which line it is.
    pub fn parse(csv: &str) -> Result<Self, Error> {
        let wrong = |line: usize, problem: &str| {
            let text = format!("line {line} of the manifest {problem}");
            Error::new(ErrorKind::Configuration, text)
        };

        let csv = csv.strip_prefix('\u{feff}').unwrap_or(csv);
        let rows = csv::rows(csv).map_err(|line| wrong(line, "has quotes that do not match"))?;
        let columns = rows.first().map_or(2, |(_, row)| row.len());
        let mut objects = Vec::with_capacity(rows.len());

        for (line, row) in rows {
            if row.len() != columns || !(2..=3).contains(&columns) {
                return Err(wrong(
                    line,
                    "is not `bucket,key`, or `bucket,key,version` on every line",
                ));
            }

            let mut fields = row.into_iter();
            let mut next = || fields.next().filter(|field| !field.is_empty());
            let (Some(bucket), Some(key)) = (next(), next()) else {
                return Err(wrong(line, "has no bucket or no key"));
            };

            objects.push(ManifestObject {
                bucket,
                key,
                version_id: next(),
            });
        }

        Ok(Self { objects })
    }

    /// How many objects the manifest has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether the manifest has no objects.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}
