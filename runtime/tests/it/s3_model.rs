//! A model of one key in S3, which knows what is really there. It shares no code with the product.

use fastrand::Rng;
use s3_dispatch::{EventName, S3EventRecord};
use s3_dispatch_testing::RecordBuilder;

/// What a bucket does.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Habits {
    pub(crate) is_versioned: bool,
    pub(crate) uploads_in_parts: bool,
    pub(crate) expires: bool,
    /// Deletes versions by their ids, also current ones.
    pub(crate) deletes_current_versions: bool,
}

/// One key. In a bucket without versioning it has at most one version.
pub(crate) struct Model {
    habits: Habits,
    rng: Rng,
    clock: u64,
    versions: Vec<Version>,
    /// When the uploads began that run now.
    uploads: Vec<u64>,
    pub(crate) history: Vec<Event>,
}

/// An object, or a delete marker if it has no content.
#[derive(Debug, Clone, Copy)]
struct Version {
    id: u64,
    content: Option<u64>,
    sequencer: u64,
}

/// An event as S3 announces it.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) name: EventName,
    pub(crate) sequencer: u64,
    pub(crate) version: Option<u64>,
    pub(crate) content: Option<u64>,
    /// It deleted the version that was the current one.
    pub(crate) deleted_current_version: bool,
}

impl Model {
    pub(crate) fn new(habits: Habits, seed: u64) -> Self {
        Self {
            habits,
            rng: Rng::with_seed(seed),
            clock: 0x55AE_D6DC,
            versions: Vec::new(),
            uploads: Vec::new(),
            history: Vec::new(),
        }
    }

    /// The content of the key now, or `None` if there is no object.
    pub(crate) fn content(&self) -> Option<u64> {
        self.versions.last()?.content
    }

    /// Does something that S3 announces, and returns the event.
    pub(crate) fn step(&mut self) -> Event {
        loop {
            let event = match self.rng.u8(..14) {
                0..4 => Some(self.create()),
                4..6 => Some(self.delete()),
                6..8 if self.habits.uploads_in_parts => {
                    let start = self.tick();
                    self.uploads.push(start);
                    None
                }
                8..10 => self.complete_upload(),
                10..12 if self.habits.expires => self.expire(),
                12 if self.habits.is_versioned => self.delete_version(),
                13 if self.habits.is_versioned && self.habits.expires => self.expire_noncurrent(),
                _ => None,
            };

            if let Some(event) = event {
                self.history.push(event.clone());
                return event;
            }
        }
    }

    fn tick(&mut self) -> u64 {
        self.clock += self.rng.u64(1..20);
        self.clock
    }

    fn create(&mut self) -> Event {
        let name = [
            EventName::OBJECT_CREATED_PUT,
            EventName::OBJECT_CREATED_POST,
            EventName::OBJECT_CREATED_COPY,
        ];
        let (name, sequencer) = (name[self.rng.usize(..3)].clone(), self.tick());
        self.write(name, Some(sequencer), sequencer)
    }

    fn complete_upload(&mut self) -> Option<Event> {
        if self.uploads.is_empty() {
            return None;
        }

        let start = self
            .uploads
            .swap_remove(self.rng.usize(..self.uploads.len()));
        let name = EventName::OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD;
        let content = self.tick();
        Some(self.write(name, Some(content), start))
    }

    fn delete(&mut self) -> Event {
        let sequencer = self.tick();
        if self.habits.is_versioned {
            return self.write(
                EventName::OBJECT_REMOVED_DELETE_MARKER_CREATED,
                None,
                sequencer,
            );
        }

        self.versions.clear();
        Event::new(EventName::OBJECT_REMOVED_DELETE, sequencer)
    }

    /// A lifecycle rule ends the current object. The event has the sequencer of that object.
    fn expire(&mut self) -> Option<Event> {
        let current = *self.versions.last().filter(|last| last.content.is_some())?;

        if self.habits.is_versioned {
            let name = EventName::LIFECYCLE_EXPIRATION_DELETE_MARKER_CREATED;
            return Some(self.write(name, None, current.sequencer));
        }

        self.versions.clear();
        let name = EventName::LIFECYCLE_EXPIRATION_DELETE;
        Some(Event::new(name, current.sequencer))
    }

    fn delete_version(&mut self) -> Option<Event> {
        let last = self.versions.len().checked_sub(1)?;
        let limit = last + usize::from(self.habits.deletes_current_versions);
        if limit == 0 {
            return None;
        }

        let place = self.rng.usize(..limit);
        let version = self.versions.remove(place);
        let event = Event::new(EventName::OBJECT_REMOVED_DELETE, self.tick());

        Some(Event {
            version: Some(version.id),
            deleted_current_version: place == last,
            ..event
        })
    }

    fn expire_noncurrent(&mut self) -> Option<Event> {
        if self.versions.len() < 2 {
            return None;
        }

        let version = self
            .versions
            .remove(self.rng.usize(..self.versions.len() - 1));
        let event = Event::new(EventName::LIFECYCLE_EXPIRATION_DELETE, version.sequencer);

        Some(Event {
            version: Some(version.id),
            ..event
        })
    }

    /// Writes a version, which replaces the others where there is no versioning.
    fn write(&mut self, name: EventName, content: Option<u64>, sequencer: u64) -> Event {
        if !self.habits.is_versioned {
            self.versions.clear();
        }

        let id = self.tick();
        self.versions.push(Version {
            id,
            content,
            sequencer,
        });

        Event {
            version: self.habits.is_versioned.then_some(id),
            content,
            ..Event::new(name, sequencer)
        }
    }
}

impl Event {
    fn new(name: EventName, sequencer: u64) -> Self {
        Self {
            name,
            sequencer,
            version: None,
            content: None,
            deleted_current_version: false,
        }
    }

    pub(crate) fn record(&self, key: &str) -> S3EventRecord {
        let mut record = RecordBuilder::new(self.name.clone())
            .with_key(key)
            .with_sequencer(format!("{:018X}", self.sequencer));

        if let Some(content) = self.content {
            record = record.with_e_tag(format!("{content:032x}"));
        }

        if let Some(version) = self.version {
            record = record.with_version_id(format!("v{version}"));
        }

        record.build()
    }

    pub(crate) fn is_of_multipart_upload(&self) -> bool {
        self.name == EventName::OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD
    }

    /// Whether it ended one version and not the object.
    pub(crate) fn is_of_one_version(&self) -> bool {
        let removes = [
            EventName::OBJECT_REMOVED_DELETE,
            EventName::LIFECYCLE_EXPIRATION_DELETE,
        ];

        removes.contains(&self.name) && self.version.is_some()
    }
}
