//! Prints the steps of a pipeline to the terminal, one line for each.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use s3_dispatch_local::{EventId, Step, StepKind};
use tokio::sync::oneshot;

use super::output;
use super::sent_records::SentRecords;
use super::step_line::{StepLine, Tone, format_duration};
use super::summary::Summary;

pub(crate) const NAME: Style = AnsiColor::Cyan.on_default();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const FAILED: Style = AnsiColor::Red.on_default().bold();
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default();
const FAINT: Style = Style::new().dimmed();

/// How many events the printer remembers, to print the age of each.
const MAX_EVENTS: usize = 10_000;

/// How many bytes are written at once.
const MAX_WRITE: usize = 64 * 1024;

/// How long the sum of a second waits for the next step.
const SECOND: Duration = Duration::from_secs(1);

/// Prints the steps of a pipeline: every one of them, or as many as can be read.
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
    /// What leaves lines out. `None` if every line is printed.
    summary: Option<Summary>,
    /// The time of the last step.
    elapsed: Duration,
    started: BTreeMap<EventId, Duration>,
    records: SentRecords,
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

    /// Prints the steps so far, and all further ones until [`Console::finish`]. With `sums_up`, it
    /// prints how many there are if more happens than anyone can read.
    pub(crate) fn start(self, sums_up: bool) -> Console {
        let (sender, lines) = mpsc::channel();
        let (is_printed, printed) = oneshot::channel();
        let steps = self.steps;

        thread::spawn(move || make_lines(&steps, &sender, sums_up.then(Summary::default)));
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

/// Ends with the steps, or when nobody takes the lines any more.
fn make_lines(steps: &Receiver<Received>, lines: &Sender<String>, summary: Option<Summary>) {
    let mut printer = Printer {
        summary,
        ..Printer::default()
    };

    loop {
        let made = match steps.recv_timeout(printer.patience()) {
            Ok(Received::Step(step)) => printer.lines(&step),
            Err(RecvTimeoutError::Timeout) => printer.sums(),
            Ok(Received::End) | Err(RecvTimeoutError::Disconnected) => {
                drop(lines.send(printer.sums().concat()));
                return;
            }
        };

        if made.into_iter().any(|line| lines.send(line).is_err()) {
            return;
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
    /// How long to wait for the next step before the last second is summed up.
    fn patience(&self) -> Duration {
        match &self.summary {
            Some(summary) if summary.has_left_out() => SECOND,
            _ => Duration::MAX,
        }
    }

    /// What was left out in the last second.
    fn sums(&mut self) -> Vec<String> {
        let sums = self.summary.as_mut().map(Summary::end);
        self.sum_lines(sums.unwrap_or_default())
    }

    fn sum_lines(&self, sums: Vec<String>) -> Vec<String> {
        let time = format_elapsed(self.elapsed);
        let lines = sums
            .into_iter()
            .map(|sum| format!("{time} {:>5}  {}\n", "", paint(NAME, &sum)));

        lines.collect()
    }

    /// The line of a step, after the sums of a second that has ended.
    fn lines(&mut self, step: &Step) -> Vec<String> {
        if let (StepKind::ObjectEvent(_), Some(id)) = (&step.kind, step.event) {
            self.remember_start(id, step.elapsed);
        }

        let (event, more) = self.records.observe(step);
        let Some(mut line) = StepLine::of(step) else {
            return Vec::new();
        };
        line.text.extend(more);

        let mut lines = Vec::new();
        let mut is_printed = true;
        if let Some(summary) = &mut self.summary {
            let sums = summary.begin(step.elapsed);
            is_printed = summary.prints(&line);
            lines = self.sum_lines(sums);
        }
        self.elapsed = step.elapsed;

        if is_printed {
            lines.push(self.line(step, event, &line));
        }
        lines
    }

    fn line(&self, step: &Step, event: Option<EventId>, line: &StepLine) -> String {
        let text = text(step, line);
        let time = format_elapsed(step.elapsed);
        let number = event.map_or_else(String::new, |event| format!("#{}", event.0));

        let age = match event.and_then(|event| self.started.get(&event)) {
            Some(started) if *started < step.elapsed => paint(
                FAINT,
                &format!("  +{}", format_duration(step.elapsed - *started)),
            ),
            _ => String::new(),
        };

        format!("{time} {number:>5}  {text}{age}\n")
    }

    fn remember_start(&mut self, event: EventId, elapsed: Duration) {
        if self.started.len() == MAX_EVENTS {
            self.started.pop_first();
        }

        self.started.insert(event, elapsed);
    }
}

fn text(step: &Step, line: &StepLine) -> String {
    if let StepKind::FunctionLog { .. } = &step.kind {
        let text = paint(FAINT, &format!("| {}", line.text));
        return format!("{}{text}", " ".repeat(15));
    }

    let style = match line.tone {
        Tone::Name => NAME,
        Tone::Good => GOOD,
        Tone::Failed => FAILED,
        Tone::Warning => WARNING,
        Tone::Faint => FAINT,
    };

    let what = paint(style, &format!("{:<12}", line.what));
    format!("{what} {}", line.text)
}

fn format_elapsed(elapsed: Duration) -> String {
    paint(FAINT, &format!("{:>9.3}s", elapsed.as_secs_f64()))
}
