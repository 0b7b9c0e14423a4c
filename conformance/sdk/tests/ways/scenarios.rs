//! The scenarios, with what they expect on every way, and what a way cannot have.

use std::collections::BTreeMap;

use crate::case::{Case, Fate, Message, Record, Wrapper};
use crate::place::{Place, Step};
use crate::way::Way;

/// What a scenario needs, and not every way has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Messages that cannot be read.
    Damage,
    /// Several records in one message.
    ManyRecords,
    /// Message groups of a FIFO queue.
    Groups,
    /// One event twice.
    Duplicates,
    /// Records that no route takes.
    Unrouted,
    /// An event that was handled before, and is newer than what is delivered.
    Newer,
}

/// Messages, and what has to become of them, whoever runs their handlers.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    needs: &'static [Need],
    case: fn() -> Case,
    /// By message.
    fates: &'static [Fate],
    /// The numbers of the records whose handlers begin. Each begins once.
    begun: &'static [u64],
}

use Fate::{ComesAgain, Handled, SetAside};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "what succeeds is handled once",
        needs: &[],
        case: || of(&[("done/a", 1), ("takes/b", 2), ("done/c", 3)]),
        fates: &[Handled, Handled, Handled],
        begun: &[1, 2, 3],
    },
    Scenario {
        name: "a failure that may pass comes again",
        needs: &[],
        case: || of(&[("done/a", 1), ("fail/b", 2), ("takes/c", 3)]),
        fates: &[Handled, ComesAgain, Handled],
        begun: &[1, 2, 3],
    },
    Scenario {
        name: "a permanent failure is set aside",
        needs: &[],
        case: || of(&[("done/a", 1), ("permanent/b", 2), ("takes/c", 3)]),
        fates: &[Handled, SetAside, Handled],
        begun: &[1, 2, 3],
    },
    Scenario {
        name: "a panic costs one message",
        needs: &[],
        case: || of(&[("done/a", 1), ("panic/b", 2), ("takes/c", 3)]),
        fates: &[Handled, ComesAgain, Handled],
        begun: &[1, 2, 3],
    },
    Scenario {
        name: "what a handler skips does not come again",
        needs: &[],
        case: || of(&[("skip/a", 1), ("takes/b", 2)]),
        fates: &[Handled, Handled],
        begun: &[1, 2],
    },
    Scenario {
        name: "what no route takes does not come again",
        needs: &[Need::Unrouted],
        case: || of(&[("done/a", 1), ("other/b", 2)]),
        fates: &[Handled, Handled],
        begun: &[1],
    },
    Scenario {
        name: "a damaged message costs one message",
        needs: &[Need::Damage],
        case: || {
            let good = |key, number| Message::new(&[(key, number)]);
            Case::of(vec![
                good("done/a", 1),
                Message::damaged(),
                good("takes/b", 2),
            ])
        },
        fates: &[Handled, ComesAgain, Handled],
        begun: &[1, 2],
    },
    Scenario {
        name: "one failed record fails its message, and the others of it run",
        needs: &[Need::ManyRecords],
        case: || {
            Case::of(vec![
                Message::new(&[("done/a", 1), ("fail/b", 2), ("takes/c", 3)]),
                Message::new(&[("takes/d", 4), ("done/e", 5)]),
                Message::new(&[("permanent/f", 6), ("done/g", 7)]),
            ])
        },
        fates: &[ComesAgain, Handled, SetAside],
        begun: &[1, 2, 3, 4, 5, 6, 7],
    },
    Scenario {
        name: "the records of a key run one at a time and in order",
        needs: &[],
        case: || {
            let keys = [
                "takes/a", "fail/b", "takes/a", "takes/a", "fail/b", "takes/c",
            ];
            let keys: Vec<_> = keys.into_iter().zip(1..).collect();
            of(&keys)
        },
        fates: &[Handled, ComesAgain, Handled, Handled, ComesAgain, Handled],
        begun: &[1, 2, 3, 4, 5, 6],
    },
    Scenario {
        name: "a group stops at its first failure, and no other does",
        needs: &[Need::Groups],
        case: || {
            let message = |group, key, number| Message::new(&[(key, number)]).in_group(group);
            Case::of(vec![
                message("a", "takes/a", 1),
                message("b", "takes/b", 2),
                message("a", "fail/c", 3),
                message("b", "done/d", 4),
                message("a", "done/e", 5),
                message("a", "done/f", 6),
            ])
        },
        fates: &[
            Handled, Handled, ComesAgain, Handled, ComesAgain, ComesAgain,
        ],
        begun: &[1, 2, 3, 4],
    },
    Scenario {
        name: "what runs and what waits at the end comes again",
        needs: &[],
        case: || Case {
            is_cut: true,
            // In the order of a listing.
            ..of(&[("done/a", 1), ("hang/b", 2), ("takes/c", 3), ("takes/d", 4)])
        },
        fates: &[Handled, ComesAgain, ComesAgain, ComesAgain],
        begun: &[1, 2],
    },
    Scenario {
        name: "with `Deduplicated`, an event that comes twice is handled once",
        needs: &[Need::Duplicates],
        case: || Case {
            wrapper: Wrapper::Deduplicated,
            ..of(&[
                ("takes/a", 1),
                ("takes/a", 1),
                ("takes/a", 2),
                ("done/b", 3),
            ])
        },
        fates: &[Handled, Handled, Handled, Handled],
        begun: &[1, 2, 3],
    },
    Scenario {
        name: "with `LatestOnly`, an event loses to a newer one",
        needs: &[Need::Newer],
        case: || Case {
            wrapper: Wrapper::LatestOnly,
            handled_before: Some("done/a"),
            ..of(&[("done/a", 1), ("done/b", 2)])
        },
        fates: &[Handled, Handled],
        begun: &[2],
    },
];

