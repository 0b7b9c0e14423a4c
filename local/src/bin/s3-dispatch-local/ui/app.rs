//! The state that the requests of all browsers share.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use s3_dispatch_local::{Fault, Faults, Hop, LocalPipeline, Visibility};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::activity::{Component, Monitor};
use super::shutdown::Shutdown;
use crate::project::BuildStatus;
use crate::s3_client::S3Client;

/// How many pages may be open at once.
const MAX_VIEWERS: usize = 16;

/// How long a count of the queues' messages is reused.
const COUNT_INTERVAL: Duration = Duration::from_millis(200);

/// The state that the requests of all browsers share.
pub(super) struct App {
    pub(super) pipeline: LocalPipeline,
    pub(super) monitor: Arc<Monitor>,
    pub(super) shutdown: Shutdown,
    s3: SocketAddr,
    build: BuildStatus,
    viewers: Arc<Semaphore>,
    queue_counts: Mutex<Option<(Instant, Value)>>,
    /// Held while the faults change, so that two changes do not overwrite each other.
    changing_faults: Mutex<()>,
}

/// New fault rates. Others stay as they are.
///
/// ```json
/// {"rates": [{"hop": "invoke", "fault": "kill", "rate": 0.1}]}
/// ```
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FaultChange {
    rates: Vec<FaultRate>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultRate {
    hop: String,
    fault: String,
    rate: f64,
}

impl App {
    pub(super) fn new(
        pipeline: LocalPipeline,
        monitor: Arc<Monitor>,
        s3: SocketAddr,
        build: BuildStatus,
        shutdown: Shutdown,
    ) -> Self {
        Self {
            pipeline,
            monitor,
            shutdown,
            s3,
            build,
            viewers: Arc::new(Semaphore::new(MAX_VIEWERS)),
            queue_counts: Mutex::new(None),
            changing_faults: Mutex::new(()),
        }
    }

    /// A place for one more open page, if there is one.
    pub(super) fn add_viewer(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.viewers).try_acquire_owned().ok()
    }

    pub(super) fn s3_client(&self, bucket: &str) -> S3Client {
        S3Client::new(self.s3, bucket)
    }

    pub(super) fn has_bucket(&self, name: &str) -> bool {
        let topology = self.monitor.topology();
        let mut buckets = topology.buckets.iter();
        buckets.any(|bucket| bucket.name == name)
    }

    /// The state that no step reports.
    ///
    /// ```json
    /// {"queues": {"queue:uploads": {"delayed": 0, "visible": 1, "in_flight": 0}},
    ///  "faults": [{"hop": "invoke", "fault": "kill", "rate": 0.1}], "seed": 0, "viewers": 1,
    ///  "build": {"state": "current", "text": ""}}
    /// ```
    pub(super) fn state(&self) -> Value {
        let faults = self.pipeline.faults();
        let rates = Faults::places().map(|(hop, fault)| {
            json!({
                "hop": hop.to_string(),
                "fault": fault.to_string(),
                "rate": faults.rate(hop, fault),
            })
        });

        json!({
            "queues": self.queue_counts(),
            "faults": rates.collect::<Vec<_>>(),
            "build": self.build.to_json(),
            "seed": faults.seed(),
            "viewers": MAX_VIEWERS - self.viewers.available_permits(),
        })
    }

    fn queue_counts(&self) -> Value {
        let mut last = self
            .queue_counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);

        if let Some((counted_at, counts)) = last.as_ref()
            && counted_at.elapsed() < COUNT_INTERVAL
        {
            return counts.clone();
        }

        let topology = self.monitor.topology();
        let queues = topology.queues.iter().filter_map(|spec| {
            let queue = self.pipeline.queue(&spec.name).ok()?;
            let counts = json!({
                "delayed": queue.count(Visibility::Delayed),
                "visible": queue.count(Visibility::Visible),
                "in_flight": queue.count(Visibility::InFlight),
            });

            Some((Component::queue(&queue.name).to_string(), counts))
        });

        let counts = Value::Object(queues.collect::<Map<_, _>>());
        *last = Some((Instant::now(), counts.clone()));

        counts
    }

    /// Changes all of these rates, or none if one of them is invalid.
    pub(super) fn change_faults(&self, change: &FaultChange) -> Result<(), String> {
        let guard = self
            .changing_faults
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut faults = self.pipeline.faults();

        for rate in &change.rates {
            let (hop, fault) = rate.place()?;
            faults = faults.with_rate(hop, fault, rate.rate);
        }

        self.pipeline.set_faults(faults);
        drop(guard);
        self.monitor.mark_changed();

        Ok(())
    }
}

impl FaultRate {
    /// The hop and the fault with these names. Fails if there are none, or if the rate is invalid.
    fn place(&self) -> Result<(Hop, Fault), String> {
        let Self { hop, fault, rate } = self;
        let mut places = Faults::places();

        let place = places
            .find(|(own_hop, own_fault)| {
                own_hop.to_string() == *hop && own_fault.to_string() == *fault
            })
            .ok_or_else(|| format!("there is no fault `{fault}` at the hop `{hop}`"))?;

        if !(0.0..=1.0).contains(rate) {
            return Err(format!("the rate {rate} is not between 0 and 1"));
        }

        Ok(place)
    }
}
