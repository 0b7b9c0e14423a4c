//! The context that the arguments of a handler are made from.

use crate::{HandlerError, MessageContext, Outcome, Route, S3EventRecord};

/// One record on its way to a handler, with its message and the application's state.
///
/// [`FromRecord`](crate::FromRecord) makes the arguments of handlers from it. It only borrows, so a
/// copy costs nothing.
///
/// # Examples
///
/// A test of an argument needs no router:
///
/// ```
/// use s3_dispatch_core::{Context, FromRecord, MessageContext, ObjectKey};
/// use s3_dispatch_testing::RecordBuilder;
///
/// let record = RecordBuilder::new("ObjectCreated:Put").with_key("a.jpg").build();
/// let message = MessageContext::new();
/// let context = Context::new(&record, &message, &());
/// assert_eq!(ObjectKey::from_record(context)?, "a.jpg");
/// # Ok::<_, s3_dispatch_core::HandlerError>(())
/// ```
#[derive(Debug)]
pub struct Context<'r, S> {
    record: &'r S3EventRecord,
    message: &'r MessageContext,
    state: &'r S,
    route: Option<&'r Route>,
}

impl<'r, S> Context<'r, S> {
    /// Combines a record with its message and the application's state.
    #[must_use]
    pub fn new(record: &'r S3EventRecord, message: &'r MessageContext, state: &'r S) -> Self {
        Self {
            record,
            message,
            state,
            route: None,
        }
    }

    /// Sets the route that matched the record.
    ///
    /// [`Routes`](crate::Routes) sets it. A test of an argument that depends on the route, such as
    /// [`Key`](crate::Key), sets it too.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::{Context, EventPattern, FromRecord, Key, MessageContext, Route};
    /// use s3_dispatch_testing::RecordBuilder;
    ///
    /// let record = RecordBuilder::new("ObjectCreated:Put").with_key("tenants/7/a.jpg").build();
    /// let message = MessageContext::new();
    /// let route = Route::new(EventPattern::ANY).with_key("tenants/{tenant}/{file}");
    ///
    /// let context = Context::new(&record, &message, &()).with_route(&route);
    /// let Key((tenant, file)) = Key::<(u32, &str)>::from_record(context)?;
    /// assert_eq!((tenant, file), (7, "a.jpg"));
    /// # Ok::<_, s3_dispatch_core::HandlerError>(())
    /// ```
    #[must_use]
    pub fn with_route(self, route: &'r Route) -> Self {
        Self {
            route: Some(route),
            ..self
        }
    }

    /// The record.
    #[must_use]
    pub fn record(&self) -> &'r S3EventRecord {
        self.record
    }

    /// The message that brought the record.
    #[must_use]
    pub fn message(&self) -> &'r MessageContext {
        self.message
    }

    /// Gives a failure its kind, by the classifiers of the dispatcher.
    ///
    /// The wrappers of routers must see the kind, so it is done here, and not by the dispatcher.
    #[doc(hidden)]
    pub fn settle(&self, outcome: Outcome) -> Outcome {
        settle(outcome, self.message)
    }

    /// The application's state.
    #[must_use]
    pub fn state(&self) -> &'r S {
        self.state
    }

    /// The route that matched the record. `None` if no [`Routes`](crate::Routes) made the context.
    #[must_use]
    pub fn route(&self) -> Option<&'r Route> {
        self.route
    }
}

// Not derived, because a derive would require `S: Clone`. Only references are copied.
impl<S> Clone for Context<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Context<'_, S> {}

/// Gives a failure its kind, by the classifiers that the dispatcher has put into the context.
#[inline]
pub fn settle(outcome: Outcome, message: &MessageContext) -> Outcome {
    match outcome {
        Outcome::Failed(error) => settle_failure(error, message),
        other => other,
    }
}

#[cold]
fn settle_failure(error: HandlerError, message: &MessageContext) -> Outcome {
    Outcome::from(match &message.classifier {
        Some(classifier) => error.classified_by(classifier),
        None => error,
    })
}
