//! Turns metrics into documents of the embedded metric format.

use std::collections::BTreeMap;
use std::time::SystemTime;

use metrics::{Key, Unit};
use serde_json::{Map, Value, json};

use super::recorder::Metric;
use super::series::Measured;
use crate::telemetry::logs;
use crate::telemetry::metrics::PREFIX;

const NAMESPACE: &str = "S3Dispatch";

/// The dimension with the name of the function.
const FUNCTION: &str = "function";

/// The labels of our own metrics that are dimensions. All of them have few values.
const DIMENSIONS: [&str; 2] = ["event_name", "outcome"];

/// CloudWatch ignores more metrics in a document, and more values of a metric ("Specification:
/// Embedded metric format", Amazon CloudWatch User Guide, 2026). With both, a document stays far
/// below the largest line of a log.
const MAX_METRICS: usize = 100;
const MAX_VALUES: usize = 100;

/// A longer text of a label is cut. It is CloudWatch's limit for the value of a dimension.
const MAX_LABEL: usize = 1024;

/// What all documents of a process have in common.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    /// The function, if this is one.
    pub(super) function: Option<String>,
    /// The level of the line, if the log is JSON.
    pub(super) level: Option<String>,
}

/// The labels that the metrics of a document share.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Labels {
    dimensions: Vec<(&'static str, String)>,
    /// They are in the line, where CloudWatch's Logs Insights finds them, and cost no metric.
    properties: Vec<(String, String)>,
}

impl Frame {
    /// Returns a line for each document.
    pub(super) fn lines(&self, metrics: Vec<Metric>, time: SystemTime) -> Vec<String> {
        let mut groups: BTreeMap<Labels, Vec<Metric>> = BTreeMap::new();
        for metric in metrics {
            let labels = self.labels(&metric.key);
            groups.entry(labels).or_default().push(metric);
        }

        let documents = groups.into_iter().flat_map(|(labels, metrics)| {
            let parts = parts(&metrics);
            parts
                .into_iter()
                .map(move |part| self.document(&labels, &part, time))
                .collect::<Vec<_>>()
        });

        documents.map(|document| format!("{document}\n")).collect()
    }

    /// Divides the labels of a metric. Only ours have labels of which the number of values is known
    /// to be small.
    fn labels(&self, key: &Key) -> Labels {
        let is_ours = key.name().starts_with(PREFIX);
        let function = self.function.iter().map(|name| (FUNCTION, cut(name)));
        let mut labels = Labels {
            dimensions: function.collect(),
            properties: Vec::new(),
        };

        for label in key.labels() {
            let mut known = DIMENSIONS.into_iter();
            match known.find(|known| is_ours && *known == label.key()) {
                Some(name) => labels.dimensions.push((name, cut(label.value()))),
                None => labels
                    .properties
                    .push((label.key().to_owned(), cut(label.value()))),
            }
        }

        labels.dimensions.sort();
        labels.properties.sort();
        labels
    }

    fn document(&self, labels: &Labels, part: &[(&Metric, Value)], time: SystemTime) -> Value {
        let described = part.iter().map(|(metric, _)| {
            let (unit, _) = unit(metric.unit);
            json!({"Name": name(metric), "Unit": unit})
        });
        let names: Vec<_> = labels.dimensions.iter().map(|(name, _)| name).collect();
        let since = time.duration_since(SystemTime::UNIX_EPOCH);
        let aws = json!({
            "Timestamp": since.unwrap_or_default().as_millis() as u64,
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [names],
                "Metrics": described.collect::<Vec<_>>(),
            }],
        });

        let mut document = Map::new();
        document.insert("_aws".to_owned(), aws);
        for (name, value) in &labels.dimensions {
            document.insert((*name).to_owned(), value.as_str().into());
        }
        for (metric, value) in part {
            document.insert(name(metric), value.clone());
        }
        if let Some(level) = &self.level {
            document.insert("level".to_owned(), level.as_str().into());
            document.insert("timestamp".to_owned(), logs::timestamp(time).into());
        }
        for (name, value) in &labels.properties {
            // A label cannot replace what CloudWatch reads.
            let mut name = name.clone();
            while document.contains_key(&name) {
                name.push('_');
            }
            document.insert(name, value.as_str().into());
        }

        Value::Object(document)
    }
}

