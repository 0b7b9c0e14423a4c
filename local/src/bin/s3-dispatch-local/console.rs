//! What happens, one line for each step.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use s3_dispatch_local::{EventId, Journal, Step, StepKind, Steps};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::step_line::{StepLine, Tone, short};

pub(crate) const NAME: Style = AnsiColor::Cyan.on_default();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const FAILED: Style = AnsiColor::Red.on_default().bold();
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default();
const FAINT: Style = Style::new().dimmed();

/// How many events are remembered, to say how long each has been under way.
const MAX_EVENTS: usize = 10_000;

/// Prints the steps of a journal.
pub(crate) struct Console {
    is_over: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// What a line needs to know of earlier ones.
#[derive(Default)]
struct Printer {
    begun: BTreeMap<EventId, Duration>,
    next: u64,
}

impl Console {
    /// Prints what has happened, and what happens until it is finished.
    pub(crate) fn start(journal: &Journal) -> Self {
        let (history, steps) = journal.history_and_watch();
        let (is_over, over) = watch::channel(false);

        Self {
            is_over,
            task: tokio::spawn(print(history, steps, over)),
        }
    }

    /// Prints what has happened up to now.
    pub(crate) async fn finish(self) {
        self.is_over.send_replace(true);
        // It can only fail by a terminal that is gone.
        drop(self.task.await);
    }
}

/// Prints a line, in colours where the terminal allows. A pipeline whose output nobody reads any
/// more goes on.
pub(crate) fn say(text: &str) {
    let _ = writeln!(anstream::stdout(), "{text}");
}

/// A text in a style, which is left out where the terminal has none.
pub(crate) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

async fn print(history: Vec<Arc<Step>>, mut steps: Steps, mut over: watch::Receiver<bool>) {
    let mut printer = Printer::default();
    for step in history {
        printer.print(&step);
    }

    loop {
        tokio::select! {
            biased;
            step = steps.next() => match step {
                Some(step) => printer.print(&step),
                None => break,
            },
            ended = over.wait_for(|is_over| *is_over) => {
                drop(ended);
                break;
            }
        }
    }
}

impl Printer {
    fn print(&mut self, step: &Step) {
        if step.number > self.next {
            say(&paint(
                WARNING,
                &format!("... {} steps are not shown", step.number - self.next),
            ));
        }

        self.next = step.number + 1;
        let Some(text) = self.text(step) else { return };
        let time = paint(FAINT, &format!("{:>9.3}s", step.elapsed.as_secs_f64()));
        let event = step
            .event
            .map_or_else(String::new, |event| format!("#{}", event.0));

        let age = match step.event.and_then(|event| self.begun.get(&event)) {
            Some(begun) if *begun < step.elapsed => {
                paint(FAINT, &format!("  +{}", short(step.elapsed - *begun)))
            }
            _ => String::new(),
        };

        say(&format!("{time} {event:>5}  {text}{age}"));
    }

    fn text(&mut self, step: &Step) -> Option<String> {
        if let (StepKind::ObjectEvent(_), Some(id)) = (&step.kind, step.event) {
            self.begin(id, step.elapsed);
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

    fn begin(&mut self, event: EventId, elapsed: Duration) {
        if self.begun.len() == MAX_EVENTS {
            self.begun.pop_first();
        }
        self.begun.insert(event, elapsed);
    }
}
