//! Functions that run in separate processes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use s3_dispatch::EventName;
use s3_dispatch_local::{
    ErrorKind, Function, FunctionError, FunctionErrorKind, FunctionSpec, Invocation, Journal, Kill,
    KillKind, LocalPipeline, LogStream, MappingSpec, Message, Process, QueueSpec, Step, StepKind,
    Topology,
};
use s3_dispatch_testing::{RecordBuilder, SqsBatchBuilder};

use crate::programs::{ends, is_running, put_processor, wayward};

struct Started {
    process: Process,
    journal: Journal,
}

impl Started {
    async fn with(spec: FunctionSpec) -> Self {
        let journal = journal().await;
        Self {
            process: Process::start(spec, journal.clone()).await.unwrap(),
            journal,
        }
    }

    async fn invoke(&self, event: &str) -> Result<String, FunctionError> {
        self.invoke_with(
            Invocation::new("an-id", format!("\"{event}\"")).with_timeout(Duration::from_secs(20)),
        )
        .await
    }

    async fn invoke_with(&self, invocation: Invocation) -> Result<String, FunctionError> {
        let answer = self.process.invoke(invocation).await?;
        Ok(String::from_utf8(answer.to_vec()).unwrap())
    }

    /// Waits for a step, which may already have happened.
    async fn step<T>(&self, what: &str, mut wanted: impl FnMut(&StepKind) -> Option<T>) -> T {
        let (history, mut live) = self.journal.history_and_watch();
        let mut past = history.into_iter();

        let search = async {
            loop {
                let step: Option<Arc<Step>> = match past.next() {
                    Some(step) => Some(step),
                    None => live.next().await,
                };
                if let Some(found) = wanted(&step.unwrap().kind) {
                    return found;
                }
            }
        };

        tokio::time::timeout(Duration::from_secs(20), search)
            .await
            .unwrap_or_else(|_| panic!("no {what}"))
    }

    fn count(&self, wanted: impl Fn(&StepKind) -> bool) -> usize {
        self.journal
            .history()
            .iter()
            .filter(|step| wanted(&step.kind))
            .count()
    }
}

async fn journal() -> Journal {
    let pipeline = LocalPipeline::builder()
        .with_topology(Topology::default())
        .start()
        .await
        .unwrap();
    pipeline.journal().clone()
}

fn spec(program: PathBuf) -> FunctionSpec {
    FunctionSpec::new("my-function").with_program(program)
}

fn is_started(step: &StepKind) -> bool {
    matches!(step, StepKind::FunctionStarted { .. })
}

fn is_changed(step: &StepKind) -> bool {
    matches!(step, StepKind::ProgramChanged { .. })
}

