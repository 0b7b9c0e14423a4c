//! The settings of a worker.

use std::net::SocketAddr;
use std::time::Duration;

use crate::queue::ReceiveRequest;

/// How a worker works.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    /// How many messages it holds at most. `None` if the program has not chosen it.
    in_flight: Option<usize>,
    /// How many receives run at once, at most.
    pub(super) receivers: usize,
    pub(super) visibility: Duration,
    pub(super) drain: Duration,
    /// Where the worker tells how it is.
    pub(super) health: Option<SocketAddr>,
}

/// How many handlers run at once if the program has not chosen it.
const DEFAULT_HANDLERS: usize = 10;

impl Options {
    pub(super) fn set_in_flight(&mut self, messages: usize) {
        self.in_flight = Some(messages.max(1));
    }

    /// How many handlers run at once. `chosen` is what the dispatcher was told.
    pub(super) fn handlers(&self, chosen: Option<usize>) -> usize {
        chosen.or(self.in_flight).unwrap_or(DEFAULT_HANDLERS)
    }

    /// How many messages are held at most, if this many handlers run at once.
    ///
    /// By default so many wait beside those that run that a handler which becomes free has the next
    /// message at once.
    pub(super) fn in_flight(&self, handlers: usize) -> usize {
        const RECEIVE: usize = 10;
        let default = handlers.saturating_mul(2).saturating_add(RECEIVE);

        self.in_flight.unwrap_or(default)
    }

    /// A receive of this many messages.
    pub(super) fn request(&self, most: usize) -> ReceiveRequest {
        // A lease counts from when its receive was sent, so a receive does not wait for so long
        // that little of the lease is left.
        let wait = Duration::from_secs((self.visibility * 2 / 3).as_secs());
        let request = ReceiveRequest::new(most).with_visibility(self.visibility);

        request.with_wait(wait)
    }

    /// How long a receive waits for messages.
    pub(super) fn wait(&self) -> Duration {
        self.request(1).wait()
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            in_flight: None,
            receivers: 4,
            visibility: Duration::from_secs(30),
            drain: Duration::from_secs(25),
            health: None,
        }
    }
}
