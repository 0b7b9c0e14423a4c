//! The server-sent events that tell a page what happens.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, stream};
use hyper::body::Frame;
use s3_dispatch_local::Topology;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;

use super::activity::diagram;
use super::app::App;

/// The minimum time between two events.
const MIN_INTERVAL: Duration = Duration::from_millis(200);

/// How often to look for changes that only time causes, such as a message that becomes visible.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// After this time without news a comment is sent, so that a lost connection is noticed.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);

/// An open page.
///
/// Nothing is queued for it: whenever it can take more, it gets all that has changed since the last
/// event.
struct Viewer {
    app: Arc<App>,
    version: watch::Receiver<u64>,
    /// The version of the monitor in the last event.
    sent_version: Option<u64>,
    sent_state: Option<Value>,
    /// The topology in the last diagram.
    sent_topology: Option<Arc<Topology>>,
    sent_at: Instant,
    _permit: OwnedSemaphorePermit,
}

/// The first event contains everything, and each later one what has changed.
pub(super) fn open(
    app: Arc<App>,
    permit: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> {
    let viewer = Viewer {
        version: app.monitor.watch_version(),
        app,
        sent_version: None,
        sent_state: None,
        sent_topology: None,
        sent_at: Instant::now(),
        _permit: permit,
    };

    stream::unfold(viewer, async |mut viewer| {
        let text = viewer.next().await?;
        Some((Ok(Frame::data(text.into())), viewer))
    })
}

impl Viewer {
    /// Returns the next event, or `None` when the server stops.
    async fn next(&mut self) -> Option<String> {
        if self.sent_version.is_none() {
            let everything = self.everything();
            return Some(format!("retry: 1000\ndata: {everything}\n\n"));
        }

        let mut shutdown = self.app.shutdown.clone();
        tokio::select! {
            text = self.next_change() => Some(text),
            () = shutdown.started() => None,
        }
    }

    async fn next_change(&mut self) -> String {
        tokio::time::sleep_until(self.sent_at + MIN_INTERVAL).await;

        loop {
            // The monitor lives as long as the server, so this fails only by the timeout.
            drop(tokio::time::timeout(POLL_INTERVAL, self.version.changed()).await);
            if !self.has_current_diagram() {
                return format!("data: {}\n\n", self.everything());
            }

            let has_changed = Some(*self.version.borrow_and_update()) != self.sent_version;
            if has_changed || self.sent_state.as_ref() != Some(&self.app.state()) {
                return format!("data: {}\n\n", self.changes_since(self.sent_version));
            }

            if self.sent_at.elapsed() > KEEP_ALIVE_INTERVAL {
                self.sent_at = Instant::now();
                return String::from(": nothing new\n\n");
            }
        }
    }

    /// Everything, with the diagram. The page begins anew with it.
    fn everything(&mut self) -> Value {
        let topology = self.app.monitor.topology();
        let mut everything = self.changes_since(None);
        everything["diagram"] = diagram(&topology);
        self.sent_topology = Some(topology);

        everything
    }

    fn has_current_diagram(&self) -> bool {
        let current = self.app.monitor.topology();
        let sent = self.sent_topology.as_ref();
        sent.is_some_and(|sent| Arc::ptr_eq(sent, &current))
    }

    fn changes_since(&mut self, version: Option<u64>) -> Value {
        let (version, mut changes) = self.app.monitor.changes_since(version);
        let state = self.app.state();
        changes["state"] = state.clone();

        self.sent_version = Some(version);
        self.sent_state = Some(state);
        self.sent_at = Instant::now();

        changes
    }
}
