//! The requests of handlers in this process: those of their store of objects, without HTTP.

use std::ops::Range;
use std::path::Path;

use bytes::BytesMut;
use futures_util::{TryStreamExt, stream};
use s3_dispatch::__private::with_causes;
use s3_dispatch::objects::{
    ObjectBody, ObjectError, ObjectErrorKind, ObjectHead, OpenedObject, PutBody, PutCondition,
    PutRequest, PutStream, ReadRequest, WrittenObject,
};
use s3_dispatch::{ETag, EventName, VersionId};
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::{self, ETagCondition};
use s3s::{S3Error, S3ErrorCode};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use crate::aws::digest::hex;
use crate::s3::errors::StoreError;
use crate::s3::store::{
    Buckets, ChecksumKind, FoundObject, ObjectChecksum, ObjectHeaders, Preconditions, StoredObject,
};

/// How many bytes of a file are read at once.
const READ_BYTES: usize = 256 * 1024;

impl Buckets {
    /// Opens an object, or a range of it, for a handler.
    pub(crate) fn open_for(&self, request: &ReadRequest) -> Result<OpenedObject, ObjectError> {
        let version_id = request.version_id.as_ref().map(VersionId::as_str);
        let found = self.find_to_read(request.bucket.as_str(), request.key.as_str(), version_id);
        let (found, pin) = found.map_err(refused)?;
        check_e_tag(&found, request)?;

        let stored = &found.object.body;
        let range = clip(request.range.clone(), stored.len())?;
        let body = self.bodies().read(stored, range.clone(), pin);
        let body = Box::pin(body.map_err(Into::into));

        Ok(OpenedObject::new(head(&found), range, body))
    }

    /// Looks at an object for a handler.
    pub(crate) fn look_for(&self, request: &ReadRequest) -> Result<ObjectHead, ObjectError> {
        let version_id = request.version_id.as_ref().map(VersionId::as_str);
        let found = self.find(request.bucket.as_str(), request.key.as_str(), version_id);
        let found = found.map_err(refused)?;
        check_e_tag(&found, request)?;

        Ok(head(&found))
    }

    /// Writes an object for a handler.
    pub(crate) async fn write_for(
        &self,
        request: &PutRequest,
    ) -> Result<WrittenObject, ObjectError> {
        let to = (request.bucket.as_str(), request.key.as_str());
        self.check(to.0).map_err(refused)?;

        let body = open(&request.body).await?;
        let object = self.stored(body).await.map_err(refused)?;
        let object = StoredObject {
            headers: ObjectHeaders {
                content_type: request.content_type.clone(),
                metadata: request.metadata.clone().into_iter().collect(),
                ..ObjectHeaders::default()
            },
            ..object
        };

        let event_name = EventName::OBJECT_CREATED_PUT;
        let preconditions = preconditions(&request.condition);
        let created = self.create(to, object, event_name, &preconditions).await;
        let (object, _) = created.map_err(refused)?;

        Ok(WrittenObject::new(
            Some(ETag::from(&*object.e_tag)),
            object.version_id.as_deref().map(VersionId::from),
        ))
    }

    /// Deletes an object for a handler.
    pub(crate) async fn delete_for(&self, bucket: &str, key: &str) -> Result<(), ObjectError> {
        let deleted = self.delete(bucket, key, None).await;
        deleted.map(drop).map_err(refused)
    }

    /// Stores a body, with the entity tag and the checksum of its bytes.
    async fn stored(&self, body: ObjectBody) -> Result<StoredObject, S3Error> {
        let kind = ChecksumKind::default();
        let mut md5 = Md5::new();
        let mut hasher = ChecksumKind::hasher(|other| other == kind);

        let written = self.bodies().write(body, |bytes| {
            md5.update(bytes);
            hasher.update(bytes);
        });
        let body = self.report_failure(written.await)?;

        Ok(StoredObject {
            checksum: ObjectChecksum::whole(kind, &hasher.finalize()),
            ..StoredObject::new(body, hex(md5.finalize().as_ref()))
        })
    }
}

/// Checks the entity tag that the object must have.
fn check_e_tag(found: &FoundObject, request: &ReadRequest) -> Result<(), ObjectError> {
    let wanted = request.e_tag.as_ref().map(ETag::as_str);
    match wanted.is_none_or(|wanted| wanted == found.object.e_tag) {
        true => Ok(()),
        false => Err(refused(S3Error::new(S3ErrorCode::PreconditionFailed))),
    }
}

