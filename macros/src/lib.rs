#![doc = include_str!("../README.md")]

// Three parts: `parse` reads the attribute and the signature, `check` finds mistakes, `expand`
// writes the code. What can be ordinary code is in `s3-dispatch-core`, such as the table of event
// names.
mod errors;
mod parse;
mod check;
mod second_step;
mod expand;

use proc_macro2::TokenStream;
use quote::quote;
use syn::Error;

use crate::errors::Errors;
use crate::expand::Handler;
use crate::parse::{Function, Options};

/// Turns an async function into a handler of S3 events.
///
/// ```
/// use s3_dispatch::{HandlerError, ObjectCreated, Routes, s3_handler};
///
/// #[s3_handler("ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload")]
/// async fn log_upload(upload: ObjectCreated) -> Result<(), HandlerError> {
///     println!("{} has {} bytes", upload.key, upload.size);
///     Ok(())
/// }
///
/// let routes = Routes::new(()).on::<log_upload>();
/// ```
///
/// The function itself does not change: tests can call it like any other. The attribute adds a type
/// of the same name, which `Routes::on` takes. If no route uses the handler, the compiler warns
/// that `log_upload_without_a_route` is never used. A function in an `impl` cannot be a handler,
/// because an `impl` cannot contain the type.
///
/// # Events
///
/// The attribute lists at least one event:
///
/// | event | handles |
/// |---|---|
/// | `"ObjectCreated:Put"` | this event; the prefix `s3:` is optional |
/// | `"ObjectCreated:*"` | every event of the category |
/// | `"*"` | every event |
///
/// An event that S3 does not have is a compile error. For an event that is newer than this crate,
/// use `Routes::on_fn`.
///
/// # Arguments
///
/// A handler takes any number of arguments, each of a type that implements `FromRecord`, or
/// `FromRecordAsync` if making it takes time:
///
/// - `&S3EventRecord` or `S3EventRecord`, the whole record;
/// - a typed view, such as `ObjectCreated`, which has the fields that its events always have;
/// - `ObjectKey` or `BucketName`;
/// - `Key<T>`, the parts of the key that the option [`key`](#key) names;
/// - `State<T>`, a part of the application's state;
/// - `&MessageContext`, the message that carried the record.
///
/// A view is a compile error if one of the events cannot give it.
///
/// # Result
///
/// A handler returns `Result<(), E>`, where `E` is `HandlerError`, any error that is
/// `Send + Sync`, or a string. Its future must be `Send`.
///
/// # Options
///
/// ## `bucket`
///
/// Handles only events of this bucket:
///
/// ```
/// # use s3_dispatch::{HandlerError, s3_handler};
/// #[s3_handler("ObjectCreated:Put", bucket = "holiday-photos")]
/// # #[allow(dead_code)]
/// async fn index_photo() -> Result<(), HandlerError> {
/// #   Ok(())
/// # }
/// ```
///
/// ## `prefix` and `suffix`
///
/// Handles only keys that start or end with this text. Both compare the decoded key, so a space is
/// a space:
///
/// ```
/// # use s3_dispatch::{HandlerError, s3_handler};
/// #[s3_handler("ObjectCreated:Put", prefix = "incoming/my photos/", suffix = ".jpg")]
/// # #[allow(dead_code)]
/// async fn resize() -> Result<(), HandlerError> {
/// #   Ok(())
/// # }
/// ```
///
/// Both may be lists, of which a key has to have one entry. With `ignore_suffix_case`, `.JPG` is
/// the same as `.jpg`. With `no_folders`, the empty objects whose key ends in `/`, which consoles
/// create for folders, are left out:
///
/// ```
/// # use s3_dispatch::{HandlerError, s3_handler};
/// #[s3_handler(
///     "ObjectCreated:*",
///     prefix = ["photos/", "scans/"],
///     suffix = [".jpg", ".jpeg"],
///     ignore_suffix_case,
///     no_folders,
/// )]
/// # #[allow(dead_code)]
/// async fn resize() -> Result<(), HandlerError> {
/// #   Ok(())
/// # }
/// ```
///
/// An empty list, an entry that is listed twice and an entry that covers another are errors.
///
/// ## `key`
///
/// Handles only keys of this form. `{name}` is a part of the key without `/`, and `{name*}`, at the
/// end, is the rest of the key; both have at least one character. `{{` and `}}` are braces. `Key`
/// gives the parts, as a tuple, a struct or a single value:
///
/// ```
/// use s3_dispatch::{HandlerError, Key, Routes, s3_handler};
///
/// #[s3_handler("ObjectCreated:*", key = "tenants/{tenant}/photos/{photo}.jpg")]
/// async fn resize(Key((tenant, photo)): Key<(u32, &str)>) -> Result<(), HandlerError> {
///     println!("photo {photo} of tenant {tenant}");
///     Ok(())
/// }
///
/// let routes = Routes::new(()).on::<resize>();
/// ```
///
/// A part that is not a value of its type, such as a tenant that is not a number, is a permanent
/// failure. A mistake in the pattern, a prefix or suffix that contradicts it, and a `Key` without
/// this option are compile errors. A field that the pattern does not have panics in `Routes::on`.
///
/// ## `reads`, `writes` and `deletes`
///
/// Declare what the handler does to the bucket, so that the command `policy` can print the
/// permissions that the program needs:
///
/// ```
/// # use s3_dispatch::{HandlerError, s3_handler};
/// #[s3_handler("ObjectCreated:*", prefix = "photos/", reads, writes = "thumbnails/")]
/// # #[allow(dead_code)]
/// async fn resize() -> Result<(), HandlerError> {
/// #   Ok(())
/// # }
///
/// #[s3_handler("ObjectRemoved:*", prefix = "photos/", deletes = "thumbnails/")]
/// # #[allow(dead_code)]
/// async fn forget() -> Result<(), HandlerError> {
/// #   Ok(())
/// # }
/// ```
///
/// `reads` is about the objects that the handler takes, and so is `deletes` alone. `writes` and
/// `deletes` have a prefix or a list of them, in the bucket of the event. `"s3://bucket/prefix"` is
/// in another bucket.
///
/// A handler that takes what it writes or deletes itself would be called without end. That is a
/// compile error, or a panic in `Routes::on` if it has the option `key` or if several handlers call
/// each other. If it is intended, add `skip_own_writes`: in Lambda, events that this function
/// caused are then skipped on this route. On routes without that option none is skipped.
///
/// ## `state`
///
/// Names the type of the application's state. A `State<T>` that this type cannot provide is then an
/// error at the argument; without the option it is an error at `Routes::on`. An argument type that
/// implements `FromRecord` for only one state requires this option:
///
/// ```
/// # use s3_dispatch::{FromRef, HandlerError, Routes, State, s3_handler};
/// #[derive(Clone)]
/// struct Quota(u64);
///
/// struct App {
///     quota: Quota,
/// }
///
/// impl FromRef<App> for Quota {
///     fn from_ref(app: &App) -> Self {
///         app.quota.clone()
///     }
/// }
///
/// #[s3_handler("ObjectCreated:Put", state = App)]
/// async fn check_quota(State(quota): State<Quota>) -> Result<(), HandlerError> {
/// #   let _ = quota.0;
/// #   Ok(())
/// # }
///
/// let routes = Routes::new(App { quota: Quota(1024) }).on::<check_quota>();
/// ```
///
/// ## `crate`
///
/// The path to `s3_dispatch`, `::s3_dispatch` by default. A crate that renames the dependency
/// needs it, and so does a macro that writes handlers:
///
/// ```
/// mod library {
///     pub use s3_dispatch as events;
/// }
/// # use s3_dispatch::{HandlerError, s3_handler};
///
/// #[s3_handler("ObjectRemoved:*", crate = crate::library::events)]
/// # #[allow(dead_code)]
/// async fn forget() -> Result<(), HandlerError> {
/// #   Ok(())
/// # }
/// # fn main() {}
/// ```
#[proc_macro_attribute]
pub fn s3_handler(
    attribute: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    handler(attribute.into(), item.into()).into()
}

