//! What becomes of each field of a request: it is done, it has no effect in S3 either, or the
//! request is refused.
//!
//! [`rules`] has the reasons. The tables name every field of every input, so a field that a newer
//! `s3s` adds does not compile until somebody decides what becomes of it.

mod access;
mod buckets;
mod objects;
mod refused;
mod rules;
mod settings;
mod unknown;
mod uploads;

use s3s::{S3Request, S3Result};

/// The input of an operation whose fields are all accounted for.
pub(in crate::s3) trait CheckFields {
    /// Refuses what neither the operation nor S3 would do.
    fn check_fields(&self) -> S3Result<()>;
}

/// Refuses a request that asks for anything that would be ignored.
pub(in crate::s3) fn check_request<T: CheckFields>(request: &S3Request<T>) -> S3Result<()> {
    let is_signed = request.credentials.is_some();
    unknown::check_overrides(&request.uri, is_signed)?;
    unknown::check_encoding(&request.headers, is_signed)?;
    unknown::check_checksums(&request.headers)?;
    request.input.check_fields()
}

/// Says for each field of these inputs which of the [`rules`] it follows.
macro_rules! fields {
    ($($input:ident { $($rule:ident: $($field:ident)*;)* })*) => {$(
        impl $crate::s3::requests::fields::CheckFields for s3s::dto::$input {
            fn check_fields(&self) -> s3s::S3Result<()> {
                let Self { $($($field,)*)* } = self;
                $($($crate::s3::requests::fields::rules::$rule($field)?;)*)*
                Ok(())
            }
        }
    )*};
}
use fields;
