//! What one metric with one set of labels has measured since it was last printed.

use std::sync::{Mutex, MutexGuard, PoisonError};

use metrics::{CounterFn, GaugeFn, HistogramFn};

/// The values of a metric. All of its handles share them.
#[derive(Debug, Default)]
pub(super) struct Series(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Of a counter, since the beginning.
    total: u64,
    /// How much of it has been printed.
    printed: u64,
    /// Of a gauge.
    level: f64,
    /// A gauge was changed.
    is_changed: bool,
    /// The next value depends on this one: of a gauge, and of a counter with absolute values.
    is_needed: bool,
    /// Of a histogram.
    samples: Vec<f64>,
}

/// What there is to print.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Measured {
    Number(f64),
    Samples(Vec<f64>),
}

impl Series {
    /// Takes what was measured since the last call. `None` if that is nothing.
    pub(super) fn take(&self) -> Option<Measured> {
        let mut state = self.state();

        if !state.samples.is_empty() {
            return Some(Measured::Samples(std::mem::take(&mut state.samples)));
        }

        if std::mem::take(&mut state.is_changed) {
            return state
                .level
                .is_finite()
                .then_some(Measured::Number(state.level));
        }

        let more = state.total - state.printed;
        state.printed = state.total;
        (more > 0).then_some(Measured::Number(more as f64))
    }

    /// Returns whether the series must be kept after its values were taken.
    pub(super) fn is_needed(&self) -> bool {
        self.state().is_needed
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change_level(&self, change: impl FnOnce(f64) -> f64) {
        let mut state = self.state();
        state.level = change(state.level);
        state.is_changed = true;
        state.is_needed = true;
    }
}

impl CounterFn for Series {
    fn increment(&self, value: u64) {
        let mut state = self.state();
        state.total = state.total.saturating_add(value);
    }

    fn absolute(&self, value: u64) {
        let mut state = self.state();
        state.total = state.total.max(value);
        state.is_needed = true;
    }
}

impl GaugeFn for Series {
    fn increment(&self, value: f64) {
        self.change_level(|level| level + value);
    }

    fn decrement(&self, value: f64) {
        self.change_level(|level| level - value);
    }

    fn set(&self, value: f64) {
        self.change_level(|_| value);
    }
}

impl HistogramFn for Series {
    fn record(&self, value: f64) {
        // JSON has no other numbers.
        if value.is_finite() {
            self.state().samples.push(value);
        }
    }
}
