//! Prints the steps of a pipeline to the terminal, one line for each.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use s3_dispatch_local::{EventId, Journal, Step, StepKind, Steps};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::step_line::{StepLine, Tone, format_duration};

pub(crate) const NAME: Style = AnsiColor::Cyan.on_default();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const FAILED: Style = AnsiColor::Red.on_default().bold();
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default();
const FAINT: Style = Style::new().dimmed();

/// How many events the printer remembers, to print the age of each.
const MAX_EVENTS: usize = 10_000;

/// Prints the steps of a journal in the background.
pub(crate) struct Console {
    is_finished: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// What a line needs from earlier steps.
#[derive(Default)]
struct Printer {
    started: BTreeMap<EventId, Duration>,
    next_number: u64,
}

impl Console {
    /// Prints the steps so far, and every further step until [`Self::finish`].
    pub(crate) fn start(journal: &Journal) -> Self {
        let (history, steps) = journal.history_and_watch();
        let (is_finished, finished) = watch::channel(false);

        Self {
            is_finished,
            task: tokio::spawn(print(history, steps, finished)),
        }
    }

    /// Prints what is left, and stops.
    pub(crate) async fn finish(self) {
        self.is_finished.send_replace(true);
        // The task panics only when the terminal is gone.
        drop(self.task.await);
    }
}

/// Prints a line, in colour if the terminal supports it.
pub(crate) fn say(text: &str) {
    // The pipeline keeps running when nobody reads its output.
    let _ = writeln!(anstream::stdout(), "{text}");
}

/// A text in a style. [`say`] drops the style if the terminal does not support it.
pub(crate) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

async fn print(history: Vec<Arc<Step>>, mut steps: Steps, mut finished: watch::Receiver<bool>) {
    let mut printer = Printer::default();
    for step in history {
        printer.print(&step);
    }

    loop {
        tokio::select! {
            // Steps first, so that none is left when the console is finished.
            biased;
            step = steps.next() => match step {
                Some(step) => printer.print(&step),
                None => break,
            },
            finished = finished.wait_for(|is_finished| *is_finished) => {
                drop(finished);
                break;
            }
        }
    }
}

impl Printer {
    fn print(&mut self, step: &Step) {
        if step.number > self.next_number {
            let missed = step.number - self.next_number;
            say(&paint(WARNING, &format!("... {missed} steps not shown")));
        }

        self.next_number = step.number + 1;
        let Some(text) = self.text(step) else { return };
        let time = paint(FAINT, &format!("{:>9.3}s", step.elapsed.as_secs_f64()));
        let event = step
            .event
            .map_or_else(String::new, |event| format!("#{}", event.0));

        let age = match step.event.and_then(|event| self.started.get(&event)) {
            Some(started) if *started < step.elapsed => paint(
                FAINT,
                &format!("  +{}", format_duration(step.elapsed - *started)),
            ),
            _ => String::new(),
        };

        say(&format!("{time} {event:>5}  {text}{age}"));
    }

    fn text(&mut self, step: &Step) -> Option<String> {
        if let (StepKind::ObjectEvent(_), Some(id)) = (&step.kind, step.event) {
            self.remember_start(id, step.elapsed);
        }

        let line = StepLine::of(step)?;
        if let StepKind::FunctionLog { .. } = &step.kind {
            return Some(format!(
                "{}{}",
                " ".repeat(15),
                paint(FAINT, &format!("| {}", line.text))
            ));
        }

        let style = match line.tone {
            Tone::Name => NAME,
            Tone::Good => GOOD,
            Tone::Failed => FAILED,
            Tone::Warning => WARNING,
            Tone::Faint => FAINT,
        };

        Some(format!(
            "{} {}",
            paint(style, &format!("{:<12}", line.what)),
            line.text
        ))
    }

    fn remember_start(&mut self, event: EventId, elapsed: Duration) {
        if self.started.len() == MAX_EVENTS {
            self.started.pop_first();
        }

        self.started.insert(event, elapsed);
    }
}
