//! Asks S3 about the object of a task of a batch job, or of another record that was backfilled
//! without a size, before the record is routed.

use s3_dispatch_core::{HandlerError, MessageContext, Outcome, Router, S3EventRecord};

use crate::Objects;

/// Routes a record with the size and the entity tag that `HeadObject` gives.
///
/// What no route takes is not looked at, nor an object that the event says is gone.
pub(super) async fn route<R: Router>(
    router: &R,
    record: &S3EventRecord,
    message: &MessageContext,
    objects: &Objects,
) -> Outcome {
    let name = &record.event_name;
    let is_there = !name.is_object_removed() && !name.is_lifecycle_expiration();

    if !is_there || !router.routes().iter().any(|route| route.matches(record)) {
        return router.route(record, message).await;
    }

    match objects.look_up(record).await {
        Ok(record) => router.route(&record, message).await,
        Err(error) => Outcome::from(HandlerError::from(error)),
    }
}
