//! Exports the spans of a worker while it runs.

use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use tracing::dispatcher;

use crate::telemetry::traces::settings::Traces;

/// How long to wait after an export.
const PERIOD: Duration = Duration::from_secs(1);

/// After this time, an export is slow enough to say so.
const PATIENCE: Duration = Duration::from_secs(10);

/// The log has at most one warning in this time.
const QUIET: Duration = Duration::from_secs(60);

/// An export that runs on a thread of its own, so that nothing waits for a collector. If it is
/// dropped, the thread exports what there is, and ends by itself.
pub(crate) struct BackgroundExport(Option<Thread>);

struct Thread {
    stop: oneshot::Sender<()>,
    ended: oneshot::Receiver<()>,
    limit: Duration,
}

impl Traces {
    /// Exports about once a second from now on, if there is anything to export.
    pub(crate) fn export_in_background(&self) -> BackgroundExport {
        BackgroundExport(self.exports().then(|| self.start_thread()).flatten())
    }

    fn start_thread(&self) -> Option<Thread> {
        let (stop, stopped) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let limit = self.limit();
        let exporter = Exporter {
            traces: self.clone(),
            told: None,
        };

        // The log of the thread is that of whoever runs the worker.
        let log = dispatcher::get_default(Clone::clone);
        let run = move |runtime: Runtime| {
            dispatcher::with_default(&log, || {
                runtime.block_on(exporter.run(stopped, limit));
                // A provider that hangs must not keep the thread.
                runtime.shutdown_background();
            });
            // Nobody may wait for it anymore.
            let _ = end.send(());
        };

        let runtime = Builder::new_current_thread().enable_all().build();
        let name = "s3-dispatch-traces".to_owned();
        let thread = thread::Builder::new().name(name);
        let started = runtime.and_then(|runtime| thread.spawn(move || run(runtime)));
        if let Err(error) = started {
            let error = error.to_string();
            tracing::warn!(error, "traces are not exported: no thread could be started");
            return None;
        }

        Some(Thread { stop, ended, limit })
    }
}

impl BackgroundExport {
    /// Exports what there is, and waits for it little longer than the limit.
    pub(crate) async fn end(self) {
        // The thread watches the limit itself, and needs a moment to say that it has passed.
        const MOMENT: Duration = Duration::from_millis(100);

        if let Some(thread) = self.0 {
            drop(thread.stop);
            drop(timeout(thread.limit + MOMENT, thread.ended).await);
        }
    }
}

/// What the thread knows.
struct Exporter {
    traces: Traces,
    /// When the log said last that something is wrong.
    told: Option<Instant>,
}

impl Exporter {
    /// Exports until the other end of `stop` is dropped. The last export gets this long.
    async fn run(mut self, mut stop: oneshot::Receiver<()>, limit: Duration) {
        let traces = self.traces.clone();
        let mut under_way = None;

        loop {
            tokio::select! {
                _ = &mut stop => break,
                () = sleep(PERIOD) => {}
            }

            // One that hangs is awaited further, so that there is never more than one.
            let export = under_way.get_or_insert_with(|| Box::pin(traces.export()));
            tokio::select! {
                _ = &mut stop => break,
                exported = timeout(PATIENCE, export) => match exported {
                    Ok(exported) => {
                        under_way = None;
                        self.tell(exported);
                    }
                    Err(_) => self.tell(Err(traces.too_slow(PATIENCE))),
                },
            }
        }

        let last = async {
            if let Some(export) = under_way {
                // The next one says what is wrong.
                drop(export.await);
            }
            traces.export().await
        };
        let exported = timeout(limit, last).await;
        let exported = exported.unwrap_or_else(|_| Err(traces.too_slow(limit)));
        self.traces.tell(exported);
    }

    /// Logs what went wrong, unless something was logged a short while ago.
    fn tell(&mut self, exported: Result<(), String>) {
        let is_quiet = self.told.is_some_and(|told| told.elapsed() < QUIET);
        if !is_quiet && self.traces.tell(exported) {
            self.told = Some(Instant::now());
        }
    }
}
