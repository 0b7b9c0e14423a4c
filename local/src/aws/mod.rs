//! What AWS would call the parts.

pub(crate) mod arn;
