//! Forms by which browsers upload objects ("Browser-Based Uploads Using POST", Amazon S3 API
//! Reference, 2026).
//!
//! A form is read up to its file, checked, and becomes the `PUT` request that it stands for. The
//! file passes through, so it is stored like any other body. `s3s` keeps files in memory instead,
//! and checks the policy before it knows the key.

mod form;
mod signature;
mod policy;
mod put;
mod answer;
mod upload;

pub(in crate::s3) use self::put::FromForm;
pub(in crate::s3) use self::upload::{FormTarget, post};
