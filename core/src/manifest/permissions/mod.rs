//! What a function must be allowed to do, for the role that it runs with.
//!
//! What handlers do with objects comes from the routes, and the rest from the caller.

mod object_access;
mod iam_policy;

pub use iam_policy::IamPolicy;
pub use object_access::ObjectAccess;
