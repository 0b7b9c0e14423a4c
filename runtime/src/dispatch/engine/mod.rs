//! Decides what may run now, and runs it: the rules of delivery, whoever brings the messages.
//!
//! An [`Engine`] holds the messages that were admitted and are not settled yet. Their records wait
//! in lanes. Within a lane, one step runs after another; lanes run side by side. A lane is a bucket
//! and key on standard queues, and a message group on FIFO queues. It lives as long as it has
//! steps, so it joins messages that came at different times.
//!
//! The engine itself does not wait for anything. A [`Runner`] runs its steps. How many run at once,
//! and in which task, is up to the driver: a batch of Lambda admits everything at once and has a
//! time at which it is cut, a worker admits messages all the time.

mod step;
mod outcomes;
mod key_turns;
mod lanes;
mod admission;
mod state;
mod shared;
pub(crate) mod slots;
#[cfg(feature = "object-store")]
mod task_look_up;
mod record_task;
mod runner;

pub(crate) use outcomes::{Outcomes, RecordOutcome, record_range};
pub(crate) use runner::Runner;
pub(crate) use shared::Engine;
#[cfg(feature = "worker")]
pub(crate) use state::Held;
pub(crate) use state::{Begun, Queue};
pub(crate) use step::LaneId;
