//! What follows from a journal, and more than one check needs.

use std::time::Duration;

use s3_dispatch::{Malformed, Unrouted};

use crate::fleet::Fleet;
use crate::journal::{Call, Kind, Life, Moment, Receipt, ReceiveCall, Run};
use crate::trial::Trial;
use crate::world::{Content, End};

/// For how long after its wait a receive may still bring messages.
const LATENCY: Duration = Duration::from_millis(900);

/// Tokio's clock wakes at whole milliseconds.
pub(crate) const TICK: Duration = Duration::from_millis(2);

pub(crate) struct Facts<'t> {
    pub(crate) fleet: &'t Fleet,
    pub(crate) trial: &'t Trial,
    /// The handlers of each receipt.
    runs: Vec<Vec<&'t Run>>,
    letters: Vec<Vec<&'t Run>>,
}

/// What became of a message when its last record had ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    Succeeded,
    /// The delay that it asked for.
    Failed(Option<Duration>),
}

impl<'t> Facts<'t> {
    pub(crate) fn new(fleet: &'t Fleet, trial: &'t Trial) -> Self {
        let journal = &trial.journal;
        let by_receipt = |runs: &'t [Run]| {
            let mut all = vec![Vec::new(); journal.receipts.len()];
            for run in runs {
                all[run.receipt].push(run);
            }
            all
        };

