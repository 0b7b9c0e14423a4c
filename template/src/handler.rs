//! The handlers, and which events they take.

use s3_dispatch::{HandlerError, ObjectCreated, Routes, s3_handler};

/// Routes the events to the handlers.
pub(crate) fn routes() -> Routes<()> {
    Routes::new(()).on::<process_upload>()
}

/// Processes an upload or a copy.
///
/// An error that it returns makes the message come again later. `HandlerError::permanent` is for
/// what a retry cannot help.
#[s3_handler("ObjectCreated:*")]
async fn process_upload(upload: ObjectCreated) -> Result<(), HandlerError> {
    if upload.size == 0 {
        return Err(HandlerError::skip("the object is empty"));
    }

    tracing::info!(
        bucket = upload.bucket.name.as_str(),
        key = upload.key.as_str(),
        size = upload.size,
        "object uploaded"
    );

    Ok(())
}

#[cfg(test)]
mod tests {
    use s3_dispatch_local::{Error, Faults, LocalPipeline};

    use super::*;

    const BUCKET: &str = "amzn-s3-demo-bucket";

    #[tokio::test(start_paused = true)]
    async fn an_upload_is_processed_once() -> Result<(), Error> {
        let pipeline = LocalPipeline::of(routes())?.start().await?;

        let upload = pipeline
            .put(BUCKET, "holiday/my photo.jpg", "an image")
            .await?;
        pipeline.settle().await;

        let event = &pipeline.report().events[&upload];
        assert_eq!((event.handled, event.failed), (1, 0));

        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn no_upload_is_lost_while_the_services_fail() -> Result<(), Error> {
        let chaos = Faults::chaos(0.2).with_seed(7);
        let pipeline = LocalPipeline::of(routes())?
            .with_faults(chaos)
            .start()
            .await?;

        for number in 0..50 {
            let key = format!("photos/{number}.jpg");
            pipeline.put(BUCKET, &key, "an image").await?;
        }
        pipeline.settle().await;

        for event in pipeline.report().events.values() {
            let dead = event.dead_letter_queues.len();
            assert!(event.handled + dead >= 1, "{event:?}");
        }

        Ok(())
    }
}
