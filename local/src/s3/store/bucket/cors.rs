//! The CORS configuration of a bucket.

use serde::{Deserialize, Serialize};

/// A rule of a CORS configuration: which pages may send which requests ("CORSRule", Amazon S3 API
/// Reference, 2026).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::s3) struct CorsRule {
    pub(in crate::s3) id: Option<String>,
    /// Origins, each with at most one `*`.
    pub(in crate::s3) origins: Vec<String>,
    pub(in crate::s3) methods: Vec<String>,
    /// Names of headers that a request may have, each with at most one `*`.
    pub(in crate::s3) headers: Vec<String>,
    /// Names of headers of the answer that the page may read.
    pub(in crate::s3) exposed: Vec<String>,
    /// How long the browser may remember the answer, in seconds.
    pub(in crate::s3) max_age: Option<i32>,
}
