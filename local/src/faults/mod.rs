//! What goes wrong on purpose.

use std::fmt;
use std::time::Duration;

/// How often what goes wrong, where. By default nothing does.
///
/// Every decision follows from the seed, the place and what it is about (a message's id, how often
/// it was received...), not from who comes first: with the same seed and the same events the same
/// messages suffer the same.
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
    rates: [f64; PLACES.len()],
}

/// Where on its way a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hop {
    /// From the bucket to the topic.
    Publish,
    /// From the topic to a queue.
    Deliver,
    /// From the queue to the event source mapping.
    Receive,
    /// From the mapping to the function and back.
    Invoke,
    /// From the mapping back to the queue.
    Delete,
}

/// What can go wrong there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// It is sent twice.
    Duplicate,
    /// It comes late.
    Delay,
    /// It comes after what was sent later.
    Reorder,
    /// It arrives, but the sender does not hear so: a notification is sent again, an invocation has
    /// failed, and what was received is not seen by anyone.
    DropResponse,
    /// The function is killed in the middle of a batch.
    Kill,
    /// The function runs out of time, before or after its work is done.
    TimeOut,
    /// The function may not be invoked now.
    Throttle,
    /// A received message becomes visible again before its time.
    ExpireVisibility,
    /// What was handled cannot be deleted.
    RefuseDelete,
}

/// What can go wrong where.
const PLACES: [(Hop, Fault); 16] = [
    (Hop::Publish, Fault::Duplicate),
    (Hop::Publish, Fault::Delay),
    (Hop::Publish, Fault::Reorder),
    (Hop::Publish, Fault::DropResponse),
    (Hop::Deliver, Fault::Duplicate),
    (Hop::Deliver, Fault::Delay),
    (Hop::Deliver, Fault::Reorder),
    (Hop::Deliver, Fault::DropResponse),
    (Hop::Receive, Fault::DropResponse),
    (Hop::Receive, Fault::ExpireVisibility),
    (Hop::Invoke, Fault::Delay),
    (Hop::Invoke, Fault::DropResponse),
    (Hop::Invoke, Fault::Kill),
    (Hop::Invoke, Fault::TimeOut),
    (Hop::Invoke, Fault::Throttle),
    (Hop::Delete, Fault::RefuseDelete),
];

impl Faults {
    /// Nothing goes wrong.
    #[must_use]
    pub fn none() -> Self {
        Self {
            seed: 0,
            rates: [0.0; PLACES.len()],
        }
    }

    /// Everything goes wrong at this rate, from 0 to 1.
    #[must_use]
    pub fn chaos(rate: f64) -> Self {
        Self {
            seed: 0,
            rates: [rate.clamp(0.0, 1.0); PLACES.len()],
        }
    }

    /// With this seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// With this fault at this hop, at this rate from 0 to 1. Changes nothing where the fault
    /// cannot occur.
    #[must_use]
    pub fn with_rate(mut self, hop: Hop, fault: Fault, rate: f64) -> Self {
        self.set(|place| *place == (hop, fault), rate);
        self
    }

    /// With this fault wherever it can occur, at this rate from 0 to 1.
    #[must_use]
    pub fn with_fault(mut self, fault: Fault, rate: f64) -> Self {
        self.set(|(_, own)| *own == fault, rate);
        self
    }

    fn set(&mut self, is_meant: impl Fn(&(Hop, Fault)) -> bool, rate: f64) {
        for (place, own) in PLACES.iter().zip(&mut self.rates) {
            if is_meant(place) {
                *own = rate.clamp(0.0, 1.0);
            }
        }
    }

    /// The seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// How often this fault occurs at this hop: 0 where it cannot.
    #[must_use]
    pub fn rate(&self, hop: Hop, fault: Fault) -> f64 {
        PLACES
            .iter()
            .position(|place| *place == (hop, fault))
            .map_or(0.0, |index| self.rates[index])
    }

    /// Which faults can occur where.
    pub fn places() -> impl Iterator<Item = (Hop, Fault)> {
        PLACES.into_iter()
    }

    /// Whether the fault occurs to this, and if so, chance for what else is to be chosen.
    pub(crate) fn strike(&self, hop: Hop, fault: Fault, id: &str, attempt: u32) -> Option<Chance> {
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

/// Chance that is the same each time.
#[derive(Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64, about: &str) -> Self {
        // FNV-1a, which is the same in every version and on every machine.
        let hash = about
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64 ^ seed, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        Self(hash)
    }

    /// SplitMix64.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);

        bits ^ (bits >> 31)
    }

    /// From 0, to less than 1.
    pub(crate) fn share(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn duration(&mut self, from: Duration, to: Duration) -> Duration {
        from + to.saturating_sub(from).mul_f64(self.share())
    }

    /// As ids look in AWS: `95df01b4-ee98-4cb9-9903-4c221d41eb5e`.
    pub(crate) fn uuid(&mut self) -> String {
        let (high, low) = (self.bits(), self.bits());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            (low >> 48) & 0x3fff | 0x8000,
            low & 0xffff_ffff_ffff
        )
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Publish => "publish",
            Self::Deliver => "deliver",
            Self::Receive => "receive",
            Self::Invoke => "invoke",
            Self::Delete => "delete",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Duplicate => "duplicate",
            Self::Delay => "delay",
            Self::Reorder => "reorder",
            Self::DropResponse => "drop-response",
            Self::Kill => "kill",
            Self::TimeOut => "time-out",
            Self::Throttle => "throttle",
            Self::ExpireVisibility => "expire-visibility",
            Self::RefuseDelete => "refuse-delete",
        })
    }
}
