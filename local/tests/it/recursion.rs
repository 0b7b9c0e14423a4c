//! Functions that are invoked by what they write.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use s3_dispatch::{EventPattern, HandlerError, ObjectKey, Routes, S3EventRecord, State};
use s3_dispatch_local::{
    BucketSpec, Destination, FunctionSpec, LocalPipeline, MappingSpec, NotificationSpec, QueueSpec,
    S3Endpoint, StepKind, Topology,
};
use tokio::time::timeout;

use crate::cli::Program;
use crate::programs::wayward;

const BUCKET: &str = "photos";

/// How often Lambda invokes a function in one chain of requests.
const ROUNDS: usize = 16;

/// What the handlers share: the pipeline that they write into, and the keys that they got.
#[derive(Clone, Default)]
struct Shared {
    pipeline: Arc<OnceLock<LocalPipeline>>,
    seen: Arc<Mutex<Vec<String>>>,
}

/// What a handler writes, by the key that it gets.
type Next = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

type Writer = (Shared, Next);

impl Shared {
    /// Writes an object with this key for each record.
    fn writing(
        &self,
        next: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Routes<Writer> {
        let writer: Writer = (self.clone(), Arc::new(next));
        Routes::new(writer).on_fn(
            "ObjectCreated:*",
            async |record: S3EventRecord, State((shared, next)): State<Writer>| {
                let key = record.object.key.as_str();
                shared.seen.lock().unwrap().push(key.to_owned());
                let Some(next) = next(key) else {
                    return Ok(());
                };

                let pipeline = shared.pipeline.get().unwrap();
                let put = pipeline.put(BUCKET, &next, "more").await;
                put.map(drop).map_err(io::Error::other)
            },
        )
    }

    fn count(&self, begin: &str) -> usize {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|key| key.starts_with(begin)).count()
    }
}

/// A queue for all objects of the bucket whose key has this prefix, and a function of that name.
fn stage(topology: Topology, name: &str, prefix: &str) -> Topology {
    let events = [EventPattern::from_static("ObjectCreated:*")];
    let to = NotificationSpec::new(events, Destination::Queue(name.into()));
    let mut topology = topology
        .with_queue(QueueSpec::new(name))
        .with_function(FunctionSpec::new(name))
        .with_mapping(MappingSpec::new(name, name));
    let bucket = topology
        .buckets
        .pop()
        .unwrap_or_else(|| BucketSpec::new(BUCKET));

    topology.with_bucket(bucket.with_notification(to.with_prefix(prefix)))
}

/// The loops that were stopped: the function, the rounds, the key and the dead-letter queue.
fn stopped(pipeline: &LocalPipeline) -> Vec<(String, u32, String, Option<String>)> {
    let steps = pipeline.journal().history();
    let stopped = steps.iter().filter_map(|step| match &step.kind {
        StepKind::RecursionStopped {
            function,
            rounds,
            bucket,
            key,
            dead_letter_queue,
            ..
        } => {
            assert_eq!(bucket.as_deref(), Some(BUCKET));
            let letters = dead_letter_queue.as_deref().map(str::to_owned);
            Some((
                function.to_string(),
                *rounds,
                key.as_deref()?.to_owned(),
                letters,
            ))
        }
        _ => None,
    });

    stopped.collect()
}

/// The pipeline of one function that takes everything, with dead letters or without.
fn single(has_dead_letters: bool) -> Topology {
    let mut topology = stage(Topology::new(), "index", "");
    if has_dead_letters {
        topology.queues[0] = topology.queues[0].clone().with_redrive("dead", 5);
        topology = topology.with_queue(QueueSpec::new("dead"));
    }

    topology
}

async fn run(topology: Topology, shared: &Shared, routes: Routes<Writer>) -> LocalPipeline {
    let builder = LocalPipeline::builder().with_topology(topology);
    let pipeline = builder.with_router("index", routes).start().await.unwrap();
    shared.pipeline.set(pipeline.clone()).ok().unwrap();

    pipeline
}

