//! The trait for choosing the handler of a record.

use std::error::Error as StdError;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{History, MessageContext, Outcome, Route, S3EventRecord};

/// Turns one record into an outcome, by calling the handler of a route.
///
/// [`Routes`](crate::Routes) is the router that users build. Other routers wrap it, for example to
/// process each record once, or to measure handlers. A wrapper forwards [`routes`](Self::routes),
/// so that the manifest still sees them, [`prepare`](Self::prepare), so that the program fails at
/// its start if it cannot work, and [`history`](Self::history), so that `audit` can ask what was
/// handled. `Arc` and `Box` of a router are routers too.
///
/// # What a router can rely on
///
/// - It is shared: one router serves all invocations, and several records at the same time.
/// - The future may be dropped at any `.await`, for example at a deadline. The record then counts
///   as failed.
/// - A panic fails the record and nothing else.
///
/// # Examples
///
/// A router that ignores one bucket:
///
/// ```
/// use s3_dispatch_core::{
///     History, MessageContext, Outcome, Route, Router, S3EventRecord, SkipReason, async_trait,
/// };
///
/// struct WithoutBucket<R> {
///     inner: R,
///     bucket: String,
/// }
///
/// #[async_trait]
/// impl<R: Router> Router for WithoutBucket<R> {
///     async fn route(&self, record: &S3EventRecord, message: &MessageContext) -> Outcome {
///         if record.bucket.name == *self.bucket {
///             return Outcome::Skipped(SkipReason::Unrouted);
///         }
///
///         self.inner.route(record, message).await
///     }
///
///     fn routes(&self) -> &[Route] {
///         self.inner.routes()
///     }
///
///     async fn prepare(&self) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
///         self.inner.prepare().await
///     }
///
///     fn history(&self) -> Option<&dyn History> {
///         self.inner.history()
///     }
/// }
/// ```
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a router",
    note = "build one with `Routes::new(state).on::<handler>()`"
)]
pub trait Router: Send + Sync + 'static {
    /// Processes a record with the most specific of its routes, or skips it.
    ///
    /// Failures are part of the outcome: [`Outcome::Failed`].
    async fn route(&self, record: &S3EventRecord, message: &MessageContext) -> Outcome;

    /// All routes, in the order in which they were added.
    ///
    /// A router that has routes handles only what one of them takes. Wrappers that ask a store
    /// rely on it: they pass any other record on without a question. Of a router without routes
    /// nothing is assumed.
    fn routes(&self) -> &[Route];

    /// Makes what the router needs before it can process records, such as the state of
    /// [`Routes::prepared_by`](crate::Routes::prepared_by). By default, there is nothing to do.
    ///
    /// A program that serves Lambda calls it once, before the first invocation, and ends if it
    /// fails. It may be called again, and at the same time: what has been made is not made again.
    /// If it fails, or its future is dropped, a later call starts anew. Commands that process no
    /// records, such as `policy`, do not call it.
    ///
    /// A record may be routed before this was called, for example in a test. Then
    /// [`route`](Self::route) has to prepare the router itself, as `Routes` does.
    ///
    /// # Errors
    ///
    /// Returns an error if the router cannot process records now. A later call may succeed.
    async fn prepare(&self) -> Result<(), Box<dyn StdError + Send + Sync>> {
        Ok(())
    }

    /// Returns what remembers the events that were handled. By default `None`: nothing does.
    fn history(&self) -> Option<&dyn History> {
        None
    }

    /// Whether a record waits for a store before anything else, and holds nothing meanwhile that
    /// other records may wait for. Then the handlers of others may run in that time.
    ///
    /// A wrapper of your own does not forward it.
    #[doc(hidden)]
    fn asks_store_first(&self) -> bool {
        false
    }
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

            async fn prepare(&self) -> Result<(), Box<dyn StdError + Send + Sync>> {
                (**self).prepare().await
            }

            fn history(&self) -> Option<&dyn History> {
                (**self).history()
            }

            fn asks_store_first(&self) -> bool {
                (**self).asks_store_first()
            }
        }
    )*};
}

forward! { Arc Box }
