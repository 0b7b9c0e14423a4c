//! Programs that receive from a queue themselves.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use s3_dispatch::{EventPattern, Routes};
use s3_dispatch_local::{
    BucketSpec, Destination, ErrorKind, FunctionSpec, Journal, LocalPipeline, LocalPipelineBuilder,
    MappingSpec, NotificationSpec, QueueSpec, Step, StepKind, Topology,
};

use crate::cli::Program;
use crate::programs::{ends, program, put_processor};

const PATIENCE: Duration = Duration::from_secs(60);

fn receiver() -> PathBuf {
    program("receiver")
}

fn worker() -> FunctionSpec {
    FunctionSpec::new("index")
        .with_program(receiver())
        .with_timeout(Duration::from_secs(30))
        .as_worker()
}

/// A bucket whose objects go to the queue `uploads` of this worker.
fn builder(worker: FunctionSpec) -> LocalPipelineBuilder {
    let notification = NotificationSpec::new(
        [EventPattern::from_static("ObjectCreated:*")],
        Destination::Queue("uploads".into()),
    );
    let queue = QueueSpec::new("uploads")
        .with_visibility_timeout(Duration::from_secs(2))
        .with_redrive("dead", 2);
    let mapping = MappingSpec::new("uploads", worker.name.clone());
    let worker = worker.with_timeout(Duration::from_secs(2));
    let topology = Topology::new()
        .with_bucket(BucketSpec::new("photos").with_notification(notification))
        .with_queue(queue)
        .with_queue(QueueSpec::new("dead"))
        .with_function(worker)
        .with_mapping(mapping);

    LocalPipeline::builder()
        .with_topology(topology)
        .with_sqs_endpoint(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
}

/// Waits for a step, which may already have happened.
async fn step<T>(pipeline: &LocalPipeline, wanted: impl FnMut(&StepKind) -> Option<T>) -> T {
    step_of(pipeline.journal(), wanted).await
}

async fn step_of<T>(journal: &Journal, mut wanted: impl FnMut(&StepKind) -> Option<T>) -> T {
    let (history, mut live) = journal.history_and_watch();
    if let Some(found) = history.iter().find_map(|step| wanted(&step.kind)) {
        return found;
    }

    let search = async {
        loop {
            let step = live.next().await.unwrap();
            if let Some(found) = wanted(&step.kind) {
                return found;
            }
        }
    };
    tokio::time::timeout(PATIENCE, search).await.unwrap()
}

async fn line(pipeline: &LocalPipeline, text: &str) {
    step(pipeline, |step| match step {
        StepKind::FunctionLog { line, .. } => (line == text).then_some(()),
        _ => None,
    })
    .await;
}

async fn process(pipeline: &LocalPipeline) -> String {
    step(pipeline, |step| match step {
        StepKind::FunctionStarted { process, .. } => *process,
        _ => None,
    })
    .await
    .to_string()
}

#[tokio::test]
async fn a_worker_receives_deletes_and_drains() {
    let spec = worker()
        .with_arguments(["--concurrency", "3"])
        .with_variable("SIZE", "200");
    let pipeline = builder(spec).start().await.unwrap();
    let id = pipeline.put("photos", "a.jpg", "a").await.unwrap();
    tokio::time::timeout(PATIENCE, pipeline.settle())
        .await
        .unwrap();

    let url = pipeline.queue_url("uploads").unwrap();
    line(
        &pipeline,
        &format!("started with work --queue-url {url} --concurrency 3"),
    )
    .await;
    line(&pipeline, "AWS_LAMBDA_RUNTIME_API is").await;
    line(&pipeline, "AWS_REGION is us-east-1").await;
    line(&pipeline, "AWS_ACCESS_KEY_ID is test").await;
    line(&pipeline, "SIZE is 200").await;
    line(&pipeline, "handled a.jpg").await;

    let report = pipeline.report();
    assert_eq!(report.events[&id].handled, 1);
    assert_eq!(report.events[&id].receives["uploads"], 1);
    let [handling] = &report.handled[..] else {
        panic!("{report:?}")
    };
    assert_eq!((&*handling.function, handling.receive_count), ("index", 1));

    let process = process(&pipeline).await;
    tokio::time::timeout(PATIENCE, pipeline.stop_workers())
        .await
        .unwrap();
    ends(&process).await;

    // Its last output comes before its end, and nothing has invoked it.
    let history = pipeline.journal().history();
    let place =
        |wanted: fn(&StepKind) -> bool| history.iter().position(|step| wanted(&step.kind)).unwrap();
    let is_drained =
        |step: &StepKind| matches!(step, StepKind::FunctionLog { line, .. } if line == "drained");
    let is_stopped =
        |step: &StepKind| matches!(step, StepKind::FunctionStopped { reason: None, .. });
    assert!(place(is_drained) < place(is_stopped));
    assert!(!history.iter().any(|step| matches!(
        step.kind,
        StepKind::Outcome { .. } | StepKind::FunctionCrashed { .. }
    )));

    // Nobody receives any more.
    pipeline.put("photos", "b.jpg", "b").await.unwrap();
    pipeline.stop().await;
    assert_eq!(pipeline.queue("uploads").unwrap().messages.len(), 1);
}

#[tokio::test]
async fn a_worker_that_ends_is_started_again() {
    let pipeline = builder(worker()).start().await.unwrap();
    let crash = pipeline.put("photos", "crash", "a").await.unwrap();

    step(&pipeline, |step| match step {
        StepKind::FunctionCrashed { reason, .. } => reason.contains('3').then_some(()),
        _ => None,
    })
    .await;
    let good = pipeline.put("photos", "a.jpg", "a").await.unwrap();
    tokio::time::timeout(PATIENCE, pipeline.settle())
        .await
        .unwrap();

    let report = pipeline.report();
    assert_eq!(report.events[&good].handled, 1);
    assert_eq!(report.events[&crash].handled, 0);
    assert_eq!(report.events[&crash].receives["uploads"], 2);
    assert_eq!(report.events[&crash].dead_letter_queues.len(), 1);
    pipeline.stop().await;
}

#[tokio::test]
async fn a_worker_that_does_not_drain_is_killed_after_its_timeout() {
    let spec = worker().with_variable("STUBBORN", "1");
    let pipeline = builder(spec).start().await.unwrap();
    line(&pipeline, "AWS_REGION is us-east-1").await;
    let process = process(&pipeline).await;

    // Its handler for the signal is there when it receives.
    pipeline.put("photos", "a.jpg", "a").await.unwrap();
    line(&pipeline, "handled a.jpg").await;
    tokio::time::timeout(PATIENCE, pipeline.stop_workers())
        .await
        .unwrap();
    line(&pipeline, "draining").await;
    ends(&process).await;

    let lines = pipeline.journal().history();
    assert!(
        !lines.iter().any(
            |step| matches!(&step.kind, StepKind::FunctionLog { line, .. } if line == "drained")
        )
    );
}

/// Its timeout of 2 seconds would kill a worker that waits for the end of its receive.
#[tokio::test]
async fn a_worker_that_waits_for_a_message_drains_at_once() {
    let spec = worker().with_variable("WAIT", "20");
    let pipeline = builder(spec).start().await.unwrap();
    pipeline.put("photos", "a.jpg", "a").await.unwrap();
    line(&pipeline, "handled a.jpg").await;

    tokio::time::timeout(PATIENCE, pipeline.stop_workers())
        .await
        .unwrap();
    line(&pipeline, "drained").await;
    pipeline.stop().await;
}

#[tokio::test]
async fn a_pipeline_that_stops_or_is_dropped_ends_its_workers() {
    for is_stopped in [true, false] {
        let pipeline = builder(worker().with_variable("STUBBORN", "1"));
        let pipeline = pipeline.start().await.unwrap();
        let process = process(&pipeline).await;
        let journal = pipeline.journal().clone();
        if is_stopped {
            pipeline.stop().await;
        }
        drop(pipeline);
        ends(&process).await;

        let is_stopped = |step: &StepKind| matches!(step, StepKind::FunctionStopped { .. });
        step_of(&journal, |step| is_stopped(step).then_some(())).await;
        let is_start = |step: &&Step| matches!(step.kind, StepKind::FunctionStarted { .. });
        let history = journal.history();
        let history = history.iter().map(AsRef::as_ref);
        assert_eq!(history.filter(is_start).count(), 1);
    }
}

#[tokio::test]
async fn mistakes_with_workers_are_found_at_the_start() {
    async fn check(builder: LocalPipelineBuilder, kind: ErrorKind, text: &str) {
        let error = builder.start().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(text), "{error}");
    }
    let example = |worker: FunctionSpec| {
        Topology::new()
            .with_queue(QueueSpec::new("uploads"))
            .with_queue(QueueSpec::new("others"))
            .with_function(worker)
            .with_mapping(MappingSpec::new("uploads", "index"))
    };

    let no_endpoint = LocalPipeline::builder().with_topology(example(worker()));
    check(
        no_endpoint,
        ErrorKind::Configuration,
        "needs an SQS endpoint",
    )
    .await;

    let missing = worker().with_program("target/missing".into());
    check(builder(missing), ErrorKind::Program, "does not exist").await;

    let bare = FunctionSpec::new("index").as_worker();
    check(builder(bare), ErrorKind::Program, "is missing").await;

    let routes = Routes::new(()).on_fn("*", async || Ok::<_, std::io::Error>(()));
    let code = builder(worker()).with_router("index", routes);
    check(code, ErrorKind::Configuration, "must be a program").await;

    let two = example(worker()).with_mapping(MappingSpec::new("others", "index"));
    let two = builder(worker()).with_topology(two);
    check(two, ErrorKind::Configuration, "has one mapping").await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_needs_the_real_clock() {
    let error = builder(worker()).start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Program, "{error}");
}

