//! The messages of one receive.

use std::ops::{Deref, Range};
use std::sync::Arc;

use s3_dispatch_core::delivery::Delivery;

use crate::telemetry::traces;

/// The number of a lease. No two leases of a worker have the same one.
pub(super) type LeaseId = u64;

/// The messages of one receive.
#[derive(Clone)]
pub(super) struct Batch(Arc<Contents>);

struct Contents {
    delivery: Delivery,
    /// The number of the first message's lease. Those of the others follow it.
    first: LeaseId,
}

impl Batch {
    pub(super) fn new(delivery: Delivery, first: LeaseId) -> Self {
        Self(Arc::new(Contents { delivery, first }))
    }

    /// The number of a message's lease.
    pub(super) fn lease(&self, message: usize) -> LeaseId {
        self.0.first + message as LeaseId
    }

    /// The numbers of the leases of all messages.
    pub(super) fn leases(&self) -> Range<LeaseId> {
        self.0.first..self.lease(self.messages().len())
    }
}

/// What was never settled, because the worker ended, leaves no span open.
impl Drop for Contents {
    fn drop(&mut self) {
        for message in self.delivery.messages() {
            traces::abandon(&message.context);
        }
    }
}

impl Deref for Batch {
    type Target = Delivery;

    fn deref(&self) -> &Delivery {
        &self.0.delivery
    }
}
