//! Scopes: which services share what a store remembers.

use std::path::Path;
use std::sync::Arc;

use s3_dispatch::{Deduplicated, EventName, LatestOnly, MemoryStore, Outcome, SkipReason};
use s3_dispatch_testing::RecordBuilder;

use crate::deduplicated::{is_duplicate, once, route};
use crate::script::{Script, put};

#[tokio::test]
async fn functions_that_share_a_store_each_handle_a_record_once() {
    let store = Arc::new(MemoryStore::new());
    let function = |scope: &str| {
        let script = Script::default();
        (
            Deduplicated::new(script.clone(), Arc::clone(&store)).with_scope(scope),
            script,
        )
    };

    let ((indexer, indexed), (thumbnailer, thumbnailed)) =
        (function("indexer"), function("thumbnailer"));

    for _ in 0..2 {
        drop(route(&indexer, &put("ok/1").build()).await);
        drop(route(&thumbnailer, &put("ok/1").build()).await);
    }

    assert_eq!(
        (indexed.started().len(), thumbnailed.started().len()),
        (1, 1)
    );
}

/// The tests run outside Lambda.
#[tokio::test]
async fn outside_lambda_the_scope_is_the_name_of_the_program() {
    let program = std::env::args_os().next().unwrap();
    let name = Path::new(&program).file_stem().unwrap().to_str().unwrap();
    let (by_default, script, store) = once();
    drop(route(&by_default, &put("ok/1").build()).await);

    for (scope, is_same) in [(name, true), ("", false), ("another-service", false)] {
        let other = Deduplicated::new(script.clone(), Arc::clone(&store)).with_scope(scope);
        let outcome = route(&other, &put("ok/1").build()).await;
        assert_eq!(is_duplicate(&outcome), is_same, "{scope}");
    }
}

/// One function gets the puts of a key, another its removals.
#[tokio::test]
async fn functions_with_one_scope_skip_what_is_older_than_an_event_of_the_other() {
    let store = Arc::new(MemoryStore::new());
    let function =
        |scope: &str| LatestOnly::new(Script::default(), Arc::clone(&store)).with_scope(scope);
    let removal = RecordBuilder::new(EventName::OBJECT_REMOVED_DELETE).with_key("ok/1");
    let removal = removal.with_sequencer("0B").build();
    let put = put("ok/1").with_sequencer("0A").build();

    for (scopes, is_stale) in [(["index", "index"], true), (["puts", "removals"], false)] {
        let [puts, removals] = scopes.map(function);
        assert!(matches!(route(&removals, &removal).await, Outcome::Handled));

        let outcome = route(&puts, &put).await;
        let is_skipped = matches!(outcome, Outcome::Skipped(SkipReason::Stale));
        assert_eq!(is_skipped, is_stale, "{scopes:?}");
    }
}
