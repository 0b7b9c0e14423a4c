//! The arguments of handlers.

use crate::{
    BucketName, Context, EventPattern, HandlerError, MessageContext, ObjectKey, S3EventRecord,
};

/// A type that can be an argument of a handler.
///
/// Arguments are made from the record, its message and the application's state, synchronously and
/// before the handler runs. A failure is the record's failure; the typed views fail permanently,
/// since a record does not change.
///
/// ```
/// use s3_dispatch_core::{Context, FromRecord, HandlerError};
///
/// struct Extension(Option<String>);
///
/// impl<'r, S> FromRecord<'r, S> for Extension {
///     fn from_record(context: Context<'r, S>) -> Result<Self, HandlerError> {
///         let key = context.record().object.key.as_str();
///         Ok(Self(key.rsplit_once('.').map(|(_, extension)| extension.to_owned())))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a handler",
    label = "not made from a record",
    note = "arguments are `&S3EventRecord`, `S3EventRecord`, a typed view such as `ObjectCreated`, `ObjectKey`, `BucketName`, \
            `&MessageContext`, `State<T>`, and your own types that implement `FromRecord`",
    note = "one that is made from the state of one application only asks for the option `state = App`"
)]
pub trait FromRecord<'r, S>: Sized {
    /// The events that can give this argument: all, unless said otherwise.
    const EVENTS: &'static [EventPattern] = &[EventPattern::ANY];

    /// Makes the argument.
    ///
    /// # Errors
    ///
    /// When the record cannot give it.
    fn from_record(context: Context<'r, S>) -> Result<Self, HandlerError>;
}

impl<'r, S> FromRecord<'r, S> for &'r S3EventRecord {
    fn from_record(context: Context<'r, S>) -> Result<Self, HandlerError> {
        Ok(context.record())
    }
}

impl<'r, S> FromRecord<'r, S> for S3EventRecord {
    fn from_record(context: Context<'r, S>) -> Result<Self, HandlerError> {
        Ok(context.record().clone())
    }
}

impl<'r, S> FromRecord<'r, S> for ObjectKey {
    fn from_record(context: Context<'r, S>) -> Result<Self, HandlerError> {
        Ok(context.record().object.key.clone())
    }
}

impl<'r, S> FromRecord<'r, S> for BucketName {
    fn from_record(context: Context<'r, S>) -> Result<Self, HandlerError> {
        Ok(context.record().bucket.name.clone())
    }
}

impl<'r, S> FromRecord<'r, S> for &'r MessageContext {
    fn from_record(context: Context<'r, S>) -> Result<Self, HandlerError> {
        Ok(context.message())
    }
}

impl<'r, S> FromRecord<'r, S> for MessageContext {
    fn from_record(context: Context<'r, S>) -> Result<Self, HandlerError> {
        Ok(context.message().clone())
    }
}
