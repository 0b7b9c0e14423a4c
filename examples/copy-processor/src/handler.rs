//! What is done with a copy.

use std::env::{self, VarError};
use std::error::Error as _;
use std::fmt;
use std::sync::Arc;

use s3_dispatch::{FromRef, ObjectCreated, ObjectKey, State, s3_handler};

/// The application's state.
pub(crate) struct App {
    folder: Folder,
}

/// Where copies belong. Cheap to clone, as every part of the state should be.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    prefix: Arc<str>,
}

/// Why a copy is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CopyError {
    /// The copy lies somewhere else.
    #[error("the copy {key:?} does not lie in {prefix:?}")]
    Misplaced {
        /// The copy.
        key: ObjectKey,
        /// Where copies belong.
        prefix: Arc<str>,
    },
}

/// Why the program cannot start.
#[derive(thiserror::Error)]
pub(crate) enum SettingError {
    /// The variable is not Unicode.
    #[error("the environment variable `COPY_PREFIX` cannot be read")]
    Unreadable(#[from] VarError),
}

/// As people read it, since this is what `main` prints of an error.
impl fmt::Debug for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{self}: {}",
            self.source().map(ToString::to_string).unwrap_or_default()
        )
    }
}

impl App {
    /// Takes the folder from `COPY_PREFIX`; without it copies may lie anywhere.
    pub(crate) fn from_env() -> Result<Self, SettingError> {
        let prefix = match env::var("COPY_PREFIX") {
            Ok(prefix) => prefix,
            Err(VarError::NotPresent) => String::new(),
            Err(error) => return Err(error.into()),
        };

        Ok(Self {
            folder: Folder {
                prefix: prefix.into(),
            },
        })
    }
}

impl FromRef<App> for Folder {
    fn from_ref(app: &App) -> Self {
        app.folder.clone()
    }
}

impl Folder {
    fn check(&self, copy: &ObjectCreated) -> Result<(), CopyError> {
        if copy.key.as_str().starts_with(&*self.prefix) {
            return Ok(());
        }

        Err(CopyError::Misplaced {
            key: copy.key.clone(),
            prefix: Arc::clone(&self.prefix),
        })
    }
}

/// Logs a copy. A large one arrives as `CompleteMultipartUpload`, which nothing tells from an
/// upload.
#[s3_handler("ObjectCreated:Copy", state = App)]
pub(crate) async fn log_copy(
    copy: ObjectCreated,
    State(folder): State<Folder>,
) -> Result<(), CopyError> {
    // Fails in a way that is tried again: the setting may be corrected while the message waits.
    folder.check(&copy)?;
    tracing::info!(
        event_name = copy.event_name.as_str(),
        bucket = copy.bucket.name.as_str(),
        key = copy.key.as_str(),
        size = copy.size,
        "object copied"
    );

    Ok(())
}

#[cfg(test)]
mod tests {
    use s3_dispatch::{
        EventName, MessageContext, Outcome, Router, Routes, S3EventRecord, SkipReason,
    };
    use s3_dispatch_testing::RecordBuilder;

    use super::*;

    fn record(event: EventName) -> S3EventRecord {
        RecordBuilder::new(event)
            .with_key("archive/my photo.jpg")
            .with_size(1024)
            .build()
    }

    fn app(prefix: &str) -> App {
        App {
            folder: Folder {
                prefix: prefix.into(),
            },
        }
    }

    #[tokio::test]
    async fn a_copy_in_its_folder_is_logged() -> Result<(), Box<dyn std::error::Error>> {
        let copy = ObjectCreated::try_from(&record(EventName::OBJECT_CREATED_COPY))?;
        let logged = log_copy(
            copy,
            State(Folder {
                prefix: "archive/".into(),
            }),
        )
        .await;

        assert!(logged.is_ok(), "{logged:?}");

        Ok(())
    }

    #[tokio::test]
    async fn a_misplaced_copy_fails_and_comes_again() {
        let routes = Routes::new(app("elsewhere/")).on::<log_copy>();
        let outcome = routes
            .route(
                &record(EventName::OBJECT_CREATED_COPY),
                &MessageContext::new(),
            )
            .await;

        let Outcome::Failed(error) = outcome else {
            panic!("{outcome:?}")
        };

        assert!(!error.is_permanent());
        assert_eq!(
            error.to_string(),
            r#"the copy "archive/my photo.jpg" does not lie in "elsewhere/""#
        );
    }

    #[tokio::test]
    async fn copies_are_routed_and_uploads_are_not() {
        let routes = Routes::new(app("")).on::<log_copy>();
        let message = MessageContext::new();
        let outcome = routes
            .route(&record(EventName::OBJECT_CREATED_COPY), &message)
            .await;
        assert!(matches!(outcome, Outcome::Handled), "{outcome:?}");
        let outcome = routes
            .route(&record(EventName::OBJECT_CREATED_PUT), &message)
            .await;
        assert!(
            matches!(outcome, Outcome::Skipped(SkipReason::Unrouted)),
            "{outcome:?}"
        );
    }
}
