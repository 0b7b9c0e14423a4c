//! Starts what the command line asks for, and stops it at the end.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use s3_dispatch_local::{
    BoundS3Endpoint, ErrorKind, LocalPipeline, NotificationSource, S3Endpoint, Topology,
};

use crate::cli::{Arguments, Demo};
use crate::console::{self, Console, SilentConsole, paint, say};
use crate::demo::{self, Table};
use crate::functions::{UselessWorker, set_endpoint, set_programs, set_timeout, set_variables};
use crate::interrupt::Interrupt;
use crate::project::{BuildStatus, Project, Watched, first_build, watch};
use crate::ui::{BoundUi, Monitor, Ui};

/// Everything that runs until Ctrl-C, or until the demo is over.
struct Running {
    pipeline: LocalPipeline,
    endpoint: S3Endpoint,
    ui: Option<Ui>,
    console: Console,
    useless_worker: UselessWorker,
}

/// The project whose programs run, and what they were built from.
type WatchedProject = (Project, Watched);

/// Runs until Ctrl-C, or until the demo is over.
pub(crate) async fn run(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let (mut topology, project) = prepare(arguments).await?;
    set_timeout(arguments, &mut topology);
    set_programs(arguments, &mut topology.functions).await?;
    set_variables(arguments, &mut topology.functions)?;

    // Both ports are bound before the pipeline starts: the functions need the endpoint's address,
    // and a port in use should fail before anything runs.
    let endpoint = bind_endpoint(arguments).await?;
    let ui = arguments.ui.map(Ui::bind).transpose()?;
    let address = endpoint.address();
    set_endpoint(&mut topology.functions, address);

    let mut interrupt = Interrupt::watch()?;
    let status = BuildStatus::new(arguments.watch);
    let running = Running::start(arguments, &topology, endpoint, ui, &status).await?;

    let outcome = tokio::select! {
        outcome = running.work(arguments, address, &project, &status) => outcome,
        reason = running.useless_worker.wait() => Err(reason.into()),
        () = interrupt.wait() => Ok(None),
    };

    let has_ui = arguments.ui.is_some();
    if let (Ok(Some(table)), true) = (&outcome, has_ui) {
        say(&table.to_string());
        say("The page stays open until you press Ctrl-C.");
        interrupt.wait().await;
    }

    running.stop(&mut interrupt).await;

    let is_success = match outcome? {
        Some(table) => {
            if !has_ui {
                say(&table.to_string());
            }

            table.is_right()
        }
        None => arguments.demo.is_none(),
    };

    Ok(if is_success {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The pipeline to run: that of a file, of the examples, or of the programs of a Cargo project,
/// which are built.
async fn prepare(
    arguments: &Arguments,
) -> Result<(Topology, Option<WatchedProject>), Box<dyn Error>> {
    if arguments.demo == Some(Demo::Thumbnails) {
        let (mut topology, project, watched) = demo::build_thumbnails().await?;
        demo::adapt_thumbnails(&mut topology);
        return Ok((topology, Some((project, watched))));
    }

    let project = match arguments.has_project() {
        true => Project::find(arguments).await?,
        false => None,
    };

    let Some(project) = project else {
        if arguments.watch {
            let text = "`--watch` needs a program: name one with `--program NAME`";
            return Err(text.into());
        }

        let mut topology = arguments.topology()?;
        if arguments.demo.is_some() {
            demo::adapt(&mut topology, &arguments.faults());
        }
        return Ok((topology, None));
    };

    let (topology, watched) = first_build(&project, arguments.watch).await?;
    Ok((topology, Some((project, watched))))
}

impl Running {
    /// Plays the demo, or builds the programs again when they change. Ends only with the demo.
    async fn work(
        &self,
        arguments: &Arguments,
        address: SocketAddr,
        project: &Option<WatchedProject>,
        status: &BuildStatus,
    ) -> Result<Option<Table>, Box<dyn Error>> {
        match arguments.demo {
            Some(Demo::Events) => return demo::run(address, &self.pipeline).await.map(Some),
            Some(Demo::Thumbnails) => {
                let table = demo::run_thumbnails(address, &self.pipeline).await;
                return table.map(Some);
            }
            None => {}
        }

        match project {
            Some((project, watched)) if arguments.watch => {
                watch(project, watched.clone(), &self.pipeline, status).await;
            }
            _ => std::future::pending().await,
        }

        Ok(None)
    }

    async fn start(
        arguments: &Arguments,
        topology: &Topology,
        endpoint: BoundS3Endpoint,
        ui: Option<BoundUi>,
        status: &BuildStatus,
    ) -> Result<Self, Box<dyn Error>> {
        let mut builder = LocalPipeline::builder()
            .with_topology(topology.clone())
            .with_faults(arguments.faults())
            .with_sqs_endpoint(arguments.sqs_address());

        for origin in &arguments.allow_origin {
            builder = builder.with_allowed_origin(origin.clone());
        }

        if let Some(folder) = &arguments.data {
            builder = builder.with_data(folder).with_sync(!arguments.no_sync);
        }

        let monitor = Arc::new(Monitor::new(topology.clone()));
        if ui.is_some() {
            let monitor = Arc::clone(&monitor);
            builder = builder.with_observer(move |step| monitor.observe(step));
        }

        let console = SilentConsole::new();
        let useless_worker = UselessWorker::of(topology);
        let pipeline = builder
            .with_observer(console.observer())
            .with_observer(useless_worker.observer())
            .start()
            .await
            .map_err(|error| name_port(error, "--sqs-port"))?;
        let address = endpoint.address();
        greet(arguments, address, pipeline.sqs_address(), topology);
        name_left_out_queues(&pipeline);
        name_stored_notifications(&pipeline);

        let ui = ui.map(|ui| {
            say(&format!(
                "The page is at {}",
                paint(console::NAME, &format!("http://{}", ui.address()))
            ));
            ui.serve(pipeline.clone(), monitor, address, status.clone())
        });

        let console = console.start(arguments.console.sums_up());
        let endpoint = endpoint.serve(Arc::clone(pipeline.buckets()));

        Ok(Self {
            pipeline,
            endpoint,
            ui,
            console,
            useless_worker,
        })
    }

    /// Stops everything, and prints what is left. If nobody reads that, another signal ends it.
    async fn stop(mut self, interrupt: &mut Interrupt) {
        if let Some(ui) = self.ui {
            ui.stop().await;
        }

        // They need S3 and SQS to finish what they do.
        tokio::select! {
            () = self.pipeline.stop_workers() => {}
            () = interrupt.wait() => {}
        }

        self.endpoint.stop().await;
        self.pipeline.stop().await;

        tokio::select! {
            () = self.console.finish() => {}
            () = interrupt.wait() => {}
        }
    }
}

async fn bind_endpoint(arguments: &Arguments) -> Result<BoundS3Endpoint, Box<dyn Error>> {
    let bound = S3Endpoint::bind(arguments.s3_address())
        .await
        .map_err(|error| name_port(error, "--port"))?;
    let origins = arguments.allow_origin.iter().cloned();

    Ok(origins.fold(bound, BoundS3Endpoint::with_allowed_origin))
}

/// Warns of messages that nobody receives, because the configuration no longer has their queue.
fn name_left_out_queues(pipeline: &LocalPipeline) {
    for (queue, messages) in pipeline.left_out_queues() {
        let messages = match messages {
            1 => String::from("1 message"),
            count => format!("{count} messages"),
        };

        say(&paint(
            console::WARNING,
            &format!(
                "The queue `{queue}` is not in the configuration. The data folder keeps its \
                 {messages}."
            ),
        ));
    }
}

/// Says whose notification configuration counts, where a client has put another one than the
/// configuration has.
fn name_stored_notifications(pipeline: &LocalPipeline) {
    for (bucket, source) in pipeline.notification_sources() {
        let what = match source {
            NotificationSource::Client => {
                "publishes what a client has put, and not what the configuration says"
            }
            _ => {
                "publishes what the configuration says, which has changed since a client has put \
                 something else"
            }
        };

        say(&paint(
            console::WARNING,
            &format!("The bucket `{bucket}` {what}."),
        ));
    }
}

/// Says which option chooses another port, if the error is about a port in use.
fn name_port(error: s3_dispatch_local::Error, option: &str) -> Box<dyn Error> {
    let cause = error
        .source()
        .and_then(|source| source.downcast_ref::<io::Error>());

    match (error.kind(), cause.map(io::Error::kind)) {
        (ErrorKind::Address, Some(io::ErrorKind::AddrInUse)) => {
            format!("{error}; choose another port with `{option} PORT`").into()
        }
        _ => error.into(),
    }
}

fn greet(arguments: &Arguments, address: SocketAddr, sqs: Option<SocketAddr>, topology: &Topology) {
    let buckets: Vec<_> = topology
        .buckets
        .iter()
        .map(|bucket| bucket.name.as_str())
        .collect();

    say(&format!(
        "S3 is at {}, with the bucket{} {}",
        paint(console::NAME, &format!("http://{address}")),
        if buckets.len() == 1 { "" } else { "s" },
        buckets.join(", ")
    ));

    if let Some(sqs) = sqs {
        let sqs = paint(console::NAME, &format!("http://{sqs}"));
        say(&format!("SQS is at {sqs}"));
    }

    for function in &topology.functions {
        if let Some(url) = &function.invoke_url {
            let url = paint(console::NAME, &url.to_string());
            say(&format!("{} is invoked at {url}", function.name));
        }

        if function.is_worker {
            say(&format!("{} is a worker", function.name));
        }
    }

    if arguments.demo.is_none() {
        say(&format!("  export AWS_ENDPOINT_URL_S3=http://{address}"));
        if let Some(sqs) = sqs {
            say(&format!("  export AWS_ENDPOINT_URL_SQS=http://{sqs}"));
        }
        // Version 1 of the AWS CLI knows only the second one.
        say("  export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1");
        say("  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test");
        say("For development and tests only. Press Ctrl-C to stop.");
    }

    if !arguments.bind.is_loopback() {
        say(&paint(
            console::WARNING,
            "Anyone who can reach this address can write to the buckets.",
        ));
    }
}
