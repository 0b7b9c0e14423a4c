//! Where buckets keep their objects: an index in memory, and bodies and descriptions in a folder.
//!
//! No key becomes the name of a file, so any key that S3 accepts works. Sequencers are assigned
//! under the lock of the index, so the sequencers of a key are in the order of its changes.

mod bodies;
mod buckets;
mod descriptions;
pub(crate) mod errors;
mod index;
mod multipart;
mod object;
mod upload;

pub(super) use self::bodies::{BodyStore, StoredBody};
pub use self::buckets::Buckets;
pub(super) use self::object::{ObjectHeaders, Preconditions, StoredObject};
pub(super) use self::upload::StoredPart;
