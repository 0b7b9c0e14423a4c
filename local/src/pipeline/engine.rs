//! What moves in a pipeline.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use crate::faults::Chance;
use crate::journal::clock::Clock;
use crate::pipeline::log::Flush;
use crate::pipeline::state::State;
use crate::pipeline::transit::{Leg, Parcel};
use crate::s3::notification::{Request, has_sequencer, is_sent, notification_json, test_json};
use crate::sns::Topic;
use crate::{
    BucketSpec, Deletion, Destination, Error, ErrorKind, EventId, Fault, Faults, Hop, Journal,
    Message, ObjectEvent, Queue, Receipt, Received, SendRefusal, Sent, StepKind, Topology,
};

/// The state, and all that may change it. What happens is told to the journal.
pub(crate) struct Engine {
    pub(crate) clock: Clock,
    pub(crate) journal: Journal,
    pub(crate) seed: u64,
    faults: RwLock<Arc<Faults>>,
    buckets: Vec<BucketSpec>,
    pub(crate) topics: Vec<Topic>,
    state: Mutex<State>,
    /// Counts up whenever the state has changed.
    version: watch::Sender<u64>,
    /// Whether the last change could not be written down.
    is_failing: AtomicBool,
}

/// What may be on its way at a time; publishing waits when there is more.
const MOST_PARCELS: usize = 100_000;

impl Engine {
    pub(crate) fn new(
        topology: &Topology,
        clock: Clock,
        journal: Journal,
        faults: Faults,
        state: State,
    ) -> Self {
        let subscriptions = || topology.subscriptions.iter().cloned();
        Self {
            clock,
            journal,
            seed: faults.seed(),
            faults: RwLock::new(Arc::new(faults)),
            buckets: topology.buckets.clone(),
            topics: topology
                .topics
                .iter()
                .map(|name| Topic::new(name, subscriptions()))
                .collect(),
            state: Mutex::new(state),
            version: watch::Sender::new(0),
            is_failing: AtomicBool::new(false),
        }
    }

    pub(crate) fn faults(&self) -> Arc<Faults> {
        Arc::clone(&self.faults.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_faults(&self, faults: Faults) {
        *self.faults.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(faults);
    }

    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.lock())
    }

    /// Changes the state, writes the change down, and wakes whoever waits for one.
    ///
    /// When it cannot be written down the change stands all the same, and a restart goes back to
    /// before it: things come again then, and nothing is lost.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let changed = change(&mut state);
        // Told in the journal; nobody waits for this.
        drop(self.commit(&mut state));
        drop(state);
        self.changed();

