//! The functions of the pipeline: their programs and their environment.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::SocketAddr;

use s3_dispatch_local::{FunctionSpec, InvokeUrl, Step, StepKind, Topology};
use tokio::sync::watch;

use crate::cli::{Arguments, Implementation, WorkerChoice};
use crate::examples;

/// Waits for a worker that cannot work: nothing would receive from its queue.
pub(crate) struct UselessWorker {
    workers: Vec<String>,
    reason: watch::Sender<Option<String>>,
}

impl UselessWorker {
    pub(crate) fn of(topology: &Topology) -> Self {
        let workers = topology.functions.iter().filter(|spec| spec.is_worker);

        Self {
            workers: workers.map(|spec| spec.name.clone()).collect(),
            reason: watch::Sender::new(None),
        }
    }

    /// The observer that notices it.
    pub(crate) fn observer(&self) -> impl Fn(&Step) + Send + Sync + 'static {
        let (workers, sender) = (self.workers.clone(), self.reason.clone());

        move |step| {
            if let StepKind::FunctionStopped {
                function,
                reason: Some(reason),
            } = &step.kind
                && workers.iter().any(|worker| **worker == **function)
            {
                let text = format!("the worker `{function}` cannot work: {reason}");
                sender.send_replace(Some(text));
            }
        }
    }

    /// Returns why there is such a worker, as soon as there is one.
    pub(crate) async fn wait(&self) -> String {
        let mut reason = self.reason.subscribe();
        // The sender lives as long as this value, so this does not fail.
        let reason = reason.wait_for(Option::is_some).await;
        reason
            .ok()
            .and_then(|reason| reason.clone())
            .unwrap_or_default()
    }
}

/// Sets the timeout of the functions, if the command line has one, and the visibility timeout of
/// the queues that they get their messages from: six times as long, as AWS recommends.
pub(crate) fn set_timeout(arguments: &Arguments, topology: &mut Topology) {
    let Some(timeout) = arguments.timeout else {
        return;
    };

    for function in &mut topology.functions {
        function.timeout = timeout;
    }

    for mapping in &topology.mappings {
        let mut queues = topology.queues.iter_mut();
        if let Some(queue) = queues.find(|queue| queue.name == mapping.queue) {
            queue.visibility_timeout = 6 * timeout + mapping.batch_window;
        }
    }
}

/// Sets the programs that the command line names, and those of the examples.
pub(crate) async fn set_programs(
    arguments: &Arguments,
    functions: &mut [FunctionSpec],
) -> Result<(), Box<dyn Error>> {
    let mut given: BTreeMap<_, _> = arguments.function.iter().cloned().collect();
    let mut workers = arguments.worker.iter().filter_map(WorkerChoice::name);
    if let Some(name) = workers.find(|name| given.contains_key(*name)) {
        return Err(format!("`{name}` is either a function or a worker").into());
    }

    for name in arguments.named_functions() {
        if !functions.iter().any(|function| function.name == name) {
            return Err(no_function(name, functions));
        }
    }

    for function in &mut *functions {
        if arguments.is_worker(&function.name) {
            make_worker(arguments, function)?;
        }

        match given.remove(&function.name) {
            Some(Implementation::Program(program)) => {
                *function = function.clone().with_program(program);
                if !arguments.arguments.is_empty() {
                    function.arguments.clone_from(&arguments.arguments);
                }
            }
            Some(Implementation::Url(url)) => run_elsewhere(function, url),
            None => {}
        }
    }

    let mut named = arguments.function.iter();
    let is_program = |(_, given): &_| matches!(given, Implementation::Program(_));
    let has_program = named.any(is_program) || !arguments.worker.is_empty();
    if !arguments.arguments.is_empty() && !has_program {
        return Err("the arguments after `--` need a program: `--function NAME=PATH`".into());
    }

    if arguments.config.is_none() {
        examples::set_programs(functions).await?;
    }

    Ok(())
}

/// Makes a function a worker, with its own program or with the one that is given.
fn make_worker(arguments: &Arguments, function: &mut FunctionSpec) -> Result<(), Box<dyn Error>> {
    let mut choices = arguments.worker.iter().rev();
    let program = choices.find_map(|choice| match choice {
        WorkerChoice::One(name, Some(program)) if *name == function.name => Some(program.clone()),
        _ => None,
    });

    match program {
        Some(program) => {
            *function = function.clone().with_program(program);
            function.arguments.clone_from(&arguments.arguments);
        }
        None if function.invoke_url.is_some() => {
            let name = &function.name;
            let text = format!(
                "`{name}` runs elsewhere, so it cannot be a worker; name its program with \
                 `--worker {name}=PATH`"
            );
            return Err(text.into());
        }
        None if !arguments.arguments.is_empty() => {
            function.arguments.clone_from(&arguments.arguments);
        }
        None => {}
    }

    *function = function.clone().as_worker();
    Ok(())
}

/// Replaces the program of a function, with its arguments and its environment.
fn run_elsewhere(function: &mut FunctionSpec, url: InvokeUrl) {
    *function = function.clone().with_invoke_url(url);
    function.arguments.clear();
    function.environment.clear();
    function.inherits_environment = false;
}

/// Sets the environment variables that the command line names. One for all functions is for those
/// that run here.
pub(crate) fn set_variables(
    arguments: &Arguments,
    functions: &mut [FunctionSpec],
) -> Result<(), Box<dyn Error>> {
    for variable in &arguments.env {
        let mut is_used = false;
        let wanted = variable.function.as_deref();

        for function in &mut *functions {
            let is_wanted = match wanted {
                Some(wanted) => wanted == function.name,
                None => function.invoke_url.is_none(),
            };

            if is_wanted {
                let value = variable.value.clone();
                function.environment.insert(variable.name.clone(), value);
                is_used = true;
            }
        }

        if let (Some(wanted), false) = (wanted, is_used) {
            return Err(no_function(wanted, functions));
        }
    }

    for function in functions {
        function.inherits_environment |= arguments.inherit_env && function.invoke_url.is_none();
    }

    Ok(())
}

fn no_function(name: &str, functions: &[FunctionSpec]) -> Box<dyn Error> {
    let names = functions.iter().map(|known| format!("`{}`", known.name));
    let names: Vec<_> = names.collect();

    format!(
        "there is no function `{name}`; the functions are {}",
        names.join(", ")
    )
    .into()
}

/// Points the functions' S3 clients to the endpoint, unless the configuration points elsewhere.
pub(crate) fn set_endpoint(functions: &mut [FunctionSpec], address: SocketAddr) {
    let here = functions
        .iter_mut()
        .filter(|function| function.invoke_url.is_none());

    for function in here {
        function
            .environment
            .entry("AWS_ENDPOINT_URL_S3".into())
            .or_insert(format!("http://{address}"));
    }
}
