//! `history`: which states of objects were handled.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use s3_dispatch::once::{Claim, Identity, Lease, Outage, StoreError};
use s3_dispatch::{
    ClaimStore, Deduplicated, EventName, Exclusive, History, HistoryEntry, LatestOnly, MemoryStore,
    MessageContext, Notification, Outcome, Router, Routes,
};
use s3_dispatch_testing::RecordBuilder;

use crate::deduplicated::{once, route};
use crate::script::{Script, put};

async fn look_up(router: &impl Router, record: &RecordBuilder) -> HistoryEntry {
    let history = router.history().unwrap();
    let entries = history.look_up(&[record.build()]).await.unwrap();

    let [entry] = entries[..] else {
        panic!("{entries:?}")
    };
    entry
}

/// An object in a listing: no sequencer, no request id, and the time of the listing.
fn listed(record: &RecordBuilder) -> RecordBuilder {
    record
        .clone()
        .without_sequencer()
        .with_request_id("")
        .with_event_time("2026-04-07T14:30:00.000Z")
}

#[tokio::test]
async fn what_was_handled_is_found_by_its_version_or_else_its_e_tag() {
    let e_tag = "5eb63bbbe01eeed093cb22bb8f5acdc3";
    let other_e_tag = "0cc175b9c0f1b6a831c399e269772661";
    let put = || put("ok/a b+ü|%2F").with_e_tag(e_tag);

    let same = [
        (put(), put()),
        (put(), put().with_e_tag(format!("\"{e_tag}\""))),
        (put().with_e_tag(format!("\"{e_tag}\"")), put()),
        (put(), put().with_version_id("null")),
        (put().with_version_id("null"), put()),
        (
            put().with_version_id("v1"),
            put().with_version_id("v1").with_e_tag(other_e_tag),
        ),
        (
            put().with_version_id("v1"),
            put().with_version_id("v1").without_e_tag(),
        ),
    ];
    for (event, object) in same {
        let (router, ..) = once();
        assert_eq!(
            look_up(&router, &listed(&object)).await,
            HistoryEntry::Missing
        );
        assert!(matches!(
            route(&router, &event.build()).await,
            Outcome::Handled
        ));
        assert_eq!(
            look_up(&router, &listed(&object)).await,
            HistoryEntry::Handled
        );
    }

    let different = [
        (put(), put().with_e_tag(other_e_tag)),
        (put(), put().with_version_id("v1")),
        (put().with_version_id("v1"), put()),
        (put().with_version_id("v1"), put().with_version_id("v2")),
        (put().with_version_id(e_tag), put()),
        (put(), put().with_key("ok/a b+ü|/")),
        (put(), put().with_bucket("other")),
    ];
    for (event, object) in different {
        let (router, ..) = once();
        assert!(matches!(
            route(&router, &event.build()).await,
            Outcome::Handled
        ));
        assert_eq!(
            look_up(&router, &listed(&object)).await,
            HistoryEntry::Missing,
            "{event:?} {object:?}"
        );
    }
}

/// A key in a notification is form-encoded, and in an event of EventBridge it is not.
#[tokio::test]
async fn all_forms_of_an_event_leave_the_same_state() {
    let (router, ..) = once();
    let put = put("ok/my photo+1.jpg").with_e_tag("5eb63bbbe01eeed093cb22bb8f5acdc3");
    let bridged = Notification::parse(put.to_eventbridge_json().unwrap()).unwrap();
    let Notification::Records(bridged) = bridged else {
        panic!("{bridged:?}")
    };

    assert!(matches!(
        route(&router, &bridged[0]).await,
        Outcome::Handled
    ));
    assert_eq!(look_up(&router, &listed(&put)).await, HistoryEntry::Handled);
}

#[tokio::test]
async fn every_event_that_creates_an_object_leaves_a_state_and_no_other_does() {
    let of = |name: EventName| RecordBuilder::new(name).with_key("ok/1").with_e_tag("e");

    for name in [
        EventName::OBJECT_CREATED_PUT,
        EventName::OBJECT_CREATED_POST,
        EventName::OBJECT_CREATED_COPY,
        EventName::OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD,
    ] {
        let (router, ..) = once();
        drop(route(&router, &of(name).build()).await);
        let object = listed(&of(EventName::OBJECT_CREATED_PUT));
        assert_eq!(look_up(&router, &object).await, HistoryEntry::Handled);
    }

    for name in [
        EventName::OBJECT_REMOVED_DELETE,
        EventName::OBJECT_REMOVED_DELETE_MARKER_CREATED,
        EventName::OBJECT_TAGGING_PUT,
        EventName::OBJECT_ACL_PUT,
        EventName::OBJECT_RESTORE_COMPLETED,
    ] {
        let (router, ..) = once();
        drop(route(&router, &of(name.clone()).build()).await);
        let object = listed(&of(EventName::OBJECT_CREATED_PUT));
        assert_eq!(
            look_up(&router, &object).await,
            HistoryEntry::Missing,
            "{name}"
        );
        assert_eq!(look_up(&router, &of(name)).await, HistoryEntry::Unknown);
    }

    let nameless = listed(&put("ok/1").without_e_tag());
    assert_eq!(look_up(&once().0, &nameless).await, HistoryEntry::Unknown);
}