#[tokio::test]
async fn a_real_program_answers_and_its_logs_are_recorded() {
    let function =
        Started::with(spec(put_processor()).with_variable("MAX_OBJECT_BYTES", "100")).await;
    let record = |key, size| {
        RecordBuilder::new(EventName::OBJECT_CREATED_PUT)
            .with_key(key)
            .with_size(size)
    };

    let batch = SqsBatchBuilder::new()
        .with_record("1", record("small photo.jpg", 100))
        .with_record("2", record("large photo.jpg", 101));
    let invocation =
        Invocation::new("an-id", batch.to_bytes()).with_timeout(Duration::from_secs(20));
    let answer = function.invoke_with(invocation).await.unwrap();
    assert_eq!(answer, r#"{"batchItemFailures":[{"itemIdentifier":"2"}]}"#);

    let line = function.step("log", |step| match step {
        StepKind::FunctionLog {
            line,
            stream: LogStream::Output,
            ..
        } if line.contains("small photo.jpg") => Some(line.clone()),
        _ => None,
    });

    assert!(line.await.contains("object uploaded"));
}

#[tokio::test]
async fn a_process_is_reused_and_concurrent_invocations_get_another_one() {
    let function = Started::with(spec(wayward())).await;
    let first = function.invoke("process").await.unwrap();
    assert_eq!(function.invoke("process").await.unwrap(), first);
    let (one, other) = tokio::join!(function.invoke("process"), function.invoke("process"));
    assert_ne!(one.unwrap(), other.unwrap());
    assert_eq!(function.count(is_started), 2);
}

#[tokio::test]
async fn an_error_is_reported_and_the_process_is_reused() {
    let function = Started::with(spec(wayward())).await;
    let error = function.invoke("fail").await.unwrap_err();
    assert_eq!(error.kind(), FunctionErrorKind::Unhandled);
    assert_eq!(error.to_string(), "Refused: it was told to");
    function.invoke("anything").await.unwrap();
    assert_eq!(function.count(is_started), 1);
}

#[tokio::test]
async fn a_crash_is_reported_and_another_process_takes_over_after_a_pause() {
    let function = Started::with(spec(wayward())).await;
    for crash in 0..2 {
        let error = function.invoke("crash").await.unwrap_err();
        assert_eq!(error.kind(), FunctionErrorKind::Crashed);
        assert_eq!(
            error.to_string(),
            "the process ended before it answered: exit status: 3"
        );
        let pauses = function.count(|step| matches!(step, StepKind::FunctionRestarting { .. }));
        assert_eq!(pauses, crash + 1);
    }

    assert_eq!(function.invoke("hello").await.unwrap(), "\"hello\"");
    let mut pauses = Vec::new();

    for step in function.journal.history() {
        if let StepKind::FunctionRestarting { after, .. } = step.kind {
            pauses.push(after);
        }
    }

    assert_eq!(
        pauses,
        [Duration::from_millis(100), Duration::from_millis(200)]
    );
    assert_eq!(
        function.count(|step| matches!(step, StepKind::FunctionCrashed { .. })),
        2
    );
}

#[tokio::test]
async fn what_a_process_has_started_ends_with_it() {
    let function = Started::with(spec(wayward())).await;
    let error = function.invoke("leave a child and end").await.unwrap_err();
    assert_eq!(error.kind(), FunctionErrorKind::Crashed);

    let child = function.step("child", |step| match step {
        StepKind::FunctionLog { line, .. } => line.strip_prefix("child ").map(str::to_owned),
        _ => None,
    });
    ends(&child.await).await;
}

#[tokio::test]
async fn a_process_that_exceeds_the_timeout_is_killed() {
    let function = Started::with(spec(wayward())).await;
    let before = function.invoke("process").await.unwrap();
    let invocation = Invocation::new("an-id", "\"hang\"").with_timeout(Duration::from_millis(50));
    let error = function.invoke_with(invocation).await.unwrap_err();
    assert_eq!(error.kind(), FunctionErrorKind::TimedOut);
    assert!(!is_running(&before));
    assert_eq!(
        function.count(|step| matches!(step, StepKind::FunctionTimedOut { .. })),
        1
    );
    assert_ne!(function.invoke("process").await.unwrap(), before);
}

#[tokio::test]
async fn an_injected_kill_looks_like_a_crash_and_causes_no_pause() {
    let function = Started::with(spec(wayward())).await;
    let kill = Kill {
        after: Duration::from_millis(20),
        kind: KillKind::Crash,
    };
    let invocation = Invocation::new("an-id", "\"hang\"")
        .with_timeout(Duration::from_secs(20))
        .with_kill(kill);
    let error = function.invoke_with(invocation).await.unwrap_err();
    assert_eq!(error.kind(), FunctionErrorKind::Crashed);
    assert_eq!(
        function.count(|step| matches!(step, StepKind::FunctionCrashed { .. })),
        1
    );
    assert_eq!(
        function.count(|step| matches!(step, StepKind::FunctionRestarting { .. })),
        0
    );
}

#[tokio::test]
async fn a_program_that_does_not_start_is_given_up_until_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("bootstrap");
    std::fs::copy(wayward(), &program).unwrap();
    let broken = spec(program.clone()).with_variable("START_WITH", "no database");
    let function = Started::with(broken).await;

    for attempt in 1..=7 {
        let error = function.invoke("hello").await.unwrap_err();
        assert_eq!(error.kind(), FunctionErrorKind::InitFailed, "{error}");
        assert_eq!(
            error.to_string().starts_with("given up after 5 attempts"),
            attempt > 5,
            "{attempt}: {error}"
        );
    }

    assert_eq!(function.count(is_started), 5);
    let reason = function.step("end", |step| match step {
        StepKind::FunctionStopped {
            reason: Some(reason),
            ..
        } => Some(reason.clone()),
        _ => None,
    });

    assert!(
        reason
            .await
            .ends_with("the process ended before it was ready: exit status: 7")
    );

    assert_eq!(
        function.count(|step| matches!(step, StepKind::FunctionStopped { .. })),
        1
    );

    let line = function.step("log", |step| match step {
        StepKind::FunctionLog {
            line,
            stream: LogStream::Error,
            ..
        } => (line == "no database").then_some(()),
        _ => None,
    });

    line.await;

    let file = std::fs::File::options()
        .append(true)
        .open(&program)
        .unwrap();
    file.set_modified(std::time::SystemTime::now() + Duration::from_secs(1))
        .unwrap();
    drop(file);
    let error = function.invoke("hello").await.unwrap_err();
    assert!(
        error.to_string().starts_with("the process ended"),
        "{error}"
    );
    assert_eq!(function.count(is_started), 6);
}

