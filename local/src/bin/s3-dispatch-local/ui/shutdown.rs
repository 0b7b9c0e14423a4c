//! Tells every connection that the server stops.

use tokio::sync::watch;

/// Starts the shutdown.
pub(super) struct ShutdownTrigger(watch::Sender<bool>);

/// Waits for the shutdown.
#[derive(Clone)]
pub(super) struct Shutdown(watch::Receiver<bool>);

pub(super) fn channel() -> (ShutdownTrigger, Shutdown) {
    let (trigger, shutdown) = watch::channel(false);

    (ShutdownTrigger(trigger), Shutdown(shutdown))
}

impl ShutdownTrigger {
    pub(super) fn start(&self) {
        self.0.send_replace(true);
    }
}

impl Shutdown {
    /// Returns when the server stops.
    pub(super) async fn started(&mut self) {
        // A dropped trigger also means that the server stops.
        drop(self.0.wait_for(|is_started| *is_started).await);
    }
}
