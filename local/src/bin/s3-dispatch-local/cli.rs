//! What is asked for on the command line.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use s3_dispatch_local::{Fault, Faults, Hop, LocalPipeline, S3Endpoint, Topology};

use crate::console::{self, Console, paint, say};
use crate::ui::{Board, Ui};
use crate::{demo, examples};

/// Runs S3, SNS, SQS and Lambda on this machine, with the faults of the real ones if wished.
///
/// For development and tests, never for production. Without arguments it runs the pipeline of the
/// examples: one bucket, a topic, two queues and the two functions `put-processor` and
/// `copy-processor`.
#[derive(Debug, Parser)]
#[command(name = "s3-dispatch-local", version)]
pub(crate) struct Arguments {
    /// Runs the pipeline that this TOML file describes.
    #[arg(long, value_name = "FILE", conflicts_with = "demo")]
    config: Option<PathBuf>,

    /// Runs this program as the function of this name.
    #[arg(long, value_name = "NAME=PATH", value_parser = named_path)]
    function: Vec<(String, PathBuf)>,

    /// Keeps objects and messages in this folder, so that a restart loses nothing.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,

    /// Puts, copies and deletes some objects, prints what became of them, and exits.
    #[arg(long)]
    demo: bool,

    /// Lets everything go wrong at this rate, from 0 to 1.
    #[arg(long, value_name = "RATE", value_parser = rate)]
    chaos: Option<f64>,

    /// Lets one thing go wrong at this rate, wherever it can or at one hop: `kill=0.1`,
    /// `deliver:duplicate=0.5`.
    ///
    /// Hops: publish, deliver, receive, invoke, delete. Faults: duplicate, delay, reorder,
    /// drop-response, kill, time-out, throttle, expire-visibility, refuse-delete.
    #[arg(long, value_name = "[HOP:]FAULT=RATE", value_parser = fault)]
    fault: Vec<FaultRate>,

    /// Makes the same things go wrong each time.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,

    /// Where S3 is served; 0 is any free port. 9090 unless said otherwise, and for the demo any.
    #[arg(long)]
    port: Option<u16>,

    /// Serves a page that shows the pipeline, on this port of the loopback interface; 0 is any
    /// free one.
    #[arg(long, value_name = "PORT", num_args = 0..=1, default_missing_value = "9091")]
    ui: Option<u16>,

    /// The address to listen on. Whoever reaches it can write to the buckets.
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    bind: IpAddr,
}

/// How often something goes wrong.
#[derive(Debug, Clone)]
struct FaultRate {
    places: Vec<(Hop, Fault)>,
    rate: f64,
}

impl Arguments {
    /// Runs until Ctrl-C, or until the demo is over.
    pub(crate) async fn run(self) -> Result<ExitCode, Box<dyn Error>> {
        let mut topology = match &self.config {
            Some(file) => Topology::from_toml_file(file)?,
            None => Topology::example(),
        };
        let faults = self.faults();

        if self.demo {
            demo::adapt(&mut topology, &faults);
        }

        self.find_programs(&mut topology).await?;
        let port = self.port.unwrap_or(if self.demo { 0 } else { 9090 });
        // Bound before anything runs: functions are told the endpoint, and a busy port stops
        // nothing half started.
        let endpoint = S3Endpoint::bind(SocketAddr::new(self.bind, port)).await?;
        let address = endpoint.address();
        let ui = self.ui.map(Ui::bind).transpose()?;

        for function in &mut topology.functions {
            function
                .environment
                .entry("AWS_ENDPOINT_URL_S3".into())
                .or_insert(format!("http://{address}"));
        }

        let names = topology
            .buckets
            .iter()
            .map(|bucket| bucket.name.clone())
            .collect::<Vec<_>>();

        let mut pipeline = LocalPipeline::builder()
            .with_topology(topology.clone())
            .with_faults(faults.clone());

        if let Some(folder) = &self.data {
            pipeline = pipeline.with_data(folder);
        }

        let board = Arc::new(Board::new(topology.clone()));
        if ui.is_some() {
            let board = Arc::clone(&board);
            pipeline = pipeline.with_observer(move |step| board.observe(step));
        }

        let mut interrupted = Interrupted::watch()?;
        let pipeline = pipeline.start().await?;
        self.greet(address, &names);

        let ui = ui.map(|ui| {
            say(&format!(
                "The page is at {}",
                paint(console::NAME, &format!("http://{}", ui.address()))
            ));
            ui.serve(pipeline.clone(), board, address)
        });

        let console = Console::start(pipeline.journal());
        let mut endpoint =
            endpoint.serve(Arc::clone(pipeline.buckets()), Arc::new(pipeline.clone()));

        let status = if self.demo {
            tokio::select! {
                ended = demo::run(address, &pipeline) => ended.map(|table| Some((table.print(), table.is_right()))),
                () = interrupted.wait() => Ok(None),
            }
        } else {
            interrupted.wait().await;
            Ok(None)
        };

        if let (Ok(Some((table, _))), Some(_)) = (&status, &ui) {
            say(table);
            say("The page stays until Ctrl-C.");
            interrupted.wait().await;
        }

        if let Some(ui) = ui {
            ui.stop().await;
        }

        endpoint.stop().await;
        pipeline.stop().await;
        console.finish().await;

        Ok(match status? {
            Some((table, is_right)) => {
                if self.ui.is_none() {
                    say(&table);
                }

                if is_right {
                    ExitCode::SUCCESS
                } else {
                    ExitCode::FAILURE
                }
            }
            None if self.demo => ExitCode::FAILURE,
            None => ExitCode::SUCCESS,
        })
    }

