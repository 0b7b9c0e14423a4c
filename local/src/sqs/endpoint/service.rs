//! What all operations share: the pipeline, and the addresses of its queues.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use super::call_faults::{Answer, CallAttempts};
use super::error::{ErrorCode, SqsError};
use super::queues::MoveTasks;
use crate::aws::arn::ACCOUNT;
use crate::aws::digest::base64;
use crate::faults::Hop;
use crate::faults::chance::Chance;
use crate::pipeline::engine::Engine;
use crate::topology::QueueSpec;

/// How long a receive waits that begins while workers drain. They end sooner this way.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// How much longer the endpoint serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Serving,
    /// Workers finish what they do, so nobody waits long for a message.
    Draining,
    Stopped,
}

/// The queues of a pipeline behind the SQS protocol.
pub(super) struct SqsService {
    pub(super) engine: Arc<Engine>,
    address: SocketAddr,
    /// How many requests came so far.
    requests: AtomicU64,
    phase: watch::Receiver<Phase>,
    pub(super) move_tasks: MoveTasks,
    call_attempts: CallAttempts,
}

impl SqsService {
    /// The service at this address, until its phase is [`Phase::Stopped`].
    pub(super) fn new(
        engine: Arc<Engine>,
        address: SocketAddr,
        phase: watch::Receiver<Phase>,
    ) -> Self {
        Self {
            engine,
            address,
            requests: AtomicU64::new(0),
            phase,
            move_tasks: MoveTasks::default(),
            call_attempts: CallAttempts::default(),
        }
    }

    /// Waits for a call that may take long, but not beyond the phase of the endpoint in which it
    /// began. `None` if that ended before.
    pub(super) async fn unless_stopped<T, E>(
        &self,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<Option<T>, E> {
        let mut phase = self.phase.clone();
        let begun = *phase.borrow();

        tokio::select! {
            biased;
            result = call => result.map(Some),
            // An error means that the endpoint was dropped.
            _ = phase.wait_for(|now| *now != begun || *now == Phase::Stopped) => Ok(None),
            () = tokio::time::sleep(LAST_WAIT), if begun == Phase::Draining => Ok(None),
        }
    }

    /// Decides whether a call goes ahead, and whether it is answered. `key` says what the call is
    /// about, in the same way in each run and each retry.
    ///
    /// # Errors
    ///
    /// When an injected fault hits the call before its effect.
    pub(super) fn admit(
        &self,
        hop: Hop,
        queue: &QueueSpec,
        key: impl FnOnce() -> String,
    ) -> Result<Answer, SqsError> {
        self.call_attempts
            .admit(&self.engine, hop, &queue.name, key)
    }

    /// Passes on what a call says about one message, unless an injected fault refuses it.
    ///
    /// # Errors
    ///
    /// When a fault refuses the message. A retry may succeed.
    pub(super) fn admit_entry<T>(
        &self,
        hop: Hop,
        queue: &QueueSpec,
        entry: T,
        key: impl FnOnce(&T) -> String,
    ) -> Result<T, SqsError> {
        let is_refused = self
            .call_attempts
            .refuses(&self.engine, hop, &queue.name, || key(&entry));

        if is_refused {
            return Err(SqsError::temporary_failure());
        }

        Ok(entry)
    }

    /// An id for the next request.
    pub(super) fn next_request_id(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        Chance::new(self.engine.seed, &format!("SQS request {number}")).uuid()
    }

    /// A handle for the next task that moves messages.
    pub(super) fn next_task_handle(&self) -> String {
        base64(format!("task {}", self.next_request_id()).as_bytes())
    }

    pub(super) fn queue_url(&self, name: &str) -> String {
        queue_url(self.address, name)
    }

    /// The settings of the queue that a request is about, which include its name.
    pub(super) fn queue(&self, queue_url: Option<&str>) -> Result<QueueSpec, SqsError> {
        let name = Self::queue_name(queue_url)?;
        let spec = self
            .engine
            .read(|state| state.queues.get(name).map(|queue| queue.spec().clone()));

        spec.ok_or_else(SqsError::queue_does_not_exist)
    }

    /// The name of the queue that a request is about. Whether it exists is not checked.
    ///
    /// Only the path of the URL counts, because the same port has several host names.
    fn queue_name(queue_url: Option<&str>) -> Result<&str, SqsError> {
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
