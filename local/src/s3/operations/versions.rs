//! The operations on the versions of objects.

use s3s::dto::{
    BucketVersioningStatus, CommonPrefix, DeleteMarkerEntry, ETag, GetBucketVersioningInput,
    GetBucketVersioningOutput, ListObjectVersionsInput, ListObjectVersionsOutput, ObjectVersion,
    ObjectVersionStorageClass, PutBucketVersioningInput, PutBucketVersioningOutput,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::buckets::access::owner;
use super::listings::{common_prefix, encode_if, page_size, shown};
use crate::s3::requests::headers::content_length;
use crate::s3::service::S3Service;
use crate::s3::store::{Bucket, KeyVersion, Versioning};

pub(super) async fn put_bucket_versioning(
    service: &S3Service,
    request: S3Request<PutBucketVersioningInput>,
) -> S3Result<S3Response<PutBucketVersioningOutput>> {
    let input = request.input;
    let configuration = input.versioning_configuration;
    let is_mfa = |mfa: &s3s::dto::MFADelete| mfa.as_str() == "Enabled";
    if configuration.mfa_delete.as_ref().is_some_and(is_mfa) {
        return Err(s3_error!(
            NotImplemented,
            "the pipeline has no MFA delete; leave `MfaDelete` out"
        ));
    }

    let status = configuration.status.as_ref();
    let versioning = match status.map(BucketVersioningStatus::as_str) {
        Some(BucketVersioningStatus::ENABLED) => Versioning::Enabled,
        Some(BucketVersioningStatus::SUSPENDED) => Versioning::Suspended,
        _ => {
            return Err(s3_error!(
                IllegalVersioningConfigurationException,
                "the status must be `Enabled` or `Suspended`"
            ));
        }
    };

    service
        .buckets
        .change(|transaction| transaction.set_versioning(&input.bucket, versioning))
        .await?;

    Ok(S3Response::new(PutBucketVersioningOutput::default()))
}

pub(super) async fn get_bucket_versioning(
    service: &S3Service,
    request: S3Request<GetBucketVersioningInput>,
) -> S3Result<S3Response<GetBucketVersioningOutput>> {
    let bucket = &request.input.bucket;
    let buckets = &service.buckets;
    let versioning = buckets.read(|index| {
        let bucket = index.bucket(bucket);
        bucket.map(|bucket| bucket.settings.versioning)
    });

    let status = match versioning? {
        Versioning::Off => None,
        Versioning::Enabled => Some(BucketVersioningStatus::ENABLED),
        Versioning::Suspended => Some(BucketVersioningStatus::SUSPENDED),
    };

    Ok(S3Response::new(GetBucketVersioningOutput {
        status: status.map(BucketVersioningStatus::from_static),
        mfa_delete: None,
    }))
}

pub(super) async fn list_object_versions(
    service: &S3Service,
    request: S3Request<ListObjectVersionsInput>,
) -> S3Result<S3Response<ListObjectVersionsOutput>> {
    let input = request.input;
    let after = VersionMarker::new(
        input.key_marker.as_deref(),
        input.version_id_marker.as_deref(),
    )?;

    let max_keys = page_size(input.max_keys);
    let mut page = VersionPage::new(
        input.prefix.as_deref(),
        input.delimiter.as_deref(),
        max_keys,
        input.encoding_type.is_some(),
    );
    service.buckets.read(|index| {
        index
            .bucket(&input.bucket)
            .map(|bucket| page.fill(bucket, &after))
    })?;

    let is_encoded = page.is_encoded;
    let text = |text: String| encode_if(is_encoded, text);
    let (next_key, next_version) = page.next.unzip();

    Ok(S3Response::new(ListObjectVersionsOutput {
        is_truncated: Some(next_key.is_some()),
        next_key_marker: next_key.map(text),
        next_version_id_marker: next_version.flatten(),
        versions: Some(page.versions),
        delete_markers: Some(page.delete_markers),
        common_prefixes: Some(page.common_prefixes),
        max_keys: Some(max_keys),
        name: Some(input.bucket),
        prefix: input.prefix.map(text),
        delimiter: shown(input.delimiter).map(text),
        encoding_type: input.encoding_type,
        key_marker: input.key_marker.map(text),
        version_id_marker: input.version_id_marker,
        ..ListObjectVersionsOutput::default()
    }))
}

/// Where a page starts: after a key, or after a version of a key.
struct VersionMarker<'m> {
    key: Option<&'m str>,
    version_id: Option<&'m str>,
}

