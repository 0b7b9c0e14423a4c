//! The signals that end a command: the first one drains it, the second one ends it at once.

use std::io;

/// Waits for SIGTERM or Ctrl-C from now on. The future resolves at the first of them; the second
/// ends the process with status 143 or 130. A line of the log says which `part` of the program
/// drains, such as `worker`.
///
/// A thread of its own waits for them, so that the second signal also ends a process whose handlers
/// block every other thread.
///
/// # Errors
///
/// If the system has no thread or no file descriptor left.
pub(in crate::cli) fn listen(part: &'static str) -> io::Result<impl Future<Output = ()> + Send> {
    use tokio::sync::oneshot;

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let mut signals = {
        let _context = runtime.enter();
        Signals::new()?
    };

    let (stop, stopped) = oneshot::channel();
    let thread = std::thread::Builder::new().name("s3-dispatch-signals".to_owned());
    thread.spawn(move || {
        runtime.block_on(async {
            let first = signals.next().await;
            tracing::info!(
                "{} received: the {part} drains, and a second signal ends it at once",
                first.name
            );
            // If nobody waits, the command has ended.
            _ = stop.send(());

            let second = signals.next().await;
            std::process::exit(second.status);
        });
    })?;

    Ok(async {
        // The thread never drops its end before the first signal.
        drop(stopped.await);
    })
}

/// A signal: its name, and the status with which a process ends that it ends.
#[derive(Debug, Clone, Copy)]
struct Signal {
    name: &'static str,
    status: i32,
}

const INTERRUPT: Signal = Signal {
    name: "SIGINT",
    status: 130,
};

#[cfg(unix)]
const TERMINATE: Signal = Signal {
    name: "SIGTERM",
    status: 143,
};

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => TERMINATE,
            _ = self.interrupt.recv() => INTERRUPT,
        }
    }
}

/// Only Unix has SIGTERM.
#[cfg(not(unix))]
struct Signals(());

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self(()))
    }

    async fn next(&mut self) -> Signal {
        match tokio::signal::ctrl_c().await {
            Ok(()) => INTERRUPT,
            // Without a listener, Ctrl-C ends the process anyway.
            Err(_) => std::future::pending().await,
        }
    }
}