/// Puts a copy of this program in the place of another, as a build does.
fn build(from: &std::path::Path, to: &std::path::Path) {
    let new = to.with_extension("new");
    std::fs::copy(from, &new).unwrap();
    std::fs::rename(&new, to).unwrap();
}

#[tokio::test]
async fn a_changed_program_is_used_from_the_next_invocation_on() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("bootstrap");
    build(&wayward(), &program);
    let function = Started::with(spec(program.clone())).await;

    let old = function.invoke("process").await.unwrap();
    assert_eq!(function.invoke("process").await.unwrap(), old);
    build(&wayward(), &program);

    let new = function.invoke("process").await.unwrap();
    assert_ne!(new, old);
    assert_eq!(function.invoke("process").await.unwrap(), new);
    assert_eq!(function.count(is_changed), 1);
    ends(&old).await;
}

#[tokio::test]
async fn a_busy_process_of_a_changed_program_finishes_and_is_not_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = pipe_in(folder.path());
    let program = folder.path().join("bootstrap");
    build(&wayward(), &program);
    let slow = spec(program.clone()).with_variable("ANSWER_AFTER", pipe.to_str().unwrap());
    let function = Started::with(slow).await;

    let busy = function.invoke("process when told");
    let change = async {
        function
            .step("start of the work", |step| match step {
                StepKind::FunctionLog { line, .. } => (line == "working").then_some(()),
                _ => None,
            })
            .await;
        build(&wayward(), &program);
        let new = function.invoke("process").await.unwrap();
        write(pipe).await;
        new
    };
    let (old, new) = tokio::join!(busy, change);
    let old = old.unwrap();

    assert_ne!(old, new);
    ends(&old).await;
    let (one, other) = tokio::join!(function.invoke("process"), function.invoke("process"));
    assert_ne!(one.unwrap(), old);
    assert_ne!(other.unwrap(), old);
}

#[tokio::test]
async fn the_old_process_goes_on_while_there_is_no_program() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("bootstrap");
    build(&wayward(), &program);
    let function = Started::with(spec(program.clone())).await;

    let before = function.invoke("process").await.unwrap();
    std::fs::remove_file(&program).unwrap();
    assert_eq!(function.invoke("process").await.unwrap(), before);
    assert_eq!(function.count(is_changed), 0);
}

#[tokio::test]
async fn an_error_at_startup_is_reported_with_the_text_of_the_function() {
    let spec = spec(wayward())
        .with_variable("START_WITH", "no database")
        .with_variable("START_ERROR", "1");
    let error = Started::with(spec).await.invoke("hello").await.unwrap_err();
    assert_eq!(error.kind(), FunctionErrorKind::InitFailed);
    assert_eq!(
        error.to_string(),
        "the function cannot start: Config: no database"
    );
}

/// Keeps a paused clock from moving by itself while a process works, until it is dropped.
struct ClockHold {
    _release: std::sync::mpsc::Sender<()>,
}

