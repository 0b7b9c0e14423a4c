//! What is in the store, by its own answers, in words that do not depend on the order of steps that
//! make no difference.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use s3_dispatch::Sequencer;
use s3_dispatch::once::{Identity, Lease};
use tokio::time::Instant;

#[derive(Default)]
pub(crate) struct Notes {
    /// The last lease of each identity.
    leases: BTreeMap<String, (Identity, Lease)>,
    /// The completions that were accepted.
    completed: Vec<(Identity, Lease)>,
    /// The step of a process that acquired a lease.
    acquired_by: HashMap<Lease, String>,
    /// The state of each identity, and when it expires.
    content: BTreeMap<String, (String, Instant)>,
}

impl Notes {
    /// How many identities are claimed, or were.
    pub(crate) fn claimed(&self) -> usize {
        self.leases.len()
    }

    pub(crate) fn lease(&self, index: usize) -> (Identity, Lease) {
        self.leases.values().nth(index).unwrap().clone()
    }

    /// The last lease of an identity.
    pub(crate) fn holder(&self, identity: &Identity) -> Option<Lease> {
        self.leases
            .get(identity.as_str())
            .map(|(_, lease)| lease.clone())
    }

    /// The name of an identity and a lease.
    pub(crate) fn name(&self, identity: &Identity, lease: &Lease) -> String {
        format!("{identity} {:?}", self.acquired_by.get(lease))
    }

    pub(crate) fn acquired(
        &mut self,
        identity: &Identity,
        lease: &Lease,
        length: Duration,
        step: String,
    ) {
        let held = (identity.clone(), lease.clone());
        self.leases.insert(identity.to_string(), held);
        self.acquired_by.insert(lease.clone(), step);
        self.renewed(identity, lease, length);
    }

    pub(crate) fn renewed(&mut self, identity: &Identity, lease: &Lease, length: Duration) {
        let state = format!("held by {:?}", self.acquired_by.get(lease));
        self.set(identity.to_string(), state, length);
    }

    pub(crate) fn completed(&mut self, identity: &Identity, lease: &Lease, keep: Duration) {
        let state = format!("completed by {:?}", self.acquired_by.get(lease));
        self.set(identity.to_string(), state, keep);
        self.completed.push((identity.clone(), lease.clone()));
    }

    pub(crate) fn advanced(
        &mut self,
        object: &Identity,
        latest: Option<Sequencer>,
        keep: Duration,
    ) {
        self.set(format!("order of {object}"), format!("{latest:?}"), keep);
    }

    pub(crate) fn remove(&mut self, identity: &Identity) {
        self.content.remove(identity.as_str());
    }

    fn set(&mut self, name: String, state: String, keep: Duration) {
        self.content.insert(name, (state, Instant::now() + keep));
    }

    /// How many completions were accepted of an identity that was completed under another lease.
    pub(crate) fn completed_twice(&self) -> usize {
        let is_second = |(index, (identity, lease)): &(usize, &(Identity, Lease))| {
            let mut before = self.completed[..*index].iter();
            before.any(|(other, first)| other == identity && first != lease)
        };

        self.completed.iter().enumerate().filter(is_second).count()
    }

    /// Everything that the answers of the store depend on.
    pub(crate) fn describe(&self) -> String {
        let now = Instant::now();
        let content = self.content.iter().map(|(name, (state, expires_at))| {
            let left = expires_at.saturating_duration_since(now);
            format!("{name} {state} {left:?};")
        });

        let claimed = self.leases.keys().map(|name| format!("{name};"));
        let twice = format!("{}", self.completed_twice());
        content.chain(claimed).chain([twice]).collect()
    }
}
