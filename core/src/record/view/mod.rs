//! Typed views: records of certain events, with the fields that those events always have.
//!
//! A handler that takes a view can rely on its fields. A view that does not fit the events of its
//! handler is a compile error, if the handler is declared by the attribute macro.

mod declaration;
mod object;
mod removal;
mod storage;
mod metadata;

pub use metadata::{Annotated, Retained, Tagged};
pub use object::{Expired, ObjectCreated, ObjectRemoved, ObjectRestored};
pub use storage::{Replicated, Tiered, Transitioned};
