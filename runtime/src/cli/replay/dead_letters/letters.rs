//! The letters that are held while a dead-letter queue is replayed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use s3_dispatch_core::MessageContext;
use s3_dispatch_core::delivery::{MessageGroupId, ReceiptHandle};
use tokio::time::Instant;

use crate::cli::catch_up::Settled;

/// How often a deletion is tried before the letter is left.
const DELETIONS: u32 = 8;

/// The letters that are held, with what is to be done with each.
///
/// All times are those of our own clock. A letter belongs to us from when its receive was *sent*.
pub(super) struct Letters {
    visibility: Duration,
    held: BTreeMap<u64, Letter>,
    /// The letters by their message id, because one that was received before is not tried again.
    numbers: HashMap<String, u64>,
    next: u64,
    /// The groups of a FIFO queue of which a letter failed. What is behind it stays there.
    failed_groups: HashSet<MessageGroupId>,
}

/// A letter that is held.
struct Letter {
    id: String,
    handle: ReceiptHandle,
    group: Option<MessageGroupId>,
    status: Status,
    /// Until when nobody else gets it.
    ends: Instant,
    /// When to ask for more time.
    renew_at: Instant,
}

/// What is to be done with a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    /// It was given out, and is not settled.
    Out,
    /// It stays in the queue, and is hidden until the end of the run.
    Kept,
    /// It succeeded, and is deleted as soon as this, after so many attempts that failed.
    Delete { at: Instant, attempts: u32 },
    /// Somebody else may have it.
    Lost,
}

/// Whether a letter that was received is to be given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrival {
    New(u64),
    /// It is behind one of its group that failed.
    Behind,
    Known,
}

