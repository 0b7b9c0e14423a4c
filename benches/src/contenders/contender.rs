//! The contenders: each turns the bytes of a payload into the bytes of a response.

use aws_lambda_events::event::sqs::SqsEvent;
use bytes::Bytes;
use s3_dispatch::{Dispatcher, LogSubscriber, Routes};
use tokio::runtime::{Builder, Runtime};
use tracing::{Dispatch, Level};

use super::lean::{self, Borrowing, Owning, Sonic};
use super::value;

/// A way to answer batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Contender {
    /// By hand, with the event types of `aws_lambda_events`.
    Careful,
    /// The same on `serde_json::Value`.
    Value,
    /// By hand, with structs of only the needed fields and borrowed strings.
    LeanBorrowed,
    /// The same with owned strings.
    LeanOwned,
    /// The same with `sonic-rs` and borrowed strings.
    Sonic,
    /// A dispatcher with two routes.
    Ours,
    /// A dispatcher with 100 routes.
    OursHundred,
    /// A dispatcher with two routes and the JSON subscriber at `info`. The handlers log nothing.
    OursLogged,
    /// The same with text instead of JSON.
    OursLoggedText,
    /// The JSON subscriber again, and one line for each record.
    OursLogging,
    /// The same with text instead of JSON.
    OursLoggingText,
}

/// A contender that is ready for payloads. `None` means that it rejects the whole payload.
pub type Respond = Box<dyn Fn(&Bytes) -> Option<Vec<u8>>>;

impl Contender {
    /// Every contender, in the order of the table.
    pub const ALL: [Self; 11] = [
        Self::Careful,
        Self::Value,
        Self::LeanBorrowed,
        Self::LeanOwned,
        Self::Sonic,
        Self::Ours,
        Self::OursHundred,
        Self::OursLogged,
        Self::OursLoggedText,
        Self::OursLogging,
        Self::OursLoggingText,
    ];

    /// The name in the results and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Careful => "careful",
            Self::Value => "value",
            Self::LeanBorrowed => "lean-borrowed",
            Self::LeanOwned => "lean-owned",
            Self::Sonic => "sonic",
            Self::Ours => "ours",
            Self::OursHundred => "ours-100-routes",
            Self::OursLogged => "ours-logged",
            Self::OursLoggedText => "ours-logged-text",
            Self::OursLogging => "ours-logging",
            Self::OursLoggingText => "ours-logging-text",
        }
    }

    /// The contender with this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|contender| contender.name() == name)
    }

    /// Does what a process does once, before its first invocation.
    ///
    /// Asynchronous contenders run on a current-thread Tokio runtime, as in Lambda.
    #[must_use]
    pub fn prepare(self) -> Respond {
        match self {
            Self::Careful => careful(),
            Self::Value => Box::new(value::respond),
            Self::LeanBorrowed => Box::new(lean::respond::<Borrowing>),
            Self::LeanOwned => Box::new(lean::respond::<Owning>),
            Self::Sonic => Box::new(lean::respond::<Sonic>),
            Self::Ours => ours(ours_function::two_routes(), Level::DEBUG),
            Self::OursHundred => ours(ours_function::hundred_routes(), Level::DEBUG),
            Self::OursLogged => logged(json(), Level::DEBUG),
            Self::OursLoggedText => logged(text(), Level::DEBUG),
            Self::OursLogging => logged(json(), Level::INFO),
            Self::OursLoggingText => logged(text(), Level::INFO),
        }
    }
}

fn careful() -> Respond {
    let runtime = runtime();
    Box::new(move |payload| {
        // Reads the event with the path of an error, as `lambda_runtime` does.
        let deserializer = &mut serde_json::Deserializer::from_slice(payload);
        let event: SqsEvent = serde_path_to_error::deserialize(deserializer).ok()?;
        let response = runtime
            .block_on(async { careful_function::handle_batch(event) })
            .ok()?;

        serde_json::to_vec(&response).ok()
    })
}

/// `handled_at` is the level of the line about each record.
fn ours(routes: Routes<()>, handled_at: Level) -> Respond {
    let runtime = runtime();
    let dispatcher = Dispatcher::new(routes).log_handled_at(handled_at);

    Box::new(move |payload| {
        let report = runtime
            .block_on(dispatcher.dispatch(payload.clone(), None))
            .ok()?;
        serde_json::to_vec(&report.response()).ok()
    })
}

fn logged(subscriber: LogSubscriber, handled_at: Level) -> Respond {
    let respond = ours(ours_function::two_routes(), handled_at);
    let dispatch = Dispatch::new(subscriber.with_level(Level::INFO));

    Box::new(move |payload| tracing::dispatcher::with_default(&dispatch, || respond(payload)))
}

/// The subscriber that `run` sets if Lambda asks for JSON.
fn json() -> LogSubscriber {
    LogSubscriber::json(std::io::sink)
}

fn text() -> LogSubscriber {
    LogSubscriber::text(std::io::sink)
}

fn runtime() -> Runtime {
    Builder::new_current_thread()
        .build()
        .expect("a runtime without drivers can always be built")
}
