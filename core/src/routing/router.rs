//! What decides who answers a record.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{MessageContext, Outcome, Route, S3EventRecord};

/// Routes one record to an outcome.
///
/// [`Routes`](crate::Routes) is the router that users build; others wrap it, to handle each record
/// once, in order, or with measurements around it. A router is shared by all invocations and called
/// for many records at a time.
///
/// A router that is cut off (its future dropped, at a deadline say) has not proven anything: the
/// record counts as failed. A panic fails the record.
///
/// ```
/// use s3_dispatch_core::{MessageContext, Outcome, Route, Router, S3EventRecord, async_trait};
///
/// /// Leaves one bucket alone.
/// struct Without<R> { inner: R, bucket: String }
///
/// #[async_trait]
/// impl<R: Router> Router for Without<R> {
///     async fn route(&self, record: &S3EventRecord, message: &MessageContext) -> Outcome {
///         if record.bucket.name == *self.bucket {
///             return Outcome::Skipped(s3_dispatch_core::SkipReason::Unrouted);
///         }
///         self.inner.route(record, message).await
///     }
///
///     fn routes(&self) -> &[Route] {
///         self.inner.routes()
///     }
/// }
/// ```
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no router",
    note = "build one with `Routes::new(state).on::<handler>()`"
)]
pub trait Router: Send + Sync + 'static {
    /// Has the record answered by the most specific of its routes, or skipped.
    async fn route(&self, record: &S3EventRecord, message: &MessageContext) -> Outcome;

    /// All routes, in the order in which they were added.
    fn routes(&self) -> &[Route];
}

macro_rules! forward {
    ($($pointer:ident)*) => {$(
        #[async_trait]
        impl<R: Router + ?Sized> Router for $pointer<R> {
            async fn route(&self, record: &S3EventRecord, message: &MessageContext) -> Outcome {
                (**self).route(record, message).await
            }

            fn routes(&self) -> &[Route] {
                (**self).routes()
            }
        }
    )*};
}

forward! { Arc Box }
