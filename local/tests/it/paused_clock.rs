//! What needs the real clock says so while Tokio's clock is paused.

use std::path::PathBuf;

use s3_dispatch::{ObjectKey, Routes};
use s3_dispatch_local::{
    Error, ErrorKind, FunctionSpec, InvokeUrl, LocalPipeline, LocalPipelineBuilder, Remote,
    Topology,
};

fn routes() -> Routes<()> {
    Routes::new(()).on_fn("ObjectCreated:*", async |_: ObjectKey| {
        Ok::<_, std::io::Error>(())
    })
}

fn builder(change: impl FnOnce(FunctionSpec) -> FunctionSpec) -> LocalPipelineBuilder {
    let mut topology = Topology::of(&routes()).unwrap();
    let function = topology.functions.remove(0);
    LocalPipeline::builder().with_topology(topology.with_function(change(function)))
}

/// Each way to give a function that does not run in this process.
async fn start_each() -> Vec<Result<LocalPipeline, Error>> {
    // A program that is there, which need not be a function here.
    let program = PathBuf::from("/bin/cat");
    let url = InvokeUrl::parse("http://127.0.0.1:9000").unwrap();

    let builders = [
        builder(|spec| spec).with_binary("processor", &program),
        builder(|spec| spec.with_program(program)),
        builder(|spec| spec.with_invoke_url(url.clone())),
        builder(|spec| spec).with_function("processor", Remote::new("processor", url)),
    ];

    let mut started = Vec::new();
    for builder in builders {
        started.push(builder.start().await);
    }

    started
}

#[tokio::test(start_paused = true)]
async fn a_function_outside_of_this_process_is_an_error_on_a_paused_clock() {
    for started in start_each().await {
        let error = started.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Program);
        assert_eq!(
            error.to_string(),
            "the function `processor` cannot be started: it does not run in this process, so it \
             needs the real clock, but Tokio's clock is paused; do not pause it (`start_paused`), \
             or give the function as a router"
        );
    }
}

#[tokio::test]
async fn the_same_functions_start_on_the_real_clock() {
    for started in start_each().await {
        started.unwrap().stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_goes_on_before_the_start_is_a_real_clock() {
    tokio::time::resume();
    for started in start_each().await {
        started.unwrap().stop().await;
    }
}
