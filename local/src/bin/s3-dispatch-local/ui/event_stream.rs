//! What happens, as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, stream};
use hyper::body::Frame;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;

use super::activity::component::drawing;
use super::end;
use super::routes::App;

/// Between two events at least.
const PACE: Duration = Duration::from_millis(200);

/// How often is looked for what changes by time alone.
const LOOK: Duration = Duration::from_secs(1);

/// After so long a word is sent in any case, so that a lost connection is noticed.
const SILENCE: Duration = Duration::from_secs(15);

/// A browser's connection. Nothing is kept for it: when it can take more it gets what has changed
/// since it last could.
struct Viewer {
    app: Arc<App>,
    version: watch::Receiver<u64>,
    stopped: watch::Receiver<bool>,
    /// Up to which version it knows everything.
    known: Option<u64>,
    told: Option<Value>,
    spoken: Instant,
    _permit: OwnedSemaphorePermit,
}

/// First all, then what changes.
pub(crate) fn events(
    app: Arc<App>,
    permit: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> {
    let (version, stopped) = (app.board.watch(), app.stopped.clone());
    let viewer = Viewer {
        app,
        version,
        stopped,
        known: None,
        told: None,
        spoken: Instant::now(),
        _permit: permit,
    };

    stream::unfold(viewer, async |mut viewer| {
        let text = viewer.next().await?;
        Some((Ok(Frame::data(text.into())), viewer))
    })
}

impl Viewer {
    async fn next(&mut self) -> Option<String> {
        if self.known.is_none() {
            let mut all = self.news(None);
            all["drawing"] = drawing(self.app.pipeline.topology());
            return Some(format!("retry: 1000\ndata: {all}\n\n"));
        }

        let mut stopped = self.stopped.clone();
        tokio::select! {
            text = self.change() => Some(text),
            () = end(&mut stopped) => None,
        }
    }

    async fn change(&mut self) -> String {
        tokio::time::sleep_until(self.spoken + PACE).await;
        loop {
            // The board is there as long as the page.
            drop(tokio::time::timeout(LOOK, self.version.changed()).await);
            let has_changed = Some(*self.version.borrow_and_update()) != self.known;

            if has_changed || self.told.as_ref() != Some(&self.app.state()) {
                return format!("data: {}\n\n", self.news(self.known));
            }

            if self.spoken.elapsed() > SILENCE {
                self.spoken = Instant::now();
                return String::from(": nothing new\n\n");
            }
        }
    }

    fn news(&mut self, since: Option<u64>) -> Value {
        let (version, mut news) = self.app.board.news(since);
        let state = self.app.state();
        news["state"] = state.clone();
        (self.known, self.told, self.spoken) = (Some(version), Some(state), Instant::now());

        news
    }
}
