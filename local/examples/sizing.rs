//! Do the batches fit into the function's timeout? Counts how many of so many good messages end as
//! dead letters, for several numbers of handlers that run at once.
//!
//! ```text
//! cargo run -p s3-dispatch-local --example sizing -- SECONDS TIMEOUT BATCH_SIZE MESSAGES [shared]
//! ```
//!
//! `SECONDS` is how long a handler takes for a record. With `shared`, the handlers of an invocation
//! share what they need for it, such as the processor or the network, and take turns: then running
//! more of them at once does not finish any earlier.
//!
//! The visibility timeout is six times the function's timeout, a message may be received five
//! times, and five invocations run at once. The clock is paused, so a run takes little time.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use s3_dispatch::{Dispatcher, EventPattern, Routes, State, async_trait};
use s3_dispatch_local::{
    BucketSpec, Destination, Function, FunctionError, FunctionSpec, InProcess, Invocation,
    LocalPipeline, MappingSpec, NotificationSpec, QueueSpec, Topology,
};
use tokio::sync::Mutex;
use tokio::time::Instant;

const BUCKET: &str = "amzn-s3-demo-bucket";

/// How long a turn is, if the handlers share something.
const TURN: Duration = Duration::from_millis(5);

/// What is tried.
#[derive(Debug, Clone, Copy)]
struct Trial {
    handler: Duration,
    timeout: Duration,
    batch_size: usize,
    messages: usize,
    is_shared: bool,
}

/// What came out.
struct Ending {
    dead_letters: usize,
    receives: usize,
    /// From the first message to the end of the last receive.
    elapsed: Duration,
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Box<dyn Error>> {
    let trial = Trial::from_arguments()?;

    println!("handlers at once | dead letters | receives per message | seconds until all is done");
    for at_once in [1, 2, 5, 10, 20] {
        let ending = run(trial, at_once).await?;
        let receives = ending.receives as f64 / trial.messages as f64;
        println!(
            "{at_once:>16} | {:>12} | {receives:>20.2} | {:>25.1}",
            ending.dead_letters,
            ending.elapsed.as_secs_f64(),
        );
    }

    Ok(())
}

impl Trial {
    fn from_arguments() -> Result<Self, Box<dyn Error>> {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let (numbers, is_shared) = match arguments.split_last() {
            Some((last, numbers)) if last == "shared" => (numbers, true),
            _ => (&*arguments, false),
        };

        let [handler, timeout, batch_size, messages] = numbers else {
            return Err("usage: sizing SECONDS TIMEOUT BATCH_SIZE MESSAGES [shared]".into());
        };

        Ok(Self {
            handler: Duration::try_from_secs_f64(handler.parse()?)?,
            timeout: Duration::try_from_secs_f64(timeout.parse()?)?,
            batch_size: batch_size.parse()?,
            messages: messages.parse()?,
            is_shared,
        })
    }
}

async fn run(trial: Trial, at_once: usize) -> Result<Ending, Box<dyn Error>> {
    let pipeline = LocalPipeline::builder()
        .with_topology(topology(trial))
        .with_function("function", Processor { trial, at_once })
        .with_report(trial.messages)
        .start()
        .await?;

    let started = Instant::now();
    for index in 0..trial.messages {
        pipeline.put(BUCKET, &format!("{index:06}"), "").await?;
    }
    pipeline.settle().await;

    let report = pipeline.report();
    let receives = report
        .events
        .values()
        .flat_map(|event| event.receives.values());
    let ending = Ending {
        dead_letters: pipeline.queue("dead-letters")?.messages.len(),
        receives: receives.sum(),
        elapsed: started.elapsed(),
    };
    pipeline.stop().await;

    Ok(ending)
}

fn topology(trial: Trial) -> Topology {
    let to_queue = Destination::Queue("queue".into());
    let notification = NotificationSpec::new([EventPattern::ANY], to_queue);
    // Batches of more than ten messages need a window.
    let window = Duration::from_secs(u64::from(trial.batch_size > 10));

    Topology::new()
        .with_bucket(BucketSpec::new(BUCKET).with_notification(notification))
        .with_queue(
            QueueSpec::new("queue")
                .with_visibility_timeout(6 * trial.timeout)
                .with_redrive("dead-letters", 5),
        )
        .with_queue(QueueSpec::new("dead-letters"))
        .with_function(FunctionSpec::new("function").with_timeout(trial.timeout))
        .with_mapping(
            MappingSpec::new("queue", "function")
                .with_batch_size(trial.batch_size)
                .with_batch_window(window),
        )
}

/// The function. Each invocation has its own instance, as in Lambda.
struct Processor {
    trial: Trial,
    at_once: usize,
}

/// What the handlers of one instance share.
type Instance = (Trial, Arc<Mutex<()>>);

#[async_trait]
impl Function for Processor {
    async fn invoke(&self, invocation: Invocation) -> Result<Bytes, FunctionError> {
        let instance: Instance = (self.trial, Arc::default());
        let routes = Routes::new(instance).on_fn("*", async |State(instance): State<Instance>| {
            handle(&instance).await;
            Ok::<_, std::convert::Infallible>(())
        });

        let dispatcher = Dispatcher::new(routes).with_concurrency(self.at_once);
        InProcess::new(dispatcher).invoke(invocation).await
    }
}

async fn handle((trial, shared): &Instance) {
    if !trial.is_shared {
        return tokio::time::sleep(trial.handler).await;
    }

    let mut left = trial.handler;
    while !left.is_zero() {
        let turn = left.min(TURN);
        let _mine = shared.lock().await;
        tokio::time::sleep(turn).await;
        left -= turn;
    }
}
