//! The attribute of [s3-dispatch](https://docs.rs/s3-dispatch), which re-exports it; do not depend on this crate.
//!
//! Three steps, three files: `parse` reads the attribute, `check` looks for what a handler must not
//! be, `expand` writes the code (`lifetimes` names what a signature leaves open). What can be plain
//! code stands in `s3-dispatch-core`, the table of event names above all.

mod check;
mod expand;
mod parse;

use proc_macro::TokenStream;

/// Makes a handler of an async function.
///
/// ```
/// use s3_dispatch::{Routes, S3EventRecord, State, s3_handler};
/// # use s3_dispatch::{BucketName, ObjectKey};
/// # type IndexError = std::io::Error;
/// # #[derive(Clone)]
/// # struct Index;
/// # impl Index {
/// #     async fn add(&self, _: &BucketName, _: &ObjectKey) -> Result<(), IndexError> {
/// #         Ok(())
/// #     }
/// # }
///
/// #[s3_handler("ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload", prefix = "incoming/")]
/// async fn index_upload(record: &S3EventRecord, State(index): State<Index>) -> Result<(), IndexError> {
///     index.add(&record.bucket.name, &record.object.key).await
/// }
///
/// let routes = Routes::new(Index).on::<index_upload>();
/// ```
///
/// The function stays an ordinary function that can be called. Beside it a type of the same name
/// appears, which `Routes::on` takes: `Routes::new(state).on::<index_upload>()`. A handler that no
/// route names is a warning, as any unused function is. A method cannot be a handler: an `impl` has
/// no room for the type.
///
/// # Events
///
/// One or more names (`"ObjectCreated:Put"`), categories (`"ObjectCreated:*"`), or `"*"`. A name
/// that S3 does not have is a compile error; names newer than this crate go through
/// `Routes::on_fn`.
///
/// # Options
///
/// - `bucket = "name"`: only events of this bucket.
/// - `prefix = "incoming/"`, `suffix = ".jpg"`: only keys that begin or end so, after decoding.
/// - `state = App`: the state of the application, so that a `State<T>` it does not provide is an
///   error here and not where the handler is routed.
/// - `crate = path`: where to find `s3_dispatch`, if not at `::s3_dispatch`; for a dependency by
///   another name, and for macros that write handlers.
///
/// # Arguments and result
///
/// Each argument is a `FromRecord`: `&S3EventRecord`, a typed view such as `ObjectCreated`,
/// `ObjectKey`, `BucketName`, `State<T>`, `&MessageContext`... A view that one of the events cannot
/// give is a compile error. A type of your own that implements `FromRecord` for one state only
/// needs the option `state`. The result is `Result<(), E>` with any error `E`; the future must be
/// `Send`.
#[proc_macro_attribute]
pub fn s3_handler(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::s3_handler(arguments.into(), item.into()).into()
}