impl<'m> VersionMarker<'m> {
    fn new(key: Option<&'m str>, version_id: Option<&'m str>) -> S3Result<Self> {
        let key = key.filter(|key| !key.is_empty());
        let version_id = version_id.filter(|id| !id.is_empty());

        if version_id.is_some() && key.is_none() {
            return Err(s3_error!(
                InvalidArgument,
                "A version-id marker cannot be specified without a key marker."
            ));
        }

        Ok(Self { key, version_id })
    }

    /// Whether the page starts after the last version of this key.
    fn is_after(&self, key: &str) -> bool {
        self.key.is_some_and(|marker| match self.version_id {
            Some(_) => key < marker,
            None => key <= marker,
        })
    }
}

/// One page of the versions in a bucket.
struct VersionPage<'p> {
    prefix: &'p str,
    delimiter: Option<&'p str>,
    limit: usize,
    is_encoded: bool,
    versions: Vec<ObjectVersion>,
    delete_markers: Vec<DeleteMarkerEntry>,
    common_prefixes: Vec<CommonPrefix>,
    /// The last entry, a key and a version id; a common prefix has no version id.
    last: Option<(String, Option<String>)>,
    /// The last entry, if there are more entries.
    next: Option<(String, Option<String>)>,
}

impl<'p> VersionPage<'p> {
    fn new(
        prefix: Option<&'p str>,
        delimiter: Option<&'p str>,
        max_keys: i32,
        is_encoded: bool,
    ) -> Self {
        Self {
            prefix: prefix.unwrap_or_default(),
            delimiter: delimiter.filter(|delimiter| !delimiter.is_empty()),
            limit: usize::try_from(max_keys).unwrap_or_default(),
            is_encoded,
            versions: Vec::new(),
            delete_markers: Vec::new(),
            common_prefixes: Vec::new(),
            last: None,
            next: None,
        }
    }

    /// Lists the keys in the order of their UTF-8 bytes, and the versions from new to old.
    fn fill(&mut self, bucket: &Bucket, after: &VersionMarker<'_>) {
        for (key, versions) in bucket.keys(self.prefix) {
            if let Some(prefix) = common_prefix(self.prefix, self.delimiter, key) {
                let is_listed = self.last.as_ref().is_some_and(|(last, _)| last == prefix);
                if after.key.is_some_and(|marker| prefix <= marker) || is_listed {
                    continue;
                }
                if !self.has_room() {
                    return;
                }

                let name = encode_if(self.is_encoded, prefix.to_owned());
                self.common_prefixes
                    .push(CommonPrefix { prefix: Some(name) });
                self.last = Some((prefix.to_owned(), None));
                continue;
            }

            if after.is_after(key) {
                continue;
            }

            let marker = after.version_id.filter(|_| after.key == Some(key));
            let mut is_past_marker = marker.is_none();

            for (position, version) in versions.newest_first().enumerate() {
                if !is_past_marker {
                    is_past_marker = marker == Some(version.id());
                    continue;
                }
                if !self.has_room() {
                    return;
                }

                self.push(key, version, position == 0);
                self.last = Some((key.to_owned(), Some(version.id().to_owned())));
            }
        }
    }

    /// Whether another entry fits. If not, the next page starts after the last entry.
    fn has_room(&mut self) -> bool {
        let listed = self.versions.len() + self.delete_markers.len() + self.common_prefixes.len();
        if listed < self.limit {
            return true;
        }

        self.next = self.last.take();
        false
    }

    fn push(&mut self, key: &str, version: &KeyVersion, is_latest: bool) {
        let name = Some(encode_if(self.is_encoded, key.to_owned()));
        let id = Some(version.id().to_owned());

        match version {
            KeyVersion::Object(object) => self.versions.push(ObjectVersion {
                key: name,
                version_id: id,
                is_latest: Some(is_latest),
                e_tag: Some(ETag::Strong(object.e_tag.clone())),
                size: Some(content_length(object.body.len())),
                last_modified: Some(object.last_modified.into()),
                storage_class: Some(ObjectVersionStorageClass::from(
                    object.storage_class().to_owned(),
                )),
                owner: Some(owner()),
                ..ObjectVersion::default()
            }),
            KeyVersion::DeleteMarker(marker) => self.delete_markers.push(DeleteMarkerEntry {
                key: name,
                version_id: id,
                is_latest: Some(is_latest),
                last_modified: Some(marker.last_modified.into()),
                owner: Some(owner()),
            }),
        }
    }
}
