//! The health server: its address and its thread.

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::{self, Runtime};
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval};

use crate::worker::health::connections::accept;
use crate::worker::health::exporter::Exporter;
use crate::worker::health::pages::Pages;
use crate::worker::health::state::HealthState;

/// How often samples of metrics are moved into their buckets.
const COMPACT_EVERY: Duration = Duration::from_secs(5);

/// An address on which a worker is about to tell how it is.
///
/// Clients can connect already, and wait until [`serve`](Self::serve) is called.
#[derive(Debug)]
#[must_use = "`serve` answers requests"]
pub(crate) struct Health {
    listener: TcpListener,
    address: SocketAddr,
}

/// A server that answers `GET` and `HEAD` of `/livez`, `/readyz` and `/metrics`.
///
/// It has a thread and a runtime of its own, so it also answers while handlers block every thread
/// of the program's runtime, even if that has only one: then it says that the worker makes no
/// progress. A task would not do. Tokio leaves a task that was woken last to the thread that woke
/// it, and the network to the thread that waited for it, even if these threads are blocked.
///
/// Dropping it closes its connections and its port, before the drop returns.
#[derive(Debug)]
#[must_use = "dropping it ends the server"]
pub(crate) struct HealthServer {
    /// Dropping it ends the thread.
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl Health {
    /// Listens on an address. Port 0 is any that is free.
    ///
    /// # Errors
    ///
    /// One line that names the address and what is wrong with it.
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        let bound = TcpListener::bind(address).and_then(|listener| {
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok(Self { listener, address })
        });

        bound.map_err(|error| bind_error(address, &error))
    }

    /// Returns the address, with the port that was chosen.
    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Starts to answer requests.
    ///
    /// With the feature `prometheus`, this installs a recorder of metrics, unless the process has
    /// one.
    ///
    /// # Errors
    ///
    /// If the system has no thread or no file descriptor left.
    pub(crate) fn serve(self, state: Arc<HealthState>) -> io::Result<HealthServer> {
        self.serve_pages(Pages::new(state, Exporter::install()))
    }

    pub(super) fn serve_pages(self, pages: Pages) -> io::Result<HealthServer> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listener = {
            let _context = runtime.enter();
            tokio::net::TcpListener::from_std(self.listener)?
        };

        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new().name("s3-dispatch-health".to_owned());
        let thread = thread.spawn(move || run(&runtime, listener, pages, stopped))?;

        Ok(HealthServer {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

/// Describes on one line why an address cannot be used.
pub(super) fn bind_error(address: SocketAddr, error: &io::Error) -> io::Error {
    let text = match error.kind() {
        ErrorKind::AddrInUse => {
            format!("the address `{address}` for health checks is in use by another program")
        }
        ErrorKind::AddrNotAvailable => format!(
            "the address `{address}` for health checks is not one of this machine; `0.0.0.0:{}` \
             stands for all of them",
            address.port()
        ),
        ErrorKind::PermissionDenied => format!(
            "this process may not listen on `{address}` for health checks; choose a port above 1023"
        ),
        _ => format!("the address `{address}` for health checks cannot be used: {error}"),
    };

    io::Error::new(error.kind(), text)
}

fn run(
    runtime: &Runtime,
    listener: tokio::net::TcpListener,
    pages: Pages,
    stopped: oneshot::Receiver<Infallible>,
) {
    let pages = Arc::new(pages);

    runtime.block_on(async {
        tokio::select! {
            never = accept(listener, Arc::clone(&pages)) => match never {},
            never = compact(pages.exporter()) => match never {},
            // An error, because the sender was dropped.
            _ = stopped => {}
        }
    });
}

async fn compact(exporter: &Exporter) -> Infallible {
    let mut ticks = interval(COMPACT_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);

    loop {
        ticks.tick().await;
        exporter.compact();
    }
}

impl Drop for HealthServer {
    fn drop(&mut self) {
        drop(self.stop.take());

        if let Some(thread) = self.thread.take() {
            // The thread waits for nobody, so it ends now. A panic has been reported already.
            drop(thread.join());
        }
    }
}