/// Returns the name of a metric in a document. One that has another meaning there gets an
/// underscore at its end.
fn name(metric: &Metric) -> String {
    let name = metric.key.name();
    let has_meaning = ["_aws", "level", "timestamp", FUNCTION].contains(&name);

    if has_meaning || DIMENSIONS.contains(&name) {
        format!("{name}_")
    } else {
        name.to_owned()
    }
}

/// Divides metrics so that each part fits into a document.
fn parts(metrics: &[Metric]) -> Vec<Vec<(&Metric, Value)>> {
    let mut parts: Vec<Vec<(&Metric, Value)>> = Vec::new();

    for metric in metrics {
        for (name, value) in values(metric)
            .into_iter()
            .map(|value| (metric.key.name(), value))
        {
            // A document has each metric once.
            let fits = |part: &&mut Vec<(&Metric, Value)>| {
                part.len() < MAX_METRICS && part.iter().all(|(other, _)| other.key.name() != name)
            };
            match parts.iter_mut().find(fits) {
                Some(part) => part.push((metric, value)),
                None => parts.push(vec![(metric, value)]),
            }
        }
    }

    parts
}

/// Returns the values of a metric in its unit, as many at once as a document may have.
fn values(metric: &Metric) -> Vec<Value> {
    let (_, factor) = unit(metric.unit);

    match &metric.measured {
        Measured::Number(number) => vec![json_number(number * factor)],
        Measured::Samples(samples) => samples
            .chunks(MAX_VALUES)
            .map(|chunk| {
                chunk
                    .iter()
                    .map(|sample| json_number(sample * factor))
                    .collect()
            })
            .collect(),
    }
}

/// Writes whole numbers without a fraction.
fn json_number(number: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;

    if number.fract() == 0.0 && number.abs() < EXACT {
        Value::from(number as i64)
    } else {
        Value::from(number)
    }
}

/// Returns CloudWatch's name of a unit ("MetricDatum", Amazon CloudWatch API Reference, 2026), and
/// by how much a value has to be multiplied. CloudWatch has neither nanoseconds nor powers of 1024.
fn unit(unit: Option<Unit>) -> (&'static str, f64) {
    const KIBI: f64 = 1024.0;

    match unit {
        None => ("None", 1.0),
        Some(Unit::Count) => ("Count", 1.0),
        Some(Unit::Percent) => ("Percent", 1.0),
        Some(Unit::Seconds) => ("Seconds", 1.0),
        Some(Unit::Milliseconds) => ("Milliseconds", 1.0),
        Some(Unit::Microseconds) => ("Microseconds", 1.0),
        Some(Unit::Nanoseconds) => ("Microseconds", 1e-3),
        Some(Unit::Tebibytes) => ("Bytes", KIBI * KIBI * KIBI * KIBI),
        Some(Unit::Gibibytes) => ("Bytes", KIBI * KIBI * KIBI),
        Some(Unit::Mebibytes) => ("Bytes", KIBI * KIBI),
        Some(Unit::Kibibytes) => ("Bytes", KIBI),
        Some(Unit::Bytes) => ("Bytes", 1.0),
        Some(Unit::TerabitsPerSecond) => ("Terabits/Second", 1.0),
        Some(Unit::GigabitsPerSecond) => ("Gigabits/Second", 1.0),
        Some(Unit::MegabitsPerSecond) => ("Megabits/Second", 1.0),
        Some(Unit::KilobitsPerSecond) => ("Kilobits/Second", 1.0),
        Some(Unit::BitsPerSecond) => ("Bits/Second", 1.0),
        Some(Unit::CountPerSecond) => ("Count/Second", 1.0),
    }
}

fn cut(text: &str) -> String {
    let mut end = text.len().min(MAX_LABEL);
    while !text.is_char_boundary(end) {
        end -= 1;
    }

    text[..end].to_owned()
}
