//! The checksums that S3 keeps of objects ("Checking object integrity in Amazon S3", Amazon S3 User
//! Guide, 2026).

mod kind;
mod object;
mod upload;

pub(in crate::s3) use self::kind::ChecksumKind;
pub(in crate::s3) use self::object::ObjectChecksum;
pub(in crate::s3) use self::upload::UploadChecksum;
