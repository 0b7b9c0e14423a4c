//! The subscriber of `tracing` that writes the logs.

use std::cell::RefCell;
use std::fmt;
use std::io;

use tracing::span::{Attributes, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Id, Level, Metadata, Subscriber};
use tracing_core::span::Current;
use tracing_subscriber::filter::{LevelFilter, Targets};

use super::json;
use super::levels;
use super::spans::Spans;
use super::text::Style;
use super::values::Values;
use crate::telemetry::panic_hook::while_formatting;

/// Writes logs as [`run`](crate::run) does: each event on one line, as JSON or as text.
///
/// [`start`](crate::start) and [`run`](crate::run) set it if the program has set no other
/// subscriber. Set it yourself in a program that serves a [`Dispatcher`](crate::Dispatcher) in
/// another way, such as `lambda_runtime::run`.
///
/// # JSON
///
/// A line is one flat object, whoever logs it:
///
/// ```json
/// {"timestamp": "2026-11-26T12:34:56.789012Z", "level": "INFO", "message": "object uploaded",
///  "size": 1024, "event_name": "ObjectCreated:Put", "bucket": "holiday", "key": "a.jpg",
///  "message_id": "059f36b4", "receive_count": 1, "queue": "uploads", "requestId": "8476a536",
///  "target": "put_processor::handler", "span": "record"}
/// ```
///
/// - `timestamp` (UTC, with microseconds), `level`, `message` and `requestId` are the names that
///   Lambda uses in its own lines and filters by ("Log-level filtering", AWS Lambda Developer
///   Guide, 2026). A line outside any invocation has no `requestId`. The message is empty if the
///   event has none.
/// - The fields of the event follow, then those of the spans that it is in, the innermost first. A
///   name appears once: the innermost field of that name counts.
/// - `target` is the module that logs, and `span` the name of the innermost span. It is absent
///   outside any span.
/// - A field with the name `timestamp`, `level`, `message`, `target` or `span` gets an underscore
///   at its end.
///
/// # Text
///
/// The same as a line without a time, because CloudWatch adds one:
///
/// ```text
///  INFO record{event_name="ObjectCreated:Put" bucket="holiday"}: object uploaded size=1024
/// ```
///
/// # What both have in common
///
/// - Control characters are escaped, so that no text from outside can forge a line.
/// - A text is cut after 64 KiB. An error and its causes, also that of a handler, are cut after
///   8 KiB and 32 causes. What was cut ends with `... (cut)`.
/// - A span that logs nothing writes nothing: its fields are formatted when a line is written.
/// - The level is that of `AWS_LAMBDA_LOG_LEVEL` or else of `RUST_LOG`. By default it is `info`,
///   and `error` for the AWS SDK, whose errors reach the program anyway.
/// - Spans down to `info` are kept at any level, so that a line at `error` still has the key of its
///   record.
///
/// # Examples
///
/// ```no_run
/// use s3_dispatch::{Dispatcher, LogSubscriber, Routes};
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> Result<(), lambda_runtime::Error> {
///     let subscriber = LogSubscriber::json(std::io::stdout);
///     tracing::subscriber::set_global_default(subscriber)?;
///
///     lambda_runtime::run(Dispatcher::new(Routes::new(()))).await
/// }
/// ```
pub struct LogSubscriber {
    filter: Targets,
    most_verbose: LevelFilter,
    spans: Spans,
    format: Format,
    write: Box<WriteLine>,
}

type WriteLine = dyn Fn(&[u8]) -> io::Result<()> + Send + Sync;

#[derive(Debug, Clone, Copy)]
enum Format {
    Json,
    Text(Style),
}

thread_local! {
    /// Memory for the values and the line of an event.
    static SCRATCH: RefCell<(Values, String)> = RefCell::default();
}

/// The memory that is kept for the next line.
const MAX_KEPT: usize = 16 * 1024;

impl LogSubscriber {
    /// Writes JSON to the writer that this function makes for each line.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::LogSubscriber;
    ///
    /// let subscriber = LogSubscriber::json(std::io::stdout);
    /// tracing::subscriber::with_default(subscriber, || tracing::info!(count = 2, "counted"));
    /// ```
    #[must_use]
    pub fn json<W: io::Write>(writer: impl Fn() -> W + Send + Sync + 'static) -> Self {
        Self::new(Format::Json, writer)
    }

    /// Writes text without colours to the writer that this function makes for each line.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::LogSubscriber;
    ///
    /// let subscriber = LogSubscriber::text(std::io::stderr);
    /// tracing::subscriber::with_default(subscriber, || tracing::info!(count = 2, "counted"));
    /// ```
    #[must_use]
    pub fn text<W: io::Write>(writer: impl Fn() -> W + Send + Sync + 'static) -> Self {
        Self::new(Format::Text(Style { has_colours: false }), writer)
    }

    fn new<W: io::Write>(format: Format, writer: impl Fn() -> W + Send + Sync + 'static) -> Self {
        let subscriber = Self {
            filter: Targets::new(),
            most_verbose: LevelFilter::OFF,
            spans: Spans::default(),
            format,
            write: Box::new(move |line| writer().write_all(line)),
        };

        subscriber.with_filter(levels::of_environment())
    }

    /// Sets the level down to which events are written, instead of that of the environment.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch::LogSubscriber;
    /// use tracing::Level;
    ///
    /// let subscriber = LogSubscriber::json(std::io::stdout).with_level(Level::WARN);
    /// tracing::subscriber::with_default(subscriber, || tracing::info!("not written"));
    /// ```
    #[must_use]
    pub fn with_level(self, level: Level) -> Self {
        self.with_filter(Targets::new().with_default(level))
    }

    /// Makes text that is easier to read on a terminal. JSON stays as it is.
    #[cfg(feature = "cli")]
    pub(super) fn with_colours(mut self, has_colours: bool) -> Self {
        if let Format::Text(style) = &mut self.format {
            style.has_colours = has_colours;
        }

        self
    }

    /// Writes nothing of this target.
    pub(super) fn without(self, target: &str) -> Self {
        let filter = self.filter.clone().with_target(target, LevelFilter::OFF);
        self.with_filter(filter)
    }

    fn with_filter(mut self, filter: Targets) -> Self {
        let levels = filter.iter().map(|(_, level)| level);
        let most_verbose = levels.chain(filter.default_level()).max();

        self.most_verbose = most_verbose.unwrap_or(LevelFilter::OFF);
        self.filter = filter;
        self
    }

    /// A span down to `info` says where an event belongs, at whatever level that is.
    fn is_enabled(&self, metadata: &Metadata<'_>) -> bool {
        let is_context = metadata.is_span() && *metadata.level() <= Level::INFO;

        is_context && self.most_verbose > LevelFilter::OFF
            || self
                .filter
                .would_enable(metadata.target(), metadata.level())
    }

    fn write(&self, line: &mut String, event: &Event<'_>, values: &Values) {
        let innermost = match event.parent() {
            Some(parent) => Some(parent.clone()),
            None if event.is_contextual() => self.spans.current(),
            None => None,
        };

        let spans = self.spans.lock();
        let spans = spans.scope(innermost);
        match self.format {
            Format::Json => json::push_line(line, event.metadata(), values, spans),
            Format::Text(style) => style.push_line(line, event.metadata(), values, spans),
        }
    }
}

impl Subscriber for LogSubscriber {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.is_enabled(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.is_enabled(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(match self.most_verbose {
            LevelFilter::OFF => LevelFilter::OFF,
            level => level.max(LevelFilter::INFO),
        })
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let parent = match attributes.parent() {
            Some(parent) => Some(parent.clone()),
            None if attributes.is_contextual() => self.spans.current(),
            None => None,
        };

        with_scratch(|values, _| {
            while_formatting(|| attributes.record(&mut values.recorder()));
            self.spans.open(attributes.metadata(), parent, values)
        })
    }

    fn record(&self, span: &Id, record: &Record<'_>) {
        with_scratch(|values, _| {
            while_formatting(|| record.record(&mut values.recorder()));
            self.spans.record(span, values);
        });
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        // No lock is held while values are printed, so that they may log something themselves.
        with_scratch(|values, line| {
            while_formatting(|| event.record(&mut values.recorder()));
            self.write(line, event, values);
            // There is no other place to report to.
            drop((self.write)(line.as_bytes()));
        });
    }

    fn enter(&self, span: &Id) {
        self.spans.enter(span);
    }

    fn exit(&self, span: &Id) {
        self.spans.exit(span);
    }

    fn clone_span(&self, span: &Id) -> Id {
        self.spans.retain(span);
        span.clone()
    }

    fn try_close(&self, span: Id) -> bool {
        self.spans.release(span)
    }

    fn current_span(&self) -> Current {
        let Some(id) = self.spans.current() else {
            return Current::none();
        };

        let spans = self.spans.lock();
        match spans.span(&id) {
            Some(span) => Current::new(id, span.metadata),
            None => Current::none(),
        }
    }
}

/// Calls a function with empty values and an empty line, in memory that was used before.
fn with_scratch<T>(call: impl FnOnce(&mut Values, &mut String) -> T) -> T {
    let mut call = Some(call);
    let called = SCRATCH.try_with(|scratch| {
        let mut scratch = scratch.try_borrow_mut().ok()?;
        let (values, line) = &mut *scratch;
        let call = call.take()?;

        // A panic may have left something.
        values.clear();
        line.clear();
        line.shrink_to(MAX_KEPT);
        Some(call(values, line))
    });

    match (called, call) {
        (Ok(Some(result)), _) => result,
        // A call inside another one, or while the thread ends, gets new memory.
        (_, Some(call)) => call(&mut Values::default(), &mut String::new()),
        (_, None) => unreachable!("a function that was called has a result"),
    }
}

impl fmt::Debug for LogSubscriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogSubscriber")
            .field("filter", &self.filter)
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}
