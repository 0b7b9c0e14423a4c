//! A store in memory that a file outlives.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use s3_dispatch::once::{Claim, Identity, Lease, StoreError};
use s3_dispatch::{ClaimStore, LeaseStore, MemoryStore, Sequencer, SequencerStore, async_trait};

/// Each line of the file is a completion, or a position.
pub(crate) struct FileStore {
    memory: MemoryStore,
    file: Mutex<File>,
}

const LONG: Duration = Duration::from_secs(30 * 24 * 60 * 60);

impl FileStore {
    /// Opens a store with what the file says.
    pub(crate) async fn open(path: &Path) -> Self {
        let memory = MemoryStore::new();
        let text = std::fs::read_to_string(path).unwrap_or_default();

        for line in text.lines() {
            let parts: Vec<_> = line.split('\t').collect();
            match parts[..] {
                ["completed", identity, state] => {
                    let (identity, state) = (Identity::new(identity), Identity::new(state));
                    let claim = memory.claim(&identity, LONG).await.unwrap();
                    let Claim::Acquired(lease) = claim else {
                        continue;
                    };
                    let done = memory.complete_state(&identity, &lease, LONG, &state).await;
                    assert!(done.unwrap());
                }
                ["order", object, sequencer] => {
                    let (object, sequencer) = (Identity::new(object), Sequencer::from(sequencer));
                    memory.advance(&object, &sequencer, LONG).await.unwrap();
                }
                _ => panic!("not a line of a store: {line}"),
            }
        }

        let file = OpenOptions::new().create(true).append(true).open(path);
        Self {
            memory,
            file: Mutex::new(file.unwrap()),
        }
    }

    fn note(&self, parts: [&str; 3]) {
        let line = format!("{}\n", parts.join("\t"));
        self.file
            .lock()
            .unwrap()
            .write_all(line.as_bytes())
            .unwrap();
    }
}

#[async_trait]
impl ClaimStore for FileStore {
    async fn claim(&self, identity: &Identity, lease: Duration) -> Result<Claim, StoreError> {
        self.memory.claim(identity, lease).await
    }

    async fn complete(
        &self,
        identity: &Identity,
        lease: &Lease,
        keep: Duration,
    ) -> Result<bool, StoreError> {
        self.memory.complete(identity, lease, keep).await
    }

    async fn release(&self, identity: &Identity, lease: &Lease) -> Result<bool, StoreError> {
        self.memory.release(identity, lease).await
    }

    fn remembers_states(&self) -> bool {
        true
    }

    async fn complete_state(
        &self,
        identity: &Identity,
        lease: &Lease,
        keep: Duration,
        state: &Identity,
    ) -> Result<bool, StoreError> {
        let completed = self
            .memory
            .complete_state(identity, lease, keep, state)
            .await?;
        if completed {
            self.note(["completed", identity.as_str(), state.as_str()]);
        }

        Ok(completed)
    }

    async fn has_state(&self, state: &Identity) -> Result<bool, StoreError> {
        self.memory.has_state(state).await
    }
}

#[async_trait]
impl LeaseStore for FileStore {
    async fn renew(
        &self,
        identity: &Identity,
        lease: &Lease,
        duration: Duration,
    ) -> Result<bool, StoreError> {
        self.memory.renew(identity, lease, duration).await
    }
}

#[async_trait]
impl SequencerStore for FileStore {
    async fn latest(&self, object: &Identity) -> Result<Option<Sequencer>, StoreError> {
        self.memory.latest(object).await
    }

    async fn advance(
        &self,
        object: &Identity,
        sequencer: &Sequencer,
        keep: Duration,
    ) -> Result<(), StoreError> {
        self.memory.advance(object, sequencer, keep).await?;
        self.note(["order", object.as_str(), sequencer.as_str()]);

        Ok(())
    }
}
