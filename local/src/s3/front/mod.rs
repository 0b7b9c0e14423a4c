//! What every request passes before and after `s3s`: how it says that it is signed, which bucket
//! its host names, the ids in its answer, and the form of its XML.
//!
//! `s3s` reads requests and writes answers. This room does what S3 does and `s3s` does not.

pub(in crate::s3) mod request_ids;
pub(in crate::s3) mod credentials;
pub(in crate::s3) mod virtual_host;
mod authentication;
mod partial;
mod messages;
pub(in crate::s3) mod xml;
mod door;

pub(in crate::s3) use self::door::Front;
