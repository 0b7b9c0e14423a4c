//! What SQS clients do to the queues. A function that talks to SQS is a client too.
//!
//! A client that gets an answer may rely on it, so each change is on disk before the answer. The
//! SQS endpoint calls these methods of the engine.

mod deleting;
mod messages;
mod moving;
mod queues;

pub(crate) use self::deleting::DeletedRecently;
pub(crate) use self::moving::Moved;
pub(crate) use self::queues::{PurgeRefusal, QueueDescription};
