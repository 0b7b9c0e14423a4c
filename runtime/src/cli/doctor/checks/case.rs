//! What a check may look at.

use std::time::Duration;

use s3_dispatch_core::{Manifest, Route};

use super::super::model::{Deployment, Feed, Path, QueueOf, Resource, Source};

/// The program, as far as AWS needs to fit it.
#[derive(Debug)]
pub(in crate::cli::doctor) struct Program {
    pub(in crate::cli::doctor) manifest: Manifest,
    pub(in crate::cli::doctor) concurrency: usize,
    pub(in crate::cli::doctor) deadline_margin: Duration,
    pub(in crate::cli::doctor) changes_visibility: bool,
    /// How long a handler takes for one record, if the user says it.
    pub(in crate::cli::doctor) handler_seconds: Option<f64>,
}

/// A program and its deployment.
#[derive(Debug)]
pub(in crate::cli::doctor) struct Case<'d> {
    pub(in crate::cli::doctor) program: &'d Program,
    pub(in crate::cli::doctor) deployment: &'d Deployment,
    pub(in crate::cli::doctor) path: Path<'d>,
}

impl<'d> Case<'d> {
    pub(super) fn routes(&self) -> &'d [Route] {
        self.program.manifest.routes()
    }

    /// All feeds, with the queues that they fill.
    pub(super) fn feeds(&self) -> impl Iterator<Item = (&QueueOf<'d>, &Feed<'d>)> {
        let queues = self.path.queues.iter();
        queues.flat_map(|queue| queue.feeds.iter().map(move |feed| (queue, feed)))
    }

    pub(super) fn subscriptions(
        &self,
    ) -> impl Iterator<Item = (&QueueOf<'d>, &'d Resource, Option<&'d Resource>)> {
        self.feeds().filter_map(|(queue, feed)| match feed.source {
            Source::Subscription {
                subscription,
                topic,
            } => Some((queue, subscription, topic)),
            _ => None,
        })
    }

    /// The topics of the subscriptions, each once, with the buckets that publish to them.
    pub(super) fn topics(&self) -> Vec<(&'d Resource, Vec<&'d Resource>)> {
        let mut topics: Vec<(&Resource, Vec<&Resource>)> = Vec::new();
        for (_, feed) in self.feeds() {
            if let Source::Subscription {
                topic: Some(topic), ..
            } = feed.source
                && !topics
                    .iter()
                    .any(|(known, _)| known.address == topic.address)
            {
                topics.push((topic, feed.buckets.clone()));
            }
        }

        topics
    }

    /// The buckets, each once.
    pub(super) fn buckets(&self) -> Vec<&'d Resource> {
        let mut buckets: Vec<&Resource> = Vec::new();
        for bucket in self
            .feeds()
            .flat_map(|(_, feed)| feed.buckets.iter().copied())
        {
            if !buckets.iter().any(|known| known.address == bucket.address) {
                buckets.push(bucket);
            }
        }

        buckets
    }
}
