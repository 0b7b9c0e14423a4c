//! The faults that a pipeline injects on purpose.
//!
//! AWS delivers twice, late and in any order, and functions crash. Here a test decides how often
//! that happens, and can repeat the run. The pipeline draws faults from this module at every hop of
//! a message.

pub(crate) mod chance;

use std::fmt;

use self::chance::Chance;

/// Which faults occur, at which hop, and how often. By default none do.
///
/// Each decision depends only on the seed, the hop, and the message or invocation (its id, and how
/// often it was received), not on timing. With the same seed and the same events, the same
/// messages suffer the same faults. A call of an SQS client is decided by what it sends or deletes,
/// and by how often it was tried.
///
/// ```
/// use s3_dispatch_local::{Fault, Faults, Hop};
///
/// let faults = Faults::none().with_seed(7).with_rate(Hop::Invoke, Fault::Kill, 0.1);
/// assert_eq!(faults.rate(Hop::Invoke, Fault::Kill), 0.1);
/// assert_eq!(faults.rate(Hop::Invoke, Fault::Throttle), 0.0);
/// assert!(Faults::chaos(0.2).rate(Hop::Delete, Fault::RefuseDelete) > 0.0);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Faults {
    seed: u64,
    /// In the order of [`FAULT_SITES`].
    rates: [f64; FAULT_SITES.len()],
}

/// The steps of a message on its way through the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hop {
    /// From the bucket to the topic.
    Publish,
    /// From the topic to a queue.
    Deliver,
    /// From an SQS client to a queue.
    Send,
    /// From the queue to the event source mapping or to an SQS client.
    Receive,
    /// From the mapping to the function and back.
    Invoke,
    /// From the mapping or a client back to the queue.
    Delete,
    /// From an SQS client that changes the visibility timeout of a received message.
    ChangeVisibility,
}

/// The faults that can occur at a hop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The message is sent twice.
    Duplicate,
    /// The message arrives late, or the invocation starts late.
    Delay,
    /// The message arrives after messages that were sent later.
    Reorder,
    /// A request of an SQS client is lost: the connection is closed, and nothing has happened.
    DropRequest,
    /// The response is lost. A notification is sent again, an invocation counts as failed, and
    /// received messages reach nobody. A client that sends, deletes or changes a visibility timeout
    /// sees its connection closed, although its call has taken effect.
    DropResponse,
    /// The function is killed in the middle of a batch.
    Kill,
    /// The function times out, before or after its work is done.
    TimeOut,
    /// The invocation, or the call of an SQS client, is throttled.
    Throttle,
    /// A received message becomes visible again too early.
    ExpireVisibility,
    /// A message that was handled cannot be deleted.
    RefuseDelete,
    /// A message of an SQS client cannot be sent, or its visibility timeout cannot be changed. In a
    /// batch only this entry fails.
    Refuse,
}

/// Every hop with the faults that can occur there.
const FAULT_SITES: [(Hop, Fault); 28] = [
    (Hop::Publish, Fault::Duplicate),
    (Hop::Publish, Fault::Delay),
    (Hop::Publish, Fault::Reorder),
    (Hop::Publish, Fault::DropResponse),
    (Hop::Deliver, Fault::Duplicate),
    (Hop::Deliver, Fault::Delay),
    (Hop::Deliver, Fault::Reorder),
    (Hop::Deliver, Fault::DropResponse),
    (Hop::Send, Fault::DropRequest),
    (Hop::Send, Fault::DropResponse),
    (Hop::Send, Fault::Throttle),
    (Hop::Send, Fault::Refuse),
    (Hop::Receive, Fault::DropResponse),
    (Hop::Receive, Fault::ExpireVisibility),
    (Hop::Receive, Fault::Throttle),
    (Hop::Invoke, Fault::Delay),
    (Hop::Invoke, Fault::DropResponse),
    (Hop::Invoke, Fault::Kill),
    (Hop::Invoke, Fault::TimeOut),
    (Hop::Invoke, Fault::Throttle),
    (Hop::Delete, Fault::RefuseDelete),
    (Hop::Delete, Fault::DropRequest),
    (Hop::Delete, Fault::DropResponse),
    (Hop::Delete, Fault::Throttle),
    (Hop::ChangeVisibility, Fault::DropRequest),
    (Hop::ChangeVisibility, Fault::DropResponse),
    (Hop::ChangeVisibility, Fault::Throttle),
    (Hop::ChangeVisibility, Fault::Refuse),
];

impl Faults {
    /// No faults.
    #[must_use]
    pub fn none() -> Self {
        Self {
            seed: 0,
            rates: [0.0; FAULT_SITES.len()],
        }
    }

    /// Every fault at every hop, at this rate from 0 to 1.
    #[must_use]
    pub fn chaos(rate: f64) -> Self {
        Self {
            seed: 0,
            rates: [rate.clamp(0.0, 1.0); FAULT_SITES.len()],
        }
    }

    /// Sets the seed, which decides which messages a fault hits.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the rate of this fault at this hop, from 0 to 1. Does nothing if the fault cannot occur
    /// there.
    #[must_use]
    pub fn with_rate(mut self, hop: Hop, fault: Fault, rate: f64) -> Self {
        self.set_rate(|site| *site == (hop, fault), rate);
        self
    }

    /// Sets the rate of this fault at every hop where it can occur, from 0 to 1.
    #[must_use]
    pub fn with_fault(mut self, fault: Fault, rate: f64) -> Self {
        self.set_rate(|(_, other)| *other == fault, rate);
        self
    }

    fn set_rate(&mut self, is_chosen: impl Fn(&(Hop, Fault)) -> bool, rate: f64) {
        for (site, site_rate) in FAULT_SITES.iter().zip(&mut self.rates) {
            if is_chosen(site) {
                *site_rate = rate.clamp(0.0, 1.0);
            }
        }
    }

    /// The seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The rate of this fault at this hop; 0 if it cannot occur there.
    #[must_use]
    pub fn rate(&self, hop: Hop, fault: Fault) -> f64 {
        FAULT_SITES
            .iter()
            .position(|site| *site == (hop, fault))
            .map_or(0.0, |index| self.rates[index])
    }

    /// Every hop with the faults that can occur there.
    pub fn places() -> impl Iterator<Item = (Hop, Fault)> {
        FAULT_SITES.into_iter()
    }

    /// Decides whether the fault occurs to this message or invocation. If it does, the returned
    /// numbers decide the rest, such as the length of a delay.
    pub(crate) fn draw(&self, hop: Hop, fault: Fault, id: &str, attempt: u32) -> Option<Chance> {
        let rate = self.rate(hop, fault);
        if rate == 0.0 {
            return None;
        }

        let mut chance = Chance::new(self.seed, &format!("{hop} {fault} {attempt} {id}"));
        (chance.share() < rate).then_some(chance)
    }
}

impl Default for Faults {
    fn default() -> Self {
        Self::none()
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Publish => "publish",
            Self::Deliver => "deliver",
            Self::Send => "send",
            Self::Receive => "receive",
            Self::Invoke => "invoke",
            Self::Delete => "delete",
            Self::ChangeVisibility => "change-visibility",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Duplicate => "duplicate",
            Self::Delay => "delay",
            Self::Reorder => "reorder",
            Self::DropRequest => "drop-request",
            Self::DropResponse => "drop-response",
            Self::Kill => "kill",
            Self::TimeOut => "time-out",
            Self::Throttle => "throttle",
            Self::ExpireVisibility => "expire-visibility",
            Self::RefuseDelete => "refuse-delete",
            Self::Refuse => "refuse",
        })
    }
}
