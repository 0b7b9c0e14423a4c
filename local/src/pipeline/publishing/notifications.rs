//! The notifications of an event, and the test notifications of a configuration.

use std::sync::Arc;
use std::time::SystemTime;

use super::wait_for_sync;
use crate::Error;
use crate::aws::traces::current;
use crate::journal::StepKind;
use crate::pipeline::engine::Engine;
use crate::pipeline::log::PendingSync;
use crate::pipeline::state::PipelineState;
use crate::pipeline::transit::{InTransit, NextStop};
use crate::s3::notification::{Request, has_sequencer, notification_json, test_notification_json};
use crate::s3::{EventId, ObjectEvent, SendTest};
use crate::topology::{BucketSpec, Destination, Topology};

impl Engine {
    /// Sends the notifications of an event, by the configuration that its bucket has now.
    pub(super) fn send_notifications(
        &self,
        state: &mut PipelineState,
        now: SystemTime,
        mut event: ObjectEvent,
    ) -> EventId {
        let id = state.next_event();

        if event.sequencer.is_none() && has_sequencer(&event.event_name) {
            event.sequencer = Some(state.sequencers.next(now));
        }

        if event.trace_header.is_none() {
            event.trace_header = current().as_deref().map(str::to_owned);
        }

        let event = Arc::new(event);
        self.journal
            .append(Some(id), StepKind::ObjectEvent(Arc::clone(&event)));

        let request_id = match &event.request_id {
            Some(id) => id.clone(),
            None => self.s3_request_id(&format!("request {}", id.0)),
        };
        let request = Request {
            time: now,
            id: &request_id,
        };

        let Some(bucket) = state.store.published(&event.bucket).map(Arc::clone) else {
            return id;
        };

        let specs = bucket.notifications.iter();
        for (index, spec) in specs.filter(|spec| spec.matches(&event)).enumerate() {
            let message = InTransit {
                event: Some(id),
                body: notification_json(spec, &event, &request).into(),
                next_stop: NextStop::from(&spec.destination),
                path: format!("{}/{index}", id.0).into(),
                trace_header: event.trace_header.as_deref().map(Into::into),
                refusals: 0,
                dead_letter_queue: None,
            };
            self.publish_to(state, now, &spec.destination, message);
        }

        if bucket.eventbridge {
            self.send_to_event_bus(state, id, &event, &request);
        }

        id
    }

    /// Sends a notification, unless its topic does not exist. A queue that does not exist refuses
    /// the message when it arrives.
    fn publish_to(
        &self,
        state: &mut PipelineState,
        now: SystemTime,
        destination: &Destination,
        message: InTransit,
    ) {
        if let Destination::Topic(name) = destination
            && !self.has_topic(name)
        {
            let step = StepKind::NoDestination {
                destination: name.as_str().into(),
            };
            self.journal.append(message.event, step);
            return;
        }

        self.send_off(state, now, message);
    }

    /// Says what a bucket publishes from now on, and sends its test notifications.
    pub(super) fn announce(
        &self,
        state: &mut PipelineState,
        now: SystemTime,
        spec: &Arc<BucketSpec>,
        test: SendTest,
    ) {
        let step = StepKind::NotificationsConfigured(Arc::clone(spec));
        self.journal.append(None, step);

        if test == SendTest::Yes {
            let number = state.next_message();
            let path = format!("test/{}/{number}", spec.name);
            self.send_test_notifications(state, now, spec, &path);
        }
    }

    /// Says what the buckets publish that a client has configured before the start.
    pub(in crate::pipeline) fn announce_stored_buckets(&self, topology: &Topology) {
        let state = self.lock();
        let is_new = |spec: &BucketSpec| !topology.buckets.contains(spec);
        let stored = state.store.all_published();

        for spec in stored.filter(|spec| is_new(spec)) {
            let step = StepKind::NotificationsConfigured(Arc::clone(spec));
            self.journal.append(None, step);
        }
    }

    /// Sends the test notifications of all buckets, as S3 does when notifications are configured.
    pub(in crate::pipeline) async fn publish_test_notifications(&self) -> Result<(), Error> {
        wait_for_sync(self.record_test_notifications()?).await
    }

    fn record_test_notifications(&self) -> Result<Option<PendingSync>, Error> {
        let mut state = self.lock();
        let now = self.clock.now();
        let checkpoint = state.checkpoint();

        let buckets: Vec<_> = state.store.all_published().map(Arc::clone).collect();
        for bucket in buckets {
            let path = format!("test/{}", bucket.name);
            self.send_test_notifications(&mut state, now, &bucket, &path);
        }

        self.commit_acknowledged(state, checkpoint)
    }

    /// Sends a test notification for each notification configuration of a bucket.
    fn send_test_notifications(
        &self,
        state: &mut PipelineState,
        now: SystemTime,
        bucket: &BucketSpec,
        path: &str,
    ) {
        if bucket.notifications.is_empty() {
            return;
        }

        let step = StepKind::TestNotification {
            bucket: bucket.name.as_str().into(),
        };
        self.journal.append(None, step);

        for (index, spec) in bucket.notifications.iter().enumerate() {
            let path: Arc<str> = format!("{path}/{index}").into();
            let request_id = self.s3_request_id(&path);
            let request = Request {
                time: now,
                id: &request_id,
            };

            let message = InTransit {
                event: None,
                body: test_notification_json(&bucket.name, &request).into(),
                next_stop: NextStop::from(&spec.destination),
                path,
                trace_header: None,
                refusals: 0,
                dead_letter_queue: None,
            };
            self.send_off(state, now, message);
        }
    }
}