#[test]
fn a_file_can_name_a_worker() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("local.toml");
    let text = |mapping: &str| {
        format!(
            "[[queue]]\nname = \"uploads\"\n[[queue]]\nname = \"others\"\n[[function]]\n\
             name = \"index\"\ncommand = [\"./index\", \"--loud\"]\nworker = true\n[[mapping]]\n\
             queue = \"uploads\"\nfunction = \"index\"\n{mapping}"
        )
    };

    std::fs::write(&file, text("")).unwrap();
    let topology = Topology::from_toml_file(&file).unwrap();
    assert!(topology.functions[0].is_worker);
    assert_eq!(topology.functions[0].arguments, ["--loud"]);

    let second = "[[mapping]]\nqueue = \"others\"\nfunction = \"index\"\n";
    std::fs::write(&file, text(second)).unwrap();
    let error = Topology::from_toml_file(&file).unwrap_err();
    assert!(error.to_string().contains("local.toml:8: "), "{error}");
}

#[tokio::test]
async fn the_demo_shows_a_function_and_a_worker() {
    let worker = format!("put-processor={}", receiver().display());
    let copies = format!(
        "copy-processor={}",
        crate::programs::put_processor().display()
    );
    let copies = copies.replace("/put-processor", "/copy-processor");
    let mut demo = Program::start(&["--demo", "--worker", &worker, "--function", &copies]);

    demo.line("put-processor is a worker").await;
    demo.line("handled holiday/my photo.jpg").await;
    demo.line("Every event ended where it should.").await;
    let (status, errors) = demo.end().await;
    assert!(status.success(), "{errors}");
}

