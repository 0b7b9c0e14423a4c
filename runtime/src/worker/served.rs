//! What a worker says about itself when it starts.

use crate::worker::options::Options;

/// The queue that a worker serves, as its log names it.
#[derive(Debug)]
pub(crate) struct Served {
    /// Its URL.
    pub(crate) queue: String,
    /// The server that is asked. `None` if that is not known.
    pub(crate) endpoint: Option<String>,
    /// What decides which server that is.
    pub(crate) endpoint_from: Option<&'static str>,
}

/// Logs which queue a worker serves, if that is known, and how. `concurrency` is what the
/// dispatcher was told.
pub(super) fn log(served: Option<&Served>, options: &Options, concurrency: Option<usize>) {
    let concurrency = options.handlers(concurrency);

    tracing::info!(
        queue = served.map(|served| &*served.queue),
        endpoint = served.and_then(|served| served.endpoint.as_deref()),
        endpoint_from = served.and_then(|served| served.endpoint_from),
        concurrency,
        in_flight = options.in_flight(concurrency),
        visibility = ?options.visibility,
        drain = ?options.drain,
        "the worker receives messages"
    );
}
