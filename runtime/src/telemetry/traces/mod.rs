//! Traces: a span for each invocation, each message and each record, by OpenTelemetry.
//!
//! The dispatcher calls three doors. An [`InvocationTrace`] begins when the payload has been read
//! and leaves a [`MessageTrace`] in the context of each message, where [`record`] and [`settle`]
//! find it. So whoever delivers a message needs nothing but its context. [`Traces`] is the setting
//! of a dispatcher: where the spans go, and how long the export may take. A worker has no
//! invocations, so it leaves the traces of messages itself, and exports in the background.

mod remote;
mod message;
mod invocation;
mod record;
mod queue;
mod http_client;
mod export;
mod environment;
mod settings;
#[cfg(feature = "worker")]
mod background;

pub(crate) use invocation::InvocationTrace;
#[cfg(feature = "worker")]
pub(crate) use message::abandon;
pub(crate) use message::settle;
pub(crate) use record::record;
pub(crate) use settings::Traces;