#[tokio::test]
async fn a_program_without_work_is_not_started_again_and_says_which_feature_it_needs() {
    // It is built without the feature `worker`.
    let spec = worker().with_program(put_processor());
    let pipeline = builder(spec).start().await.unwrap();
    let reason = step(&pipeline, |step| match step {
        StepKind::FunctionStopped { reason, .. } => reason.clone(),
        _ => None,
    })
    .await;
    assert!(
        reason.starts_with("the program is built without `work`: build it with the feature"),
        "{reason}"
    );

    tokio::time::timeout(PATIENCE, pipeline.stop_workers())
        .await
        .unwrap();
    pipeline.stop().await;
    let history = pipeline.journal().history();
    let starts = history
        .iter()
        .filter(|step| matches!(step.kind, StepKind::FunctionStarted { .. }));
    assert_eq!(starts.count(), 1);
    assert!(!history.iter().any(|step| matches!(
        step.kind,
        StepKind::FunctionCrashed { .. } | StepKind::FunctionRestarting { .. }
    )));

    let worker = format!("put-processor={}", put_processor().display());
    let copies = format!("copy-processor={}", receiver().display());
    let mut local = Program::start(&["--port", "0", "--worker", &worker, "--function", &copies]);
    let (status, errors) = local.end().await;
    assert_eq!(status.code(), Some(1));
    assert!(
        errors.starts_with(
            "error: the worker `put-processor` cannot work: the program is built without `work`"
        ),
        "{errors}"
    );
}

