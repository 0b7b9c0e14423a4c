//! Waits for Ctrl-C, or for the termination signal of a service manager.

/// The signals that stop the program gracefully.
pub(crate) struct Interrupt {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 2],
}

impl Interrupt {
    /// Installs the handlers: from now on the signals no longer end the program at once.
    pub(crate) fn watch() -> std::io::Result<Self> {
        #[cfg(unix)]
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self {
            #[cfg(unix)]
            signals: [
                signal(SignalKind::interrupt())?,
                signal(SignalKind::terminate())?,
            ],
        })
    }

    /// Returns when one of the signals arrives.
    #[cfg(unix)]
    pub(crate) async fn wait(&mut self) {
        let [interrupt, terminate] = &mut self.signals;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }

    /// Returns on Ctrl-C.
    #[cfg(not(unix))]
    pub(crate) async fn wait(&mut self) {
        // If no handler can be set, Ctrl-C ends the program, and the functions lose their
        // connection.
        drop(tokio::signal::ctrl_c().await);
    }
}
