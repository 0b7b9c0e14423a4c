//! Starts what the command line asks for, and stops it at the end.

use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use s3_dispatch_local::{
    BoundS3Endpoint, ErrorKind, FunctionSpec, LocalPipeline, S3Endpoint, Topology,
};

use crate::cli::Arguments;
use crate::console::{self, Console, paint, say};
use crate::interrupt::Interrupt;
use crate::ui::{BoundUi, Monitor, Ui};
use crate::{demo, examples};

/// Everything that runs until Ctrl-C, or until the demo is over.
struct Running {
    pipeline: LocalPipeline,
    endpoint: S3Endpoint,
    ui: Option<Ui>,
    console: Console,
}

/// Runs until Ctrl-C, or until the demo is over.
pub(crate) async fn run(arguments: &Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let mut topology = arguments.topology()?;
    if arguments.demo {
        demo::adapt(&mut topology, &arguments.faults());
    }

    set_programs(arguments, &mut topology.functions).await?;

    // Both ports are bound before the pipeline starts: the functions need the endpoint's address,
    // and a port in use should fail before anything runs.
    let endpoint = bind_endpoint(arguments).await?;
    let ui = arguments.ui.map(Ui::bind).transpose()?;
    let address = endpoint.address();
    set_endpoint(&mut topology.functions, address);

    let mut interrupt = Interrupt::watch()?;
    let running = Running::start(arguments, &topology, endpoint, ui).await?;

    let outcome = if arguments.demo {
        tokio::select! {
            table = demo::run(address, &running.pipeline) => table.map(Some),
            () = interrupt.wait() => Ok(None),
        }
    } else {
        interrupt.wait().await;
        Ok(None)
    };

    let has_ui = arguments.ui.is_some();
    if let (Ok(Some(table)), true) = (&outcome, has_ui) {
        say(&table.to_string());
        say("The page stays open until you press Ctrl-C.");
        interrupt.wait().await;
    }

    running.stop().await;

    let is_success = match outcome? {
        Some(table) => {
            if !has_ui {
                say(&table.to_string());
            }

            table.is_right()
        }
        None => !arguments.demo,
    };

    Ok(if is_success {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

impl Running {
    async fn start(
        arguments: &Arguments,
        topology: &Topology,
        endpoint: BoundS3Endpoint,
        ui: Option<BoundUi>,
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

        let pipeline = builder
            .start()
            .await
            .map_err(|error| name_port(error, "--sqs-port"))?;
        let address = endpoint.address();
        greet(arguments, address, pipeline.sqs_address(), topology);
        name_left_out_queues(&pipeline);

        let ui = ui.map(|ui| {
            say(&format!(
                "The page is at {}",
                paint(console::NAME, &format!("http://{}", ui.address()))
            ));
            ui.serve(pipeline.clone(), monitor, address)
        });

        let console = Console::start(pipeline.journal());
        let endpoint = endpoint.serve(Arc::clone(pipeline.buckets()));

        Ok(Self {
            pipeline,
            endpoint,
            ui,
            console,
        })
    }

    async fn stop(mut self) {
        if let Some(ui) = self.ui {
            ui.stop().await;
        }

        self.endpoint.stop().await;
        self.pipeline.stop().await;
        self.console.finish().await;
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

/// Sets the programs that the command line names, and those of the examples.
async fn set_programs(
    arguments: &Arguments,
    functions: &mut [FunctionSpec],
) -> Result<(), Box<dyn Error>> {
    let mut programs: BTreeMap<_, _> = arguments.function.iter().cloned().collect();
    for function in &mut *functions {
        if let Some(program) = programs.remove(&function.name) {
            function.program = Some(program);
        }
    }

    if let Some((name, _)) = programs.pop_first() {
        let known: Vec<_> = functions
            .iter()
            .map(|function| format!("`{}`", function.name))
            .collect();

        return Err(format!(
            "there is no function `{name}`; the functions are {}",
            known.join(", ")
        )
        .into());
    }

    if arguments.config.is_none() {
        examples::set_programs(functions).await?;
    }

    Ok(())
}

/// Points the functions' S3 clients to the endpoint, unless the configuration points elsewhere.
fn set_endpoint(functions: &mut [FunctionSpec], address: SocketAddr) {
    for function in functions {
        function
            .environment
            .entry("AWS_ENDPOINT_URL_S3".into())
            .or_insert(format!("http://{address}"));
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

    if !arguments.demo {
        say(&format!(
            "  export AWS_ENDPOINT_URL_S3=http://{address} AWS_REGION=us-east-1"
        ));
        if let Some(sqs) = sqs {
            say(&format!("  export AWS_ENDPOINT_URL_SQS=http://{sqs}"));
        }
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
