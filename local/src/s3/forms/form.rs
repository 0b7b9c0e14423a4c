//! Reads a form up to its file.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::StatusCode;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use multer::{Field, Multipart};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

/// How many bytes may stand before the file.
const MAX_BYTES: usize = 20 * 1024;

/// What stands for the name of the file.
const FILE_NAME: &str = "${filename}";

/// The fields in which [`FILE_NAME`] means nothing.
const EXACT_FIELDS: [&str; 3] = ["policy", "signature", "x-amz-signature"];

/// A form whose file is still to be read.
pub(super) struct Form {
    pub(super) fields: Fields,
    pub(super) file: Field<'static>,
}

/// The fields that stand before the file. Those after it are ignored.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(String, String)>);

/// How much of the form has arrived, and whether the file has begun.
#[derive(Debug, Default)]
struct Progress {
    bytes: AtomicUsize,
    is_at_file: AtomicBool,
}

impl Form {
    /// Reads a form with this content type.
    pub(super) async fn read(content_type: &str, body: Incoming) -> S3Result<Self> {
        let boundary = multer::parse_boundary(content_type).map_err(|_| malformed())?;
        let progress = Arc::new(Progress::default());
        let mut parts = Multipart::new(limited(body, Arc::clone(&progress)), boundary);
        let mut fields = Fields::default();

        loop {
            let part = parts.next_field().await;
            let Some(part) = part.map_err(|error| progress.refusal(error))? else {
                return Err(s3_error!(
                    InvalidArgument,
                    "POST requires exactly one file upload per request."
                ));
            };

            let name = part.name().unwrap_or_default().to_ascii_lowercase();
            if name == "file" {
                progress.is_at_file.store(true, Ordering::Relaxed);
                fields.set_file_name(part.file_name());
                return Ok(Self { fields, file: part });
            }

            let value = fields.read(part).await;
            let value = value.map_err(|error| progress.refusal(error))??;
            fields.insert(name, value)?;
        }
    }
}

impl Fields {
    /// The value of a field. The name is in lower case.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let field = self.0.iter().find(|(other, _)| other == name);
        field.map(|(_, value)| value.as_str())
    }

    /// The fields in their order, with names in lower case.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.0.iter();
        fields.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Reads the value of the next field.
    async fn read(&self, mut part: Field<'static>) -> multer::Result<S3Result<String>> {
        let fields = self.0.iter();
        let before: usize = fields.map(|(name, value)| name.len() + value.len()).sum();
        let mut value = Vec::new();

        while let Some(chunk) = part.chunk().await? {
            value.extend_from_slice(&chunk);
            if before + value.len() > MAX_BYTES {
                return Ok(Err(too_long()));
            }
        }

        Ok(String::from_utf8(value).map_err(|_| malformed()))
    }

    fn insert(&mut self, name: String, value: String) -> S3Result<()> {
        if name.is_empty() {
            return Err(malformed());
        }
        if self.get(&name).is_some() {
            return Err(s3_error!(
                InvalidArgument,
                "POST requires exactly one field named '{name}'"
            ));
        }

        self.0.push((name, value));
        Ok(())
    }

    /// Replaces `${filename}` in every field by what follows the last slash or backslash of the
    /// name. A file without a name changes nothing.
    fn set_file_name(&mut self, name: Option<&str>) {
        let Some(path) = name else { return };
        let name = path.rsplit(['/', '\\']).next().unwrap_or_default();

        for (field, value) in &mut self.0 {
            if !EXACT_FIELDS.contains(&field.as_str()) && value.contains(FILE_NAME) {
                *value = value.replace(FILE_NAME, name);
            }
        }
    }
}

impl Progress {
    /// Whether more has arrived before the file than any client needs, with all headers of parts.
    fn is_too_long(&self) -> bool {
        let bytes = self.bytes.load(Ordering::Relaxed);
        bytes > 2 * MAX_BYTES && !self.is_at_file.load(Ordering::Relaxed)
    }

    fn refusal(&self, error: multer::Error) -> S3Error {
        match error {
            _ if self.is_too_long() => too_long(),
            multer::Error::StreamReadFailed(error) => {
                S3Error::with_source(S3ErrorCode::IncompleteBody, error)
            }
            _ => malformed(),
        }
    }
}

/// The body, which ends with an error if there is too much before the file. A part without an end
/// would be kept in memory.
fn limited(
    body: Incoming,
    progress: Arc<Progress>,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    body.into_data_stream().map(move |chunk| {
        if progress.is_too_long() {
            return Err(io::ErrorKind::InvalidData.into());
        }

        let chunk = chunk.map_err(io::Error::other)?;
        progress.bytes.fetch_add(chunk.len(), Ordering::Relaxed);
        Ok(chunk)
    })
}

fn malformed() -> S3Error {
    s3_error!(
        MalformedPOSTRequest,
        "The body of your POST request is not well-formed multipart/form-data."
    )
}

fn too_long() -> S3Error {
    let mut error = S3Error::with_message(
        S3ErrorCode::Custom("MaxPostPreDataLengthExceeded".into()),
        "Your POST request fields preceeding the upload file was too large.",
    );
    error.set_status_code(StatusCode::BAD_REQUEST);

    error
}