#[tokio::test]
async fn what_was_not_handled_is_missing() {
    for key in [
        "fail/1",
        "permanent/1",
        "skip/1",
        "gone/1",
        "nothing/1",
        "panic/1",
    ] {
        let (router, ..) = once();
        drop(route(&router, &put(key).build()).await);
        assert_eq!(
            look_up(&router, &listed(&put(key))).await,
            HistoryEntry::Missing,
            "{key}"
        );
    }
}

/// A record that is completed after its lease was taken over by a holder that then fails.
#[tokio::test(start_paused = true)]
async fn a_late_completion_that_is_refused_leaves_no_state() {
    let (slow, _, store) = once();
    let slow = slow.with_lease(Duration::from_secs(1));
    let other = Deduplicated::new(Script::default(), store).with_lease(Duration::from_secs(60));
    let (late, again) = (put("run-3000/1").build(), put("run-3000/1").build());

    let second = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        // Cut off, so its claim stays.
        let message = MessageContext::new();
        let routed = other.route(&again, &message);
        drop(tokio::time::timeout(Duration::from_secs(2), routed).await);
    };
    let (outcome, ()) = tokio::join!(route(&slow, &late), second);

    assert!(matches!(outcome, Outcome::Handled), "{outcome:?}");
    assert_eq!(
        look_up(&slow, &listed(&put("run-3000/1"))).await,
        HistoryEntry::Missing
    );
}

#[tokio::test(start_paused = true)]
async fn a_state_is_forgotten_together_with_its_record() {
    let (router, ..) = once();
    let router = router.with_keep(Duration::from_secs(60));
    assert_eq!(
        router.history().unwrap().keeps_states_for(),
        Some(Duration::from_secs(60))
    );

    drop(route(&router, &put("ok/1").build()).await);
    tokio::time::advance(Duration::from_secs(59)).await;
    assert_eq!(
        look_up(&router, &listed(&put("ok/1"))).await,
        HistoryEntry::Handled
    );
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(
        look_up(&router, &listed(&put("ok/1"))).await,
        HistoryEntry::Missing
    );
}

#[tokio::test]
async fn each_scope_has_its_own_history() {
    let (router, _, store) = once();
    let other = Deduplicated::new(Script::default(), store).with_scope("other");
    assert_eq!(other.history().unwrap().scope(), Some("other"));

    drop(route(&router, &put("ok/1").build()).await);
    assert_eq!(
        look_up(&router, &listed(&put("ok/1"))).await,
        HistoryEntry::Handled
    );
    assert_eq!(
        look_up(&other, &listed(&put("ok/1"))).await,
        HistoryEntry::Missing
    );
}

#[tokio::test]
async fn of_events_that_share_an_identity_only_the_first_leaves_a_state() {
    let (router, ..) = once();
    let router = router.with_identity(|record| {
        let is_named = record.object.key != "ok/nameless";
        is_named.then(|| Identity::of_object(record))
    });

    let [first, second] = ["e1", "e2"].map(|e_tag| put("ok/1").with_e_tag(e_tag));
    drop(route(&router, &first.build()).await);
    drop(route(&router, &second.build()).await);
    assert_eq!(
        look_up(&router, &listed(&first)).await,
        HistoryEntry::Handled
    );
    assert_eq!(
        look_up(&router, &listed(&second)).await,
        HistoryEntry::Missing
    );

    drop(route(&router, &put("ok/nameless").build()).await);
    assert_eq!(
        look_up(&router, &listed(&put("ok/nameless"))).await,
        HistoryEntry::Unknown
    );
}

/// A store without states, whose completions get lost.
struct Plain {
    store: MemoryStore,
    is_down: bool,
}

#[async_trait]
impl ClaimStore for Plain {
    async fn claim(&self, identity: &Identity, lease: Duration) -> Result<Claim, StoreError> {
        if self.is_down {
            return Err(StoreError::new("it is down"));
        }
        self.store.claim(identity, lease).await
    }

