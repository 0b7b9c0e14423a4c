//! What stands in for traces without the feature `otel`: nothing, which costs nothing.

use std::time::Instant;

use s3_dispatch_core::delivery::{Delivery, InvocationId, TraceHeader};
use s3_dispatch_core::{Error, HandlerError, MessageContext, Outcome, S3EventRecord};

/// The setting of a dispatcher.
#[derive(Debug, Clone, Default)]
pub(crate) struct Traces;

impl Traces {
    pub(crate) fn export_by_environment(&mut self) {}

    pub(crate) fn invocation(
        &self,
        _: Option<&InvocationId>,
        _: Option<&TraceHeader>,
        _: Option<&str>,
    ) -> InvocationTrace {
        InvocationTrace
    }

    pub(crate) async fn flush(&self, _: Option<Instant>) {}

    #[cfg(feature = "worker")]
    pub(crate) fn messages(&self, _: &mut Delivery) {}

    #[cfg(feature = "worker")]
    pub(crate) fn export_in_background(&self) -> BackgroundExport {
        BackgroundExport
    }
}

/// An export that runs beside a worker.
#[cfg(feature = "worker")]
pub(crate) struct BackgroundExport;

#[cfg(feature = "worker")]
impl BackgroundExport {
    pub(crate) async fn end(self) {}
}

/// An invocation.
pub(crate) struct InvocationTrace;

impl InvocationTrace {
    pub(crate) fn begin(&mut self, _: &mut Delivery) {}

    pub(crate) fn trace_id(&self) -> Option<String> {
        None
    }

    pub(crate) fn span_id(&self) -> Option<String> {
        None
    }

    pub(crate) fn finish(self, _: Option<&Error>) {}
}

pub(crate) fn settle(_: &MessageContext, _: Result<(), &'static str>, _: Option<&Error>) {}

#[cfg(feature = "worker")]
pub(crate) fn abandon(_: &MessageContext) {}

pub(crate) fn record(_: &S3EventRecord, _: &MessageContext) -> RecordTrace {
    RecordTrace
}

/// A record.
pub(crate) struct RecordTrace;

impl RecordTrace {
    pub(crate) fn trace_id(&self) -> Option<String> {
        None
    }

    pub(crate) fn span_id(&self) -> Option<String> {
        None
    }

    pub(crate) fn within<T>(&self, make: impl FnOnce() -> T) -> T {
        make()
    }

    pub(crate) fn around<F: Future<Output = Outcome>>(
        self,
        routed: F,
        _: fn(&HandlerError) -> &'static str,
    ) -> F {
        routed
    }
}
