//! Functions, and the queues that they are invoked from.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::invoke_url::InvokeUrl;

/// A Lambda function.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FunctionSpec {
    /// The function's name.
    pub name: String,
    /// The program to run. `None` when the function is given in code or runs elsewhere.
    pub program: Option<PathBuf>,
    /// Where the function is invoked if it runs elsewhere. `None` if this pipeline runs it.
    pub invoke_url: Option<InvokeUrl>,
    /// The program's arguments.
    pub arguments: Vec<String>,
    /// How long an invocation may take: at most 15 minutes.
    pub timeout: Duration,
    /// The memory size in MB that the function's environment states: 128 to 10,240. It is not
    /// enforced.
    pub memory: u32,
    /// Further environment variables, of at most 4 KB. Those that Lambda sets itself are refused,
    /// except the region and the credentials.
    pub environment: BTreeMap<String, String>,
    /// Whether the program also gets the environment variables of this process: see
    /// [`with_inherited_environment`](Self::with_inherited_environment).
    pub inherits_environment: bool,
    /// How many invocations may run at once before more are throttled. `None` means no limit.
    pub reserved_concurrency: Option<usize>,
    /// Whether what the function writes may invoke it again without end: see
    /// [`with_recursion`](Self::with_recursion).
    pub may_recur: bool,
    /// Whether the program is a worker: see [`as_worker`](Self::as_worker).
    pub is_worker: bool,
    /// Where the program is described, for errors about it.
    pub(super) origin: Option<Origin>,
}

/// The place in a file that describes the program of a function.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    /// The file and the line.
    pub(super) place: String,
    /// The program that is described there. `None` if there is none.
    pub(super) program: Option<PathBuf>,
}

/// An event source mapping: a function is invoked with the messages of a queue.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MappingSpec {
    /// The queue's name.
    pub queue: String,
    /// The function's name.
    pub function: String,
    /// The maximum number of messages in a batch: 1 to 10, or up to 10,000 for a standard queue
    /// with a batch window.
    pub batch_size: usize,
    /// How long the mapping waits for a batch to fill: at most 300 seconds.
    pub batch_window: Duration,
    /// How many invocations may run at once: 2 to 1,000. For one at a time, set
    /// [`FunctionSpec::reserved_concurrency`] to 1.
    pub maximum_concurrency: usize,
    /// Whether the function's answer lists the messages that failed (`ReportBatchItemFailures`).
    /// Without it, any answer deletes the whole batch.
    pub report_batch_item_failures: bool,
}