/// The user's function, unchanged even when it has mistakes, and the generated code.
fn handler(attribute: TokenStream, item: TokenStream) -> TokenStream {
    if let Some((attribute, function)) = second_step::read(&attribute) {
        return generated(attribute, function);
    }

    let mut errors = Errors::default();
    let options = Options::parse(attribute.clone(), &mut errors);
    check::options(&options, &mut errors);

    let handler = match syn::parse2::<Function>(item.clone()) {
        Ok(function) => {
            check::function(&options, &function, &mut errors);
            Some(Handler::new(options, function))
        }
        Err(error) => {
            let message = format!("`#[s3_handler]` must be on an `async fn`: {error}");
            errors.push(Error::new(error.span(), message));
            None
        }
    };
    let item = check::once(item, &mut errors);

    let beside = match (errors.into_error(), handler) {
        // A wrong path would be one more error in the second step.
        (None, Some(handler)) if handler.names_its_crate() => expand::expand(&handler),
        (None, Some(handler)) => second_step::write(&handler, attribute, item.clone()),
        (None, None) => TokenStream::new(),
        (Some(error), handler) => {
            let handler = handler.filter(|handler| !check::is_method(handler.function()));
            let stand_in = handler.as_ref().map(expand::stand_in);
            let error = error.to_compile_error();
            quote!(#error #stand_in)
        }
    };

    quote!(#item #beside)
}

/// The generated code of a handler that the first step has checked.
fn generated(attribute: TokenStream, function: TokenStream) -> TokenStream {
    let options = Options::parse(attribute, &mut Errors::default());
    match syn::parse2::<Function>(function) {
        Ok(function) => expand::expand(&Handler::new(options, function)),
        Err(error) => error.to_compile_error(),
    }
}
