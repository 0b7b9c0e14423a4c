//! Handlers that another crate routes.
#![deny(
    warnings,
    missing_docs,
    unused_qualifications,
    unreachable_pub,
    missing_copy_implementations,
    missing_debug_implementations
)]
#![forbid(unsafe_code)]

use std::sync::mpsc::Sender;

use renamed::{HandlerError, S3EventRecord, State, s3_handler};

/// Sends the key.
///
/// # Errors
///
/// If the receiver was dropped.
#[s3_handler("ObjectCreated:Put", crate = renamed)]
pub async fn send_key(
    record: &S3EventRecord,
    State(keys): State<Sender<String>>,
) -> Result<(), HandlerError> {
    keys.send(record.object.key.to_string())?;
    Ok(())
}

pub mod nested {
    //! A handler in a module without a prelude.
    #![no_implicit_prelude]

    use ::renamed::{HandlerError, ObjectCreated, State, s3_handler};
    use ::std::result::Result::{self, Ok};
    use ::std::string::{String, ToString};
    use ::std::sync::mpsc::Sender;

    /// Sends the size.
    ///
    /// # Errors
    ///
    /// If the receiver was dropped.
    #[s3_handler("ObjectCreated:Copy", crate = ::renamed, state = Sender<String>)]
    pub async fn send_size(
        created: ObjectCreated,
        State(keys): State<Sender<String>>,
    ) -> Result<(), HandlerError> {
        keys.send(created.size.to_string())?;
        Ok(())
    }
}
