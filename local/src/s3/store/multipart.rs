//! How multipart uploads are started, filled, completed and aborted.

use std::collections::BTreeMap;
use std::time::SystemTime;

use md5::{Digest, Md5};
use s3_dispatch::EventName;
use s3s::{S3Result, s3_error};

use super::bodies::StoredBody;
use super::buckets::{Buckets, check_key_length};
use super::descriptions::UPLOADS;
use super::object::{ObjectHeaders, Preconditions, StoredObject};
use super::upload::{StoredPart, Upload};
use crate::aws::digest::{from_hex, hex};
use crate::s3::event::ObjectEvent;

impl Buckets {
    /// Starts an upload, and returns its id.
    pub(in crate::s3) fn start_upload(
        &self,
        bucket: &str,
        key: &str,
        headers: ObjectHeaders,
        tags: Vec<(String, String)>,
    ) -> S3Result<String> {
        let mut index = self.lock();
        index.objects(bucket)?;
        check_key_length(key)?;

        let sequencer = self.next_sequencer(&mut index);
        let upload = Upload {
            id: format!("upload-{sequencer}"),
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            initiated: SystemTime::now(),
            parts: BTreeMap::new(),
            headers,
            tags,
            sequencer,
        };

        let id = upload.id.clone();
        self.descriptions.write(UPLOADS, &id, &upload)?;
        index.uploads.insert(id.clone(), upload);

        Ok(id)
    }

    /// The uploads of a bucket, by key and start.
    pub(in crate::s3) fn uploads(&self, bucket: &str) -> S3Result<Vec<Upload>> {
        let index = self.lock();
        index.objects(bucket)?;

        let uploads = index.uploads.values();
        let mut uploads: Vec<_> = uploads
            .filter(|upload| upload.bucket == bucket)
            .cloned()
            .collect();
        uploads.sort_by(|a, b| (&a.key, &a.id).cmp(&(&b.key, &b.id)));

        Ok(uploads)
    }

    pub(in crate::s3) fn upload(&self, bucket: &str, key: &str, id: &str) -> S3Result<Upload> {
        self.lock()
            .upload_mut(bucket, key, id)
            .map(|upload| upload.clone())
    }

    /// Inserts a part in place of the one with the same number.
    pub(in crate::s3) fn insert_part(
        &self,
        upload: &Upload,
        number: i32,
        part: StoredPart,
    ) -> S3Result<()> {
        let mut index = self.lock();
        let body = part.body.clone();

        let inserted = index
            .upload_mut(&upload.bucket, &upload.key, &upload.id)
            .and_then(|upload| {
                let replaced = upload.parts.insert(number, part);
                self.descriptions.write(UPLOADS, &upload.id, upload)?;
                Ok(replaced)
            });

        let replaced = inserted.inspect_err(|_| self.bodies().discard(&body))?;
        if let Some(replaced) = replaced {
            self.bodies().discard(&replaced.body);
        }

        Ok(())
    }

    /// Makes an object of these parts, given by number and entity tag.
    pub(in crate::s3) fn complete_upload(
        &self,
        upload: &Upload,
        parts: &[(i32, String)],
        preconditions: &Preconditions,
    ) -> S3Result<ObjectEvent> {
        let upload = self.take_upload(upload, parts, preconditions)?;
        let (object, unused) = assemble(&upload, parts);

        let inserted = self.insert(
            object,
            EventName::OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD,
            Some(upload.sequencer.clone()),
            preconditions,
        );

        let event = match inserted {
            Ok(event) => event,
            Err(error) => {
                self.lock().uploads.insert(upload.id.clone(), upload);
                return Err(error);
            }
        };

        self.descriptions.remove(UPLOADS, &upload.id)?;
        self.discard_parts(unused.values());

        Ok(event)
    }

    /// Takes an upload out of the index if it can be completed, so that only one of two completions
    /// succeeds.
    fn take_upload(
        &self,
        upload: &Upload,
        parts: &[(i32, String)],
        preconditions: &Preconditions,
    ) -> S3Result<Upload> {
        let mut index = self.lock();
        index
            .upload_mut(&upload.bucket, &upload.key, &upload.id)?
            .check_parts(parts)?;

        let existing = index.objects(&upload.bucket)?.get(&upload.key);
        preconditions.check(existing.map(AsRef::as_ref))?;

        index
            .uploads
            .remove(&upload.id)
            .ok_or_else(|| s3_error!(NoSuchUpload))
    }

    /// Aborts an upload, and discards its parts.
    pub(in crate::s3) fn abort_upload(&self, upload: &Upload) -> S3Result<()> {
        let mut index = self.lock();
        let upload = index
            .uploads
            .remove(&upload.id)
            .ok_or_else(|| s3_error!(NoSuchUpload))?;

        self.descriptions.remove(UPLOADS, &upload.id)?;
        self.discard_parts(upload.parts.values());

        Ok(())
    }

    fn discard_parts<'p>(&self, parts: impl Iterator<Item = &'p StoredPart>) {
        parts.for_each(|part| self.bodies().discard(&part.body));
    }
}

/// The object that consists of these parts of an upload, and the parts that are not in it.
fn assemble(upload: &Upload, parts: &[(i32, String)]) -> (StoredObject, BTreeMap<i32, StoredPart>) {
    let mut digest = Md5::new();
    let (mut bodies, mut unused) = (Vec::new(), upload.parts.clone());

    for (number, e_tag) in parts {
        digest.update(from_hex(e_tag));
        bodies.extend(unused.remove(number).map(|part| part.body));
    }

    let e_tag = format!("{}-{}", hex(&digest.finalize()), parts.len());
    let body = StoredBody::concat(bodies);

    let object = StoredObject {
        headers: upload.headers.clone(),
        tags: upload.tags.clone(),
        ..StoredObject::new(&upload.bucket, &upload.key, body, e_tag)
    };

    (object, unused)
}
