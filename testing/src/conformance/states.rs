//! The part of the suite for a [`ClaimStore`] that remembers the states of objects.

use s3_dispatch::ClaimStore;
use s3_dispatch::once::{Claim, Identity};

use super::answers::{LONG, SHORT, acquire, claim, done, wait_for};
use super::identities::{new_identity, similar};

/// Checks every promise about states, if the store makes them.
pub(super) async fn check_states(store: &impl ClaimStore) {
    if !store.remembers_states() {
        let answer = store.has_state(&new_identity("s")).await;
        assert!(
            answer.is_err(),
            "a store that does not remember states cannot say that one is missing"
        );
        return;
    }

    a_completed_state_is_remembered(store).await;
    what_is_not_completed_has_no_state(store).await;
    a_holder_that_was_replaced_remembers_no_state(store).await;
    a_state_expires_with_its_completion(store).await;
    several_identities_can_stand_for_one_state(store).await;
    every_state_is_distinct(store).await;
}

async fn a_completed_state_is_remembered(store: &impl ClaimStore) {
    let (identity, state) = (new_identity("a"), new_identity("s"));
    complete(store, &identity, &state).await;
    wait_until_remembered(store, &state).await;

    // The identity of a record says nothing of a state.
    assert!(
        !has(store, &identity).await,
        "an identity is not a state, even if it is completed"
    );

    let lease = acquire(store, &state, LONG).await;
    assert!(
        done(store.release(&state, &lease).await),
        "a state is not an identity: it can be claimed, and released"
    );
}

async fn what_is_not_completed_has_no_state(store: &impl ClaimStore) {
    let [absent, plain, witness] = ["a", "p", "w"].map(new_identity);
    let [unclaimed, without, known] = ["s", "t", "u"].map(new_identity);
    let lease = acquire(store, &plain, LONG).await;

    assert!(
        done(store.complete(&plain, &lease, LONG).await),
        "the holder can complete without a state"
    );

    let lease = acquire(store, &absent, LONG).await;
    done(store.release(&absent, &lease).await);

    complete(store, &witness, &known).await;
    wait_until_remembered(store, &known).await;

    for state in [&unclaimed, &without, &plain] {
        assert!(
            !has(store, state).await,
            "a state that nobody completed is not remembered: {state}"
        );
    }
}

async fn a_holder_that_was_replaced_remembers_no_state(store: &impl ClaimStore) {
    let identity = new_identity("a");
    let [late, own] = ["late", "own"].map(new_identity);
    let first = acquire(store, &identity, LONG).await;
    done(store.release(&identity, &first).await);
    let second = acquire(store, &identity, LONG).await;

    assert!(
        !done(store.complete_state(&identity, &first, LONG, &late).await),
        "a holder that was replaced cannot complete"
    );

    assert!(
        done(store.complete_state(&identity, &second, LONG, &own).await),
        "the holder can complete with a state"
    );

    assert!(
        done(store.complete_state(&identity, &second, LONG, &own).await),
        "the holder can complete with a state twice"
    );

    wait_until_remembered(store, &own).await;
    assert!(
        !has(store, &late).await,
        "a completion that is refused remembers no state"
    );
}

async fn a_state_expires_with_its_completion(store: &impl ClaimStore) {
    let (identity, state) = (new_identity("a"), new_identity("s"));
    let lease = acquire(store, &identity, LONG).await;
    done(store.complete_state(&identity, &lease, SHORT, &state).await);

    wait_for("a state expires", async || {
        (!has(store, &state).await).then_some(())
    })
    .await;

    // An index may show the completion late, but not after it has expired.
    wait_for("a completion expires", async || {
        let claimed = claim(store, &identity).await;
        matches!(claimed, Claim::Acquired(_)).then_some(())
    })
    .await;
    assert!(
        !has(store, &state).await,
        "a state is not remembered after its completion has expired"
    );
}

async fn several_identities_can_stand_for_one_state(store: &impl ClaimStore) {
    let [first, second] = ["a", "b"].map(new_identity);
    let state = new_identity("s");

    let lease = acquire(store, &first, LONG).await;
    done(store.complete_state(&first, &lease, SHORT, &state).await);
    complete(store, &second, &state).await;

    wait_for("the first completion expires", async || {
        let claimed = claim(store, &first).await;
        matches!(claimed, Claim::Acquired(_)).then_some(())
    })
    .await;

    wait_until_remembered(store, &state).await;
}

async fn every_state_is_distinct(store: &impl ClaimStore) {
    let base = new_identity("s");
    let states = similar(&base);
    let (known, unknown) = states.split_at(states.len() / 2);

    for state in known {
        complete(store, &new_identity("a"), state).await;
    }
    for state in known {
        wait_until_remembered(store, state).await;
    }
    for state in unknown {
        assert!(
            !has(store, state).await,
            "a state can be any text, and is not mistaken for another: {state:?}"
        );
    }
}

async fn complete(store: &impl ClaimStore, identity: &Identity, state: &Identity) {
    let lease = acquire(store, identity, LONG).await;
    assert!(
        done(store.complete_state(identity, &lease, LONG, state).await),
        "the holder can complete with a state"
    );
}

async fn has(store: &impl ClaimStore, state: &Identity) -> bool {
    done(store.has_state(state).await)
}

async fn wait_until_remembered(store: &impl ClaimStore, state: &Identity) {
    wait_for("a completed state is remembered", async || {
        has(store, state).await.then_some(())
    })
    .await;
}
