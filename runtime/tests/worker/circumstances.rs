//! What must happen somewhere in many worlds. Otherwise the checks would have checked nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::checks::{Facts, Settled};
use crate::journal::{Answer, Kind, Moment};
use crate::stage::Gone;

/// The longest time for which handlers stop before the end of their lease.
const LEAD: Duration = Duration::from_secs(1);

type Circumstance = fn(&Facts<'_>) -> bool;

const CIRCUMSTANCES: &[(&str, Circumstance)] = &[
    ("several workers handled messages at a time", |facts| {
        let mut runs = facts.runs().iter();
        runs.any(|one| {
            let mut others = facts.runs().iter();
            others.any(|other| {
                other.worker != one.worker
                    && other.start > one.start
                    && one.end.is_some_and(|end| end > other.start)
            })
        })
    }),
    (
        "a handler took longer than the visibility timeout",
        |facts| {
            let visibility = facts.visibility();
            let mut runs = facts.runs().iter();
            runs.any(|run| {
                run.answer.is_some()
                    && run
                        .end
                        .is_some_and(|end| end.at - run.start.at > visibility)
            })
        },
    ),
    ("a refused extension stopped a handler", |facts| {
        facts.runs().iter().any(|run| {
            let refused = facts.receipt(run.receipt).refused(facts.visibility());
            run.answer.is_none()
                && refused.is_some_and(|at| run.end.is_some_and(|end| end.at == at.at))
        })
    }),
    (
        "a lease that could not be extended stopped a handler",
        |facts| {
            facts.runs().iter().any(|run| {
                let receipt = facts.receipt(run.receipt);
                let failed = receipt.extensions(facts.visibility());
                let failed = failed
                    .filter(|call| call.answer != Some(Answer::Done))
                    .count();
                run.answer.is_none()
                    && failed > 1
                    && receipt.refused(facts.visibility()).is_none()
                    && run
                        .end
                        .is_some_and(|end| receipt.is_lost(end, facts.visibility()))
            })
        },
    ),
    (
        "a handler ran until its message could not be held longer",
        |facts| {
            facts.runs().iter().any(|run| {
                let receipt = facts.receipt(run.receipt);
                run.answer.is_none()
                    && run
                        .end
                        .is_some_and(|end| receipt.reaches_limit(end.at + LEAD + LEAD))
            })
        },
    ),
    (
        "a handler ran for hours, and its message was deleted",
        |facts| {
            facts.runs().iter().any(|run| {
                let hour = Duration::from_secs(3_600);
                let ran = run.end.map(|end| end.at - run.start.at);
                let mut deletions = facts
                    .receipt(run.receipt)
                    .calls_of(|kind| kind == Kind::Delete);
                ran.is_some_and(|ran| ran > hour) && deletions.next().is_some()
            })
        },
    ),
    ("the dead-letter sink was stopped with the lease", |facts| {
        facts.trial.journal.letters.iter().any(|letter| {
            let receipt = facts.receipt(letter.receipt);
            letter.answer.is_none()
                && letter
                    .end
                    .is_some_and(|end| receipt.is_lost(end, facts.visibility()))
        })
    }),
    ("a deletion was tried again", |facts| {
        facts
            .receipts()
            .any(|(_, receipt)| receipt.calls_of(|kind| kind == Kind::Delete).count() > 2)
    }),
    ("several messages were deleted by one call", |facts| {
        let mut receipts = facts.receipts();
        receipts.any(|(_, receipt)| {
            receipt
                .calls_of(|kind| kind == Kind::Delete)
                .any(|call| call.size > 4)
        })
    }),
    ("a message that had succeeded was lost", |facts| {
        facts.receipts().any(|(index, receipt)| {
            let refused = receipt.refused(facts.visibility());
            refused.is_some_and(|at| facts.has_succeeded(index, at.number))
        })
    }),
    (
        "a message was held back by the stop of its worker",
        |facts| {
            facts.receipts().any(|(index, receipt)| {
                let told = facts.life(receipt.worker).told;
                let mut back = facts.handed_back(index);
                told.is_some_and(|told| back.any(|begun| begun > told && begun.at == told.at))
            })
        },
    ),
    (
        "what waited at the stop was handed back once the receives had ended",
        |facts| {
            facts.receipts().any(|(index, receipt)| {
                let told = facts.life(receipt.worker).told;
                let mut back = receipt.calls_of(|kind| kind == Kind::Change(Duration::ZERO));
                let is_early = |told| receipt.answered.is_some_and(|at| at < told);
                let mut is_later = |told: Moment, cut| {
                    back.any(|call| told.at < call.begun.at && call.begun.at < cut)
                };
                let cut = facts.cut(receipt.worker);
                facts.runs_of(index).is_empty()
                    && told
                        .zip(cut)
                        .is_some_and(|(told, cut)| is_early(told) && is_later(told, cut))
            })
        },
    ),
    (
        "what was handed back after the drain time was hidden from a receive that still ran",
        |facts| {
            facts.receipts().any(|(index, receipt)| {
                let mut calls = receipt.calls.iter();
                calls.any(|call| facts.is_hidden_from_own(index, call))
            })
        },
    ),
    ("a receive brought messages after the stop", |facts| {
        facts.receipts().any(|(index, receipt)| {
            let told = facts.life(receipt.worker).told;
            let is_late =
                told.is_some_and(|told| receipt.answered.is_some_and(|at| at.at > told.at));
            is_late && facts.handed_back(index).next().is_some()
        })
    }),
    (
        "a handler went on after the stop, and its message was deleted",
        |facts| {
            facts.receipts().any(|(index, receipt)| {
                let told = facts.life(receipt.worker).told;
                let mut runs = facts.runs_of(index).iter();
                told.is_some_and(|told| runs.any(|run| run.start < told && run.goes_on_after(told)))
                    && receipt
                        .calls_of(|kind| kind == Kind::Delete)
                        .next()
                        .is_some()
            })
        },
    ),
    ("handlers were cut at the end of the drain time", |facts| {
        facts.runs().iter().any(|run| {
            let life = facts.life(run.worker);
            let is_cut = run.answer.is_none() && !facts.has_timed_out(run) && !life.was_dropped();
            let told = life.told.map(|told| told.at + facts.fleet.settings.drain);
            is_cut && told.is_some_and(|cut| run.end.is_some_and(|end| end.at >= cut))
        })
    }),
    ("a worker crashed while handlers ran", |facts| {
        facts.runs().iter().any(|run| {
            let life = facts.life(run.worker);
            life.was_dropped()
                && life
                    .ended
                    .is_some_and(|ended| run.end.is_some_and(|end| end > ended))
        })
    }),
    (
        "a message came back after a crash, and succeeded",
        |facts| {
            facts.receipts().any(|(index, receipt)| {
                let mut before = facts.receipts().take(index);
                before.any(|(_, other)| {
                    other.message == receipt.message
                        && other.worker != receipt.worker
                        && facts.life(other.worker).was_dropped()
                }) && facts.has_succeeded(index, usize::MAX)
            })
        },
    ),
    (
        "the backoff delayed a message for as long as it asked",
        |facts| {
            facts.receipts().any(|(_, receipt)| {
                let mut postponed =
                    receipt.calls_of(|kind| matches!(kind, Kind::Postpone(Some(_))));
                postponed.any(|call| call.answer == Some(Answer::Done))
            })
        },
    ),
    ("a message returned after its own time", |facts| {
        let own = |kind| {
            let times = [3_300, 4_300].map(|time| Kind::Change(Duration::from_millis(time)));
            times.contains(&kind)
        };
        facts
            .receipts()
            .any(|(_, receipt)| receipt.calls_of(own).next().is_some())
    }),
    (
        "a failed message returned when its visibility timeout ended",
        |facts| {
            let mut receipts = facts.receipts();
            receipts.any(|(index, receipt)| {
                receipt.calls.is_empty()
                    && !facts.runs_of(index).is_empty()
                    && matches!(facts.settled(index), Some((_, Settled::Failed(None))))
            })
        },
    ),
    ("a letter was stored, and its message deleted", |facts| {
        facts.receipts().any(|(index, receipt)| {
            !facts.letters_of(index).is_empty()
                && receipt
                    .calls_of(|kind| kind == Kind::Delete)
                    .next()
                    .is_some()
        })
    }),
    ("a message became a dead letter of the queue", |facts| {
        let mut messages = facts.trial.messages.iter();
        messages.any(|message| message.gone == Some(Gone::DeadLetter))
    }),
    ("the answer of a receive was lost", |facts| {
        facts
            .receipts()
            .any(|(_, receipt)| receipt.answered.is_none())
    }),
];

const OF_STANDARD_QUEUES: &[(&str, Circumstance)] = &[
    ("a message was delivered twice at a time", |facts| {
        facts.runs().iter().any(|run| {
            let mut others = facts.runs().iter();
            others.any(|other| {
                other.place == run.place
                    && other.receipt > run.receipt
                    && run.end.is_some_and(|end| end > other.start)
            })
        })
    }),
    (
        "a worker waited for handlers after the end of its queue",
        |facts| {
            facts.lives().any(|(worker, life)| {
                let receives = facts.trial.journal.receives.iter();
                let own = receives.filter(|receive| receive.worker == worker);
                let last = own.filter_map(|receive| receive.ended).max();
                let mut ends = facts.runs().iter().filter(|run| run.worker == worker);
                life.told.is_none()
                    && !life.was_dropped()
                    && ends.any(|run| {
                        let end = run.end.map(|end| end.at);
                        last.is_some_and(|last| end > Some(last.at + facts.visibility()))
                    })
            })
        },
    ),
    (
        "a worker was told to stop after the end of its queue",
        |facts| {
            facts.fleet.ends
                && facts.lives().any(|(worker, life)| {
                    let receives = facts.trial.journal.receives.iter();
                    let own = receives.filter(|receive| receive.worker == worker);
                    let last = own.filter_map(|receive| receive.ended).max();
                    life.told
                        .is_some_and(|told| last.is_some_and(|last| told.at > last.at))
                })
        },
    ),
    (
        "a key waited for a message of an earlier receive",
        |facts| {
            let world = &facts.fleet.world;
            let key = |place: (usize, usize)| {
                let record = &world.messages[place.0].records()[place.1];
                (record.bucket, record.key)
            };
            facts.runs().windows(2).any(|pair| {
                let (one, other) = (
                    facts.receipt(pair[0].receipt),
                    facts.receipt(pair[1].receipt),
                );
                pair[0].worker == pair[1].worker
                    && one.receive.0 != other.receive.0
                    && key(pair[0].place) == key(pair[1].place)
                    && pair[0].end.is_some_and(|end| end.at == pair[1].start.at)
                    && other.answered.is_some_and(|at| at.at < pair[1].start.at)
            })
        },
    ),
];

const OF_FIFO_QUEUES: &[(&str, Circumstance)] = &[
    (
        "the rest of a group was handed back after a failure",
        |facts| {
            facts.receipts().any(|(index, receipt)| {
                let told = facts.life(receipt.worker).told;
                let mut back = facts.handed_back(index);
                back.any(|begun| told.is_none_or(|told| begun < told))
                    && facts.runs_of(index).is_empty()
            })
        },
    ),
    (
        "the rest of a group stayed in a queue that ended",
        |facts| {
            let mut messages = facts.trial.messages.iter();
            facts.fleet.ends && messages.any(|message| message.count == 0)
        },
    ),
    (
        "a queue that ends gave out more of a group after a deletion",
        |facts| {
            let messages = &facts.fleet.world.messages;
            let given = |index: usize| facts.receipts().find(|(_, one)| one.message == index);
            let went_on = |index: usize| {
                let mut ahead =
                    (0..index).filter(|one| messages[*one].group == messages[index].group);
                let is_later = |ahead: usize| {
                    let gone = facts.trial.messages[ahead].gone_at;
                    let sent = given(index).map(|(_, one)| one.given);
                    gone.zip(sent).is_some_and(|(gone, sent)| gone.at <= sent)
                };
                ahead.any(is_later)
            };
            facts.fleet.ends && (0..messages.len()).any(went_on)
        },
    ),
    ("a group of several messages was done in order", |facts| {
        let mut receipts = facts.receipts();
        receipts
            .any(|(index, receipt)| receipt.receive.1 > 3 && facts.has_succeeded(index, usize::MAX))
    }),
];

/// Counts how often each circumstance was met.
pub(crate) struct Tally {
    circumstances: Vec<(&'static str, Circumstance)>,
    counts: BTreeMap<&'static str, usize>,
}

impl Tally {
    pub(crate) fn new(is_fifo: bool) -> Self {
        let of_queue = if is_fifo {
            OF_FIFO_QUEUES
        } else {
            OF_STANDARD_QUEUES
        };
        let circumstances: Vec<_> = CIRCUMSTANCES.iter().chain(of_queue).copied().collect();
        let counts = circumstances.iter().map(|(name, _)| (*name, 0)).collect();

        Self {
            circumstances,
            counts,
        }
    }

    pub(crate) fn add(&mut self, facts: &Facts<'_>) {
        for (name, holds) in &self.circumstances {
            let count = self.counts.entry(name).or_default();
            // Once is enough, and looking takes time.
            if *count == 0 {
                *count += usize::from(holds(facts));
            }
        }
    }

    #[track_caller]
    pub(crate) fn assert_all_met(&self) {
        assert!(
            self.counts.values().all(|count| *count > 0),
            "not every circumstance was met: {:#?}",
            self.counts
        );
    }
}
