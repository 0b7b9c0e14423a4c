//! The real `MemoryStore`, each of whose calls waits at the gate.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use s3_dispatch::once::{Claim, Identity, Lease, StoreError};
use s3_dispatch::{ClaimStore, LeaseStore, MemoryStore, Sequencer, SequencerStore, async_trait};

use crate::gate::{Digest, Gate, Kind};
use crate::notes::Notes;

/// How the store is broken, to show that the search finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Fault {
    #[default]
    None,
    /// A claim looks first, and writes in a second call.
    ClaimsInTwoSteps,
    /// A completion does not ask who holds the identity.
    CompletesForAnyone,
    /// A release does not ask who holds the identity.
    ReleasesForAnyone,
    /// A renewal says yes and does nothing.
    DoesNotRenew,
    /// Every renewal fails. This is not broken, but unavailable.
    RenewalsFail,
}

#[derive(Clone)]
pub(crate) struct Gated {
    pub(crate) gate: Arc<Gate>,
    fault: Fault,
    /// How much earlier leases expire, because the clocks of others are ahead.
    ahead: Duration,
    store: Arc<MemoryStore>,
    pub(crate) notes: Arc<Mutex<Notes>>,
}

fn lost<T>() -> Result<T, StoreError> {
    Err(StoreError::new("no answer"))
}

/// `MemoryStore` answers at once.
fn now<T>(call: impl Future<Output = T>) -> T {
    call.now_or_never().unwrap()
}

impl Gated {
    pub(crate) fn new(gate: Arc<Gate>, fault: Fault, ahead: Duration) -> Self {
        Self {
            gate,
            fault,
            ahead,
            store: Arc::default(),
            notes: Arc::default(),
        }
    }

    /// Ends the nth of the leases, as if a clock were wrong.
    pub(crate) fn expire(&self, index: usize) {
        let (identity, lease) = self.notes.lock().unwrap().lease(index);
        self.release_now(&identity, &lease).unwrap();
    }

    /// Waits at the gate, and makes a call to the store.
    async fn call<T: Send + 'static>(
        &self,
        what: &'static str,
        detail: String,
        act: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError>
    where
        Result<T, StoreError>: Digest,
    {
        let own = self.clone();
        let kind = Kind {
            what,
            detail,
            is_call: true,
        };

        self.gate.pass(kind, move || act(&own), lost).await
    }

    /// Claims an identity for a step of a process.
    fn claim_now(
        &self,
        identity: &Identity,
        length: Duration,
        step: String,
    ) -> Result<Claim, StoreError> {
        let claim = now(self.store.claim(identity, length));
        if let Ok(Claim::Acquired(lease)) = &claim {
            self.notes
                .lock()
                .unwrap()
                .acquired(identity, lease, length, step);
        }

        claim
    }

    fn release_now(&self, identity: &Identity, lease: &Lease) -> Result<bool, StoreError> {
        let released = now(self.store.release(identity, lease));
        if let Ok(true) = released {
            self.notes.lock().unwrap().remove(identity);
        }

        released
    }

    /// Looks what a claim would give, and leaves no trace.
    fn look(&self, identity: &Identity, length: Duration) -> Result<Claim, StoreError> {
        let claim = now(self.store.claim(identity, length))?;
        if let Claim::Acquired(lease) = &claim {
            now(self.store.release(identity, lease))?;
        }

        Ok(claim)
    }

    /// Frees an identity, whoever holds it.
    fn free(&self, identity: &Identity) {
        let held = self.notes.lock().unwrap().holder(identity);
        if let Some(lease) = held {
            self.release_now(identity, &lease).unwrap();
        }
    }

    async fn complete_with(
        &self,
        identity: &Identity,
        lease: &Lease,
        keep: Duration,
        state: Option<Identity>,
    ) -> Result<bool, StoreError> {
        let (name, lease, detail) = (identity.clone(), lease.clone(), self.name(identity, lease));

        let complete = move |own: &Self| {
            let is_for_anyone = own.fault == Fault::CompletesForAnyone;
            if is_for_anyone {
                own.free(&name);
            }

            let completed = match &state {
                Some(state) => now(own.store.complete_state(&name, &lease, keep, state))?,
                None => now(own.store.complete(&name, &lease, keep))?,
            };
            let completed = completed || is_for_anyone;
            if completed {
                own.notes.lock().unwrap().completed(&name, &lease, keep);
            }

            Ok(completed)
        };
        self.call("complete", detail, complete).await
    }

