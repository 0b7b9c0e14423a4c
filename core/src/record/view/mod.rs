//! Typed views: records whose event is certain, with what that event is certain to have.

mod declaration;
mod object;
mod storage;
mod metadata;

pub use metadata::{Annotated, Retained, Tagged};
pub use object::{Expired, ObjectCreated, ObjectRemoved, ObjectRestored};
pub use storage::{Replicated, Tiered, Transitioned};