    fn faults(&self) -> Faults {
        let faults = self
            .chaos
            .map_or_else(Faults::none, Faults::chaos)
            .with_seed(self.seed);
        self.fault
            .iter()
            .fold(faults, |faults, FaultRate { places, rate }| {
                places.iter().fold(faults, |faults, (hop, fault)| {
                    faults.with_rate(*hop, *fault, *rate)
                })
            })
    }

    /// Sets the programs that were asked for, and those of the examples.
    async fn find_programs(&self, topology: &mut Topology) -> Result<(), Box<dyn Error>> {
        let mut programs: BTreeMap<_, _> = self.function.iter().cloned().collect();
        for function in &mut topology.functions {
            if let Some(program) = programs.remove(&function.name) {
                function.program = Some(program);
            }
        }

        if let Some((name, _)) = programs.pop_first() {
            return Err(format!("there is no function `{name}`").into());
        }

        if self.config.is_none() {
            examples::find(&mut topology.functions).await?;
        }

        Ok(())
    }

    fn greet(&self, address: SocketAddr, buckets: &[String]) {
        let buckets = buckets.join(", ");
        say(&format!(
            "S3 is at {}, with {buckets}",
            paint(console::NAME, &format!("http://{address}"))
        ));

        if !self.demo {
            say(&format!(
                "  export AWS_ENDPOINT_URL_S3=http://{address} AWS_REGION=us-east-1"
            ));
            say("  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test");
            say("For development and tests only; Ctrl-C ends it.");
        }

        if !self.bind.is_loopback() {
            say(&paint(
                console::WARNING,
                "whoever reaches this address can write to the buckets",
            ));
        }
    }
}

/// Ctrl-C, and what a service manager sends.
struct Interrupted {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 2],
}

impl Interrupted {
    /// From now on neither ends the program at once.
    fn watch() -> std::io::Result<Self> {
        #[cfg(unix)]
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self {
            #[cfg(unix)]
            signals: [
                signal(SignalKind::interrupt())?,
                signal(SignalKind::terminate())?,
            ],
        })
    }

    #[cfg(unix)]
    async fn wait(&mut self) {
        let [interrupt, terminate] = &mut self.signals;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn wait(&mut self) {
        // Without a handler Ctrl-C ends the program, and with it the functions' connections.
        drop(tokio::signal::ctrl_c().await);
    }
}

fn named_path(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, path)) if !name.is_empty() && !path.is_empty() => {
            Ok((name.to_owned(), path.into()))
        }
        _ => Err(String::from("it is of the form `name=path`")),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text
        .parse::<f64>()
        .ok()
        .filter(|rate| (0.0..=1.0).contains(rate));
    rate.ok_or_else(|| String::from("a rate is a number from 0 to 1"))
}

fn fault(text: &str) -> Result<FaultRate, String> {
    let (place, number) = text
        .split_once('=')
        .ok_or("it is of the form `fault=rate` or `hop:fault=rate`")?;
    let is_meant = |(hop, fault): &(Hop, Fault)| {
        place == fault.to_string() || place == format!("{hop}:{fault}")
    };
    let places: Vec<_> = Faults::places().filter(is_meant).collect();

    if places.is_empty() {
        let known: Vec<_> = Faults::places()
            .map(|(hop, fault)| format!("{hop}:{fault}"))
            .collect();
        return Err(format!(
            "nothing of this name goes wrong; there are {}",
            known.join(", ")
        ));
    }

    Ok(FaultRate {
        places,
        rate: rate(number)?,
    })
}
