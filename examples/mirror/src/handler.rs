//! The handler that keeps the index, with its state and its errors.

use std::path::PathBuf;

use s3_dispatch::objects::Objects;
use s3_dispatch::{BucketName, Current, FromRef, ObjectKey, State, s3_handler};

use crate::client;
use crate::index::{Entry, Index, IndexError};

/// The application's state.
pub struct App {
    objects: Objects,
    index: Index,
}

/// The reason why the state cannot be made, so that the program cannot start.
#[derive(Debug, thiserror::Error)]
#[error("the index `{}` cannot be opened", file.display())]
pub struct OpenError {
    file: PathBuf,
    source: IndexError,
}

impl App {
    /// Opens the index in this file, and connects to S3 with the settings that Lambda gives.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be opened, or is not an index.
    pub async fn open(file: impl Into<PathBuf>) -> Result<Self, OpenError> {
        let file = file.into();
        let index = Index::open(&file).map_err(|source| OpenError { file, source })?;

        Ok(Self::new(Objects::new(client::from_env().await), index))
    }

    /// Creates the state from its parts.
    #[must_use]
    pub fn new(objects: Objects, index: Index) -> Self {
        Self { objects, index }
    }
}

impl FromRef<App> for Objects {
    fn from_ref(app: &App) -> Self {
        app.objects.clone()
    }
}

impl FromRef<App> for Index {
    fn from_ref(app: &App) -> Self {
        app.index.clone()
    }
}

/// Makes the index equal to the bucket at one key, whatever the event says.
#[s3_handler("ObjectCreated:*", "ObjectRemoved:*", "LifecycleExpiration:*", reads, state = App)]
pub async fn follow(
    bucket: BucketName,
    key: ObjectKey,
    current: Current,
    State(index): State<Index>,
) -> Result<(), IndexError> {
    match current {
        Current::Present {
            e_tag,
            version_id,
            size,
            ..
        } => {
            let entry = Entry {
                size,
                e_tag: e_tag.map(|tag| tag.to_string()),
                version_id: version_id.map(|id| id.to_string()),
            };
            index.set(bucket.as_str(), key.as_str(), entry).await
        }
        Current::Absent => index.remove(bucket.as_str(), key.as_str()).await,
    }
}

#[cfg(test)]
mod tests {
    use s3_dispatch::{MessageContext, Outcome, Router, Routes};
    use s3_dispatch_testing::{MemoryObjects, RecordBuilder};

    use super::*;

    const BUCKET: &str = "amzn-s3-demo-bucket";

    struct Mirror {
        memory: MemoryObjects,
        index: Index,
    }

    impl Mirror {
        fn new(memory: MemoryObjects) -> Result<Self, IndexError> {
            let index = Index::open(":memory:")?;
            Ok(Self { memory, index })
        }

        async fn handle(&self, record: &RecordBuilder) -> Outcome {
            let app = App::new(Objects::new(self.memory.clone()), self.index.clone());
            let routes = Routes::new(app).on::<follow>();
            routes.route(&record.build(), &MessageContext::new()).await
        }

        /// Handles the record, and checks that the index has this size for the key.
        async fn check(&self, record: &RecordBuilder, size: Option<u64>) {
            let outcome = self.handle(record).await;
            assert!(matches!(outcome, Outcome::Handled), "{outcome:?}");

            let entries = self.index.entries(BUCKET).await.expect("the index is open");
            assert_eq!(entries.get("a.txt").map(|entry| entry.size), size);
        }
    }

    #[tokio::test]
    async fn the_index_has_what_is_at_the_key() -> Result<(), IndexError> {
        let mirror = Mirror::new(MemoryObjects::new())?;
        let put = mirror.memory.put(BUCKET, "a.txt", "text");
        mirror.check(&put, Some(4)).await;

        let removed = mirror.memory.delete(BUCKET, "a.txt");
        mirror.check(&removed, None).await;
        Ok(())
    }

    #[tokio::test]
    async fn the_order_of_the_events_does_not_matter() -> Result<(), IndexError> {
        let mirror = Mirror::new(MemoryObjects::new())?;
        let events = [
            mirror.memory.put(BUCKET, "a.txt", "first"),
            mirror.memory.delete(BUCKET, "a.txt"),
            mirror.memory.put(BUCKET, "a.txt", "the second"),
        ];

        for event in events.iter().rev() {
            mirror.check(event, Some(10)).await;
        }
        Ok(())
    }

    #[tokio::test]
    async fn the_removal_of_a_version_brings_the_one_before_it_back() -> Result<(), IndexError> {
        let memory = MemoryObjects::new().with_versioned_bucket(BUCKET);
        let mirror = Mirror::new(memory)?;
        mirror.memory.put(BUCKET, "a.txt", "first");
        let second = mirror.memory.put(BUCKET, "a.txt", "the second");
        mirror.check(&second, Some(10)).await;

        let second = second.build();
        let version = second.object.version_id.expect("the bucket has versions");
        let removed = mirror
            .memory
            .delete_version(BUCKET, "a.txt", version.as_str());
        mirror.check(&removed, Some(5)).await;
        Ok(())
    }

    #[tokio::test]
    async fn without_the_right_to_list_the_record_fails_and_says_why() -> Result<(), IndexError> {
        let mirror = Mirror::new(MemoryObjects::new().without_list_bucket())?;
        mirror.memory.put(BUCKET, "a.txt", "text");
        let removed = mirror.memory.delete(BUCKET, "a.txt");

        let Outcome::Failed(error) = mirror.handle(&removed).await else {
            panic!("the record did not fail")
        };
        assert!(!error.is_permanent());
        assert!(error.to_string().contains("s3:ListBucket"), "{error}");
        Ok(())
    }
}
