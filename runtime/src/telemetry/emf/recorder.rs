//! Collects what the program measures through the crate `metrics`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, SharedString, Unit};

use super::series::{Measured, Series};

/// A recorder. Its clones share what they collect.
#[derive(Debug, Clone, Default)]
pub(super) struct Recorder(Arc<Mutex<Collected>>);

#[derive(Debug, Default)]
struct Collected {
    series: HashMap<(Kind, Key), Arc<Series>>,
    units: HashMap<String, Unit>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// A metric with its labels, and what it has measured.
#[derive(Debug, Clone)]
pub(super) struct Metric {
    pub(super) key: Key,
    pub(super) unit: Option<Unit>,
    pub(super) measured: Measured,
}

impl Recorder {
    /// Takes what was measured since the last call, sorted by name and labels.
    pub(super) fn take(&self) -> Vec<Metric> {
        let mut collected = self.collected();
        let mut metrics = collected.take();

        // What nobody holds any more is forgotten, so that the memory does not grow with the labels
        // of past invocations.
        let series = &mut collected.series;
        series.retain(|_, series| Arc::strong_count(series) > 1 || series.is_needed());
        drop(collected);

        metrics.sort_by(|one, other| one.key.cmp(&other.key));
        metrics
    }

    fn collected(&self) -> MutexGuard<'_, Collected> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn describe(&self, name: &KeyName, unit: Option<Unit>) {
        let Some(unit) = unit else {
            return;
        };

        let units = &mut self.collected().units;
        if !units.contains_key(name.as_str()) {
            units.insert(name.as_str().to_owned(), unit);
        }
    }

    fn series(&self, kind: Kind, key: &Key) -> Arc<Series> {
        let mut collected = self.collected();
        let series = collected.series.entry((kind, key.clone()));

        Arc::clone(series.or_default())
    }
}

impl Collected {
    fn take(&self) -> Vec<Metric> {
        let taken = self.series.iter().filter_map(|((_, key), series)| {
            Some(Metric {
                key: key.clone(),
                unit: self.units.get(key.name()).copied(),
                measured: series.take()?,
            })
        });

        taken.collect()
    }
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(&name, unit);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(&name, unit);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(&name, unit);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.series(Kind::Counter, key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.series(Kind::Gauge, key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.series(Kind::Histogram, key))
    }
}
