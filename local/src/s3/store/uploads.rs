//! Objects that are put in parts.

use std::collections::BTreeMap;
use std::time::SystemTime;

use md5::{Digest, Md5};
use s3_dispatch::EventName;
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};

use crate::ObjectEvent;
use crate::s3::store::bodies::Content;
use crate::s3::store::{Buckets, Headers, MAX_KEY_BYTES, Object, Precondition, State, hex};

/// The smallest part of a multipart upload, other than the last ("Amazon S3 multipart upload
/// limits", Amazon S3 User Guide, 2026).
const MIN_PART_BYTES: u64 = 5 * 1024 * 1024;

/// A multipart upload that is not completed yet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub(crate) id: String,
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) initiated: SystemTime,
    pub(crate) parts: BTreeMap<i32, Part>,
    headers: Headers,
    tags: Vec<(String, String)>,
    /// That of the upload's start is the one that the completed object's event carries.
    sequencer: String,
}

/// A part of an upload.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) content: Content,
    /// Without quotes.
    pub(crate) e_tag: String,
    pub(crate) last_modified: SystemTime,
}

impl Part {
    pub(crate) fn new(content: Content, e_tag: String) -> Self {
        Self {
            content,
            e_tag,
            last_modified: SystemTime::now(),
        }
    }
}

impl Buckets {
    /// Starts a multipart upload, and gives its id.
    pub(crate) fn start_upload(
        &self,
        bucket: &str,
        key: &str,
        headers: Headers,
        tags: Vec<(String, String)>,
    ) -> S3Result<String> {
        let mut state = self.lock();
        state.objects(bucket)?;

        if key.len() > MAX_KEY_BYTES {
            return Err(s3_error!(KeyTooLongError));
        }

        let sequencer = self.sequencer(&mut state);
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
        self.describe("uploads", &id, &upload)?;
        state.uploads.insert(id.clone(), upload);

        Ok(id)
    }

    /// The uploads of a bucket, by key and start.
    pub(crate) fn uploads(&self, bucket: &str) -> S3Result<Vec<Upload>> {
        let mut state = self.lock();
        state.objects(bucket)?;

        let mut uploads: Vec<_> = state
            .uploads
            .values()
            .filter(|upload| upload.bucket == bucket)
            .cloned()
            .collect();

        uploads.sort_by(|a, b| (&a.key, &a.id).cmp(&(&b.key, &b.id)));

        Ok(uploads)
    }

    pub(crate) fn upload(&self, bucket: &str, key: &str, id: &str) -> S3Result<Upload> {
        self.lock().upload(bucket, key, id).cloned()
    }

    /// Takes a part, in the place of one of the same number.
    pub(crate) fn insert_part(&self, upload: &Upload, number: i32, part: Part) -> S3Result<()> {
        let mut state = self.lock();
        let content = part.content.clone();

        let inserted = state
            .upload(&upload.bucket, &upload.key, &upload.id)
            .and_then(|upload| {
                let replaced = upload.parts.insert(number, part);
                self.describe("uploads", &upload.id, upload)?;
                Ok(replaced)
            });

        let replaced = inserted.inspect_err(|_| self.bodies().discard(&content))?;

        if let Some(replaced) = replaced {
            self.bodies().discard(&replaced.content);
        }

        Ok(())
    }

    /// Makes an object of these parts, given by number and entity tag.
    pub(crate) fn complete_upload(
        &self,
        upload: &Upload,
        parts: &[(i32, String)],
        precondition: &Precondition,
    ) -> S3Result<ObjectEvent> {
        // Taken out first, so that of two completions one wins.
        let upload = {
            let mut state = self.lock();
            state
                .upload(&upload.bucket, &upload.key, &upload.id)?
                .check(parts)?;

            precondition.check(
                state
                    .objects(&upload.bucket)?
                    .get(&upload.key)
                    .map(AsRef::as_ref),
            )?;

            state
                .uploads
                .remove(&upload.id)
                .ok_or_else(|| s3_error!(NoSuchUpload))?
        };

        let mut digest = Md5::new();
        let (mut contents, mut kept) = (Vec::new(), upload.parts.clone());

        for (number, e_tag) in parts {
            digest.update(unhex(e_tag));
            contents.extend(kept.remove(number).map(|part| part.content));
        }

        let e_tag = format!("{}-{}", hex(&digest.finalize()), parts.len());
        let object = Object {
            headers: upload.headers.clone(),
            tags: upload.tags.clone(),
            ..Object::new(
                &upload.bucket,
                &upload.key,
                Content::concat(contents),
                e_tag,
            )
        };

        let event_name = EventName::OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD;

        let inserted = self.insert(
            object,
            event_name,
            Some(upload.sequencer.clone()),
            precondition,
        );

        let event = match inserted {
            Ok(event) => event,
            Err(error) => {
                self.lock().uploads.insert(upload.id.clone(), upload);
                return Err(error);
            }
        };

        self.forget("uploads", &upload.id)?;
        // The parts that the object does not consist of.
        kept.values()
            .for_each(|part| self.bodies().discard(&part.content));

        Ok(event)
    }

    /// Gives up an upload.
    pub(crate) fn abort_upload(&self, upload: &Upload) -> S3Result<()> {
        let mut state = self.lock();
        let upload = state
            .uploads
            .remove(&upload.id)
            .ok_or_else(|| s3_error!(NoSuchUpload))?;
        self.forget("uploads", &upload.id)?;
        upload
            .parts
            .values()
            .for_each(|part| self.bodies().discard(&part.content));

        Ok(())
    }
}

impl State {
    fn upload(&mut self, bucket: &str, key: &str, id: &str) -> S3Result<&mut Upload> {
        let upload = self
            .uploads
            .get_mut(id)
            .filter(|upload| upload.bucket == bucket && upload.key == key);
        upload.ok_or_else(|| s3_error!(NoSuchUpload))
    }
}

impl Upload {
    /// Whether an object can be made of these parts.
    fn check(&self, parts: &[(i32, String)]) -> S3Result<()> {
        if parts.is_empty() {
            return Err(s3_error!(
                MalformedXML,
                "an upload is completed with at least one part"
            ));
        }

        if !parts.is_sorted_by(|(before, _), (after, _)| before < after) {
            return Err(s3_error!(InvalidPartOrder));
        }

        for (position, (number, e_tag)) in parts.iter().enumerate() {
            let part = self.parts.get(number).filter(|part| part.e_tag == *e_tag);
            let part = part.ok_or_else(|| {
                s3_error!(InvalidPart, "part {number} is not there, or is another")
            })?;

            if part.content.len() < MIN_PART_BYTES && position + 1 < parts.len() {
                return Err(s3_error!(
                    EntityTooSmall,
                    "part {number} is smaller than 5 MiB, and not the last"
                ));
            }
        }

        Ok(())
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks_exact(2);
    digits
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}
