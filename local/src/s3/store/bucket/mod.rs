//! A bucket: its settings, and the versions of its keys.

mod changes;
mod cors;
mod settings;
mod snapshot;
mod spec_line;

pub(in crate::s3) use self::cors::CorsRule;
pub(crate) use self::settings::BucketSettings;
pub(in crate::s3) use self::settings::Versioning;
pub use self::snapshot::ObjectSnapshot;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use http::header::{ALLOW, LAST_MODIFIED};
use http::{HeaderMap, HeaderName, HeaderValue};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use super::object::{DeleteMarker, KeyVersion, NULL_VERSION, StoredObject};
use crate::aws::digest::md5_hex;

/// A bucket.
#[derive(Debug)]
pub(in crate::s3) struct Bucket {
    pub(in crate::s3) settings: BucketSettings,
    keys: BTreeMap<String, Versions>,
}

/// An object that a client asked for.
#[derive(Debug)]
pub(in crate::s3) struct FoundObject {
    pub(in crate::s3) object: Arc<StoredObject>,
    /// The id of its version for the client; `None` if versioning was never enabled.
    pub(in crate::s3) version_id: Option<String>,
}

/// The versions of one key, the current one last. Never empty.
#[derive(Debug, Default)]
pub(in crate::s3) struct Versions(Vec<(u64, KeyVersion)>);

