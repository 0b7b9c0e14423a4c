//! Answers a form: reads and checks it, and puts its file.

use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use http::request::Parts;
use http::{HeaderMap, Method, Response, header};
use hyper::body::Incoming;
use multer::Field;
use s3s::path::check_bucket_name;
use s3s::service::S3Service;
use s3s::{Body, HttpError, S3Result, s3_error};

use super::answer::{Place, answer};
use super::form::{Fields, Form};
use super::policy::Policy;
use super::put::{headers, put_request};
use super::signature::{missing_field, signed_policy};
use crate::s3::front::virtual_host::named_bucket;

/// How much of the file of a refused form is read before it is answered, in bytes. Browsers show no
/// answer that they get before they have sent the whole form.
const MAX_READ_BYTES: usize = 64 * 1024 * 1024;

/// How long the file of a refused form is read.
const MAX_READ_TIME: Duration = Duration::from_secs(5);

/// The bucket to which a form is sent.
#[derive(Debug)]
pub(in crate::s3) struct FormTarget {
    bucket: String,
    /// The URL of the bucket.
    url: String,
}

impl FormTarget {
    /// The bucket to which a request sends a form. `None` if it is another request.
    pub(in crate::s3) fn of(head: &Parts) -> Option<Self> {
        let is_post = head.method == Method::POST;
        if !is_post || (!is_multipart(head) && head.uri.query().is_some()) {
            return None;
        }

        let host = head.headers.get(header::HOST)?.to_str().ok()?;
        let path = head.uri.path().strip_prefix('/')?;
        let (bucket, url) = match named_bucket(host) {
            Some(bucket) => path
                .is_empty()
                .then(|| (bucket, format!("http://{host}")))?,
            None => {
                let bucket = path.strip_suffix('/').unwrap_or(path);
                (bucket.to_owned(), format!("http://{host}/{bucket}"))
            }
        };

        check_bucket_name(&bucket).then_some(Self { bucket, url })
    }
}

fn is_multipart(head: &Parts) -> bool {
    let essence = content_type(head).split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("multipart/form-data")
}

fn content_type(head: &Parts) -> &str {
    let value = head.headers.get(header::CONTENT_TYPE);
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// A form that may put its file.
struct Checked<'f> {
    key: &'f str,
    /// The headers of the `PUT` request.
    headers: HeaderMap,
    /// How many bytes the file may have.
    length: RangeInclusive<u64>,
}

/// Answers a form.
pub(in crate::s3) async fn post(
    protocol: &S3Service,
    target: &FormTarget,
    head: Parts,
    body: Incoming,
) -> S3Result<Result<Response<Body>, HttpError>> {
    if !is_multipart(&head) {
        return Err(s3_error!(
            PreconditionFailed,
            "Bucket POST must be of the enclosure-type multipart/form-data"
        ));
    }

    let Form { fields, file } = Form::read(content_type(&head), body).await?;
    let checked = match check(&fields, target) {
        Ok(checked) => checked,
        Err(error) => {
            read_to_end(file).await;
            return Err(error);
        }
    };

    let place = Place {
        bucket: &target.bucket,
        url: &target.url,
        key: checked.key,
    };
    let object = (place.bucket, place.key);
    let request = put_request(head, object, checked.headers, file, checked.length)?;
    let response = match protocol.call(request).await {
        Ok(response) if response.status().is_success() => response,
        other => return Ok(other),
    };

    let (put, _) = response.into_parts();
    Ok(Ok(answer(&place, &fields, put.headers)))
}

/// Checks all that is known before the file is read.
fn check<'f>(fields: &'f Fields, target: &FormTarget) -> S3Result<Checked<'f>> {
    let key = fields.get("key").ok_or_else(|| missing_field("key"))?;
    let policy = signed_policy(fields)?;
    let policy = policy.map(Policy::parse).transpose()?;
    if let Some(policy) = &policy {
        policy.check(fields, &target.bucket, SystemTime::now())?;
    }

    if key.is_empty() {
        return Err(s3_error!(
            InvalidArgument,
            "User key must have a length greater than 0."
        ));
    }

    Ok(Checked {
        key,
        headers: headers(fields)?,
        length: policy.map_or(0..=u64::MAX, |policy| policy.length()),
    })
}

/// Reads what is left of a refused form. A longer file is cut off.
async fn read_to_end(mut file: Field<'static>) {
    let all = async {
        let mut read = 0;
        while let Ok(Some(chunk)) = file.chunk().await {
            read += chunk.len();
            if read > MAX_READ_BYTES {
                return;
            }
        }
    };

    drop(tokio::time::timeout(MAX_READ_TIME, all).await);
}
