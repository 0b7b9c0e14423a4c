//! A queue behaves like a simple model of it, for any sequence of calls.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use s3_dispatch_local::{Deletion, Message, Queue, QueueSpec, Receipt, Sent};

const MAX_RECEIVE_COUNT: u32 = 3;
const VISIBILITY: u64 = 10;
const RETENTION: u64 = 60;
const CAPACITY: usize = 12;

/// The model: one list that is searched from the beginning each time.
struct Model {
    is_fifo: bool,
    delay: u64,
    held: Vec<Held>,
    seen: Vec<(String, u64)>,
}

#[derive(Debug, Clone)]
struct Held {
    id: String,
    group: String,
    sent: u64,
    visible: u64,
    count: u32,
}

#[derive(Debug, Clone)]
enum Call {
    Send {
        group: u8,
        deduplication: u8,
    },
    Receive {
        most: usize,
        room: usize,
        except: Option<u8>,
    },
    Delete {
        receipt: prop::sample::Index,
    },
    Change {
        receipt: prop::sample::Index,
        seconds: u64,
    },
    Wait {
        seconds: u64,
    },
}

impl Model {
    fn expire(&mut self, now: u64) {
        self.held.retain(|held| held.sent + RETENTION > now);
    }

    fn send(&mut self, now: u64, id: &str, group: &str, deduplication: &str) -> bool {
        self.seen.retain(|(_, until)| *until > now);
        if self.is_fifo && self.seen.iter().any(|(seen, _)| seen == deduplication) {
            return false;
        }

        self.seen.push((deduplication.to_owned(), now + 300));
        let held = Held {
            id: id.into(),
            group: group.into(),
            sent: now,
            visible: now + self.delay,
            count: 0,
        };

        self.held.push(held);

        true
    }

    fn is_in_flight(held: &Held, now: u64) -> bool {
        held.count > 0 && held.visible > now
    }

    /// The ids of the received messages with their counts, and the ids of the redriven ones.
    fn receive(
        &mut self,
        now: u64,
        most: usize,
        room: usize,
        except: Option<&str>,
    ) -> (Vec<(String, u32)>, Vec<String>) {
        self.expire(now);
        let (mut received, mut redriven) = (Vec::new(), Vec::new());

        for id in self.order(now, except) {
            if received.len() == most {
                break;
            }

            let index = self.held.iter().position(|held| held.id == id).unwrap();
            if self.held[index].count < MAX_RECEIVE_COUNT {
                let held = &mut self.held[index];
                held.count += 1;
                held.visible = now + VISIBILITY;
                received.push((held.id.clone(), held.count));
            } else if redriven.len() < room {
                redriven.push(self.held.remove(index).id);
            } else {
                self.held[index].visible = now + VISIBILITY;
            }
        }

        (received, redriven)
    }

    /// The messages that can be received, in order: the one that has been visible longest first,
    /// and in a FIFO queue the visible messages of its group behind it.
    fn order(&self, now: u64, except: Option<&str>) -> Vec<String> {
        if !self.is_fifo {
            let mut visible: Vec<_> = self
                .held
                .iter()
                .enumerate()
                .filter(|(_, held)| held.visible <= now)
                .collect();

            visible.sort_by_key(|(index, held)| (held.visible, *index));
            return visible
                .into_iter()
                .map(|(_, held)| held.id.clone())
                .collect();
        }

        let groups: HashSet<_> = self.held.iter().map(|held| &held.group).collect();
        let mut ready = Vec::new();

        for group in groups.into_iter().filter(|group| except != Some(group)) {
            let members: Vec<_> = self
                .held
                .iter()
                .enumerate()
                .filter(|(_, held)| held.group == *group)
                .collect();

            if members
                .iter()
                .any(|(_, held)| Self::is_in_flight(held, now))
                || members[0].1.visible > now
            {
                continue;
            }

            let since = members
                .iter()
                .filter(|(_, held)| held.count > 0)
                .map(|(_, held)| held.visible);
            let since = since.chain([members[0].1.visible]).max();
            let visible = members.iter().take_while(|(_, held)| held.visible <= now);

            ready.push((
                since,
                members[0].0,
                visible.map(|(_, held)| held.id.clone()).collect::<Vec<_>>(),
            ));
        }

        ready.sort();
        ready.into_iter().flat_map(|(_, _, ids)| ids).collect()
    }

