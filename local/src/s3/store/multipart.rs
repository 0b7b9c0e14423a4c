//! How multipart uploads are started, filled, completed and aborted.

use std::collections::BTreeMap;
use std::sync::Arc;

use md5::{Digest, Md5};
use s3_dispatch::EventName;
use s3s::S3Result;

use super::bodies::StoredBody;
use super::change::StoreChange;
use super::checksum::UploadChecksum;
use super::object::{ObjectHeaders, Preconditions, StoredObject};
use super::objects::check_key_length;
use super::transaction::Transaction;
use super::upload::{ClaimedPart, ClaimedUpload, CompletedUpload, EndedUpload, StoredPart, Upload};
use crate::aws::digest::{from_hex, hex};

/// How many uploads are remembered after they have ended.
const MAX_ENDED: usize = 10_000;

impl Transaction<'_> {
    /// Starts an upload, and returns its id.
    pub(in crate::s3) fn start_upload(
        &mut self,
        (bucket, key): (&str, &str),
        headers: ObjectHeaders,
        tags: Vec<(String, String)>,
        checksum: Option<UploadChecksum>,
    ) -> S3Result<String> {
        self.bucket(bucket)?;
        check_key_length(key)?;

        let (_, sequencer) = self.next_number();
        let id = format!("upload-{sequencer}");
        let upload = Upload {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            initiated: self.now(),
            parts: BTreeMap::new(),
            headers,
            tags,
            checksum,
            sequencer,
        };

        self.set(StoreChange::Upload {
            id: id.clone(),
            to: Some(Box::new(upload)),
        });

        Ok(id)
    }

    /// Inserts a part in place of the one with the same number.
    pub(in crate::s3) fn insert_part(
        &mut self,
        (bucket, key): (&str, &str),
        id: &str,
        number: i32,
        part: StoredPart,
    ) -> S3Result<()> {
        self.upload(bucket, key, id)?;
        self.set(StoreChange::Part {
            upload: id.to_owned(),
            number,
            to: Some(Arc::new(part)),
        });

        Ok(())
    }

    /// Makes an object of the claimed parts. An upload that is already
    /// completed stays as it is, and the client gets the same answer.
    pub(in crate::s3) fn complete_upload(
        &mut self,
        (bucket, key): (&str, &str),
        id: &str,
        claim: &ClaimedUpload,
        preconditions: &Preconditions,
    ) -> S3Result<CompletedUpload> {
        let ended = self.ended(bucket, key, id);
        if let Some(completed) = ended.and_then(|ended| ended.completed.as_ref()) {
            return Ok(completed.clone());
        }

        let upload = self.upload(bucket, key, id)?;
        upload.check_parts(&claim.parts)?;
        let object = assemble(upload, &claim.parts);
        upload.check_object(claim, &object)?;

        let sequencer = Some(upload.sequencer.clone());

        let event_name = EventName::OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD;
        let object = self.put((bucket, key), object, event_name, sequencer, preconditions)?;

        let completed = CompletedUpload {
            e_tag: object.e_tag.clone(),
            version_id: object.version_id.clone(),
            checksum: object.checksum.clone(),
        };
        self.end_upload((bucket, key), id, Some(completed.clone()));

        Ok(completed)
    }

    /// Aborts an upload, and discards its parts. Does nothing if it has ended.
    pub(in crate::s3) fn abort_upload(
        &mut self,
        bucket: &str,
        key: &str,
        id: &str,
    ) -> S3Result<()> {
        if self.ended(bucket, key, id).is_some() {
            return Ok(());
        }

        self.upload(bucket, key, id)?;
        self.end_upload((bucket, key), id, None);

        Ok(())
    }

    fn end_upload(
        &mut self,
        (bucket, key): (&str, &str),
        id: &str,
        completed: Option<CompletedUpload>,
    ) {
        let ended = EndedUpload {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            completed,
        };

        self.set(StoreChange::Upload {
            id: id.to_owned(),
            to: None,
        });
        self.set(StoreChange::Ended {
            id: id.to_owned(),
            to: Some(Arc::new(ended)),
        });

        if let Some(oldest) = self.oldest_ended(MAX_ENDED) {
            let id = oldest.to_owned();
            self.set(StoreChange::Ended { id, to: None });
        }
    }
}

/// The object that consists of these parts of an upload.
fn assemble(upload: &Upload, parts: &[ClaimedPart]) -> StoredObject {
    let mut digest = Md5::new();
    let mut bodies = Vec::new();

    let stored = parts
        .iter()
        .filter_map(|part| upload.parts.get(&part.number));
    let stored: Vec<_> = stored.collect();
    for part in &stored {
        digest.update(from_hex(&part.e_tag));
        bodies.push(part.body.clone());
    }

    let checksums = stored
        .iter()
        .map(|part| (part.checksum.as_deref(), part.body.len()));
    let checksums: Vec<_> = checksums.collect();
    let checksum = upload.checksum.and_then(|sum| sum.of_parts(&checksums));

    let e_tag = format!("{}-{}", hex(&digest.finalize()), parts.len());

    StoredObject {
        headers: upload.headers.clone(),
        tags: upload.tags.clone(),
        checksum,
        ..StoredObject::new(StoredBody::concat(bodies), e_tag)
    }
}
