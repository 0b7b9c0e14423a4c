//! Writes panics to the log, each as one line.
//!
//! The standard hook writes the text of a panic to standard error as it is, so a handler that
//! panics with a text from outside would let that text forge lines.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::Cell;
use std::io::Write;
use std::panic::PanicHookInfo;

use s3_dispatch_core::__private::bounded;

use crate::telemetry::logs::escaped::escape;

thread_local! {
    /// Whether this thread is formatting the fields of a span or an event.
    static IS_FORMATTING: Cell<bool> = const { Cell::new(false) };
}

/// Replaces the hook of the process.
pub(crate) fn install() {
    std::panic::set_hook(Box::new(log));
}

/// Formats fields. A panic meanwhile is written to standard error, because the log may be locked.
pub(crate) fn while_formatting<T>(format: impl FnOnce() -> T) -> T {
    struct Reset(bool);

    impl Drop for Reset {
        fn drop(&mut self) {
            IS_FORMATTING.set(self.0);
        }
    }

    let _reset = Reset(IS_FORMATTING.replace(true));
    format()
}

fn log(panic: &PanicHookInfo<'_>) {
    let message = message(panic.payload());
    let location = panic.location().map(ToString::to_string);

    if IS_FORMATTING.get() {
        let location = location.unwrap_or_default();
        let line = escape(&format!(
            "ERROR panic error={message:?} location={location:?}"
        ));
        // If standard error is closed, nobody reads it.
        drop(writeln!(std::io::stderr(), "{line}"));
        return;
    }

    // Captured only if `RUST_BACKTRACE` asks for it.
    let backtrace = Backtrace::capture();
    let backtrace =
        (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());

    tracing::error!(error = message, location, backtrace, "panic");
}

/// Returns the text of a panic, cut after 8 KiB. A payload can be of any type.
fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));

    bounded(text.unwrap_or("a value that is not a text"))
}