    fn delete(&mut self, now: u64, id: &str, count: u32) -> &'static str {
        match self.held.iter().position(|held| held.id == id) {
            None => "absent",
            Some(index) if self.held[index].count != count => "superseded",
            Some(index) if self.is_fifo && self.held[index].visible <= now => "expired",
            Some(index) => {
                self.held.remove(index);
                "deleted"
            }
        }
    }

    fn change(&mut self, now: u64, id: &str, count: u32, seconds: u64) -> bool {
        let held = self
            .held
            .iter_mut()
            .find(|held| held.id == id && held.count == count && held.visible > now);
        let is_changed = held.is_some();

        if let Some(held) = held {
            held.visible = now + seconds;
        }

        is_changed
    }
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let except = prop::option::weighted(0.2, 0..3_u8);
    let call = prop_oneof![
        4 => (0..3_u8, 0..40_u8)
            .prop_map(|(group, deduplication)| Call::Send { group, deduplication }),
        4 => (1..5_usize, 0..3_usize, except)
            .prop_map(|(most, room, except)| Call::Receive { most, room, except }),
        3 => any::<prop::sample::Index>().prop_map(|receipt| Call::Delete { receipt }),
        2 => (any::<prop::sample::Index>(), 0..20_u64)
            .prop_map(|(receipt, seconds)| Call::Change { receipt, seconds }),
        3 => (0..12_u64).prop_map(|seconds| Call::Wait { seconds }),
    ];

    prop::collection::vec(call, 0..80)
}

fn check(is_fifo: bool, delay: u64, calls: &[Call]) -> Result<(), TestCaseError> {
    let name = if is_fifo { "queue.fifo" } else { "queue" };
    let spec = QueueSpec::new(name)
        .with_visibility_timeout(Duration::from_secs(VISIBILITY))
        .with_delay(Duration::from_secs(delay))
        .with_retention(Duration::from_secs(RETENTION))
        .with_capacity(CAPACITY)
        .with_redrive("dead", MAX_RECEIVE_COUNT);

    let mut queue = Queue::new(spec);

    let mut model = Model {
        is_fifo,
        delay,
        held: Vec::new(),
        seen: Vec::new(),
    };

    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds);
    let mut now = 0;
    let mut receipts: Vec<(String, u32, Receipt)> = Vec::new();

    for (step, call) in calls.iter().enumerate() {
        model.expire(now);
        queue.expire(at(now));

        match call {
            Call::Send {
                group,
                deduplication,
            } => {
                let (id, group, deduplication) = (
                    step.to_string(),
                    group.to_string(),
                    deduplication.to_string(),
                );

                let message = Message::new(&*id, "body")
                    .with_group_id(&*group)
                    .with_deduplication_id(&*deduplication);
                let sent = queue.send(at(now), message);

                let is_known = is_fifo
                    && model
                        .seen
                        .iter()
                        .any(|(seen, until)| *seen == deduplication && *until > now);

                if model.held.len() == CAPACITY && !is_known {
                    prop_assert!(sent.is_err());
                } else {
                    let is_accepted = model.send(now, &id, &group, &deduplication);
                    prop_assert_eq!(sent.map(|sent| sent == Sent::Accepted), Ok(is_accepted));
                }
            }
            Call::Receive { most, room, except } => {
                let except = except.map(|group| group.to_string()).filter(|_| is_fifo);
                let (received, redriven) = model.receive(now, *most, *room, except.as_deref());
                let except = except.iter().map(|group| group.as_str().into()).collect();
                let receive = queue.receive(at(now), *most, &except, *room);
                let messages = receive.messages.iter();
                let own: Vec<_> = messages
                    .map(|own| (own.message.id.to_string(), own.receive_count))
                    .collect();
                prop_assert_eq!(own, received);

                let own: Vec<_> = receive
                    .redriven
                    .iter()
                    .map(|own| own.message.id.to_string())
                    .collect();

                prop_assert_eq!(own, redriven);
                let new = receive
                    .messages
                    .iter()
                    .map(|own| (own.message.id.to_string(), own.receive_count, own.receipt));
                receipts.extend(new);
            }
            Call::Delete { receipt } if !receipts.is_empty() => {
                let (id, count, receipt) = receipt.get(&receipts);
                let deletion = match queue.delete(at(now), *receipt) {
                    Deletion::Deleted(_) => "deleted",
                    Deletion::Absent => "absent",
                    Deletion::Superseded => "superseded",
                    Deletion::Expired => "expired",
                    _ => "unknown",
                };

                prop_assert_eq!(deletion, model.delete(now, id, *count));
            }
            Call::Change { receipt, seconds } if !receipts.is_empty() => {
                let (id, count, receipt) = receipt.get(&receipts);
                let changed =
                    queue.change_visibility(at(now), *receipt, Duration::from_secs(*seconds));
                prop_assert_eq!(changed.is_ok(), model.change(now, id, *count, *seconds));
            }
            Call::Delete { .. } | Call::Change { .. } => {}
            Call::Wait { seconds } => now += seconds,
        }

        model.expire(now);
        queue.expire(at(now));
        prop_assert_eq!(queue.len(), model.held.len());
    }

    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(2_000)
    })]

    #[test]
    fn a_standard_queue_does_what_the_model_does(delay in 0..8_u64, calls in calls()) {
        check(false, delay, &calls)?;
    }

    #[test]
    fn a_fifo_queue_does_what_the_model_does(delay in 0..8_u64, calls in calls()) {
        check(true, delay, &calls)?;
    }
}
