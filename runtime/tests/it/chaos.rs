//! `LatestOnly` against a model of S3: the last effect on a key is what is really there, wherever
//! events decide it.
//!
//! Each history of a key is delivered in any order, with duplicates, and some handlers fail at
//! first.

use std::sync::{Arc, Mutex};

use fastrand::Rng;
use s3_dispatch::{
    HandlerError, LatestOnly, MemoryStore, MessageContext, Outcome, Route, Router, S3EventRecord,
    async_trait,
};

use crate::s3_model::{Event, Habits, Model};

const SEEDS: u64 = 3_000;

/// Copies what events say about a key, or what is there when it looks.
#[derive(Clone)]
struct Mirror {
    content: Arc<Mutex<Option<u64>>>,
    fails: Arc<Mutex<Rng>>,
    looks_at: Option<Arc<Mutex<Model>>>,
}

#[async_trait]
impl Router for Mirror {
    async fn route(&self, record: &S3EventRecord, _: &MessageContext) -> Outcome {
        if self.fails.lock().unwrap().u8(..10) == 0 {
            return Outcome::Failed(HandlerError::retry("it failed"));
        }

        let name = &record.event_name;
        let ends_one_version =
            record.object.version_id.is_some() && !name.as_str().ends_with(":DeleteMarkerCreated");
        let e_tag = record.object.e_tag.as_ref();

        *self.content.lock().unwrap() = match &self.looks_at {
            Some(model) => model.lock().unwrap().content(),
            None if name.is_object_created() => {
                Some(u64::from_str_radix(e_tag.unwrap().as_str(), 16).unwrap())
            }
            None if ends_one_version => return Outcome::Handled,
            None => None,
        };

        Outcome::Handled
    }

    fn routes(&self) -> &[Route] {
        &[]
    }
}

/// What one history led to.
struct Trial {
    is_right: bool,
    history: Vec<Event>,
}

/// Runs one history. If the handler looks at the object, deliveries come while it goes on.
async fn trial(habits: Habits, seed: u64, looks: bool) -> Trial {
    let mut rng = Rng::with_seed(seed ^ 0xC4A05);
    let model = Arc::new(Mutex::new(Model::new(habits, seed)));
    let mirror = Mirror {
        content: Arc::default(),
        fails: Arc::new(Mutex::new(rng.fork())),
        looks_at: looks.then(|| Arc::clone(&model)),
    };
    let content = Arc::clone(&mirror.content);
    let router = LatestOnly::new(mirror, MemoryStore::new());

    let mut steps = rng.usize(1..12);
    let mut queue: Vec<S3EventRecord> = Vec::new();
    while steps > 0 || !queue.is_empty() {
        if steps > 0 && (!looks || queue.is_empty() || rng.bool()) {
            steps -= 1;
            let record = model.lock().unwrap().step().record("key");
            queue.extend((0..rng.usize(1..4)).map(|_| record.clone()));
            continue;
        }

        let record = queue.swap_remove(rng.usize(..queue.len()));
        let outcome = router.route(&record, &MessageContext::new()).await;
        if !outcome.is_success() {
            queue.push(record);
        }
    }

    let model = model.lock().unwrap();
    let is_right = *content.lock().unwrap() == model.content();

    Trial {
        is_right,
        history: model.history.clone(),
    }
}

/// Whether events say what is at the key in the end, in whichever order they come. These are the
/// two cases that the documentation of `LatestOnly` names.
fn is_decided_by_events(history: &[Event]) -> bool {
    let of_object = || history.iter().filter(|event| !event.is_of_one_version());
    let is_overtaken = |upload: &Event| of_object().any(|other| other.sequencer > upload.sequencer);

    let uploads = history
        .iter()
        .filter(|event| event.is_of_multipart_upload());
    let is_upload_undecided = uploads.clone().any(is_overtaken);

    !is_upload_undecided && !history.iter().any(|event| event.deleted_current_version)
}

/// Whether the last event is the expiration of an object that looks older than something before it.
fn ends_with_an_expiration_that_looks_old(history: &[Event]) -> bool {
    let Some((last, before)) = history.split_last() else {
        return false;
    };
    let mut before = before.iter().filter(|event| !event.is_of_one_version());

    last.name.is_lifecycle_expiration() && before.any(|other| other.sequencer > last.sequencer)
}

fn habits() -> [(&'static str, Habits); 7] {
    let plain = Habits::default();
    let versioned = Habits {
        is_versioned: true,
        ..plain
    };
    let expires = |habits| Habits {
        expires: true,
        ..habits
    };
    let in_parts = |habits| Habits {
        uploads_in_parts: true,
        ..habits
    };
    let everything = Habits {
        deletes_current_versions: true,
        ..in_parts(expires(versioned))
    };

    [
        ("puts and deletions", plain),
        ("with delete markers and versions", versioned),
        ("with expirations", expires(plain)),
        ("with expirations and versions", expires(versioned)),
        ("with multipart uploads", in_parts(plain)),
        ("with both", in_parts(expires(plain))),
        ("with everything", everything),
    ]
}

#[tokio::test]
async fn no_end_state_is_wrong_where_events_decide_it() {
    for (what, habits) in habits() {
        let (mut decided, mut undecided_and_wrong) = (0, 0);

        for seed in 0..SEEDS {
            let trial = trial(habits, seed, false).await;
            let is_decided = is_decided_by_events(&trial.history);
            assert!(
                trial.is_right || !is_decided,
                "{what}, seed {seed}: {:#?}",
                trial.history
            );

            decided += u64::from(is_decided);
            undecided_and_wrong += u64::from(!trial.is_right);
        }

        println!(
            "{what}: {decided} of {SEEDS} histories decided, 0 wrong; {undecided_and_wrong} of \
             the others wrong"
        );
        assert!(decided > SEEDS / 10, "{what}: {decided}");
        let has_undecided = habits.uploads_in_parts || habits.deletes_current_versions;
        assert_eq!(undecided_and_wrong > 0, has_undecided, "{what}");
        assert_eq!(decided < SEEDS, has_undecided, "{what}");
    }
}

#[tokio::test]
async fn a_handler_that_looks_at_the_object_is_right_where_events_do_not_decide() {
    for (what, habits) in habits() {
        let (mut wrong, mut undecided) = (0, 0);

        for seed in 0..SEEDS {
            let trial = trial(habits, seed, true).await;
            assert!(
                trial.is_right || ends_with_an_expiration_that_looks_old(&trial.history),
                "{what}, seed {seed}: {:#?}",
                trial.history
            );

            wrong += u64::from(!trial.is_right);
            undecided += u64::from(!is_decided_by_events(&trial.history));
        }

        println!("{what}: {undecided} histories undecided by events, {wrong} wrong");
        assert!(wrong <= undecided, "{what}");
    }
}
