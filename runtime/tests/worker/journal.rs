//! What happened in a trial, as the queue, the handlers and the driver of the workers noted it.

use std::fmt;
use std::time::Duration;

use s3_dispatch::WorkerReport;

use crate::world::{End, Place};

/// A time, and a number that orders the moments of one instant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    pub(crate) number: usize,
    pub(crate) at: Duration,
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}#{}", self.at, self.number)
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Journal {
    pub(crate) receipts: Vec<Receipt>,
    pub(crate) receives: Vec<ReceiveCall>,
    /// Calls of handlers.
    pub(crate) runs: Vec<Run>,
    /// Calls of the dead-letter sink.
    pub(crate) letters: Vec<Run>,
    pub(crate) lives: Vec<Life>,
    /// Wrong arguments that somebody was given.
    pub(crate) complaints: Vec<String>,
    pub(crate) moments: usize,
    /// When a queue that ends had nothing more to give.
    pub(crate) given_all: Option<Moment>,
}

/// A message that the queue gave to a worker.
#[derive(Debug, Clone)]
pub(crate) struct Receipt {
    pub(crate) message: usize,
    pub(crate) worker: usize,
    /// The index of the receive, and the place in its answer.
    pub(crate) receive: (usize, usize),
    pub(crate) count: u32,
    /// When the receive was sent.
    pub(crate) sent: Moment,
    /// When the queue gave the message out.
    pub(crate) given: Duration,
    /// When the worker got it. `None` if the answer was lost.
    pub(crate) answered: Option<Moment>,
    /// A fault ended its lease early, or gave the message to somebody else.
    pub(crate) was_taken: bool,
    pub(crate) calls: Vec<Call>,
}

/// What a call said about a receipt.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) kind: Kind,
    /// How many entries the call had.
    pub(crate) size: usize,
    pub(crate) begun: Moment,
    /// When it was answered or dropped.
    pub(crate) ended: Option<Moment>,
    /// `None` if it was dropped before its answer, or the answer had too few results.
    pub(crate) answer: Option<Answer>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Delete,
    /// The message becomes visible after this time.
    Change(Duration),
    /// The backoff was asked to delay the message, with this minimum.
    Postpone(Option<Duration>),
}

impl Call {
    /// For how long the call hides the message.
    pub(crate) fn time(&self) -> Option<Duration> {
        match self.kind {
            Kind::Change(time) => Some(time),
            Kind::Delete | Kind::Postpone(_) => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Done,
    Failed,
    Refused,
}

#[derive(Debug, Clone)]
pub(crate) struct ReceiveCall {
    pub(crate) worker: usize,
    pub(crate) most: usize,
    /// How long it waits for messages.
    pub(crate) wait: Duration,
    pub(crate) begun: Moment,
    pub(crate) ended: Option<Moment>,
}

/// One call of a handler, or of the sink.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) place: Place,
    pub(crate) receipt: usize,
    pub(crate) worker: usize,
    pub(crate) start: Moment,
    pub(crate) end: Option<Moment>,
    /// `None` if it was cut off.
    pub(crate) answer: Option<End>,
}

/// A worker, from its start to its end.
#[derive(Debug, Clone)]
pub(crate) struct Life {
    /// When it was told to stop.
    pub(crate) told: Option<Moment>,
    pub(crate) ended: Option<Moment>,
    /// `None` if it was dropped.
    pub(crate) report: Option<WorkerReport>,
}

impl Receipt {
    /// The calls of which this is true.
    pub(crate) fn calls_of(&self, is_meant: impl Fn(Kind) -> bool) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(move |call| is_meant(call.kind))
    }

    /// When the message cannot be held any longer, by the worker's own clock.
    pub(crate) fn limit(&self) -> Duration {
        self.sent.at + LONGEST
    }

    /// Whether a lease that ends at this time cannot be extended. SQS counts whole seconds.
    pub(crate) fn reaches_limit(&self, end: Duration) -> bool {
        end + Duration::from_secs(1) > self.limit()
    }

    /// Whether a call asked for more time. The last one asks for what is left of 12 hours.
    fn is_extension(&self, call: &Call, visibility: Duration) -> bool {
        call.time().is_some_and(|time| {
            let is_last = !time.is_zero() && self.reaches_limit(call.begun.at + time);
            time == visibility || is_last
        })
    }

    /// The calls that asked for more time.
    pub(crate) fn extensions(&self, visibility: Duration) -> impl Iterator<Item = &Call> {
        let calls = self.calls.iter();
        calls.filter(move |call| self.is_extension(call, visibility))
    }

    /// The calls that said what became of the message.
    pub(crate) fn endings(&self, visibility: Duration) -> impl Iterator<Item = &Call> {
        let calls = self.calls.iter();
        calls.filter(move |call| !self.is_extension(call, visibility))
    }

    /// When the worker learned that the message is not its own anymore.
    pub(crate) fn refused(&self, visibility: Duration) -> Option<Moment> {
        let mut refused = self.extensions(visibility);
        refused
            .find(|call| call.answer == Some(Answer::Refused))
            .and_then(|call| call.ended)
    }

    /// When the lease ends by the worker's own clock, as far as it knew at this number.
    ///
    /// An extension counts only if its answer came before the lease was over.
    pub(crate) fn known_end(&self, number: usize, visibility: Duration) -> Duration {
        self.end_of_lease(number, visibility, true)
    }

    /// When the lease ends. An answer at the last moment counts if the worker looked at it first.
    fn end_of_lease(&self, number: usize, visibility: Duration, counts_last: bool) -> Duration {
        let mut end = self.sent.at + visibility;
        for call in self.extensions(visibility) {
            let Some(ended) = call.ended.filter(|ended| ended.number < number) else {
                continue;
            };
            let last = end - lead(visibility);
            let is_in_time = ended.at < last || counts_last && ended.at == last;
            if call.answer == Some(Answer::Done) && is_in_time {
                end = end.max(call.begun.at + call.time().unwrap_or_default());
            }
        }

        end
    }

    /// Whether the worker had lost the message when everything of this time had happened.
    pub(crate) fn is_lost_by(&self, at: Duration, visibility: Duration) -> bool {
        let refused = self.refused(visibility);
        let over = self.end_of_lease(usize::MAX, visibility, false) - lead(visibility);

        refused.is_some_and(|refused| refused.at <= at) || over <= at
    }

    /// Whether the worker had lost the message at this moment.
    pub(crate) fn is_lost(&self, moment: Moment, visibility: Duration) -> bool {
        let refused = self.refused(visibility);
        let over = self.end_of_lease(moment.number, visibility, false) - lead(visibility);

        refused.is_some_and(|refused| refused.number <= moment.number) || over <= moment.at
    }
}

/// For how long after its receive SQS hides a message at most.
pub(crate) const LONGEST: Duration = Duration::from_secs(12 * 60 * 60);

/// How long before the end of a lease its handlers stop.
fn lead(visibility: Duration) -> Duration {
    Duration::from_secs(1).min(visibility / 10)
}

impl ReceiveCall {
    /// Whether it had begun and not ended at this moment.
    pub(crate) fn runs_at(&self, moment: Moment) -> bool {
        self.begun < moment && self.ended.is_none_or(|ended| ended > moment)
    }
}

impl Run {
    /// Whether it ran, or had not begun, when everything of this moment had happened.
    pub(crate) fn goes_on_after(&self, moment: Moment) -> bool {
        self.end.is_none_or(|end| end.at > moment.at)
    }
}

impl Life {
    pub(crate) fn was_dropped(&self) -> bool {
        self.report.is_none()
    }
}
