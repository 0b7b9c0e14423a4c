//! Asks a store about many states of objects at once.

use std::error::Error as StdError;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use s3_dispatch_core::{HistoryEntry, MessageContext};

use crate::ClaimStore;
use crate::once::identity::Identity;
use crate::once::outage::Patience;
use crate::once::stores::store::StoreError;

/// How many questions are under way at once.
const AT_ONCE: usize = 32;

/// Returns whether each state is remembered, in the same order. Without a state, nobody can tell.
///
/// # Errors
///
/// If the store is unavailable, or does not remember states.
pub(crate) async fn look_up(
    store: &impl ClaimStore,
    patience: Patience,
    states: Vec<Option<Identity>>,
) -> Result<Vec<HistoryEntry>, Box<dyn StdError + Send + Sync>> {
    let questions: Vec<_> = states
        .into_iter()
        .map(|state| ask(store, patience, state))
        .collect();

    let entries = stream::iter(questions).buffered(AT_ONCE).try_collect();
    Ok(entries.await?)
}

async fn ask(
    store: &impl ClaimStore,
    patience: Patience,
    state: Option<Identity>,
) -> Result<HistoryEntry, StoreError> {
    let Some(state) = state else {
        return Ok(HistoryEntry::Unknown);
    };

    // Nobody waits for the answer with a deadline.
    let message = MessageContext::new();
    let is_remembered = patience.wait(&message, store.has_state(&state)).await?;

    Ok(if is_remembered {
        HistoryEntry::Handled
    } else {
        HistoryEntry::Missing
    })
}
