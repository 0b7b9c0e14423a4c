//! The spans that wait for the export.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};

/// Spans that have ended, the oldest first.
#[derive(Debug)]
pub(super) struct SpanQueue {
    spans: Mutex<VecDeque<SpanData>>,
    capacity: usize,
    /// How many there was no place for, or that the collector refused.
    lost: AtomicUsize,
}

impl SpanQueue {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            spans: Mutex::default(),
            capacity,
            lost: AtomicUsize::new(0),
        }
    }

    /// Copies the oldest spans. They stay in the queue until they are [removed](Self::remove).
    pub(super) fn oldest(&self, most: usize) -> Vec<SpanData> {
        self.spans().iter().take(most).cloned().collect()
    }

    /// Removes the oldest spans.
    pub(super) fn remove(&self, number: usize) {
        let mut spans = self.spans();
        let number = number.min(spans.len());
        drop(spans.drain(..number));
    }

    pub(super) fn len(&self) -> usize {
        self.spans().len()
    }

    /// Notes that this many spans cannot be exported.
    pub(super) fn lose(&self, number: usize) {
        self.lost.fetch_add(number, Ordering::Relaxed);
    }

    /// Returns how many spans were lost since the last call.
    pub(super) fn take_lost(&self) -> usize {
        self.lost.swap(0, Ordering::Relaxed)
    }

    fn spans(&self) -> MutexGuard<'_, VecDeque<SpanData>> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts each span into a queue when it ends.
#[derive(Debug)]
pub(super) struct Enqueue(pub(super) Arc<SpanQueue>);

impl SpanProcessor for Enqueue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if !span.span_context.is_sampled() {
            return;
        }

        let mut spans = self.0.spans();
        if spans.len() < self.0.capacity {
            spans.push_back(span);
        } else {
            self.0.lose(1);
        }
    }

    /// The dispatcher exports the queue.
    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}
