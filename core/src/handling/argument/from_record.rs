//! The arguments of handlers.

use crate::{
    BucketName, Context, Error, EventPattern, HandlerError, MessageContext, ObjectKey, Route,
    S3EventRecord,
};

/// A type that can be an argument of a handler.
///
/// The arguments of a handler are made one after another, before the handler runs, from the record,
/// its message and the application's state. If one cannot be made, the handler is not called and
/// the record fails with that error.
///
/// | argument | what it is |
/// |---|---|
/// | `&S3EventRecord`, `S3EventRecord` | the record |
/// | a typed view such as [`ObjectCreated`](crate::ObjectCreated) | the fields of certain events |
/// | [`ObjectKey`] | the decoded key |
/// | [`Key<T>`](crate::Key) | the parts of the key that the route's pattern names |
/// | [`BucketName`] | the bucket's name |
/// | `&MessageContext`, `MessageContext` | the message that brought the record |
/// | [`State<T>`](crate::State) | the application's state, or a part of it |
///
/// An argument that takes time to make, such as one that asks a service, implements
/// [`FromRecordAsync`] instead.
///
/// # Examples
///
/// A custom argument:
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
    label = "cannot be made from a record",
    note = "arguments are `&S3EventRecord`, `S3EventRecord`, a typed view such as \
            `ObjectCreated`, `ObjectKey`, `Key<T>`, `BucketName`, `&MessageContext`, `State<T>`, \
            and your own types that implement `FromRecord` or \
            `FromRecordAsync`",
    note = "an argument that needs the state of one application requires the option `state = App`"
)]
pub trait FromRecord<'r, S>: Sized {
    /// The events from which this argument can be made. By default, every event.
    ///
    /// `#[s3_handler]` checks this: a handler of other events does not compile.
    const EVENTS: &'static [EventPattern] = &[EventPattern::ANY];

    /// Whether the route needs a pattern of keys, as for [`Key`](crate::Key). By default, no.
    ///
    /// `#[s3_handler]` checks this: a handler without the option `key` does not compile.
    const NEEDS_KEY: bool = false;

    /// Whether the argument says if the object of a removal is gone, or if it was only one version.
    /// By default, no.
    ///
    /// A handler with such an argument [distinguishes versions](Route::distinguish_versions). Those
    /// of this workspace are [`Removal`](crate::event_data::Removal) and `Current` of
    /// `s3-dispatch`.
    const DISTINGUISHES_VERSIONS: bool = false;

    /// Checks that the argument can be made from the records of the route. By default, it can.
    ///
    /// [`Routes`](crate::Routes) calls it once, when the handler is added, and panics with the
    /// error.
    ///
    /// # Errors
    ///
    /// Returns an error if no record of the route can give the argument.
    fn check(route: &Route) -> Result<(), Error> {
        let _ = route;
        Ok(())
    }

    /// Makes the argument.
    ///
    /// It runs for every record that is routed to the handler, so it must not block. Do slow work
    /// in the handler, or implement [`FromRecordAsync`].
    ///
    /// # Errors
    ///
    /// Returns an error if the record does not have what the argument needs. Since a record does
    /// not change, that is usually a [permanent](HandlerError::permanent) failure.
    fn from_record(context: Context<'r, S>) -> Result<Self, HandlerError>;
}

/// A type that can be an argument of a handler, and that takes time to make.
///
/// The arguments of a handler are made in order, those of this trait and those of [`FromRecord`]
/// alike. If one cannot be made, the later ones are not made, the handler is not called, and the
/// record fails with that error. The time counts towards the record's time limit, and the future
/// may be dropped at any `.await`.
///
/// Implement one of the two traits for a type, not both. A type of this trait may borrow from the
/// record as well.
///
/// # Examples
///
/// The tenant that a key belongs to, looked up in a table:
///
/// ```
/// use s3_dispatch_core::{
///     Context, FromRecordAsync, FromRef, HandlerError, ObjectKey, Routes,
/// };
///
/// # #[derive(Clone)] struct Table;
/// # impl Table {
/// #     async fn find(&self, name: &str) -> Result<Option<u64>, std::io::Error> {
/// #         Ok((name == "acme").then_some(7))
/// #     }
/// # }
/// struct Tenant(u64);
///
/// impl<'r, S: Sync> FromRecordAsync<'r, S> for Tenant
/// where
///     Table: FromRef<S>,
/// {
///     async fn from_record(context: Context<'r, S>) -> Result<Self, HandlerError> {
///         let table = Table::from_ref(context.state());
///         let key = context.record().object.key.as_str();
///         let name = key.split('/').next().unwrap_or_default();
///
///         match table.find(name).await? {
///             Some(id) => Ok(Self(id)),
///             None => Err(HandlerError::permanent(format!("no tenant is named `{name}`"))),
///         }
///     }
/// }
///
/// let routes = Routes::new(Table).on_fn("ObjectCreated:*", async |tenant: Tenant| {
///     println!("an upload of tenant {}", tenant.0);
///     Ok::<_, HandlerError>(())
/// });
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an asynchronous argument of a handler",
    label = "cannot be made from a record",
    note = "implement `FromRecordAsync` for `{Self}`, with an `async fn from_record`"
)]
pub trait FromRecordAsync<'r, S>: Sized + Send + 'r {
    /// The events from which this argument can be made. By default, every event.
    ///
    /// `#[s3_handler]` checks this: a handler of other events does not compile.
    const EVENTS: &'static [EventPattern] = &[EventPattern::ANY];

    /// Whether the route needs a pattern of keys, as for [`Key`](crate::Key). By default, no.
    ///
    /// `#[s3_handler]` checks this: a handler without the option `key` does not compile.
    const NEEDS_KEY: bool = false;

    /// Whether the argument says if the object of a removal is gone, or if it was only one version.
    /// By default, no.
    ///
    /// A handler with such an argument [distinguishes versions](Route::distinguish_versions). Those
    /// of this workspace are [`Removal`](crate::event_data::Removal) and `Current` of
    /// `s3-dispatch`.
    const DISTINGUISHES_VERSIONS: bool = false;

    /// Checks that the argument can be made from the records of the route. By default, it can.
    ///
    /// [`Routes`](crate::Routes) calls it once, when the handler is added, and panics with the
    /// error.
    ///
    /// # Errors
    ///
    /// Returns an error if no record of the route can give the argument.
    fn check(route: &Route) -> Result<(), Error> {
        let _ = route;
        Ok(())
    }

    /// Makes the argument. Implement it as `async fn`.
    ///
    /// # Errors
    ///
    /// Returns an error if the record does not have what the argument needs, which is usually a
    /// [permanent](HandlerError::permanent) failure, or if what it asks does not answer, which is
    /// usually worth a [retry](HandlerError::retry).
    fn from_record(
        context: Context<'r, S>,
    ) -> impl Future<Output = Result<Self, HandlerError>> + Send;
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
