//! Asks the program's classifiers what the error of a handler means.

use std::error::Error as StdError;
use std::iter::successors;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use s3_dispatch_core::__private::Classifier;
use s3_dispatch_core::{Class, HandlerError};

use crate::guarded::Panicked;
use crate::telemetry::errors::with_causes;

type Ask = dyn Fn(&(dyn StdError + 'static)) -> Option<Class> + Send + Sync;

/// The classifiers of a dispatcher, in the order in which they were added.
#[derive(Clone, Default)]
pub(crate) struct Classifiers(Vec<Arc<Ask>>);

impl Classifiers {
    pub(crate) fn add(
        &mut self,
        ask: impl Fn(&(dyn StdError + 'static)) -> Option<Class> + Send + Sync + 'static,
    ) {
        self.0.push(Arc::new(ask));
    }

    /// Returns what a context of a message takes along, or `None` if no error is known.
    pub(crate) fn classifier(&self) -> Option<Classifier> {
        if self.0.is_empty() {
            return default_classifier();
        }

        let classifiers = self.0.clone();
        Some(Classifier::shared(move |error| class(error, &classifiers)))
    }
}

/// Returns the classifier of a dispatcher without classifiers of the program.
pub(crate) fn default_classifier() -> Option<Classifier> {
    let knows_some = cfg!(any(
        feature = "dynamodb",
        feature = "object-store",
        feature = "sqs"
    ));
    knows_some.then(|| Classifier::fixed(|error| class(error, &[])))
}

/// Makes a failure of an error that is not the handler's, such as that of a store.
///
/// It is always worth a retry. Only how long to wait is looked up.
pub(crate) fn retry(error: impl StdError + Send + Sync + 'static) -> HandlerError {
    match class(&error, &[]) {
        Some(Class::RetryAfter(delay)) => HandlerError::retry(error).with_retry_after(delay),
        _ => HandlerError::retry(error),
    }
}

/// Asks each classifier about the whole chain of causes. The first answer counts.
///
/// Classifiers are the program's code, and so are the errors, so a panic of either is caught.
fn class(error: &(dyn StdError + 'static), classifiers: &[Arc<Ask>]) -> Option<Class> {
    let asked = catch_unwind(AssertUnwindSafe(|| {
        let mut classifiers = classifiers.iter();
        let answer = classifiers.find_map(|ask| in_chain(error, &**ask));
        answer.or_else(|| known(error))
    }));

    let class = asked.unwrap_or_else(|panic| {
        tracing::error!(
            error = with_causes(&Panicked::new(panic)),
            "a classifier panicked: the record is tried again"
        );
        Some(Class::Retry)
    });

    if let Some(Class::Skip(_)) = class {
        // The outcome of a skipped record has a reason, but no error.
        tracing::debug!(
            error = with_causes(error),
            "the record is skipped for this error"
        );
    }

    class
}

/// Asks about an error and its causes, from the outside in.
fn in_chain(error: &(dyn StdError + 'static), ask: &Ask) -> Option<Class> {
    /// A chain may be endless.
    const MAX_ERRORS: usize = 33;

    let chain = successors(Some(error), |&error| error.source());
    chain.take(MAX_ERRORS).find_map(ask)
}

/// What this crate knows about its own errors and those of the AWS SDK.
fn known(error: &(dyn StdError + 'static)) -> Option<Class> {
    in_chain(error, &|error| {
        object_error(error).or_else(|| aws_error(error))
    })
}

#[cfg(feature = "object-store")]
fn object_error(error: &(dyn StdError + 'static)) -> Option<Class> {
    let class = Class::of::<crate::objects::ObjectError>(error)?;
    // The error of the SDK may be among the causes, and say how long to wait.
    (class != Class::Retry).then_some(class)
}

#[cfg(not(feature = "object-store"))]
fn object_error(_: &(dyn StdError + 'static)) -> Option<Class> {
    None
}

#[cfg(any(feature = "dynamodb", feature = "objects", feature = "sqs"))]
use crate::failure::aws::aws_error;

#[cfg(not(any(feature = "dynamodb", feature = "objects", feature = "sqs")))]
fn aws_error(_: &(dyn StdError + 'static)) -> Option<Class> {
    None
}