impl Letters {
    pub(super) fn new(visibility: Duration) -> Self {
        Self {
            visibility,
            held: BTreeMap::new(),
            numbers: HashMap::new(),
            next: 0,
            failed_groups: HashSet::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// Adds a letter that was received with a request which was sent at this time. `None` if it has
    /// no receipt handle.
    pub(super) fn add(&mut self, context: &MessageContext, sent: Instant) -> Option<Arrival> {
        let handle = context.receipt_handle()?.clone();
        let id = context
            .message_id()
            .map_or(handle.as_str(), |id| id.as_str());
        let (ends, renew_at) = (sent + self.visibility, sent + self.visibility / 2);

        if let Some(letter) = self
            .numbers
            .get(id)
            .and_then(|known| self.held.get_mut(known))
        {
            (letter.handle, letter.ends, letter.renew_at) = (handle, ends, renew_at);
            if letter.status == Status::Lost {
                letter.status = Status::Kept;
            }
            return Some(Arrival::Known);
        }

        let number = self.next;
        self.next += 1;
        let group = context
            .is_fifo()
            .then(|| context.group_id().cloned())
            .flatten();
        let is_behind = group
            .as_ref()
            .is_some_and(|group| self.failed_groups.contains(group));
        self.numbers.insert(id.to_owned(), number);
        let letter = Letter {
            id: id.to_owned(),
            handle,
            group,
            status: if is_behind { Status::Kept } else { Status::Out },
            ends,
            renew_at,
        };
        self.held.insert(number, letter);

        Some(match is_behind {
            true => Arrival::Behind,
            false => Arrival::New(number),
        })
    }

    /// Notes what became of a letter that was given out. Returns whether it succeeded and stays in
    /// the queue nevertheless: what somebody else may have is not ours to delete.
    pub(super) fn settle(&mut self, number: u64, settled: Settled) -> bool {
        let Some(letter) = self.held.get_mut(&number) else {
            return false;
        };

        let is_done = settled == Settled::Done;
        if !is_done {
            self.failed_groups.extend(letter.group.clone());
        }
        if letter.status == Status::Lost {
            return is_done;
        }

        let (at, attempts) = (Instant::now(), 0);
        letter.status = match is_done {
            true => Status::Delete { at, attempts },
            false => Status::Kept,
        };
        false
    }

    pub(super) fn is_lost(&self, number: u64) -> bool {
        let letter = self.held.get(&number);
        letter.is_none_or(|letter| letter.status == Status::Lost || letter.ends <= Instant::now())
    }

    /// The letters that are to be deleted now.
    pub(super) fn to_delete(&self) -> Vec<(u64, ReceiptHandle)> {
        let now = Instant::now();
        self.chosen(|letter| matches!(letter.status, Status::Delete { at, .. } if at <= now))
    }

    /// The letters that need more time now.
    pub(super) fn to_renew(&self) -> Vec<(u64, ReceiptHandle)> {
        let now = Instant::now();
        self.chosen(|letter| letter.status != Status::Lost && letter.renew_at <= now)
    }

    /// The letters that stay in the queue.
    pub(super) fn kept(&self) -> Vec<(u64, ReceiptHandle)> {
        self.chosen(|letter| letter.status == Status::Kept)
    }

    /// How many letters are still to be deleted.
    pub(super) fn undeleted(&self) -> usize {
        let letters = self.held.values();
        letters
            .filter(|letter| matches!(letter.status, Status::Delete { .. }))
            .count()
    }

    /// Whether letters are held of which others of their group may come, once they are deleted.
    pub(super) fn hold_groups_up(&self) -> bool {
        self.held.values().any(|letter| {
            let is_going = matches!(letter.status, Status::Out | Status::Delete { .. });
            is_going && letter.group.is_some()
        })
    }

    fn chosen(&self, is_chosen: impl Fn(&Letter) -> bool) -> Vec<(u64, ReceiptHandle)> {
        let chosen = self.held.iter().filter(|(_, letter)| is_chosen(letter));
        chosen
            .map(|(number, letter)| (*number, letter.handle.clone()))
            .collect()
    }

    /// Forgets a letter that is not in the queue anymore, or was given back to it.
    pub(super) fn remove(&mut self, number: u64) {
        if let Some(letter) = self.held.remove(&number) {
            self.numbers.remove(&letter.id);
        }
    }

    /// Notes that a deletion failed. Returns whether it is given up.
    pub(super) fn not_deleted(&mut self, number: u64) -> bool {
        const FIRST_PAUSE: Duration = Duration::from_millis(200);
        let Some(letter) = self.held.get_mut(&number) else {
            return false;
        };
        let Status::Delete { attempts, .. } = letter.status else {
            return false;
        };

        let attempts = attempts + 1;
        let is_given_up = attempts >= DELETIONS;
        let at = Instant::now() + FIRST_PAUSE * 2_u32.pow(attempts.min(6) - 1);
        letter.status = match is_given_up {
            true => Status::Kept,
            false => Status::Delete { at, attempts },
        };

        is_given_up
    }

    /// Notes that a letter is hidden for longer, by a call that was sent at this time.
    pub(super) fn renewed(&mut self, number: u64, sent: Instant) {
        if let Some(letter) = self.held.get_mut(&number) {
            letter.ends = sent + self.visibility;
            letter.renew_at = sent + self.visibility / 2;
        }
    }

    /// Notes that a letter could not be hidden for longer.
    pub(super) fn not_renewed(&mut self, number: u64, is_refused: bool) {
        let now = Instant::now();
        let Some(letter) = self.held.get_mut(&number) else {
            return;
        };

        letter.renew_at = now + self.visibility / 8;
        // Whether one that succeeded can still be deleted, the queue will say.
        let is_deleted = matches!(letter.status, Status::Delete { .. });
        if !is_deleted && (is_refused || letter.ends <= now) {
            letter.status = Status::Lost;
        }
    }

    /// When there is something to do next.
    pub(super) fn next_time(&self) -> Option<Instant> {
        let times = self.held.values().filter_map(|letter| match letter.status {
            Status::Lost => None,
            Status::Delete { at, .. } => Some(at.min(letter.renew_at)),
            Status::Out | Status::Kept => Some(letter.renew_at),
        });

        times.min()
    }
}
