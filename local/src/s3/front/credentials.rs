//! The credentials with which requests are signed. They are public.

/// The access key of the only user.
pub(in crate::s3) const ACCESS_KEY: &str = "test";

/// The secret key of the only user.
pub(in crate::s3) const SECRET_KEY: &str = "test";