    fn name(&self, identity: &Identity, lease: &Lease) -> String {
        self.notes.lock().unwrap().name(identity, lease)
    }
}

#[async_trait]
impl ClaimStore for Gated {
    async fn claim(&self, identity: &Identity, lease: Duration) -> Result<Claim, StoreError> {
        let (name, step) = (identity.clone(), self.gate.next_step());
        let lease = lease.saturating_sub(self.ahead);
        let detail = format!("{name} {step} {lease:?}");

        if self.fault == Fault::ClaimsInTwoSteps {
            let look = move |own: &Self| own.look(&name, lease);
            let seen = self.call("look", detail.clone(), look).await?;
            if !matches!(seen, Claim::Acquired(_)) {
                return Ok(seen);
            }

            // The write does not look again.
            let name = identity.clone();
            let write = move |own: &Self| {
                own.free(&name);
                own.claim_now(&name, lease, step)
            };
            return self.call("write", detail, write).await;
        }

        let claim = move |own: &Self| own.claim_now(&name, lease, step);
        self.call("claim", detail, claim).await
    }

    async fn complete(
        &self,
        identity: &Identity,
        lease: &Lease,
        keep: Duration,
    ) -> Result<bool, StoreError> {
        self.complete_with(identity, lease, keep, None).await
    }

    async fn release(&self, identity: &Identity, lease: &Lease) -> Result<bool, StoreError> {
        let (name, lease, detail) = (identity.clone(), lease.clone(), self.name(identity, lease));

        let release = move |own: &Self| {
            if own.fault == Fault::ReleasesForAnyone {
                own.free(&name);
            }

            own.release_now(&name, &lease)
        };
        self.call("release", detail, release).await
    }

    fn remembers_states(&self) -> bool {
        true
    }

    async fn complete_state(
        &self,
        identity: &Identity,
        lease: &Lease,
        keep: Duration,
        state: &Identity,
    ) -> Result<bool, StoreError> {
        self.complete_with(identity, lease, keep, Some(state.clone()))
            .await
    }

    /// Only asked at the end of a run.
    async fn has_state(&self, state: &Identity) -> Result<bool, StoreError> {
        now(self.store.has_state(state))
    }
}

#[async_trait]
impl LeaseStore for Gated {
    async fn renew(
        &self,
        identity: &Identity,
        lease: &Lease,
        duration: Duration,
    ) -> Result<bool, StoreError> {
        if self.fault == Fault::RenewalsFail {
            return lost();
        }

        let (name, lease, detail) = (identity.clone(), lease.clone(), self.name(identity, lease));
        let duration = duration.saturating_sub(self.ahead);
        let renew = move |own: &Self| {
            if own.fault == Fault::DoesNotRenew {
                return Ok(true);
            }

            let renewed = now(own.store.renew(&name, &lease, duration));
            if let Ok(true) = renewed {
                own.notes.lock().unwrap().renewed(&name, &lease, duration);
            }

            renewed
        };
        self.call("renew", detail, renew).await
    }
}

#[async_trait]
impl SequencerStore for Gated {
    async fn latest(&self, object: &Identity) -> Result<Option<Sequencer>, StoreError> {
        let name = object.clone();
        let latest = move |own: &Self| now(own.store.latest(&name));
        self.call("latest", String::new(), latest).await
    }

    async fn advance(
        &self,
        object: &Identity,
        sequencer: &Sequencer,
        keep: Duration,
    ) -> Result<(), StoreError> {
        let (name, sequencer) = (object.clone(), sequencer.clone());
        let detail = format!("{name} {sequencer}");

        let advance = move |own: &Self| {
            now(own.store.advance(&name, &sequencer, keep))?;
            let latest = now(own.store.latest(&name))?;
            own.notes.lock().unwrap().advanced(&name, latest, keep);
            Ok(())
        };
        self.call("advance", detail, advance).await
    }
}

impl Digest for Result<Claim, StoreError> {
    fn digest(&self) -> String {
        match self {
            Ok(Claim::Acquired(_)) => "acquired".to_owned(),
            other => format!("{other:?}"),
        }
    }
}

macro_rules! digest {
    ($($answer:ty)*) => {$(
        impl Digest for Result<$answer, StoreError> {
            fn digest(&self) -> String {
                format!("{self:?}")
            }
        }
    )*};
}

digest!(bool Option<Sequencer> ());
