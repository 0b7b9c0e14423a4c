//! What a program does after each invocation, such as writing its metrics.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Instant;

use s3_dispatch_core::Error;
use s3_dispatch_core::handler::BoxFuture;

use crate::BatchReport;
use crate::guarded::time_limit::within_time_limit;

/// An async function that runs after each invocation, with the invocation's result.
///
/// Every function and closure implements it that takes `&Result<BatchReport, Error>` and returns a
/// future of `Result<(), E>`. A closure must name the type of its argument. Give it to
/// [`Dispatcher::after_invocation`](crate::Dispatcher::after_invocation).
///
/// # Examples
///
/// ```
/// use s3_dispatch::{BatchReport, Dispatcher, Error, Routes};
///
/// async fn count(result: &Result<BatchReport, Error>) -> Result<(), std::io::Error> {
///     if let Ok(report) = result {
///         println!("{} records handled", report.handled());
///     }
///     Ok(())
/// }
///
/// let dispatcher = Dispatcher::new(Routes::new(())).after_invocation(count);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot run after an invocation",
    label = "expected an async function with the argument `&Result<BatchReport, Error>`",
    note = "it returns `Result<(), E>`, and its future is `Send`",
    note = "a closure names the type of its argument: `async |_: &Result<BatchReport, Error>| ...`"
)]
pub trait AfterInvocation<'i>: Send + Sync + 'static {
    /// Why it can fail.
    type Error: Into<Box<dyn StdError + Send + Sync>>;

    /// The future that the function returns.
    type Future: Future<Output = Result<(), Self::Error>> + Send + 'i;

    /// Calls the function.
    fn call(&self, result: &'i Result<BatchReport, Error>) -> Self::Future;
}

impl<'i, F, Fut, E> AfterInvocation<'i> for F
where
    F: Fn(&'i Result<BatchReport, Error>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), E>> + Send + 'i,
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    type Error = E;
    type Future = Fut;

    fn call(&self, result: &'i Result<BatchReport, Error>) -> Fut {
        self(result)
    }
}

/// The functions to call, in this order.
#[derive(Clone, Default)]
pub(crate) struct Hooks(Vec<Hook>);

type Hook = Arc<
    dyn for<'i> Fn(
            &'i Result<BatchReport, Error>,
        ) -> BoxFuture<'i, Result<(), Box<dyn StdError + Send + Sync>>>
        + Send
        + Sync,
>;

impl Hooks {
    pub(crate) fn add(&mut self, hook: impl for<'i> AfterInvocation<'i>) {
        self.0.push(Arc::new(move |result| {
            let called = hook.call(result);
            Box::pin(async move { called.await.map_err(Into::into) })
        }));
    }

    #[cfg(feature = "worker")]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Calls each function, and logs it if one fails, panics or takes too long.
    pub(crate) async fn call(
        &self,
        result: &Result<BatchReport, Error>,
        deadline: Option<Instant>,
    ) {
        for hook in &self.0 {
            if let Err(problem) = within_time_limit(deadline, || hook(result)).await {
                tracing::warn!(
                    error = problem,
                    "what runs after the invocation did not finish"
                );
            }
        }
    }
}