        changed
    }

    /// Tells of a failure when it begins, and of its end.
    fn commit(&self, state: &mut State) -> Result<(), Error> {
        let committed = state.commit();
        let has_failed = committed.is_err();

        if self.is_failing.swap(has_failed, Ordering::Relaxed) != has_failed {
            self.journal.append(
                None,
                match &committed {
                    Err(error) => StepKind::StorageFailed {
                        reason: with_cause(error),
                    },
                    Ok(()) => StepKind::StorageRecovered,
                },
            );
        }

        committed
    }

    pub(crate) fn changed(&self) {
        self.version.send_modify(|version| *version += 1);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn next_sequencer(&self) -> String {
        self.lock().next_sequencer(self.clock.now())
    }

    /// Sends the notifications of an event on their way. When it returns they are written down.
    pub(crate) async fn publish(&self, event: ObjectEvent) -> Result<EventId, Error> {
        self.wait_for_room().await;
        let (id, sync) = self.begin(event)?;
        flush(sync).await?;
        Ok(id)
    }

    fn begin(&self, mut event: ObjectEvent) -> Result<(EventId, Option<Flush>), Error> {
        let mut state = self.lock();
        let now = self.clock.now();
        let mark = state.mark();
        let id = EventId(state.next_event());

        if event.sequencer.is_none() && has_sequencer(&event.event_name) {
            event.sequencer = Some(state.next_sequencer(now));
        }

        let event = Arc::new(event);
        self.journal
            .append(Some(id), StepKind::ObjectEvent(Arc::clone(&event)));
        let bucket = self
            .buckets
            .iter()
            .find(|bucket| bucket.name == event.bucket);
        let request_id = self.request_id(id);
        let request = Request {
            time: now,
            id: &request_id,
        };
        let specs = bucket
            .into_iter()
            .flat_map(|bucket| &bucket.notifications)
            .filter(|spec| is_sent(spec, &event));

        for (index, spec) in specs.enumerate() {
            let path = format!("{}/{index}", id.0).into();
            let body = notification_json(spec, &event, &request).into();
            let leg = leg_to(&spec.destination);

            self.post(
                &mut state,
                now,
                Parcel {
                    event: Some(id),
                    body,
                    leg,
                    path,
                    refusals: 0,
                },
            );
        }

        Ok((id, self.write_down(state, mark)?))
    }

    /// Sends test notifications, as S3 does when notifications are configured.
    pub(crate) async fn publish_tests(&self) -> Result<(), Error> {
        flush(self.begin_tests()?).await
    }

    fn begin_tests(&self) -> Result<Option<Flush>, Error> {
        let mut state = self.lock();
        let now = self.clock.now();
        let mark = state.mark();

        for bucket in self
            .buckets
            .iter()
            .filter(|bucket| !bucket.notifications.is_empty())
        {
            self.journal.append(
                None,
                StepKind::TestNotification {
                    bucket: bucket.name.as_str().into(),
                },
            );

            for (index, spec) in bucket.notifications.iter().enumerate() {
                let path: Arc<str> = format!("test/{}/{index}", bucket.name).into();
                let request_id = hexadecimal(&mut Chance::new(self.seed, &path));

                let body = test_json(
                    &bucket.name,
                    &Request {
                        time: now,
                        id: &request_id,
                    },
                )
                .into();

                let parcel = Parcel {
                    event: None,
                    body,
                    leg: leg_to(&spec.destination),
                    path,
                    refusals: 0,
                };

                self.post(&mut state, now, parcel);
            }
        }

        self.write_down(state, mark)
    }

    /// Sends a message straight to a queue. When it returns the message is written down.
    pub(crate) async fn send(&self, queue: &str, message: Message) -> Result<Sent, Error> {
        let (sent, sync) = self.begin_send(queue, message)?;
        flush(sync).await?;
        Ok(sent)
    }

    fn begin_send(&self, queue: &str, message: Message) -> Result<(Sent, Option<Flush>), Error> {
        let mut state = self.lock();
        let now = self.clock.now();
        let mark = state.mark();
        let target = state
            .queues
            .get_mut(queue)
            .ok_or_else(|| unknown("queue", queue))?;

        let (name, event, message_id) = (
            Arc::clone(target.name()),
            message.event,
            Arc::clone(&message.id),
        );

        let body = Arc::clone(&message.body);

        let sent = target.send(now, message).map_err(|refusal| {
            let kind = if refusal == SendRefusal::TooLong {
                ErrorKind::TooLarge
            } else {
                ErrorKind::Refused
            };

            Error::new(
                kind,
                format!("the queue `{queue}` does not take the message: {refusal}"),
            )
        })?;

        let is_duplicate = sent != Sent::Accepted;

        self.journal.append(
            event,
            StepKind::Enqueued {
                queue: name,
                message_id,
                body,
                is_duplicate,
            },
        );

        Ok((sent, self.write_down(state, mark)?))
    }

    async fn wait_for_room(&self) {
        let mut version = self.watch();
        // The sender lives as long as the engine.
        drop(
            version
                .wait_for(|_| self.lock().parcels() < MOST_PARCELS)
                .await,
        );
    }

    /// Writes down what is about to be acknowledged; what is still to be done for it may block.
    /// Writes down what is about to be acknowledged; the rest may block.
    fn write_down(
        &self,
        mut state: MutexGuard<'_, State>,
        mark: u64,
    ) -> Result<Option<Flush>, Error> {
        let committed = self.commit(&mut state);
        if committed.is_err() {
            state.take_back(mark);
        }

        let sync = state.sync();
        drop(state);
        self.changed();

        committed.map(|()| sync)
    }

    /// Sends a parcel on its way, with what goes wrong on it.
    pub(crate) fn post(&self, state: &mut State, now: SystemTime, parcel: Parcel) {
        let (faults, hop) = (self.faults(), parcel.hop());
        let strike = |fault, parcel: &Parcel| {
            let chance = faults.strike(hop, fault, &parcel.path, 0)?;
            let place = Arc::clone(parcel.place());

            self.journal.append(
                parcel.event,
                StepKind::FaultInjected {
                    hop,
                    fault,
                    place,
                    id: None,
                    receive_count: None,
                },
            );

            Some(chance)
        };

        let mut copies = Vec::new();

        if let Some(mut chance) = strike(Fault::Duplicate, &parcel) {
            copies.push((
                now + chance.duration(Duration::ZERO, SOON),
                parcel.copy("+"),
            ));
        }

        if let Some(mut chance) = strike(Fault::DropResponse, &parcel) {
            copies.push((now + chance.duration(SOON, LATE), parcel.copy("*")));
        }

        copies.insert(0, (now, parcel));
        for (mut due, parcel) in copies {
            if let Some(mut chance) = strike(Fault::Delay, &parcel) {
                due += chance.duration(SOON, LATE);
            }

            if let Some(mut chance) = strike(Fault::Reorder, &parcel) {
                due += chance.duration(Duration::ZERO, SOON);
            }

            state.put_parcel(due, parcel);
        }
    }

    /// Receives for a mapping, with what goes wrong then.
    pub(crate) fn receive(
        &self,
        queue: &Arc<str>,
        most: usize,
        except: &HashSet<Arc<str>>,
    ) -> Vec<Received> {
        let now = self.clock.now();
        self.change(|state| {
            let dead_letters = self.dead_letter_queue(state, queue);
            let room = dead_letters
                .as_ref()
                .and_then(|name| state.queues.get(name))
                .map_or(0, |queue| queue.room());
            let Some(source) = state.queues.get_mut(queue) else {
                return Vec::new();
            };

            let receive = source.receive(now, most, except, room);

            let messages = receive
                .messages
                .into_iter()
                .filter(|received| self.arrives(source, now, received))
                .collect();

            for message in receive.expired {
                let (queue, message_id) = (Arc::clone(queue), message.id);
                self.journal
                    .append(message.event, StepKind::Expired { queue, message_id });
            }

            let dead_letters = dead_letters.and_then(|name| state.queues.get_mut(&name));
            if let Some(dead_letters) = dead_letters {
                for redriven in receive.redriven {
                    let step = StepKind::Redriven {
                        queue: Arc::clone(queue),
                        dead_letter_queue: Arc::clone(dead_letters.name()),
                        message_id: Arc::clone(&redriven.message.id),
                        receive_count: redriven.receive_count,
                    };

                    self.journal.append(redriven.message.event, step);
                    dead_letters.bury(now, redriven);
                }
            }

            messages
        })
    }

    fn dead_letter_queue(&self, state: &State, queue: &Arc<str>) -> Option<Arc<str>> {
        let redrive = state.queues.get(queue)?.spec().redrive.as_ref()?;
        Some(redrive.dead_letter_queue.as_str().into())
    }

    /// Whether the receiver sees what it has received.
    fn arrives(&self, queue: &mut Queue, now: SystemTime, received: &Received) -> bool {
        let (faults, message) = (self.faults(), &received.message);
        let strike = |fault| {
            let chance = faults.strike(Hop::Receive, fault, &message.id, received.receive_count)?;
            let step = StepKind::FaultInjected {
                hop: Hop::Receive,
                fault,
                place: Arc::clone(queue.name()),
                id: Some(Arc::clone(&message.id)),
                receive_count: Some(received.receive_count),
            };

            self.journal.append(message.event, step);

            Some(chance)
        };

        let is_lost = strike(Fault::DropResponse).is_some();

        if let Some(mut chance) = strike(Fault::ExpireVisibility) {
            // Within the time in which a function may be at it, which is a sixth of what AWS
            // recommends.
            let early = chance.duration(Duration::ZERO, queue.spec().visibility_timeout / 6);
            let changed = queue.change_visibility(now, received.receipt, early);
            debug_assert!(changed.is_ok(), "it was received just now");
        }

        !is_lost
    }

    /// Deletes what a mapping has received.
    pub(crate) fn delete(&self, queue: &Arc<str>, receipt: Receipt) -> bool {
        let now = self.clock.now();
        self.change(|state| {
            let deletion = state
                .queues
                .get_mut(queue)
                .map(|queue| queue.delete(now, receipt));
            let Some(Deletion::Deleted(message)) = deletion else {
                return false;
            };

            let (queue, message_id) = (Arc::clone(queue), message.id);
            self.journal
                .append(message.event, StepKind::Deleted { queue, message_id });

            true
        })
    }

    /// Counts an invocation as long as the answer lives.
    pub(crate) fn begin_invocation(self: &Arc<Self>) -> Running {
        self.lock().invocations += 1;
        Running(Arc::clone(self))
    }

    fn request_id(&self, event: EventId) -> String {
        hexadecimal(&mut Chance::new(self.seed, &format!("request {}", event.0)))
    }
}

/// An invocation that runs.
pub(crate) struct Running(Arc<Engine>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.lock().invocations -= 1;
        self.0.changed();
    }
}

const SOON: Duration = Duration::from_secs(1);
const LATE: Duration = Duration::from_secs(5);

/// On a thread that may block. Where the runtime ends meanwhile nobody waits for the answer.
async fn flush(sync: Option<Flush>) -> Result<(), Error> {
    match sync {
        Some(sync) => tokio::task::spawn_blocking(|| sync.run())
            .await
            .unwrap_or(Ok(())),
        None => Ok(()),
    }
}

fn leg_to(destination: &Destination) -> Leg {
    match destination {
        Destination::Topic(name) => Leg::Topic(name.as_str().into()),
        Destination::Queue(name) => Leg::Queue(name.as_str().into()),
    }
}

/// As the ids of S3's requests look.
fn hexadecimal(chance: &mut Chance) -> String {
    format!("{:016X}", chance.bits())
}

pub(crate) fn unknown(what: &str, name: &str) -> Error {
    Error::new(
        ErrorKind::UnknownName,
        format!("there is no {what} `{name}`"),
    )
}

pub(crate) fn with_cause(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
