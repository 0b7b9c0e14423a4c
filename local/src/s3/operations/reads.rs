//! The operations that read objects.

use std::ops::Range;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use s3s::dto::{
    Checksum, ChecksumMode, ETag, GetObjectInput, GetObjectOutput, HeadObjectInput,
    HeadObjectOutput, StorageClass, StreamingBlob,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};

use crate::s3::requests::checksums::with_checksums;
use crate::s3::requests::conditions::read_conditions;
use crate::s3::requests::headers::{check_part_number, content_length, encryption};
use crate::s3::service::S3Service;
use crate::s3::store::StoredObject;

/// Which bytes of an object a client gets.
struct Selection {
    range: Range<u64>,
    /// The header that names the range; `None` for a whole object.
    content_range: Option<String>,
    /// The position of the part that the client asks for, from 0.
    part: Option<usize>,
    /// How many parts the object has, if the client asks for one of them.
    parts_count: Option<i32>,
}

/// Makes a response of this type with the headers of an object that was found.
macro_rules! output_with_headers {
    ($output:ident, $found:ident, $selection:ident, $checksum:ident) => {{
        let object = $found.object;
        let headers = &object.headers;
        $output {
            version_id: $found.version_id,
            accept_ranges: Some(String::from("bytes")),
            content_length: Some(content_length($selection.len())),
            content_range: $selection.content_range,
            parts_count: $selection.parts_count,
            checksum_type: $checksum.checksum_type.clone(),
            server_side_encryption: encryption(),
            content_type: headers.content_type.clone(),
            content_encoding: headers.content_encoding.clone(),
            content_disposition: headers.content_disposition.clone(),
            content_language: headers.content_language.clone(),
            cache_control: headers.cache_control.clone(),
            expires: headers.expires.clone(),
            website_redirect_location: headers.website_redirect_location.clone(),
            storage_class: headers.storage_class.clone().map(StorageClass::from),
            metadata: Some(headers.metadata.clone()).filter(|metadata| !metadata.is_empty()),
            e_tag: Some(ETag::Strong(object.e_tag.clone())),
            last_modified: Some(object.last_modified.into()),
            ..with_checksums!($output, $checksum)
        }
    }};
}

pub(super) async fn get_object(
    service: &S3Service,
    request: S3Request<GetObjectInput>,
) -> S3Result<S3Response<GetObjectOutput>> {
    let mut input = request.input;
    let conditions = read_conditions!(input);
    let version_id = input.version_id.as_deref();
    let (found, pin) = service
        .buckets
        .find_to_read(&input.bucket, &input.key, version_id)?;
    conditions.check_read(&found.object)?;

    let selection = Selection::new(&found.object, input.range, input.part_number)?;
    let checksum = selection.checksum(&found.object, input.checksum_mode.as_ref());
    let range = selection.range.clone();
    let bodies = service.buckets.bodies();
    let body = bodies.read(&found.object.body, range, pin);

    Ok(S3Response::new(GetObjectOutput {
        body: Some(StreamingBlob::wrap(body)),
        tag_count: tag_count(&found.object),
        ..output_with_headers!(GetObjectOutput, found, selection, checksum)
    }))
}

pub(super) async fn head_object(
    service: &S3Service,
    request: S3Request<HeadObjectInput>,
) -> S3Result<S3Response<HeadObjectOutput>> {
    let mut input = request.input;
    let conditions = read_conditions!(input);
    let version_id = input.version_id.as_deref();
    let found = service
        .buckets
        .find(&input.bucket, &input.key, version_id)?;
    conditions.check_read(&found.object)?;

    let selection = Selection::new(&found.object, input.range, input.part_number)?;
    let checksum = selection.checksum(&found.object, input.checksum_mode.as_ref());
    let mut headers = HeaderMap::new();
    if let Some(count) = tag_count(&found.object) {
        let name = HeaderName::from_static("x-amz-tagging-count");
        headers.insert(name, HeaderValue::from(count));
    }

    let output = output_with_headers!(HeadObjectOutput, found, selection, checksum);
    // `s3s` does this for `GET`.
    let output = HeadObjectOutput {
        content_type: input.response_content_type.or(output.content_type),
        content_encoding: input.response_content_encoding.or(output.content_encoding),
        content_disposition: input
            .response_content_disposition
            .or(output.content_disposition),
        content_language: input.response_content_language.or(output.content_language),
        cache_control: input.response_cache_control.or(output.cache_control),
        expires: input.response_expires.or(output.expires),
        ..output
    };

    Ok(S3Response::with_headers(output, headers))
}

/// How many tags an object has; `None` if it has none.
fn tag_count(object: &StoredObject) -> Option<i32> {
    let count = i32::try_from(object.tags.len()).ok();
    count.filter(|count| *count > 0)
}

impl Selection {
    fn new(
        object: &StoredObject,
        range: Option<s3s::dto::Range>,
        part_number: Option<i32>,
    ) -> S3Result<Self> {
        let size = object.body.len();
        let part_position = part_number.and_then(|number| usize::try_from(number - 1).ok());
        let (range, parts_count) = match (range, part_number) {
            (None, None) => return Ok(Self::whole(size)),
            (Some(range), None) => (range.check(size)?, None),
            (None, Some(number)) => part(object, number)?,
            (Some(_), Some(_)) => {
                return Err(s3_error!(
                    InvalidRequest,
                    "Cannot specify both Range header and partNumber query parameter"
                ));
            }
        };

        // An empty part has no first byte to name.
        let content_range =
            (!range.is_empty()).then(|| format!("bytes {}-{}/{size}", range.start, range.end - 1));

        Ok(Self {
            range,
            content_range,
            part: part_position,
            parts_count,
        })
    }

    fn whole(size: u64) -> Self {
        Self {
            range: 0..size,
            content_range: None,
            part: None,
            parts_count: None,
        }
    }

    /// The checksum of the selected bytes, if the client asks for it. S3 has none for other ranges
    /// than parts.
    fn checksum(&self, object: &StoredObject, mode: Option<&ChecksumMode>) -> Checksum {
        let is_asked = mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
        let kept = object.checksum.as_ref().filter(|_| is_asked);
        let shown = kept.and_then(|kept| match (self.part, &self.content_range) {
            (Some(part), _) => kept.shown_part(part),
            (None, None) => Some(kept.shown()),
            (None, Some(_)) => None,
        });

        shown.unwrap_or_default()
    }

    /// The length in bytes.
    fn len(&self) -> u64 {
        self.range.end - self.range.start
    }
}

/// The bytes of a part, and how many parts there are. An object that was not uploaded in parts is
/// its own first part, and has no count.
fn part(object: &StoredObject, number: i32) -> S3Result<(Range<u64>, Option<i32>)> {
    check_part_number(number)?;
    let parts: Vec<u64> = match object.is_multipart() {
        true => object.body.pieces().collect(),
        false => vec![object.body.len()],
    };

    let position = usize::try_from(number - 1).unwrap_or(usize::MAX);
    let Some(length) = parts.get(position) else {
        let mut error = S3Error::with_message(
            S3ErrorCode::Custom("InvalidPartNumber".into()),
            "The requested partnumber is not satisfiable",
        );
        error.set_status_code(StatusCode::RANGE_NOT_SATISFIABLE);
        return Err(error);
    };

    let start = parts[..position].iter().sum();
    let count = i32::try_from(parts.len()).ok();

    Ok((
        start..start + length,
        count.filter(|_| object.is_multipart()),
    ))
}
