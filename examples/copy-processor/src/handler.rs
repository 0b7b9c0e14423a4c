//! The handler of copies, with its state and its errors.

use std::env::{self, VarError};
use std::sync::Arc;

use s3_dispatch::{FromRef, ObjectCreated, ObjectKey, State, s3_handler};

/// The application's state.
pub(crate) struct App {
    folder: Folder,
}

/// The folder for copies. It is cheap to clone, as every part of the state should be.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    prefix: Arc<str>,
}

/// The reason why a copy is rejected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CopyError {
    /// The copy is outside the folder.
    #[error("the copy {key:?} is not in {prefix:?}")]
    Misplaced {
        /// The key of the copy.
        key: ObjectKey,
        /// The prefix of the folder.
        prefix: Arc<str>,
    },
}

/// The reason why the state cannot be made, so that the program cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingError {
    /// The variable is not Unicode.
    #[error("the environment variable `COPY_PREFIX` cannot be read")]
    Unreadable(#[from] VarError),
}

impl App {
    /// Reads the folder from `COPY_PREFIX`. Without this variable any key is allowed.
    pub(crate) async fn from_env() -> Result<Self, SettingError> {
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

/// Logs a copy.
///
/// A large copy arrives as `CompleteMultipartUpload` and cannot be told apart from an upload.
#[s3_handler("ObjectCreated:Copy", state = App)]
pub(crate) async fn log_copy(
    copy: ObjectCreated,
    State(folder): State<Folder>,
) -> Result<(), CopyError> {
    // This error is retried: somebody may correct the setting in the meantime.
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
    async fn a_copy_outside_the_folder_is_retried() {
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
            r#"the copy "archive/my photo.jpg" is not in "elsewhere/""#
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