impl FunctionSpec {
    /// A function with Lambda's defaults, a timeout of 3 seconds and 128 MB, that is given in code.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            program: None,
            invoke_url: None,
            arguments: Vec::new(),
            timeout: Duration::from_secs(3),
            memory: 128,
            environment: BTreeMap::new(),
            inherits_environment: false,
            reserved_concurrency: None,
            may_recur: false,
            is_worker: false,
            origin: None,
        }
    }

    /// Sets the program to run, instead of what was set before.
    #[must_use]
    pub fn with_program(mut self, program: PathBuf) -> Self {
        self.program = Some(program);
        self.invoke_url = None;
        self
    }

    /// Sets where the function is invoked, instead of what was set before: it runs elsewhere.
    ///
    /// ```
    /// use s3_dispatch_local::{FunctionSpec, InvokeUrl};
    ///
    /// let watch = InvokeUrl::parse("http://127.0.0.1:9000")?;
    /// let function = FunctionSpec::new("thumbnails").with_invoke_url(watch.clone());
    /// assert_eq!(function.invoke_url, Some(watch));
    /// # Ok::<_, s3_dispatch_local::Error>(())
    /// ```
    #[must_use]
    pub fn with_invoke_url(mut self, url: InvokeUrl) -> Self {
        self.invoke_url = Some(url);
        self.program = None;
        self
    }

    /// Sets the arguments of the program.
    ///
    /// ```
    /// use s3_dispatch_local::FunctionSpec;
    ///
    /// let function = FunctionSpec::new("thumbnails")
    ///     .with_program("target/debug/thumbnails".into())
    ///     .with_arguments(["--size", "200"]);
    /// assert_eq!(function.arguments, ["--size", "200"]);
    /// ```
    #[must_use]
    pub fn with_arguments(mut self, arguments: impl IntoIterator<Item: Into<String>>) -> Self {
        self.arguments = arguments.into_iter().map(Into::into).collect();
        self
    }

    /// Sets how long an invocation may take.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the memory size in MB.
    #[must_use]
    pub fn with_memory(mut self, megabytes: u32) -> Self {
        self.memory = megabytes;
        self
    }

    /// Adds an environment variable.
    #[must_use]
    pub fn with_variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// Passes the environment variables of this process on to the program, such as `PATH` and
    /// `HOME`. By default it gets only what Lambda sets, and its own variables.
    ///
    /// Variables that begin with `AWS_` are not passed on, except those of endpoints
    /// (`AWS_ENDPOINT_URL_DYNAMODB`): the function has the credentials and the region of the
    /// pipeline, and should not reach a real account by accident. Add what it needs with
    /// [`with_variable`](Self::with_variable).
    ///
    /// ```
    /// use s3_dispatch_local::FunctionSpec;
    ///
    /// let function = FunctionSpec::new("thumbnails").with_inherited_environment();
    /// assert!(function.inherits_environment);
    /// ```
    #[must_use]
    pub fn with_inherited_environment(mut self) -> Self {
        self.inherits_environment = true;
        self
    }

    /// Lets the function be invoked by what it writes, as often as it likes (`RecursiveLoop` is
    /// `Allow`).
    ///
    /// By default, a message that would invoke a function for the 17th time in one chain of
    /// requests is taken out of its queue, as Lambda does: it goes to the dead-letter queue if
    /// there is one, or else it is lost.
    ///
    /// ```
    /// use s3_dispatch_local::FunctionSpec;
    ///
    /// assert!(FunctionSpec::new("crawler").with_recursion().may_recur);
    /// ```
    #[must_use]
    pub fn with_recursion(mut self) -> Self {
        self.may_recur = true;
        self
    }

    /// Runs the program as a worker, as it would run outside Lambda: nothing invokes it, and it
    /// receives from the queue of its one mapping itself.
    ///
    /// It is started as `PROGRAM work --queue-url URL`, followed by its arguments, and needs the
    /// [SQS endpoint](crate::LocalPipelineBuilder::with_sqs_endpoint). If it ends, it is started
    /// again after a pause. At the [end](crate::LocalPipeline::stop_workers), and when its program
    /// changes, it gets SIGTERM and may take as long as the function's timeout; a new program is
    /// started then. Its mapping has no settings that matter.
    ///
    /// ```
    /// use s3_dispatch_local::FunctionSpec;
    ///
    /// let worker = FunctionSpec::new("thumbnails")
    ///     .with_program("target/debug/thumbnails".into())
    ///     .as_worker();
    /// assert!(worker.is_worker);
    /// ```
    #[must_use]
    pub fn as_worker(mut self) -> Self {
        self.is_worker = true;
        self
    }

    /// Sets how many invocations may run at once before more are throttled.
    #[must_use]
    pub fn with_reserved_concurrency(mut self, invocations: usize) -> Self {
        self.reserved_concurrency = Some(invocations);
        self
    }

    /// An error about the program, with its place if it comes from a file.
    pub(crate) fn program_error(&self, message: &str) -> String {
        match &self.origin {
            Some(origin) if origin.program == self.program => {
                format!("{}: {message}", origin.place)
            }
            _ => message.to_owned(),
        }
    }
}

impl MappingSpec {
    /// A mapping with the settings of `infra/`: batches of at most 10 messages, no batch window,
    /// failures reported message by message, and at most five invocations at once.
    pub fn new(queue: impl Into<String>, function: impl Into<String>) -> Self {
        Self {
            queue: queue.into(),
            function: function.into(),
            batch_size: 10,
            batch_window: Duration::ZERO,
            maximum_concurrency: 5,
            report_batch_item_failures: true,
        }
    }

    /// Sets the maximum number of messages in a batch.
    #[must_use]
    pub fn with_batch_size(mut self, messages: usize) -> Self {
        self.batch_size = messages;
        self
    }

    /// Sets how long the mapping waits for a batch to fill.
    #[must_use]
    pub fn with_batch_window(mut self, window: Duration) -> Self {
        self.batch_window = window;
        self
    }

    /// Sets how many invocations may run at once: 2 to 1,000.
    #[must_use]
    pub fn with_maximum_concurrency(mut self, invocations: usize) -> Self {
        self.maximum_concurrency = invocations;
        self
    }

    /// Sets whether the function's answer lists the messages that failed.
    #[must_use]
    pub fn with_report_batch_item_failures(mut self, is_enabled: bool) -> Self {
        self.report_batch_item_failures = is_enabled;
        self
    }
}