impl Bucket {
    /// A bucket without objects.
    pub(super) fn new(settings: BucketSettings) -> Self {
        Self {
            settings,
            keys: BTreeMap::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether versioning is or was enabled.
    fn is_versioned(&self) -> bool {
        self.settings.versioning != Versioning::Off
    }

    /// The versions of a key, if it has any.
    pub(super) fn versions(&self, key: &str) -> Option<&Versions> {
        self.keys.get(key)
    }

    /// The keys that start with this prefix, in the order of their UTF-8 bytes.
    pub(in crate::s3) fn keys(&self, prefix: &str) -> impl Iterator<Item = (&str, &Versions)> {
        self.keys
            .range(prefix.to_owned()..)
            .map(|(key, versions)| (key.as_str(), versions))
            .take_while(move |(key, _)| key.starts_with(prefix))
    }

    /// The current object of a key.
    pub(in crate::s3) fn current(&self, key: &str) -> Option<&Arc<StoredObject>> {
        self.versions(key)?.current().object()
    }

    /// The current object of a key, or the object with this version id.
    pub(in crate::s3) fn find(&self, key: &str, version_id: Option<&str>) -> S3Result<FoundObject> {
        let object = self.object(key, version_id)?;
        let id = object.version_id.as_deref().unwrap_or(NULL_VERSION);

        Ok(FoundObject {
            object: Arc::clone(object),
            version_id: self.is_versioned().then(|| id.to_owned()),
        })
    }

    /// The current object of a key, or the object with this version id.
    pub(super) fn object(
        &self,
        key: &str,
        version_id: Option<&str>,
    ) -> S3Result<&Arc<StoredObject>> {
        let Some(id) = version_id else {
            return match self.versions(key).map(Versions::current) {
                Some(KeyVersion::Object(object)) => Ok(object),
                Some(KeyVersion::DeleteMarker(marker)) => Err(deleted_key(marker)),
                None => Err(s3_error!(NoSuchKey)),
            };
        };

        check_version_id(id)?;
        let version = self.versions(key).and_then(|versions| versions.find(id));
        match version {
            Some((_, KeyVersion::Object(object))) => Ok(object),
            Some((_, KeyVersion::DeleteMarker(marker))) => Err(deleted_version(marker)),
            None => Err(s3_error!(NoSuchVersion)),
        }
    }

    /// Sets or removes a version, and returns the one that was there.
    pub(super) fn assign(
        &mut self,
        key: &str,
        serial: u64,
        to: Option<KeyVersion>,
    ) -> Option<KeyVersion> {
        let versions = match self.keys.get_mut(key) {
            Some(versions) => versions,
            None => self.keys.entry(key.to_owned()).or_default(),
        };

        let old = versions.assign(serial, to);
        if versions.0.is_empty() {
            self.keys.remove(key);
        }

        old
    }

    /// The id of the next version, or `None` while versioning is not enabled.
    pub(super) fn next_version_id(&self, serial: u64) -> Option<String> {
        (self.settings.versioning == Versioning::Enabled).then(|| version_id(serial))
    }
}

impl Versions {
    /// The newest version.
    pub(in crate::s3) fn current(&self) -> &KeyVersion {
        let (_, version) = self.0.last().expect("a key without versions is removed");
        version
    }

    /// The versions, the newest one first.
    pub(in crate::s3) fn newest_first(&self) -> impl Iterator<Item = &KeyVersion> {
        self.0.iter().rev().map(|(_, version)| version)
    }

    /// The versions with their serial numbers, the oldest one first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(u64, KeyVersion)> {
        self.0.iter()
    }

    /// The version with this id, and its serial number.
    pub(super) fn find(&self, id: &str) -> Option<(u64, &KeyVersion)> {
        let mut versions = self.0.iter();
        let (serial, version) = versions.find(|(_, version)| version.id() == id)?;

        Some((*serial, version))
    }

    /// The serial number of the newest version.
    pub(super) fn current_serial(&self) -> u64 {
        self.0.last().map_or(0, |(serial, _)| *serial)
    }

    fn assign(&mut self, serial: u64, to: Option<KeyVersion>) -> Option<KeyVersion> {
        let position = self.0.binary_search_by_key(&serial, |(serial, _)| *serial);

        match (position, to) {
            (Ok(position), Some(to)) => Some(std::mem::replace(&mut self.0[position].1, to)),
            (Ok(position), None) => Some(self.0.remove(position).1),
            (Err(position), Some(to)) => {
                self.0.insert(position, (serial, to));
                None
            }
            (Err(_), None) => None,
        }
    }
}

/// The id of the version with this serial number: 32 hexadecimal digits, which are in no order.
fn version_id(serial: u64) -> String {
    md5_hex(&serial.to_be_bytes())
}

/// Rejects what cannot be the id of a version.
pub(super) fn check_version_id(id: &str) -> S3Result<()> {
    let is_ours = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_ours || id == NULL_VERSION {
        return Ok(());
    }

    Err(S3Error::with_message(
        S3ErrorCode::InvalidArgument,
        "Invalid version id specified",
    ))
}

/// The error for a key whose current version is a delete marker.
fn deleted_key(marker: &DeleteMarker) -> S3Error {
    let mut error = S3Error::new(S3ErrorCode::NoSuchKey);
    error.set_headers(delete_marker_headers(marker));

    error
}

/// The error for a version that is a delete marker.
fn deleted_version(marker: &DeleteMarker) -> S3Error {
    let mut headers = delete_marker_headers(marker);
    headers.insert(ALLOW, HeaderValue::from_static("DELETE"));
    headers.insert(LAST_MODIFIED, http_date(marker.last_modified));

    let mut error = S3Error::new(S3ErrorCode::MethodNotAllowed);
    error.set_headers(headers);

    error
}

fn delete_marker_headers(marker: &DeleteMarker) -> HeaderMap {
    let id = marker.version_id.as_deref().unwrap_or(NULL_VERSION);
    let id = HeaderValue::from_str(id).expect("version ids are ASCII letters and digits");

    HeaderMap::from_iter([
        (
            HeaderName::from_static("x-amz-delete-marker"),
            HeaderValue::from_static("true"),
        ),
        (HeaderName::from_static("x-amz-version-id"), id),
    ])
}

/// A time in the form of HTTP's headers.
pub(in crate::s3) fn http_date(time: SystemTime) -> HeaderValue {
    let mut text = Vec::new();
    let time = s3s::dto::Timestamp::from(time);
    time.format(s3s::dto::TimestampFormat::HttpDate, &mut text)
        .expect("the form holds every time since 1970");

    HeaderValue::from_bytes(&text).expect("dates are ASCII")
}
