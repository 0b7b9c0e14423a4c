//! x
#[doc(hidden)]
pub use s3_dispatch_core::__private;
pub use s3_dispatch_core::*;
pub use s3_dispatch_macros::s3_handler;