#[tokio::test(start_paused = true)]
async fn a_loop_stops_after_as_many_rounds_as_lambda_allows() {
    for has_dead_letters in [true, false] {
        let shared = Shared::default();
        let routes = shared.writing(|key| Some(format!("{key}+")));
        let pipeline = run(single(has_dead_letters), &shared, routes).await;
        pipeline.put(BUCKET, "1", "an image").await.unwrap();
        pipeline.settle().await;

        assert_eq!(shared.count("1"), ROUNDS);
        let letters = has_dead_letters.then(|| String::from("dead"));
        let last = format!("1{}", "+".repeat(ROUNDS));
        assert_eq!(stopped(&pipeline), [("index".into(), 16, last, letters)]);
        if has_dead_letters {
            let dead = pipeline.queue("dead").unwrap().messages;
            assert_eq!(dead.len(), 1);
            assert_eq!(dead[0].event.map(|id| id.0), Some(17));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_chain_is_counted_alone_although_batches_mix_them() {
    let shared = Shared::default();
    let routes = shared.writing(|key| Some(format!("{key}+")));
    let mut topology = single(true);
    topology.mappings[0].batch_window = Duration::from_secs(2);
    let pipeline = run(topology, &shared, routes).await;
    for start in ["a", "b", "c", "d", "e"] {
        pipeline.put(BUCKET, start, "an image").await.unwrap();
        // The next chain begins while the others are somewhere in the middle.
        tokio::time::advance(Duration::from_secs(5)).await;
    }
    assert!((2..ROUNDS).contains(&shared.count("a")));
    pipeline.settle().await;

    let counts = ["a", "b", "c", "d", "e"].map(|start| shared.count(start));
    assert_eq!(counts, [ROUNDS; 5]);
    assert_eq!(stopped(&pipeline).len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_loop_over_two_functions_stops_too() {
    let shared = Shared::default();
    let topology = stage(stage(Topology::new(), "left", "left/"), "right", "right/");
    let to = |prefix: &'static str| {
        shared.writing(move |key| Some(format!("{prefix}{}+", key.split_once('/')?.1)))
    };
    let builder = LocalPipeline::builder().with_topology(topology);
    let builder = builder
        .with_router("left", to("right/"))
        .with_router("right", to("left/"));
    let pipeline = builder.start().await.unwrap();
    shared.pipeline.set(pipeline.clone()).ok().unwrap();
    pipeline.put(BUCKET, "left/1", "an image").await.unwrap();
    pipeline.settle().await;

    assert_eq!(
        (shared.count("left/"), shared.count("right/")),
        (ROUNDS, ROUNDS)
    );
    assert_eq!(stopped(&pipeline)[0].0, "left");
    assert_eq!(stopped(&pipeline).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_long_chain_of_different_functions_is_no_loop() {
    let shared = Shared::default();
    let names: Vec<_> = (10..50).map(|number| format!("stage-{number}")).collect();
    let mut topology = Topology::new();
    for name in &names {
        topology = stage(topology, name, &format!("{name}/"));
    }
    let mut builder = LocalPipeline::builder().with_topology(topology);
    for number in 10..50 {
        let next = format!("stage-{}/1", number + 1);
        let routes = shared.writing(move |_| Some(next.clone()));
        builder = builder.with_router(format!("stage-{number}"), routes);
    }
    let pipeline = builder.start().await.unwrap();
    shared.pipeline.set(pipeline.clone()).ok().unwrap();
    pipeline
        .put(BUCKET, "stage-10/1", "an image")
        .await
        .unwrap();
    pipeline.settle().await;

    assert_eq!(shared.count("stage-"), names.len());
    assert_eq!(stopped(&pipeline), []);
}

#[tokio::test(start_paused = true)]
async fn a_chain_that_ends_in_time_and_many_puts_of_one_key_are_no_loop() {
    let shared = Shared::default();
    let routes = shared.writing(|key| (key.len() < ROUNDS).then(|| format!("{key}+")));
    let pipeline = run(single(true), &shared, routes).await;
    pipeline.put(BUCKET, "1", "an image").await.unwrap();
    pipeline.settle().await;
    assert_eq!(shared.count("1"), ROUNDS);

    for _ in 0..100 {
        pipeline
            .put(BUCKET, "the same key again", "an image")
            .await
            .unwrap();
        pipeline.settle().await;
    }
    assert_eq!(shared.count("the same key again"), 100);
    assert_eq!(stopped(&pipeline), []);
}

#[tokio::test(start_paused = true)]
async fn retries_of_a_message_do_not_count() {
    let mut topology = single(true);
    topology.queues[0] = topology.queues[0].clone().with_redrive("dead", 40);
    let routes = Routes::new(()).on_fn("*", async |_: ObjectKey| {
        Err::<(), _>(HandlerError::retry(io::Error::other("not yet")))
    });
    let builder = LocalPipeline::builder().with_topology(topology);
    let pipeline = builder.with_router("index", routes).start().await.unwrap();
    let id = pipeline.put(BUCKET, "1", "an image").await.unwrap();
    pipeline.settle().await;

    assert_eq!(pipeline.report().events[&id].failed, 40);
    assert_eq!(stopped(&pipeline), []);
}

#[tokio::test(start_paused = true)]
async fn a_function_that_may_recur_is_not_stopped() {
    let shared = Shared::default();
    let mut topology = single(true);
    topology.functions[0] = topology.functions[0].clone().with_recursion();
    let routes = shared.writing(|key| (key.len() < 60).then(|| format!("{key}+")));
    let pipeline = run(topology, &shared, routes).await;
    pipeline.put(BUCKET, "1", "an image").await.unwrap();
    pipeline.settle().await;

    assert_eq!(shared.count("1"), 60);
    assert_eq!(stopped(&pipeline), []);
}

#[test]
fn a_file_can_let_a_function_recur() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("loop.toml");
    let text = "[[queue]]\nname = \"index\"\n\
                [[function]]\nname = \"index\"\ncommand = [\"/bin/cat\"]\nmay_recur = true\n\
                [[mapping]]\nqueue = \"index\"\nfunction = \"index\"\n";
    std::fs::write(&file, text).unwrap();

    let topology = Topology::from_toml_file(&file).unwrap();
    assert!(topology.functions[0].may_recur);
}

/// A program that puts an object for each invocation, and says in this way who it is.
async fn loops_as(way: &str) -> (usize, usize) {
    let endpoint = S3Endpoint::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let mut topology = single(true);
    topology.functions[0] = FunctionSpec::new("index")
        .with_variable(
            "AWS_ENDPOINT_URL_S3",
            format!("http://{}", endpoint.address()),
        )
        .with_variable("WRITE_TO", "/photos/a%20loop")
        .with_variable("WRITE_AS", way);
    let builder = LocalPipeline::builder().with_topology(topology);
    let pipeline = builder
        .with_binary("index", wayward())
        .start()
        .await
        .unwrap();
    let mut endpoint = endpoint.serve(Arc::clone(pipeline.buckets()));

    let mut steps = pipeline.journal().watch();
    pipeline.put(BUCKET, "1", "an image").await.unwrap();
    let mut invocations = 0;
    let stop = async {
        loop {
            match &steps.next().await.unwrap().kind {
                StepKind::Invoked { .. } => invocations += 1,
                StepKind::RecursionStopped { .. } => break,
                _ => {}
            }
        }
    };
    timeout(Duration::from_secs(60), stop)
        .await
        .expect("the loop goes on");
    pipeline.settle().await;
    let dead = pipeline.queue("dead").unwrap().messages.len();
    endpoint.stop().await;
    pipeline.stop().await;

    (invocations, dead)
}

#[tokio::test]
async fn a_program_is_known_by_the_trace_header_that_its_sdk_passes_on() {
    assert_eq!(loops_as("trace").await, (ROUNDS, 1));
}

#[tokio::test]
async fn a_trace_header_may_be_encoded() {
    assert_eq!(loops_as("encoded trace").await, (ROUNDS, 1));
}

#[tokio::test]
async fn a_program_is_known_by_its_session_token_otherwise() {
    assert_eq!(loops_as("token").await, (ROUNDS, 1));
}

/// Writes the configuration of a program that loops without dead letters, and returns its path.
pub(crate) fn loop_configuration(folder: &Path) -> String {
    let file = folder.join("loop.toml");
    let text = format!(
        "[[bucket]]\nname = \"amzn-s3-demo-bucket\"\n\
         [[bucket.notification]]\nevents = [\"s3:ObjectCreated:*\"]\nqueue = \"index\"\n\
         [[queue]]\nname = \"index\"\n\
         [[function]]\nname = \"index\"\ncommand = [{:?}]\n\
         environment = {{ WRITE_TO = \"/amzn-s3-demo-bucket/a%20loop\", WRITE_AS = \"token\" }}\n\
         [[mapping]]\nqueue = \"index\"\nfunction = \"index\"\n",
        wayward().to_str().unwrap()
    );
    std::fs::write(&file, text).unwrap();

    file.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_console_says_in_one_line_what_loops_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = loop_configuration(folder.path());
    let mut program = Program::start(&["--config", &file, "--port", "0", "--sqs-port", "0"]);
    let port = program.port().await;
    crate::cli::put(port, "1", "an image").await;
    let line = program.line("index was invoked 16 times").await;
    let expected = [
        "index was invoked 16 times by what it writes, now \"a loop\" in amzn-s3-demo-bucket: ",
        "the message is dropped; write under a prefix that index does not take, ",
        "and declare it (`writes = \"thumbnails/\"`)",
    ];
    assert!(line.contains(&expected.concat()), "{line}");
    program.signal("-INT");
    assert!(program.end().await.0.success());
}
