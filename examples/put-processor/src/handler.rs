//! The handler of uploads, with its state and its errors.

use std::env::{self, VarError};
use std::num::ParseIntError;

use s3_dispatch::{FromRef, HandlerError, ObjectCreated, ObjectKey, State, s3_handler};

/// The application's state.
pub(crate) struct App {
    quota: Quota,
}

/// The largest size of an object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quota {
    max_bytes: u64,
}

/// The reason why an upload is rejected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadError {
    /// The object is larger than the quota.
    #[error("the object {key:?} has {size} bytes, which is more than {max_bytes}")]
    TooLarge {
        /// The key of the object.
        key: ObjectKey,
        /// The size in bytes.
        size: u64,
        /// The quota in bytes.
        max_bytes: u64,
    },
}

/// The reason why the state cannot be made, so that the program cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingError {
    /// The variable is not Unicode.
    #[error("the environment variable `MAX_OBJECT_BYTES` cannot be read")]
    Unreadable(#[from] VarError),
    /// The variable is not a number.
    #[error("the environment variable `MAX_OBJECT_BYTES` is not a number of bytes")]
    NotANumber(#[from] ParseIntError),
}

impl App {
    /// Reads the quota from `MAX_OBJECT_BYTES`. Without this variable there is no quota.
    pub(crate) async fn from_env() -> Result<Self, SettingError> {
        let max_bytes = match env::var("MAX_OBJECT_BYTES") {
            Ok(bytes) => bytes.parse()?,
            Err(VarError::NotPresent) => u64::MAX,
            Err(error) => return Err(error.into()),
        };

        Ok(Self {
            quota: Quota { max_bytes },
        })
    }
}

impl FromRef<App> for Quota {
    fn from_ref(app: &App) -> Self {
        app.quota
    }
}

impl Quota {
    fn check(self, upload: &ObjectCreated) -> Result<(), UploadError> {
        if upload.size <= self.max_bytes {
            return Ok(());
        }

        Err(UploadError::TooLarge {
            key: upload.key.clone(),
            size: upload.size,
            max_bytes: self.max_bytes,
        })
    }
}

/// Logs an upload.
///
/// Large uploads arrive as `CompleteMultipartUpload`, so a handler of `Put` alone would miss them.
#[s3_handler("ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload", state = App)]
pub(crate) async fn log_upload(
    upload: ObjectCreated,
    State(quota): State<Quota>,
) -> Result<(), HandlerError> {
    // A retry cannot help: the object stays too large.
    quota.check(&upload).map_err(HandlerError::permanent)?;

    tracing::info!(
        event_name = upload.event_name.as_str(),
        bucket = upload.bucket.name.as_str(),
        key = upload.key.as_str(),
        size = upload.size,
        "object uploaded"
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
            .with_key("holiday/my photo.jpg")
            .with_size(1024)
            .build()
    }

    fn app(max_bytes: u64) -> App {
        App {
            quota: Quota { max_bytes },
        }
    }

    #[tokio::test]
    async fn an_upload_within_the_quota_is_logged() -> Result<(), Box<dyn std::error::Error>> {
        let upload = ObjectCreated::try_from(&record(EventName::OBJECT_CREATED_PUT))?;
        let logged = log_upload(upload, State(Quota { max_bytes: 1024 })).await;
        assert!(logged.is_ok(), "{logged:?}");
        Ok(())
    }

    #[tokio::test]
    async fn an_upload_above_the_quota_fails_permanently() -> Result<(), Box<dyn std::error::Error>>
    {
        let upload = ObjectCreated::try_from(&record(EventName::OBJECT_CREATED_PUT))?;
        let error = log_upload(upload, State(Quota { max_bytes: 1023 }))
            .await
            .err()
            .ok_or("it was accepted")?;
        assert!(error.is_permanent());
        assert_eq!(
            error.to_string(),
            r#"the object "holiday/my photo.jpg" has 1024 bytes, which is more than 1023"#
        );

        Ok(())
    }

    #[tokio::test]
    async fn small_and_large_uploads_are_routed_and_copies_are_not() {
        let routes = Routes::new(app(1024)).on::<log_upload>();
        let message = MessageContext::new();

        for event in [
            EventName::OBJECT_CREATED_PUT,
            EventName::OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD,
        ] {
            let outcome = routes.route(&record(event), &message).await;
            assert!(matches!(outcome, Outcome::Handled), "{outcome:?}");
        }

        let outcome = routes
            .route(&record(EventName::OBJECT_CREATED_COPY), &message)
            .await;
        assert!(
            matches!(outcome, Outcome::Skipped(SkipReason::Unrouted)),
            "{outcome:?}"
        );
    }
}