        Self {
            fleet,
            trial,
            runs: by_receipt(&journal.runs),
            letters: by_receipt(&journal.letters),
        }
    }

    pub(crate) fn visibility(&self) -> Duration {
        self.fleet.settings.visibility
    }

    pub(crate) fn receipts(&self) -> impl Iterator<Item = (usize, &'t Receipt)> {
        self.trial.journal.receipts.iter().enumerate()
    }

    pub(crate) fn receipt(&self, receipt: usize) -> &'t Receipt {
        &self.trial.journal.receipts[receipt]
    }

    pub(crate) fn runs(&self) -> &'t [Run] {
        &self.trial.journal.runs
    }

    /// The calls of handlers and of the sink.
    pub(crate) fn runs_and_letters(&self) -> impl Iterator<Item = &'t Run> {
        self.runs().iter().chain(&self.trial.journal.letters)
    }

    pub(crate) fn runs_of(&self, receipt: usize) -> &[&'t Run] {
        &self.runs[receipt]
    }

    pub(crate) fn letters_of(&self, receipt: usize) -> &[&'t Run] {
        &self.letters[receipt]
    }

    pub(crate) fn lives(&self) -> impl Iterator<Item = (usize, &'t Life)> {
        self.trial.journal.lives.iter().enumerate()
    }

    pub(crate) fn life(&self, worker: usize) -> &'t Life {
        &self.trial.journal.lives[worker]
    }

    /// Whether a worker was told to stop only when everything had to have ended by itself.
    pub(crate) fn is_told_at_last(&self, worker: usize) -> bool {
        let told = self.life(worker).told;
        told.is_some_and(|told| told.at >= self.fleet.healed_at() + Duration::from_secs(120))
    }

    /// When a worker ended, or when the drain time was over before that.
    pub(crate) fn over(&self, worker: usize) -> Duration {
        let ended = self.life(worker).ended;
        let ended = ended.map_or(Duration::MAX, |ended| ended.at);

        self.cut(worker).map_or(ended, |cut| cut.min(ended))
    }

    /// When the drain time of a worker is over that was told to stop.
    pub(crate) fn cut(&self, worker: usize) -> Option<Duration> {
        let told = self.life(worker).told;
        told.map(|told| told.at + self.fleet.settings.drain)
    }

    /// Whether the worker dropped everything at this moment or before.
    pub(crate) fn has_crashed(&self, worker: usize, moment: Moment) -> bool {
        let life = self.life(worker);
        life.was_dropped() && life.ended.is_none_or(|ended| ended.at <= moment.at)
    }

    /// Whether a handler took longer than its record may.
    pub(crate) fn has_timed_out(&self, run: &Run) -> bool {
        let timeout = self.fleet.world.setup.record_timeout;
        let (Some(timeout), Some(end), None) = (timeout, run.end, run.answer) else {
            return false;
        };

        let ran = end.at - run.start.at;
        let timeout = Duration::from_millis(timeout);
        (timeout..=timeout + TICK).contains(&ran)
    }

    /// Whether a handler failed so that its record must be tried again.
    pub(crate) fn fails(&self, run: &Run) -> bool {
        match run.answer {
            Some(End::Retry | End::Panic | End::EarlyPanic) => true,
            Some(End::Unrouted) => self.fleet.world.setup.unrouted == Unrouted::Fail,
            Some(End::Done | End::Stale | End::Permanent) => false,
            None => self.has_timed_out(run),
        }
    }

    /// What became of the message of a receipt, and when. `None` if it did not end by itself.
    pub(crate) fn settled(&self, receipt: usize) -> Option<(Moment, Settled)> {
        let of = self.receipt(receipt);
        let message = &self.fleet.world.messages[of.message];
        let records = message.records().len();
        if records == 0 {
            let fails = matches!(message.content, Content::Malformed(_))
                && self.fleet.world.setup.malformed == Malformed::Fail;
            let settled = if fails {
                Settled::Failed(None)
            } else {
                Settled::Succeeded
            };
            return Some((of.answered?, settled));
        }

        let runs = self.runs_of(receipt);
        let last = runs.iter().map(|run| run.end).collect::<Option<Vec<_>>>()?;
        let mut last = last.into_iter().max()?;
        let has_failed = runs.iter().any(|run| self.fails(run));
        let is_cut = |run: &&Run| run.answer.is_none() && !self.has_timed_out(run);
        let has_permanent = runs.iter().any(|run| run.answer == Some(End::Permanent));
        let has_sink = self.fleet.world.setup.has_sink;
        // Without a sink, a permanent failure is decided at once.
        let stops_early = self.fleet.world.is_fifo && (has_failed || has_permanent && !has_sink);
        if runs.iter().any(is_cut) || runs.len() < records && !stops_early {
            return None;
        }

        let mut is_stored = true;
        if !has_failed && has_permanent {
            is_stored = false;
            if has_sink {
                let letter = self.letters_of(receipt).first()?;
                last = letter.end?;
                letter.answer?;
                is_stored = letter.answer == Some(End::Done);
            }
        }

        let asked = runs.iter().filter(|run| run.answer == Some(End::Retry));
        let retry_after = asked.filter_map(|run| Fleet::retry_after(run.place)).max();
        let settled = if has_failed || !is_stored {
            Settled::Failed(retry_after)
        } else {
            Settled::Succeeded
        };

        Some((last, settled))
    }

    /// Whether a message had succeeded with this receipt before this number.
    pub(crate) fn has_succeeded(&self, receipt: usize, number: usize) -> bool {
        let settled = self.settled(receipt);
        settled.is_some_and(|(at, settled)| settled == Settled::Succeeded && at.number < number)
    }

    /// Whether a receipt was still the worker's at a moment: not lost, and not dropped in a crash.
    pub(crate) fn is_kept(&self, receipt: usize, moment: Moment) -> bool {
        let of = self.receipt(receipt);
        !of.is_lost(moment, self.visibility()) && !self.has_crashed(of.worker, moment)
    }

    /// The last time at which a worker was seen to hold a receipt.
    pub(crate) fn seen_until(&self, receipt: usize) -> Duration {
        let of = self.receipt(receipt);
        let runs = self.runs_of(receipt).iter();
        let runs = runs.map(|run| run.end.map_or(Duration::MAX, |end| end.at));
        let calls = of.calls.iter().map(|call| call.begun.at);

        runs.chain(calls).max().unwrap_or_default()
    }

    /// The calls that handed a receipt back.
    pub(crate) fn handed_back(&self, receipt: usize) -> impl Iterator<Item = Moment> {
        let calls = self.receipt(receipt).calls.iter();
        let calls = calls.filter(move |call| {
            call.kind == Kind::Change(Duration::ZERO) || self.is_hidden_from_own(receipt, call)
        });
        calls.map(|call| call.begun)
    }

    /// Whether a call after the drain time hands a receipt back, but hides it from the receives of
    /// its own worker that still run.
    pub(crate) fn is_hidden_from_own(&self, receipt: usize, call: &Call) -> bool {
        let worker = self.receipt(receipt).worker;
        let is_cut = self.cut(worker).is_some_and(|cut| cut <= call.begun.at);
        let until = self.receives_until(worker, call.begun);
        let Some((time, until)) = call.time().zip(until).filter(|_| is_cut) else {
            return false;
        };

        let hidden = (until + LATENCY).saturating_sub(call.begun.at);
        time.abs_diff(hidden) <= TICK
    }

    /// Until when the receives of a worker that run at this moment may bring messages.
    pub(crate) fn receives_until(&self, worker: usize, moment: Moment) -> Option<Duration> {
        let receives = self.receives_of(worker);
        let running = receives.filter(|receive| receive.runs_at(moment));
        running.map(|receive| receive.begun.at + receive.wait).max()
    }

    /// When a worker hands back what there is no use for since this time: at once, or if it stops,
    /// when its last receive has ended, and at the end of the drain time at the latest.
    pub(crate) fn hand_back_by(&self, worker: usize, since: Duration) -> Duration {
        let told = self.life(worker).told;
        let Some(cut) = self
            .cut(worker)
            .filter(|_| told.is_some_and(|told| told.at <= since))
        else {
            return since;
        };

        let ends = self.receives_of(worker);
        let ends = ends.map(|receive| receive.ended.map_or(Duration::MAX, |ended| ended.at));
        let last = ends.max().unwrap_or_default();

        last.min(cut).max(since)
    }

    /// Whether a worker had lost a receipt, or dropped everything, by this time.
    pub(crate) fn is_gone_by(&self, receipt: usize, at: Duration) -> bool {
        let of = self.receipt(receipt);
        let life = self.life(of.worker);
        let has_crashed = life.was_dropped() && life.ended.is_none_or(|ended| ended.at <= at);

        has_crashed || of.is_lost_by(at, self.visibility())
    }

    fn receives_of(&self, worker: usize) -> impl Iterator<Item = &'t ReceiveCall> {
        let receives = self.trial.journal.receives.iter();
        receives.filter(move |receive| receive.worker == worker)
    }
}