#[tokio::test]
async fn the_program_drains_its_workers_before_it_ends() {
    let worker = format!("put-processor={}", receiver().display());
    let copies = format!("copy-processor={}", receiver().display());
    let mut local = Program::start(&["--port", "0", "--worker", &worker, "--worker", &copies]);
    local.line("SIZE is").await;
    local.port().await;
    local
        .line("started with work --queue-url http://127.0.0.1:")
        .await;

    local.signal("-TERM");
    local.line("drained").await;
    let (status, errors) = local.end().await;
    assert!(status.success(), "{errors}");
}

#[tokio::test]
async fn a_worker_that_ends_by_itself_has_not_crashed() {
    let worker = format!("put-processor={}", receiver().display());
    let copies = format!("copy-processor={}", receiver().display());
    let arguments = ["--port", "0", "--worker", &worker, "--worker", &copies];
    let mut local = Program::start(&arguments);
    let started = local.line("put-processor started as process").await;
    let process = started.rsplit(' ').next().unwrap();
    local.line("put-processor: started with work").await;

    let mut kill = std::process::Command::new("kill");
    assert!(kill.args(["-TERM", process]).status().unwrap().success());
    local.line("put-processor ended: exit status: 0").await;
    local.line("put-processor restarts in").await;
    assert!(!local.seen().iter().any(|line| line.contains("crashed")));
}

#[tokio::test]
async fn a_worker_of_a_pipeline_needs_no_path_and_runs_no_elsewhere() {
    let copies = format!("copy-processor={}", put_processor().display());
    let remote = ["--function", "put-processor=http://127.0.0.1:9"];
    let twice = ["--worker", "put-processor", "--function", &copies];
    let mut local = Program::start(&[&remote[..], &twice, &["--port", "0"]].concat());
    let (status, errors) = local.end().await;
    assert!(!status.success());
    assert!(errors.contains("`put-processor` is either"), "{errors}");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("local.toml");
    let pipeline = |place: &str| {
        format!(
            "[[bucket]]\nname = \"photos\"\n[[bucket.notification]]\nevents = \
             [\"s3:ObjectCreated:*\"]\nqueue = \"index\"\n[[queue]]\nname = \"index\"\n\
             [[function]]\nname = \"index\"\n{place}\n[[mapping]]\nqueue = \"index\"\n\
             function = \"index\"\n"
        )
    };
    let arguments = [
        "--config",
        file.to_str().unwrap(),
        "--port",
        "0",
        "--worker",
        "index",
    ];

    let program = format!("command = [\"{}\"]", receiver().display());
    std::fs::write(&file, pipeline(&program)).unwrap();
    let mut local = Program::start(&arguments);
    local.line("index is a worker").await;
    local.line("index: started with work --queue-url").await;

    std::fs::write(&file, pipeline("url = \"http://127.0.0.1:9\"")).unwrap();
    let (status, errors) = Program::start(&arguments).end().await;
    assert!(!status.success());
    assert!(errors.contains("`--worker index=PATH`"), "{errors}");
}

#[tokio::test]
async fn an_option_that_makes_no_sense_is_refused() {
    let worker = format!("put-processor={}", receiver().display());
    for (arguments, text) in [
        (
            ["--worker", &*worker, "--function", &*worker],
            "`put-processor` is either a function or a worker",
        ),
        (
            ["--worker", "missing=path", "--port", "0"],
            "there is no function `missing`",
        ),
        (
            [
                "--worker",
                "put-processor=http://127.0.0.1:1",
                "--port",
                "0",
            ],
            "expected `NAME` or `NAME=PATH`",
        ),
    ] {
        let mut local = Program::start(&arguments);
        let (status, errors) = local.end().await;
        assert!(!status.success());
        assert!(errors.contains(text), "{errors}");
    }
}
