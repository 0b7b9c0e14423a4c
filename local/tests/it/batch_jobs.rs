//! Jobs of S3 Batch Operations: what they invoke a function with, when they try again, and what
//! they report.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use s3_dispatch::{Dispatcher, HandlerError, ObjectKey, Routes, State};
use s3_dispatch_local::{
    BatchJobRun, CompletionReport, ErrorKind, Function, FunctionError, FunctionErrorKind,
    Invocation, JobManifest, LocalPipeline, TaskStatus, Topology,
};
use serde_json::{Value, json};

use crate::programs::put_processor;

/// Answers each invocation as a test says, and keeps the payloads.
#[derive(Clone)]
struct Scripted {
    answer: fn(usize, &Value) -> Result<Value, FunctionError>,
    payloads: Arc<Mutex<Vec<Value>>>,
}

#[async_trait]
impl Function for Scripted {
    async fn invoke(&self, invocation: Invocation) -> Result<Bytes, FunctionError> {
        let payload: Value = serde_json::from_slice(&invocation.payload).unwrap();
        let number = {
            let mut payloads = self.payloads.lock().unwrap();
            payloads.push(payload.clone());
            payloads.len()
        };

        (self.answer)(number, &payload).map(|answer| Bytes::from(answer.to_string()))
    }
}

/// The answer that gives each task of a payload this result.
fn results(payload: &Value, code: impl Fn(&str) -> &'static str) -> Value {
    let tasks = payload["tasks"].as_array().unwrap();
    let results: Vec<_> = tasks
        .iter()
        .map(|task| {
            let code = code(task["s3Key"].as_str().unwrap());
            json!({"taskId": task["taskId"], "resultCode": code, "resultString": code})
        })
        .collect();

    json!({
        "invocationSchemaVersion": payload["invocationSchemaVersion"],
        "treatMissingKeysAs": "TemporaryFailure",
        "invocationId": payload["invocationId"],
        "results": results,
    })
}

/// Runs a job with a scripted function. Returns its report and the payloads of its invocations.
async fn run(
    job: BatchJobRun,
    answer: fn(usize, &Value) -> Result<Value, FunctionError>,
) -> (CompletionReport, Vec<Value>) {
    let function = Scripted {
        answer,
        payloads: Arc::default(),
    };
    let pipeline = LocalPipeline::builder()
        .with_function("put-processor", function.clone())
        .with_function("copy-processor", function.clone())
        .start()
        .await
        .unwrap();

    let report = pipeline.run_batch_job("put-processor", &job).await.unwrap();
    let payloads = function.payloads.lock().unwrap().clone();
    (report, payloads)
}

fn job(csv: &str) -> BatchJobRun {
    BatchJobRun::new(JobManifest::parse(csv).unwrap()).with_concurrency(1)
}

