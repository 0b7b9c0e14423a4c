//! Prints the steps of a pipeline to the terminal, one line for each.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use s3_dispatch_local::{EventId, Step, StepKind};
use tokio::sync::oneshot;

use crate::output;
use crate::step_line::{StepLine, Tone, format_duration};

pub(crate) const NAME: Style = AnsiColor::Cyan.on_default();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const FAILED: Style = AnsiColor::Red.on_default().bold();
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default();
const FAINT: Style = Style::new().dimmed();

/// How many events the printer remembers, to print the age of each.
const MAX_EVENTS: usize = 10_000;

/// How many bytes are written at once.
const MAX_WRITE: usize = 64 * 1024;

/// Prints the steps of a pipeline, every one of them.
///
/// A thread makes a line of each step and another one writes the lines, so that neither the
/// pipeline nor a step waits for a slow reader: what it has not read yet stays in memory.
pub(crate) struct Console {
    steps: Sender<Received>,
    printed: oneshot::Receiver<()>,
}

/// A console that collects steps but prints none yet.
pub(crate) struct SilentConsole {
    sender: Sender<Received>,
    steps: Receiver<Received>,
}

enum Received {
    Step(Box<Step>),
    /// Nothing after this is printed.
    End,
}

/// What a line needs from earlier steps.
#[derive(Default)]
struct Printer {
    started: BTreeMap<EventId, Duration>,
}

impl SilentConsole {
    pub(crate) fn new() -> Self {
        let (sender, steps) = mpsc::channel();
        Self { sender, steps }
    }

    /// The observer that takes the steps.
    pub(crate) fn observer(&self) -> impl Fn(&Step) + Send + Sync + 'static {
        let steps = self.sender.clone();
        // An error means that the console has ended.
        move |step| drop(steps.send(Received::Step(Box::new(step.clone()))))
    }

    /// Prints the steps so far, and every further step until [`Console::finish`].
    pub(crate) fn start(self) -> Console {
        let (sender, lines) = mpsc::channel();
        let (is_printed, printed) = oneshot::channel();
        let steps = self.steps;

        thread::spawn(move || make_lines(&steps, &sender));
        thread::spawn(move || {
            write_lines(&lines);
            // An error means that nobody waits.
            let _ = is_printed.send(());
        });

        Console {
            steps: self.sender,
            printed,
        }
    }
}

impl Console {
    /// Waits until what is left is printed, and stops.
    pub(crate) async fn finish(self) {
        drop(self.steps.send(Received::End));
        // The threads do not panic.
        drop(self.printed.await);
    }
}

fn make_lines(steps: &Receiver<Received>, lines: &Sender<String>) {
    let mut printer = Printer::default();

    for step in steps {
        let Received::Step(step) = step else { break };

        if let Some(line) = printer.line(&step)
            && lines.send(line).is_err()
        {
            break;
        }
    }
}

/// Writes lines as they come, many at once if they come faster than the output takes them. Ends
/// when nobody reads the output any more.
fn write_lines(lines: &Receiver<String>) {
    while let Ok(mut text) = lines.recv() {
        let mut more = lines.try_iter();

        while text.len() < MAX_WRITE
            && let Some(line) = more.next()
        {
            text.push_str(&line);
        }

        if output::write(&text).is_err() {
            break;
        }
    }
}

/// Prints a line, in colour if the terminal supports it.
pub(crate) fn say(text: &str) {
    // The pipeline keeps running when nobody reads its output.
    drop(output::write(&format!("{text}\n")));
}

/// A text in a style. [`say`] drops the style if the terminal does not support it.
pub(crate) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

impl Printer {
    fn line(&mut self, step: &Step) -> Option<String> {
        let text = self.text(step)?;
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

        Some(format!("{time} {event:>5}  {text}{age}\n"))
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