/// The part of a range that an object has.
fn clip(range: Option<Range<u64>>, size: u64) -> Result<Range<u64>, ObjectError> {
    match range {
        None => Ok(0..size),
        Some(range) if range.start < size && range.start < range.end => {
            Ok(range.start..range.end.min(size))
        }
        Some(_) => Err(refused(S3Error::new(S3ErrorCode::InvalidRange))),
    }
}

fn head(found: &FoundObject) -> ObjectHead {
    let object = &found.object;

    let mut head = ObjectHead::default();
    head.size = object.body.len();
    head.e_tag = Some(ETag::from(&*object.e_tag));
    head.version_id = found.version_id.as_deref().map(VersionId::from);
    head.last_modified = Some(object.last_modified);
    head.content_type.clone_from(&object.headers.content_type);
    head.metadata = object.headers.metadata.clone().into_iter().collect();
    head
}

fn preconditions(condition: &PutCondition) -> Preconditions {
    match condition {
        PutCondition::Absent => Preconditions {
            if_none_match: Some(ETagCondition::Any),
            ..Preconditions::default()
        },
        PutCondition::Matches(e_tag) => {
            let e_tag = dto::ETag::Strong(e_tag.as_str().to_owned());
            Preconditions {
                if_match: Some(ETagCondition::ETag(e_tag)),
                ..Preconditions::default()
            }
        }
    }
}

/// The content to write, whose errors are those of a body that breaks off.
async fn open(body: &PutBody) -> Result<ObjectBody, ObjectError> {
    let body = match body {
        PutBody::Bytes(bytes) => Box::pin(stream::iter([Ok(bytes.clone())])) as ObjectBody,
        PutBody::File(path) => open_file(path).await?,
        PutBody::Stream(stream) => whole(stream),
        _ => return Err(ObjectError::new(ObjectErrorKind::Rejected)),
    };

    let broken = body.map_err(|error| {
        let text = with_causes(&*error);
        S3Error::with_message(S3ErrorCode::IncompleteBody, text).into()
    });
    Ok(Box::pin(broken))
}

async fn open_file(path: &Path) -> Result<ObjectBody, ObjectError> {
    let file = File::open(path).await;
    let file = file.map_err(|error| {
        let text = format!("`{}` cannot be read: {error}", path.display());
        ObjectError::new(ObjectErrorKind::File).with_source(text)
    })?;

    Ok(Box::pin(stream::try_unfold(file, |mut file| async move {
        let mut block = BytesMut::with_capacity(READ_BYTES);
        let read = file.read_buf(&mut block).await?;
        Ok((read > 0).then(|| (block.freeze(), file)))
    })))
}

/// A stream that fails if it has another length than announced.
fn whole(announced: &PutStream) -> ObjectBody {
    let start = (announced.open(), announced.length());
    let pieces = stream::try_unfold(start, |(mut pieces, left)| async move {
        match pieces.try_next().await? {
            Some(piece) => match left.checked_sub(piece.len() as u64) {
                Some(left) => Ok(Some((piece, (pieces, left)))),
                None => Err("the stream is longer than announced".into()),
            },
            None if left > 0 => Err("the stream is shorter than announced".into()),
            None => Ok(None),
        }
    });

    Box::pin(pieces)
}

/// The error for a handler whose request S3 would refuse.
fn refused(error: impl Into<StoreError>) -> ObjectError {
    let error = error.into();
    let kind = match &error {
        StoreError::S3(error) => kind(error.code()),
        StoreError::Storage(_) | StoreError::Unsynced(_) => ObjectErrorKind::Unavailable,
    };

    ObjectError::new(kind).with_source(error.into_error())
}

/// What a client of the AWS SDK makes of an error with this code.
fn kind(code: &S3ErrorCode) -> ObjectErrorKind {
    match code {
        S3ErrorCode::NoSuchBucket => ObjectErrorKind::NoSuchBucket,
        S3ErrorCode::NoSuchKey | S3ErrorCode::NoSuchVersion | S3ErrorCode::MethodNotAllowed => {
            ObjectErrorKind::Gone
        }
        S3ErrorCode::PreconditionFailed => ObjectErrorKind::Superseded,
        // A client that cannot read its own body gets no answer.
        S3ErrorCode::IncompleteBody | S3ErrorCode::InternalError => ObjectErrorKind::Unavailable,
        _ => ObjectErrorKind::Rejected,
    }
}