fn keys(payload: &Value) -> Vec<&str> {
    let tasks = payload["tasks"].as_array().unwrap();
    tasks
        .iter()
        .map(|task| task["s3Key"].as_str().unwrap())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_objects_of_the_manifest_are_divided_among_invocations() {
    let csv = "photos,a%20b.jpg,v1\r\nphotos,\"c,d.jpg\",\n\nphotos,e.jpg,v2";
    let job = job(csv)
        .with_tasks_per_invocation(2)
        .with_user_argument("reason", "test");
    let (report, payloads) = run(job, |_, payload| Ok(results(payload, |_| "Succeeded"))).await;

    assert_eq!(
        (report.succeeded(), report.failed(), report.invocations()),
        (3, 0, 2)
    );
    assert_eq!(keys(&payloads[0]), ["a%20b.jpg", "c,d.jpg"]);
    assert_eq!(keys(&payloads[1]), ["e.jpg"]);
    assert_eq!(payloads[0]["invocationSchemaVersion"], "2.0");
    assert_eq!(payloads[0]["job"]["userArguments"]["reason"], "test");
    assert_eq!(payloads[0]["tasks"][0]["s3Bucket"], "photos");
    assert_eq!(payloads[0]["tasks"][0]["s3VersionId"], "v1");
    assert_eq!(payloads[0]["tasks"][1]["s3VersionId"], Value::Null);
    assert_eq!(
        report.to_csv(),
        "photos,a%20b.jpg,v1,succeeded,200,,\"Succeeded\"\n\
         photos,\"c,d.jpg\",,succeeded,200,,\"Succeeded\"\n\
         photos,e.jpg,v2,succeeded,200,,\"Succeeded\"\n"
    );
}

#[tokio::test(start_paused = true)]
async fn the_first_schema_has_arns_and_no_user_arguments() {
    let job = job("photos,a.jpg")
        .with_user_argument("reason", "test")
        .with_schema_1();
    let (_, payloads) = run(job, |_, payload| Ok(results(payload, |_| "Succeeded"))).await;

    assert_eq!(payloads[0]["invocationSchemaVersion"], "1.0");
    assert_eq!(
        payloads[0]["tasks"][0]["s3BucketArn"],
        "arn:aws:s3:::photos"
    );
    assert_eq!(payloads[0]["job"].get("userArguments"), None);
}

#[tokio::test(start_paused = true)]
async fn only_temporary_failures_are_tried_again_and_not_forever() {
    let job = job("b,done\nb,never\nb,later\nb,bad\n").with_attempts(3);
    let started = tokio::time::Instant::now();
    let (report, payloads) = run(job, |number, payload| {
        Ok(results(payload, |key| match (key, number) {
            ("done", _) | ("later", 2) => "Succeeded",
            ("bad", _) => "PermanentFailure",
            _ => "TemporaryFailure",
        }))
    })
    .await;

    let sent: Vec<_> = payloads.iter().map(keys).collect();
    assert_eq!(
        sent,
        [
            vec!["done", "never", "later", "bad"],
            vec!["never", "later"],
            vec!["never"]
        ]
    );
    let ids = |payload: &Value| payload["tasks"].as_array().unwrap()[0]["taskId"].clone();
    assert_eq!(ids(&payloads[1]), ids(&payloads[2]), "a task keeps its id");
    assert_ne!(payloads[1]["invocationId"], payloads[2]["invocationId"]);
    assert_eq!(started.elapsed(), Duration::from_secs(1 + 2));

    let ended: Vec<_> = report
        .tasks()
        .iter()
        .map(|task| (task.status, task.attempts))
        .collect();
    assert_eq!(
        ended,
        [
            (TaskStatus::Succeeded, 1),
            (TaskStatus::TemporaryFailure, 3),
            (TaskStatus::Succeeded, 2),
            (TaskStatus::PermanentFailure, 1),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_invocation_without_a_usable_answer_is_tried_again() {
    let answer: fn(usize, &Value) -> _ = |number, payload| match number {
        1 => Err(FunctionError::new(
            FunctionErrorKind::Crashed,
            "it \"crashed\"",
        )),
        2 => Ok(json!({"batchItemFailures": []})),
        3 => {
            let mut other = results(payload, |_| "Succeeded");
            other["invocationId"] = json!("another");
            Ok(other)
        }
        4 => {
            let mut partial = results(payload, |_| "Succeeded");
            partial["results"].as_array_mut().unwrap().pop();
            Ok(partial)
        }
        _ => Ok(results(payload, |_| "Succeeded")),
    };

    let (report, payloads) = run(job("b,k\nb,l"), answer).await;
    assert_eq!((report.succeeded(), report.invocations()), (2, 5));
    assert_eq!(keys(&payloads[4]), ["l"]);

    let (report, _) = run(job("b,k").with_attempts(1), answer).await;
    assert_eq!(
        report.to_csv(),
        "b,k,,failed,200,TemporaryFailure,\"Lambda returned function error: it \"\"crashed\"\"\"\n"
    );
}

#[tokio::test(start_paused = true)]
async fn the_function_decides_how_an_omission_counts() {
    let job = job("b,k").with_attempts(1);
    let (report, _) = run(job, |_, payload| {
        let mut answer = results(payload, |_| "Succeeded");
        answer["results"] = json!([]);
        answer["treatMissingKeysAs"] = json!("PermanentFailure");
        Ok(answer)
    })
    .await;
    assert_eq!(report.tasks()[0].status, TaskStatus::PermanentFailure);
}

#[tokio::test(start_paused = true)]
async fn a_dispatcher_handles_every_object_though_the_deadline_cuts_it() {
    type Seen = Arc<Mutex<Vec<String>>>;
    let seen = Seen::default();
    let routes = Routes::new(Arc::clone(&seen)).on_fn(
        "ObjectCreated:*",
        async |key: ObjectKey, State(seen): State<Seen>| {
            // Three seconds are the timeout, and ten tasks of a second each do not fit.
            tokio::time::sleep(Duration::from_secs(1)).await;
            seen.lock().unwrap().push(key.as_str().to_owned());
            Ok::<_, HandlerError>(())
        },
    );
    let topology = Topology::of(&routes).unwrap();
    let dispatcher = Dispatcher::new(routes).with_concurrency(2);
    let pipeline = LocalPipeline::builder()
        .with_topology(topology)
        .with_router("processor", dispatcher)
        .start()
        .await
        .unwrap();

    let csv: String = (0..10)
        .map(|number| format!("photos,a+{number}%2B.jpg\n"))
        .collect();
    let report = pipeline
        .run_batch_job("processor", &job(&csv))
        .await
        .unwrap();

    assert_eq!((report.succeeded(), report.failed()), (10, 0));
    let mut seen = seen.lock().unwrap().clone();
    seen.sort();
    let expected: Vec<_> = (0..10).map(|number| format!("a {number}+.jpg")).collect();
    assert_eq!(seen, expected, "each object is handled once");
}

#[tokio::test(start_paused = true)]
async fn a_function_that_does_not_exist_is_named() {
    let routes = Routes::new(()).on_fn("*", async || Ok::<_, HandlerError>(()));
    let topology = Topology::of(&routes).unwrap();
    let pipeline = LocalPipeline::builder()
        .with_topology(topology)
        .with_router("processor", routes)
        .start()
        .await
        .unwrap();

    let error = pipeline
        .run_batch_job("nobody", &job("b,k"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownName);
    assert!(error.to_string().contains("`nobody`"), "{error}");
}

/// A manifest that is wrong, and what its error says.
#[track_caller]
fn check_wrong(csv: &str, expected: &str) {
    let error = JobManifest::parse(csv).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_wrong_line_of_a_manifest_is_named() {
    let columns = "is not `bucket,key`, or `bucket,key,version` on every line";
    check_wrong("b\n", &format!("line 1 of the manifest {columns}"));
    check_wrong("b,k\nb,k,v\n", &format!("line 2 of the manifest {columns}"));
    check_wrong("b,k,v,x\n", &format!("line 1 of the manifest {columns}"));
    check_wrong(
        "b,k\n\nb,\n",
        "line 3 of the manifest has no bucket or no key",
    );
    check_wrong(
        "b,\"k\nl\"\nb,\"k\n",
        "line 3 of the manifest has quotes that do not match",
    );
    check_wrong(
        "b,\"k\"l\n",
        "line 1 of the manifest has quotes that do not match",
    );

    assert!(JobManifest::parse("").unwrap().is_empty());
    assert_eq!(
        JobManifest::parse("\u{feff}b,\"a \"\"b\"\"\"\n")
            .unwrap()
            .len(),
        1
    );
}

/// Runs the program, and returns its status, standard output and standard error.
async fn batch(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_s3-dispatch-local"))
        .arg("batch")
        .args(arguments)
        .output()
        .await
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();

    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[tokio::test]
async fn the_program_runs_a_job_and_prints_its_report() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("manifest.csv");
    std::fs::write(&manifest, "photos,my%20photo.jpg\nphotos,b.jpg\n").unwrap();
    let manifest = manifest.display().to_string();
    let function = format!("put-processor={}", put_processor().display());

    let (status, output, errors) = batch(&["--function", &function, "--manifest", &manifest]).await;
    let text = "the `ObjectCreated:Put` record has no `size`, because it is a task of a batch job; \
                `Dispatcher::look_up_tasks` asks S3 for it";
    let expected = format!(
        "photos,my%20photo.jpg,,failed,200,PermanentFailure,\"{text}\"\n\
         photos,b.jpg,,failed,200,PermanentFailure,\"{text}\"\n"
    );
    assert_eq!((status, output), (Some(1), expected), "{errors}");
    assert!(
        errors.contains("0 tasks succeeded, 2 failed, 1 invocation"),
        "{errors}"
    );

    let report = folder.path().join("report.csv").display().to_string();
    let arguments = [
        "--user-argument",
        "eventName=ObjectRemoved:Delete",
        "--report",
        &report,
    ];
    let arguments = [
        &["--function", &function, "--manifest", &manifest][..],
        &arguments,
    ]
    .concat();
    let (status, output, _) = batch(&arguments).await;
    assert_eq!((status, output.as_str()), (Some(0), ""));
    let report = std::fs::read_to_string(report).unwrap();
    assert!(
        report.contains("skipped: no route matches the record"),
        "{report}"
    );
}

#[tokio::test]
async fn the_program_says_what_is_wrong() {
    let function = format!("put-processor={}", put_processor().display());
    let (status, _, errors) = batch(&[
        "--function",
        &function,
        "--manifest",
        "/nowhere/manifest.csv",
    ])
    .await;
    assert_eq!(status, Some(1));
    assert!(errors.contains("/nowhere/manifest.csv"), "{errors}");

    let (status, _, errors) = batch(&["--manifest", "m.csv"]).await;
    assert_eq!(status, Some(2));
    assert!(errors.contains("--function"), "{errors}");
}