/// Why a way cannot have something. `None` if it can.
pub(crate) fn cannot(way: &dyn Way, need: Need) -> Option<&'static str> {
    const ONE_RECORD: &str = "each is one object, and so one record";
    const NO_GROUPS: &str = "objects have no message groups";
    const NO_QUEUE: &str = "a file may hold messages of many queues, and is none";

    Some(match (way.name(), need) {
        ("Batch Operations", Need::Damage) => {
            "a damaged task fails its invocation, so its neighbours fail with it"
        }
        ("backfill --here" | "audit --replay", Need::Damage) => {
            "the program writes the events itself"
        }
        ("Batch Operations" | "backfill --here" | "audit --replay", Need::ManyRecords) => {
            ONE_RECORD
        }
        ("Batch Operations" | "backfill --here" | "audit --replay", Need::Groups) => NO_GROUPS,
        ("replay FILE", Need::Groups) => NO_QUEUE,
        ("Batch Operations", Need::Duplicates) => {
            "a task has no time and no sequencer, so nothing says that two are the same"
        }
        ("audit --replay", Need::Duplicates) => "a listing has each version once",
        ("replay --dead-letters", Need::Unrouted) => {
            "it may be another program's letter, so it is left in the queue"
        }
        ("audit --replay", Need::Newer) => {
            "what was handled before the audit is older than what it finds missing"
        }
        _ => return None,
    })
}

/// Why a way cannot have a scenario. `None` if it can.
pub(crate) fn reason_against(way: &dyn Way, scenario: &Scenario) -> Option<&'static str> {
    let mut needs = scenario.needs.iter();
    needs.find_map(|need| cannot(way, *need))
}

/// A message for each record.
fn of(records: &[(&str, u64)]) -> Case {
    let messages = records.iter().map(|record| Message::new(&[*record]));
    Case::of(messages.collect())
}

impl Scenario {
    pub(crate) fn check(&self, way: &dyn Way) {
        check(way, &(self.case)(), self.fates, self.begun);
    }
}

/// Delivers a case, and checks what becomes of it.
pub(crate) fn check(way: &dyn Way, case: &Case, expected: &[Fate], begun: &[u64]) {
    let place = Place::new();
    let fates = way.run(case, &place);
    let steps = place.notes().steps();

    let is_right = fates.len() == expected.len()
        && fates
            .iter()
            .zip(expected)
            .all(|(fate, expected)| fate.is(*expected));
    assert!(is_right, "{fates:?}, not {expected:?}\n{steps:#?}");
    check_steps(&steps, begun);
}

/// Checks that these handlers began, each once, and those of a key one at a time and in order.
fn check_steps(steps: &[Step], begun: &[u64]) {
    let mut found = Vec::new();
    let mut last: BTreeMap<&str, (u64, bool)> = BTreeMap::new();

    for step in steps {
        match step {
            Step::Began(Record { key, number }) => {
                found.push(*number);
                let before = last.insert(key, (*number, true));
                // One that panics does not return.
                let is_over = before.is_none_or(|(_, runs)| !runs || key.contains("/panic/"));
                assert!(is_over, "two handlers of `{key}` run at once: {steps:#?}");
                let is_next = before.is_none_or(|(number_before, _)| number_before < *number);
                assert!(is_next, "`{key}` is handled out of order: {steps:#?}");
            }
            Step::Ended(Record { key, number }) => {
                assert_eq!(last.insert(key, (*number, false)), Some((*number, true)));
            }
        }
    }

    found.sort_unstable();
    assert_eq!(found, begun, "{steps:#?}");
}