impl ClockHold {
    fn new() -> Self {
        let (hold, released) = std::sync::mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || released.recv());
        Self { _release: hold }
    }
}

/// A pipe in this folder. A process that reads it waits until something is written.
fn pipe_in(folder: &std::path::Path) -> PathBuf {
    let pipe = folder.join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    pipe
}

async fn write(pipe: PathBuf) {
    let written = tokio::task::spawn_blocking(|| std::fs::write(pipe, "go"));
    written.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_slow_start_does_not_count_against_the_timeout() {
    let hold = ClockHold::new();
    let folder = tempfile::tempdir().unwrap();
    let pipe = pipe_in(folder.path());

    let slow = FunctionSpec::new("slow")
        .with_timeout(Duration::from_secs(1))
        .with_variable("START_AFTER", pipe.to_str().unwrap());
    let topology = Topology::new()
        .with_queue(QueueSpec::new("uploads"))
        .with_function(slow)
        .with_mapping(MappingSpec::new("uploads", "slow"));
    let pipeline = LocalPipeline::builder()
        .with_topology(topology)
        .with_binary("slow", wayward())
        .start()
        .await
        .unwrap();

    tokio::time::pause();
    let mut steps = pipeline.journal().watch();
    let message = Message::new("1", "{}");
    pipeline.send("uploads", message).await.unwrap();

    loop {
        match &steps.next().await.unwrap().kind {
            StepKind::Invoked { .. } => {
                tokio::time::advance(Duration::from_secs(9)).await;
                write(pipe.clone()).await;
            }
            StepKind::Answered { error, .. } => {
                assert_eq!(*error, None);
                break;
            }
            _ => {}
        }
    }

    drop(hold);
    pipeline.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_start_has_ten_seconds_from_the_start_of_the_process() {
    let hold = ClockHold::new();
    let folder = tempfile::tempdir().unwrap();
    let pipe = pipe_in(folder.path());
    let slow = spec(wayward()).with_variable("START_AFTER", pipe.to_str().unwrap());
    let function = Started::with(slow).await;

    tokio::time::advance(Duration::from_secs(9)).await;
    let invocation = function.invoke("hello");
    let late = async {
        tokio::task::yield_now().await;
        tokio::time::advance(Duration::from_secs(1)).await;
    };
    let (answer, ()) = tokio::join!(invocation, late);

    let error = answer.unwrap_err();
    assert_eq!(error.kind(), FunctionErrorKind::InitFailed);
    assert_eq!(error.to_string(), "the process was not ready after 10s");
    drop(hold);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_called_that() {
    let function = Started::with(spec(wayward())).await;
    let cases = [
        (
            "break off and end",
            FunctionErrorKind::Crashed,
            "the process ended in the middle of its answer: exit status: 3",
        ),
        (
            "break off and ask",
            FunctionErrorKind::Unhandled,
            "the answer broke off: the process closed the connection in the middle of it",
        ),
    ];

    for (event, kind, text) in cases {
        let error = function.invoke(event).await.unwrap_err();
        assert_eq!((error.kind(), &*error.to_string()), (kind, text));
    }

    assert_eq!(
        function.invoke("break off and answer").await.unwrap(),
        "\"whole\""
    );

    let hanging = Invocation::new("an-id", "\"break off and hang\"");
    let hanging = hanging.with_timeout(Duration::from_millis(500));
    let error = function.invoke_with(hanging).await.unwrap_err();
    assert_eq!(error.kind(), FunctionErrorKind::TimedOut);
    assert_eq!(
        error.to_string(),
        "the function did not answer within 500ms and was killed; its answer broke off"
    );
}

#[tokio::test]
async fn every_line_is_recorded_and_long_lines_are_split() {
    let function = Started::with(spec(wayward())).await;
    function.invoke("print").await.unwrap();
    let mut lines = Vec::new();

    function
        .step("second half", |step| {
            if let StepKind::FunctionLog { line, stream, .. } = step {
                lines.push((*stream, line.clone()));
            }

            lines
                .iter()
                .any(|(_, line)| line.len() == 64 * 1024)
                .then_some(())
        })
        .await;

    assert!(lines.contains(&(LogStream::Output, String::from("to output"))));
    assert!(
        lines.contains(&(LogStream::Error, String::from("to error: \u{1b}[31mred"))),
        "{lines:?}"
    );
}

#[tokio::test]
async fn an_answer_counts_only_once_and_only_for_its_invocation() {
    let function = Started::with(spec(wayward())).await;
    assert_eq!(function.invoke("other id").await.unwrap(), "\"its own\"");
    assert_eq!(function.invoke("hello").await.unwrap(), "\"hello\"");
    let error = function.invoke("too much").await.unwrap_err();
    assert_eq!(error.kind(), FunctionErrorKind::Unhandled);

    assert!(
        error
            .to_string()
            .starts_with("Function.ResponseSizeTooLarge"),
        "{error}"
    );

    assert_eq!(function.invoke("hello").await.unwrap(), "\"hello\"");
}

#[tokio::test]
async fn the_environment_has_what_lambda_sets_and_nothing_else() {
    let function = Started::with(spec(wayward()).with_memory(256).with_variable("MINE", "1")).await;
    let environment = function.invoke("environment").await.unwrap();

    for line in [
        "AWS_LAMBDA_FUNCTION_NAME=my-function",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256",
        "AWS_REGION=us-east-1",
        "MINE=1",
    ] {
        assert!(
            environment.lines().any(|found| found == line),
            "{line}: {environment}"
        );
    }

    assert!(!environment.contains("CARGO"), "{environment}");

    let has = |environment: &str| environment.contains("AWS_SESSION_TOKEN=s3-dispatch-local/");
    assert!(has(&environment), "{environment}");
    // A token of the pipeline would make other credentials invalid.
    let own = spec(wayward()).with_variable("AWS_ACCESS_KEY_ID", "another");
    let environment = Started::with(own).await.invoke("environment").await;
    assert!(!has(&environment.unwrap()));
}

#[tokio::test]
async fn stopping_ends_every_process() {
    let function = Arc::new(Started::with(spec(wayward())).await);
    let idle = function.invoke("process").await.unwrap();
    let busy = tokio::spawn({
        let function = Arc::clone(&function);
        async move { function.invoke("hang").await }
    });
    let second = tokio::spawn({
        let function = Arc::clone(&function);
        async move { function.invoke("hang").await }
    });
    let mut processes = Vec::new();

    function
        .step("second process", |step| {
            if let StepKind::FunctionStarted { process, .. } = step {
                processes.push(process.unwrap().to_string());
            }
            (processes.len() == 2).then_some(())
        })
        .await;

    assert!(processes.contains(&idle));
    function.process.stop().await;
    assert!(
        processes.iter().all(|process| !is_running(process)),
        "{processes:?}"
    );
    assert!(busy.await.unwrap().is_err() && second.await.unwrap().is_err());
    assert!(function.invoke("hello").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_processes_write_no_errors() {
    for _ in 0..5 {
        let function = Started::with(spec(put_processor())).await;
        let invoke = || {
            let invocation = Invocation::new("an-id", SqsBatchBuilder::new().to_bytes());
            function.invoke_with(invocation.with_timeout(Duration::from_secs(20)))
        };
        let answers = futures_util::future::join_all((0..8).map(|_| invoke())).await;
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        function.process.stop().await;
        let history = function.journal.history();

        let complaint = history.iter().find(|step| {
            matches!(
                &step.kind,
                StepKind::FunctionLog {
                    stream: LogStream::Error,
                    ..
                }
            )
        });

        assert!(complaint.is_none(), "{complaint:?}");
    }
}

#[tokio::test]
async fn an_unusable_program_is_reported_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let text = folder.path().join("text");
    std::fs::write(&text, "hello").unwrap();

    let cases = [
        (missing.clone(), "does not exist"),
        (text.clone(), "is not executable"),
        (folder.path().into(), "is not a file"),
    ];

    for (program, reason) in cases {
        let error = Process::start(spec(program.clone()), journal().await)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Program);

        assert_eq!(
            error.to_string(),
            format!(
                "the program `{}` of the function `my-function` {reason}",
                program.display()
            )
        );
    }
}
