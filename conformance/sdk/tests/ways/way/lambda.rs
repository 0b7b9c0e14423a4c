//! A batch of SQS messages that Lambda invokes the function with.

use std::time::Duration;

use s3_dispatch::Dispatcher;
use tokio::time::Instant;

use super::Way;
use crate::case::{Case, Fate};
use crate::handlers::router;
use crate::place::Place;
use crate::sink::Sink;

pub(super) struct LambdaBatch;

impl Way for LambdaBatch {
    fn name(&self) -> &'static str {
        "Lambda"
    }

    fn generated(&self) -> u32 {
        300
    }

    fn run(&self, case: &Case, place: &Place) -> Vec<Fate> {
        super::on_a_paused_clock(async {
            let sink = Sink::default();
            let dispatcher = Dispatcher::new(router(case, place.notes()).await)
                .with_concurrency(case.concurrency())
                .with_dead_letters(sink.clone());
            let deadline = (Instant::now() + Duration::from_secs(10)).into_std();

            let report = dispatcher
                .dispatch(case.batch().to_bytes(), Some(deadline))
                .await;
            let failed: Vec<_> = report
                .unwrap()
                .response()
                .batch_item_failures
                .into_iter()
                .map(|failure| failure.item_identifier)
                .collect();

            case.fates(|index, _| match failed.contains(&index.to_string()) {
                true => Fate::ComesAgain,
                false => sink.fate(index),
            })
        })
    }
}