    async fn complete(
        &self,
        identity: &Identity,
        lease: &Lease,
        keep: Duration,
    ) -> Result<bool, StoreError> {
        self.store.complete(identity, lease, keep).await
    }

    async fn release(&self, identity: &Identity, lease: &Lease) -> Result<bool, StoreError> {
        self.store.release(identity, lease).await
    }
}

#[tokio::test]
async fn a_store_without_states_works_as_before_and_says_that_it_cannot_answer() {
    let store = Plain {
        store: MemoryStore::new(),
        is_down: false,
    };
    let router = Deduplicated::new(Script::default(), Arc::new(store));
    drop(route(&router, &put("ok/1").build()).await);
    assert!(matches!(
        route(&router, &put("ok/1").build()).await,
        Outcome::Skipped(_)
    ));

    let history = router.history().unwrap();
    let error = history.look_up(&[put("ok/1").build()]).await.unwrap_err();
    let cause = error.source().unwrap().to_string();
    assert_eq!(cause, "this store does not remember the states of objects");
}

#[tokio::test]
async fn what_is_routed_unguarded_leaves_no_state() {
    let store = Plain {
        store: MemoryStore::new(),
        is_down: true,
    };
    let (healthy, script, _) = once();
    let unguarded = Deduplicated::new(script, store).on_outage(Outage::RouteUnguarded);
    let outcome = route(&unguarded, &put("ok/1").build()).await;

    assert!(matches!(outcome, Outcome::Handled), "{outcome:?}");
    assert_eq!(
        look_up(&healthy, &listed(&put("ok/1"))).await,
        HistoryEntry::Missing
    );
}

#[tokio::test]
async fn all_wrappers_pass_the_history_on() {
    async fn check(what: &str, router: impl Router) {
        let record = put("ok/1").with_sequencer("0A");
        drop(route(&router, &record.build()).await);
        assert_eq!(
            look_up(&router, &listed(&record)).await,
            HistoryEntry::Handled,
            "{what}"
        );

        let history = router.history().unwrap();
        let position = history.newest_position(&record.build()).await.unwrap();
        let remembers_order = what.contains("latest");
        assert_eq!(position.is_some(), remembers_order, "{what}");
        assert!(
            history.keeps_states_for().is_some() && history.scope().is_some(),
            "{what}"
        );
    }

    let store = Arc::new(MemoryStore::new());
    let script = Script::default;
    let once = |scope| Deduplicated::new(script(), Arc::clone(&store)).with_scope(scope);

    check("once", once("1")).await;
    check("arc, once", Arc::new(once("2"))).await;
    check("box, once", Box::new(once("3")) as Box<dyn Router>).await;
    check(
        "exclusive, once",
        Exclusive::new(once("4"), Arc::clone(&store)),
    )
    .await;
    check(
        "latest, once",
        LatestOnly::new(once("5"), Arc::clone(&store)),
    )
    .await;

    let latest = LatestOnly::new(script(), Arc::clone(&store)).with_scope("6");
    let exclusive = Exclusive::new(latest, Arc::clone(&store));
    let all = Deduplicated::new(exclusive, Arc::clone(&store)).with_scope("6");
    check("once, exclusive, latest", all).await;
}

#[tokio::test]
async fn a_router_that_remembers_nothing_has_no_history() {
    let store = || Arc::new(MemoryStore::new());
    assert!(Routes::new(()).history().is_none());
    assert!(Exclusive::new(Routes::new(()), store()).history().is_none());

    let latest = LatestOnly::new(Script::default(), store());
    let history = latest.history().unwrap();
    assert_eq!((history.keeps_states_for(), history.scope()), (None, None));
    assert_eq!(look_up(&latest, &put("ok/1")).await, HistoryEntry::Unknown);
}

/// Of two orders around each other, the newest position counts.
#[tokio::test]
async fn the_position_is_the_newest_of_all_orders() {
    let store = Arc::new(MemoryStore::new());
    let order = |scope| LatestOnly::new(Script::default(), Arc::clone(&store)).with_scope(scope);
    let record = |sequencer| put("ok/1").with_sequencer(sequencer).build();
    drop(route(&order("a"), &record("0A")).await);
    drop(route(&order("b"), &record("0C")).await);

    for (inner, outer) in [("a", "b"), ("b", "a")] {
        let both = LatestOnly::new(order(inner), Arc::clone(&store)).with_scope(outer);
        let newest = both.newest_position(&record("0A")).await.unwrap();
        let of_newer = order("b").newest_position(&record("0A")).await.unwrap();
        assert_eq!(newest, of_newer);
        assert_ne!(
            newest,
            order("a").newest_position(&record("0A")).await.unwrap()
        );
    }
}
