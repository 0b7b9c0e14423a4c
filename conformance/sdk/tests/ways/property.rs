//! Generated messages, of which every way makes what the rules of delivery say.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::case::{Case, Fate, Message, Record};
use crate::scenarios::{self, Need};
use crate::way::Way;

/// What handlers do. Those of a FIFO queue fail in no way that only some ways have a place for.
const BEHAVIOURS: [&str; 6] = ["done", "takes", "skip", "fail", "panic", "permanent"];

const GROUPS: [&str; 3] = ["a", "b", "c"];

/// A record: what its handler does, and which of the keys with that behaviour it has.
type Draft = (usize, u8);

/// Checks generated cases on a way, as many as it gets.
pub(crate) fn check(way: &dyn Way) {
    let config = Config {
        cases: way.generated(),
        failure_persistence: None,
        // A case on a process takes a while.
        max_shrink_iters: 30,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::XorShift, b"one suite of way");
    let mut runner = TestRunner::new_with_rng(config, rng);

    let result = runner.run(&cases(way), |case| {
        let (fates, begun) = expected(&case);
        scenarios::check(way, &case, &fates, &begun);
        Ok(())
    });
    result.unwrap_or_else(|broken| panic!("{broken}"));
}

/// The cases that a way can have.
fn cases(way: &dyn Way) -> impl Strategy<Value = Case> + use<> {
    let can = |need| scenarios::cannot(way, need).is_none();
    let most_records = if can(Need::ManyRecords) { 3 } else { 1 };
    let damage = if can(Need::Damage) { 0.1 } else { 0.0 };
    let groups = if can(Need::Groups) { 0.3 } else { 0.0 };

    prop::bool::weighted(groups).prop_flat_map(move |is_fifo| {
        let behaviours = if is_fifo { 5 } else { BEHAVIOURS.len() };
        let records = prop::collection::vec((0..behaviours, 0..2_u8), 1..=most_records);
        let message = (records, prop::bool::weighted(damage), 0..GROUPS.len());
        let messages = prop::collection::vec(message, 1..=12);
        messages.prop_map(move |messages| build(is_fifo, messages))
    })
}

fn build(is_fifo: bool, drafts: Vec<(Vec<Draft>, bool, usize)>) -> Case {
    let mut numbers = 1..;
    let messages = drafts.into_iter().map(|(records, is_damaged, group)| {
        let mut message = match is_damaged {
            true => Message::damaged(),
            false => {
                // Groups that have a key in common take turns, in no certain order.
                let folder = if is_fifo { GROUPS[group] } else { "all" };
                let keys: Vec<_> = records
                    .iter()
                    .map(|(behaviour, name)| format!("{}/{folder}/{name}", BEHAVIOURS[*behaviour]))
                    .collect();
                let keys = keys.iter().map(String::as_str);
                Message::new(&keys.zip(&mut numbers).collect::<Vec<_>>())
            }
        };
        if is_fifo {
            message = message.in_group(GROUPS[group]);
        }
        message
    });

    Case::of(messages.collect())
}

/// What the rules of delivery say about a case: the fates of its messages, and the numbers of the
/// records whose handlers begin.
fn expected(case: &Case) -> (Vec<Fate>, Vec<u64>) {
    let (mut begun, mut stopped) = (Vec::new(), BTreeSet::new());

    let fates = case.messages.iter().map(|message| {
        if message.group.is_some_and(|group| stopped.contains(group)) {
            return Fate::ComesAgain;
        }

        let mut failures = BTreeSet::new();
        for record in &message.records {
            // In a group, what is behind a failure is not begun.
            if message.group.is_none() || failures.is_empty() {
                begun.push(record.number);
                failures.extend(failure(record));
            }
        }
        let fate = match (message.records.is_empty(), failures.contains("again")) {
            (false, false) if failures.is_empty() => Fate::Handled,
            (false, false) => Fate::SetAside,
            _ => Fate::ComesAgain,
        };
        if fate != Fate::Handled {
            stopped.extend(message.group);
        }

        fate
    });

    (fates.collect(), begun)
}

/// How the handler of a record fails.
fn failure(record: &Record) -> Option<&'static str> {
    match record.behaviour() {
        "fail" | "panic" => Some("again"),
        "permanent" => Some("for good"),
        _ => None,
    }
}
