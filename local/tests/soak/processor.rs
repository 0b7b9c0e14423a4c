//! The handlers, and the routers around them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use s3_dispatch::{
    Deduplicated, HandlerError, LatestOnly, MemoryStore, MessageContext, Outcome, Route, Router,
    Routes, S3EventRecord, SkipReason, State, async_trait,
};
use s3_dispatch_local::{Function, FunctionError, InProcess, Invocation};
use tokio::sync::Mutex;

use crate::ledger::{Ledger, Way};

/// A router whose effects the ledger records. Each happens once and in order.
pub(crate) fn processor(ledger: Arc<Ledger>) -> impl Router {
    let routes = Routes::new(Arc::clone(&ledger)).on_fn(
        "*",
        async |record: S3EventRecord, State(ledger): State<Arc<Ledger>>| {
            let entry = ledger.entry(&record);
            // The duration varies, but is the same in every run.
            let pause = Duration::from_millis(1 + entry.0 % 17);
            tokio::time::sleep(pause).await;

            if ledger.is_poison(entry) {
                return Err(HandlerError::permanent(std::io::Error::other("poison")));
            }

            let unfinished = ledger.take_effect(entry);
            tokio::time::sleep(pause).await;
            unfinished.finish();

            Ok(())
        },
    );

    let store = Arc::new(MemoryStore::with_capacity(2_000_000));
    let latest = LatestOnly::new(routes, Arc::clone(&store));

    Observed {
        router: Deduplicated::new(latest, store),
        ledger,
    }
}

/// Records in the ledger what happened to each record.
struct Observed<R> {
    router: R,
    ledger: Arc<Ledger>,
}

#[async_trait]
impl<R: Router> Router for Observed<R> {
    async fn route(&self, record: &S3EventRecord, message: &MessageContext) -> Outcome {
        let outcome = self.router.route(record, message).await;
        let way = match &outcome {
            Outcome::Handled => Way::Handled,
            Outcome::Skipped(SkipReason::Duplicate) => Way::Duplicate,
            Outcome::Skipped(SkipReason::Stale) => Way::Stale,
            Outcome::Failed(error) if error.to_string().contains("elsewhere") => Way::InProgress,
            _ => Way::Failed,
        };

        self.ledger.went(self.ledger.entry(record), message, way);

        outcome
    }

    fn routes(&self) -> &[Route] {
        self.router.routes()
    }
}

/// A function that runs its invocations one after the other.
pub(crate) struct OneAtATime<R> {
    function: InProcess<R>,
    turn: Mutex<()>,
}

impl<R: Router> OneAtATime<R> {
    pub(crate) fn new(router: R) -> Self {
        Self {
            function: InProcess::new(router),
            turn: Mutex::default(),
        }
    }
}

#[async_trait]
impl<R: Router> Function for OneAtATime<R> {
    async fn invoke(&self, invocation: Invocation) -> Result<Bytes, FunctionError> {
        let _turn = self.turn.lock().await;
        self.function.invoke(invocation).await
    }
}
