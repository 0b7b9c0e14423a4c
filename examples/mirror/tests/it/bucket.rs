//! A bucket in which objects come and go, with the events that S3 sends.

use std::collections::BTreeMap;

use fastrand::Rng;
use s3_dispatch::S3EventRecord;
use s3_dispatch_local::ObjectEvent;
use s3_dispatch_testing::{MemoryObjects, RecordBuilder};

use crate::BUCKET;

const KEYS: [&str; 4] = ["a.txt", "folder/my file+1.txt", "b.txt", "c.txt"];

/// A bucket of four keys.
pub(crate) struct Bucket {
    pub(crate) memory: MemoryObjects,
    is_versioned: bool,
    rng: Rng,
    /// The sequencer of the object at each key.
    created: BTreeMap<&'static str, String>,
    /// Uploads in parts that have begun, with the sequencer of their start.
    uploads: Vec<(&'static str, String)>,
    /// The versions and delete markers that were made.
    versions: Vec<(&'static str, String)>,
}

impl Bucket {
    pub(crate) fn new(is_versioned: bool, seed: u64) -> Self {
        let memory = MemoryObjects::new();
        Self {
            memory: match is_versioned {
                true => memory.with_versioned_bucket(BUCKET),
                false => memory,
            },
            is_versioned,
            rng: Rng::with_seed(seed),
            created: BTreeMap::new(),
            uploads: Vec::new(),
            versions: Vec::new(),
        }
    }

    /// The size and the entity tag of each object.
    pub(crate) fn objects(&self) -> BTreeMap<String, (u64, Option<String>)> {
        let found = self.memory.keys(BUCKET).into_iter().map(|key| {
            let head = self.memory.head(BUCKET, &key).unwrap();
            (key, (head.size, head.e_tag.map(|tag| tag.to_string())))
        });
        found.collect()
    }

    /// Does something, and returns its event. `None` if S3 sends none.
    pub(crate) fn step(&mut self) -> Option<ObjectEvent> {
        let key = KEYS[self.rng.usize(..KEYS.len())];
        match self.rng.u8(..14) {
            0..3 => {
                let content = self.content();
                Some(self.create("ObjectCreated:Put", key, content, None))
            }
            3..5 => {
                let source = KEYS[self.rng.usize(..KEYS.len())];
                let content = self.memory.get(BUCKET, source)?.to_vec();
                Some(self.create("ObjectCreated:Copy", key, content, None))
            }
            5..7 => {
                let start = self.tick();
                self.uploads.push((key, start));
                None
            }
            7..9 => self.complete_upload(),
            9..11 => self.remove("ObjectRemoved", key, None),
            11..13 => {
                let created = self.created.get(key)?.clone();
                self.remove("LifecycleExpiration", key, Some(created))
            }
            _ => self.delete_version(),
        }
    }

    fn content(&mut self) -> Vec<u8> {
        let length = self.rng.usize(1..500);
        std::iter::repeat_with(|| self.rng.u8(..))
            .take(length)
            .collect()
    }

    /// A sequencer that is greater than all before it.
    fn tick(&self) -> String {
        let record = self.memory.put("clock", "tick", "").build();
        record.object.sequencer.unwrap().to_string()
    }

    fn create(
        &mut self,
        event: &'static str,
        key: &'static str,
        content: Vec<u8>,
        sequencer: Option<String>,
    ) -> ObjectEvent {
        let event = self.event(event, &self.memory.put(BUCKET, key, content), sequencer);
        self.created.insert(key, event.sequencer.clone().unwrap());
        self.remember(key, &event);
        event
    }

    /// The event has the sequencer of the upload's start.
    fn complete_upload(&mut self) -> Option<ObjectEvent> {
        if self.uploads.is_empty() {
            return None;
        }

        let index = self.rng.usize(..self.uploads.len());
        let (key, start) = self.uploads.swap_remove(index);
        let content = self.content();
        let event = "ObjectCreated:CompleteMultipartUpload";
        Some(self.create(event, key, content, Some(start)))
    }

    fn remove(
        &mut self,
        category: &str,
        key: &'static str,
        sequencer: Option<String>,
    ) -> Option<ObjectEvent> {
        self.memory.get(BUCKET, key)?;
        let action = match self.is_versioned {
            true => "DeleteMarkerCreated",
            false => "Delete",
        };

        let record = self.memory.delete(BUCKET, key);
        let event = self.event(&format!("{category}:{action}"), &record, sequencer);
        self.remember(key, &event);
        Some(event)
    }

    /// Deletes any version or delete marker, also the current one.
    fn delete_version(&mut self) -> Option<ObjectEvent> {
        if self.versions.is_empty() {
            return None;
        }

        let index = self.rng.usize(..self.versions.len());
        let (key, version) = self.versions.swap_remove(index);
        let record = self.memory.delete_version(BUCKET, key, &version);
        Some(self.event("ObjectRemoved:Delete", &record, None))
    }

    fn remember(&mut self, key: &'static str, event: &ObjectEvent) {
        let version = event.version_id.clone().map(|version| (key, version));
        self.versions.extend(version);
    }

    fn event(&self, name: &str, record: &RecordBuilder, sequencer: Option<String>) -> ObjectEvent {
        let S3EventRecord { object, .. } = record.build();
        let mut event = ObjectEvent::new(name, BUCKET, object.key.as_str());
        event.size = object.size;
        event.e_tag = object.e_tag.map(|tag| tag.to_string());
        event.version_id = object.version_id.map(|id| id.to_string());
        event.sequencer = sequencer.or(object.sequencer.map(|own| own.to_string()));
        event
    }
}
