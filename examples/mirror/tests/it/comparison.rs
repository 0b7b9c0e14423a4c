//! How often mirrors end wrong under the same circumstances: the table of the guide "Keeping a
//! mirror". `cargo test -p mirror comparison -- --nocapture` prints it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use s3_dispatch::{
    Deduplicated, LatestOnly, MemoryStore, MessageContext, Outcome, Route, Router, S3EventRecord,
};
use s3_dispatch_testing::MemoryObjects;

use crate::fleet::{Circumstances, Pause};

const SEEDS: u64 = 20;

/// The size and the entity tag of each object, as the events say.
type Believed = Arc<Mutex<BTreeMap<String, (u64, Option<String>)>>>;

/// A mirror that believes the events.
struct Believing {
    believed: Believed,
    pause: Pause,
}

#[async_trait]
impl Router for Believing {
    async fn route(&self, record: &S3EventRecord, _: &MessageContext) -> Outcome {
        let object = &record.object;
        let key = object.key.to_string();
        let is_of_version =
            record.event_name == "ObjectRemoved:Delete" && object.version_id.is_some();

        self.pause.take().await;
        if let Some(size) = object.size {
            let entry = (size, object.e_tag.as_ref().map(|tag| tag.to_string()));
            self.believed.lock().unwrap().insert(key, entry);
        } else if !is_of_version {
            self.believed.lock().unwrap().remove(&key);
        }
        Outcome::Handled
    }

    fn routes(&self) -> &[Route] {
        &[]
    }
}

/// How many of the runs end wrong with a mirror that believes the events.
async fn wrong<R: Router>(
    circumstances: Circumstances,
    wrap: impl Fn(Believing, Arc<MemoryStore>) -> R,
) -> u64 {
    let mut wrong = 0;
    for seed in 1..=SEEDS {
        let (believed, store) = (Believed::default(), Arc::new(MemoryStore::new()));
        let instance = |_: &MemoryObjects, pause| {
            let believed = Arc::clone(&believed);
            wrap(Believing { believed, pause }, Arc::clone(&store))
        };

        let bucket = circumstances.run(seed, instance).await;
        wrong += u64::from(*believed.lock().unwrap() != bucket.objects());
    }
    wrong
}

/// The tests of the mirror could fail.
#[tokio::test(start_paused = true)]
async fn mirrors_that_believe_the_events_end_wrong() {
    println!("| versions | instances | handlers | `Deduplicated` | `LatestOnly` |");
    for circumstances in Circumstances::all() {
        let deduplicated = wrong(circumstances, Deduplicated::new).await;
        let latest = wrong(circumstances, LatestOnly::new).await;

        let Circumstances {
            is_versioned,
            instances,
            is_slow,
        } = circumstances;
        let versions = if is_versioned { "yes" } else { "no" };
        let speed = if is_slow { "slow" } else { "instant" };
        println!("| {versions} | {instances} | {speed} | {deduplicated} | {latest} |");

        assert!(deduplicated > 0, "{circumstances:?}");
        assert!(latest > 0, "{circumstances:?}");
    }
}
