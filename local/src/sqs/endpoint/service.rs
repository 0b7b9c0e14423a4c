//! What all operations share: the pipeline, and the addresses of its queues.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::{ErrorCode, SqsError};
use crate::aws::arn::ACCOUNT;
use crate::faults::chance::Chance;
use crate::pipeline::engine::Engine;

/// The queues of a pipeline behind the SQS protocol.
pub(super) struct SqsService {
    pub(super) engine: Arc<Engine>,
    address: SocketAddr,
    /// How many requests came so far.
    requests: AtomicU64,
}

impl SqsService {
    pub(super) fn new(engine: Arc<Engine>, address: SocketAddr) -> Self {
        Self {
            engine,
            address,
            requests: AtomicU64::new(0),
        }
    }

    /// An id for the next request.
    pub(super) fn next_request_id(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        Chance::new(self.engine.seed, &format!("SQS request {number}")).uuid()
    }

    pub(super) fn queue_url(&self, name: &str) -> String {
        queue_url(self.address, name)
    }

    /// The name of the queue that a request is about. Whether it exists is not checked.
    ///
    /// Only the path of the URL counts, because the same port has several host names.
    pub(super) fn queue_name(queue_url: Option<&str>) -> Result<&str, SqsError> {
        let url = queue_url
            .filter(|url| !url.is_empty())
            .ok_or_else(|| SqsError::missing("QueueUrl"))?;

        let path = url
            .split_once("://")
            .and_then(|(_, rest)| rest.split_once('/'))
            .map(|(_, path)| path.trim_end_matches('/'));

        match path.and_then(|path| path.split_once('/')) {
            Some((account, name)) if account == ACCOUNT && !name.contains('/') => Ok(name),
            Some(_) => Err(SqsError::queue_does_not_exist()),
            None => {
                let message = format!("The address {url} is not valid for this endpoint.");
                Err(SqsError::new(ErrorCode::InvalidAddress, message))
            }
        }
    }
}

/// The URL of the queue of this name at an endpoint.
pub(crate) fn queue_url(address: SocketAddr, name: &str) -> String {
    format!("http://{address}/{ACCOUNT}/{name}")
}
