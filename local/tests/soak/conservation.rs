//! What must be true at the end.

use std::collections::HashMap;

use s3_dispatch_local::EventId;

use crate::ledger::{Books, Ledger};

/// Each event was handled once, or skipped for a newer one. It was repeated only as often as a
/// handler was cut off after its effect. The last effect on each key belongs to its last event.
/// Dead letters are poison, or a fault hit each of their receives.
pub(crate) fn check(ledger: &Ledger, is_ordered: bool) {
    let books = ledger.books();
    assert!(
        books.unjust.is_empty(),
        "dead letters that no fault hit in some receive: {:?}",
        books.unjust
    );

    for (id, entry) in &books.events {
        if books.is_poison(*id) {
            assert!(
                entry.effects == 0 && entry.buried > 0,
                "lost poison: {id:?} {entry:?}"
            );
        } else {
            assert!(entry.effects + entry.stale > 0, "missing: {id:?} {entry:?}");
            assert!(
                entry.effects <= 1 + entry.cuts,
                "repeated without a reason: {id:?} {entry:?}"
            );
        }
    }

    if is_ordered {
        check_order(&books);
    }

    // A run without faults proves nothing.
    assert!(
        books.events.values().any(|entry| entry.cuts > 0),
        "no kill came after an effect"
    );
    assert!(
        books.events.values().any(|entry| entry.stale > 0),
        "no event was stale"
    );

    assert!(
        books
            .events
            .values()
            .any(|entry| entry.buried > 0 && entry.effects > 0),
        "no dead letter was sent again"
    );
}

fn check_order(books: &Books) {
    let mut last: HashMap<(&'static str, &str), (&str, EventId)> = HashMap::new();
    for (id, entry) in books.events.iter().filter(|(id, _)| !books.is_poison(**id)) {
        let latest = last
            .entry((entry.processor(), &entry.key))
            .or_insert((&entry.sequencer, *id));
        if *entry.sequencer > *latest.0 {
            *latest = (&entry.sequencer, *id);
        }
    }

    for ((processor, key), (_, id)) in &last {
        let own = books.last.get(&(*processor, (*key).to_owned()));
        assert_eq!(own, Some(id), "the last effect on {key} by {processor}");
    }
}
