//! How objects are put, deleted and tagged.

use std::sync::Arc;

use s3_dispatch::EventName;
use s3s::{S3Result, s3_error};

use super::bucket::{Versioning, check_version_id};
use super::change::StoreChange;
use super::object::DeleteConditions;
use super::object::{DeleteMarker, KeyVersion, NULL_VERSION, Preconditions, StoredObject};
use super::transaction::Transaction;
use crate::s3::event::ObjectEvent;

/// The longest key ("Naming Amazon S3 objects", Amazon S3 User Guide, 2026).
const MAX_KEY_BYTES: usize = 1024;

/// The entity tag that S3 gives to delete markers: that of an empty object.
const DELETE_MARKER_E_TAG: &str = "d41d8cd98f00b204e9800998ecf8427e";

/// What a deletion did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::s3) struct Deleted {
    /// The id of the removed version or of the new delete marker; `None` if there is neither.
    pub(in crate::s3) version_id: Option<String>,
    /// Whether the version is a delete marker, removed or new.
    pub(in crate::s3) is_delete_marker: bool,
}

impl Transaction<'_> {
    /// Puts an object, and returns it with the id of its version. Without a sequencer the event
    /// gets the next one.
    pub(in crate::s3) fn put(
        &mut self,
        (bucket, key): (&str, &str),
        object: StoredObject,
        event_name: EventName,
        sequencer: Option<String>,
        preconditions: &Preconditions,
    ) -> S3Result<Arc<StoredObject>> {
        check_key_length(key)?;
        let current = self.bucket(bucket)?.current(key);
        preconditions.check(current.map(AsRef::as_ref))?;

        let (serial, next_sequencer) = self.next_number();
        let object = Arc::new(StoredObject {
            version_id: self.bucket(bucket)?.next_version_id(serial),
            ..object
        });

        self.add_version(bucket, key, serial, KeyVersion::Object(Arc::clone(&object)))?;

        let mut event = ObjectEvent::new(event_name, bucket, key)
            .with_size(object.body.len())
            .with_e_tag(object.e_tag.as_str())
            .with_sequencer(sequencer.unwrap_or(next_sequencer));
        event.version_id.clone_from(&object.version_id);
        self.publish(event);

        Ok(object)
    }

    /// Adds a version. While versioning is not enabled it replaces the one with the id `null`.
    fn add_version(
        &mut self,
        bucket: &str,
        key: &str,
        serial: u64,
        version: KeyVersion,
    ) -> S3Result<()> {
        if version.id() == NULL_VERSION {
            let versions = self.bucket(bucket)?.versions(key);
            let replaced = versions.and_then(|versions| versions.find(NULL_VERSION));
            if let Some((replaced, _)) = replaced {
                self.set_version(bucket, key, replaced, None);
            }
        }

        self.set_version(bucket, key, serial, Some(version));

        Ok(())
    }

    fn set_version(&mut self, bucket: &str, key: &str, serial: u64, to: Option<KeyVersion>) {
        self.set(StoreChange::Version {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            serial,
            to,
        });
    }

    /// Deletes an object, adds a delete marker, or removes a version. If there is nothing to
    /// delete, there is no event.
    pub(in crate::s3) fn delete(
        &mut self,
        bucket: &str,
        key: &str,
        version_id: Option<&str>,
        conditions: &DeleteConditions,
    ) -> S3Result<Deleted> {
        check_key_length(key)?;
        let versioning = self.bucket(bucket)?.settings.versioning;
        if !conditions.is_empty() {
            conditions.check(self.bucket(bucket)?.object(key, version_id)?)?;
        }

        match version_id {
            Some(id) => self.delete_version(bucket, key, id),
            None if versioning == Versioning::Off => {
                self.delete_version(bucket, key, NULL_VERSION)?;
                Ok(Deleted::default())
            }
            None => self.add_delete_marker(bucket, key),
        }
    }

    fn delete_version(&mut self, bucket: &str, key: &str, id: &str) -> S3Result<Deleted> {
        check_version_id(id)?;
        let is_versioned = self.bucket(bucket)?.settings.versioning != Versioning::Off;
        let mut deleted = Deleted {
            version_id: is_versioned.then(|| id.to_owned()),
            is_delete_marker: false,
        };

        let versions = self.bucket(bucket)?.versions(key);
        let Some((serial, version)) = versions.and_then(|versions| versions.find(id)) else {
            return Ok(deleted);
        };

        deleted.is_delete_marker = version.object().is_none();
        self.set_version(bucket, key, serial, None);

        let (_, sequencer) = self.next_number();
        let mut event = ObjectEvent::new(EventName::OBJECT_REMOVED_DELETE, bucket, key)
            .with_sequencer(sequencer);
        event.version_id = Some(id.to_owned()).filter(|id| id != NULL_VERSION);
        self.publish(event);

        Ok(deleted)
    }

    fn add_delete_marker(&mut self, bucket: &str, key: &str) -> S3Result<Deleted> {
        let (serial, sequencer) = self.next_number();
        let marker = KeyVersion::DeleteMarker(Arc::new(DeleteMarker {
            version_id: self.bucket(bucket)?.next_version_id(serial),
            last_modified: self.now(),
        }));
        let id = marker.id().to_owned();
        self.add_version(bucket, key, serial, marker)?;

        let event_name = EventName::OBJECT_REMOVED_DELETE_MARKER_CREATED;
        let mut event = ObjectEvent::new(event_name, bucket, key)
            .with_e_tag(DELETE_MARKER_E_TAG)
            .with_sequencer(sequencer);
        event.version_id = Some(id.clone()).filter(|id| id != NULL_VERSION);
        self.publish(event);

        Ok(Deleted {
            version_id: Some(id),
            is_delete_marker: true,
        })
    }

    /// Replaces or deletes the tags of an object, and returns the id of its version, if it shows
    /// one. The event has no sequencer.
    pub(in crate::s3) fn set_tags(
        &mut self,
        bucket: &str,
        key: &str,
        version_id: Option<&str>,
        tags: Option<Vec<(String, String)>>,
    ) -> S3Result<Option<String>> {
        let event_name = match tags {
            Some(_) => EventName::OBJECT_TAGGING_PUT,
            None => EventName::OBJECT_TAGGING_DELETE,
        };

        let found = self.bucket(bucket)?.find(key, version_id)?;
        let object = Arc::new(StoredObject {
            tags: tags.unwrap_or_default(),
            ..StoredObject::clone(&found.object)
        });

        let versions = self.bucket(bucket)?.versions(key);
        let serial = versions.map(|versions| match version_id {
            Some(id) => versions.find(id).map_or(0, |(serial, _)| serial),
            None => versions.current_serial(),
        });
        let version = KeyVersion::Object(Arc::clone(&object));
        self.set_version(bucket, key, serial.unwrap_or_default(), Some(version));

        let mut event = ObjectEvent::new(event_name, bucket, key).with_e_tag(object.e_tag.as_str());
        event.version_id.clone_from(&object.version_id);
        self.publish(event);

        Ok(found.version_id)
    }
}

pub(super) fn check_key_length(key: &str) -> S3Result<()> {
    if key.len() > MAX_KEY_BYTES {
        return Err(s3_error!(KeyTooLongError));
    }

    Ok(())
}
