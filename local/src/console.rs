//! What happens, one line for each step.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use s3_dispatch_local::{EventId, Fate, Journal, Step, StepKind, Steps};
use tokio::sync::watch;
use tokio::task::JoinHandle;

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
        Self { is_over, task: tokio::spawn(print(history, steps, over)) }
    }

    /// Prints what has happened up to now.
    pub(crate) async fn finish(self) {
        self.is_over.send_replace(true);
        // It can only fail by a terminal that is gone.
        drop(self.task.await);
    }
}

/// Prints a line, in colours where the terminal allows. A pipeline whose output nobody reads any more goes on.
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
            say(&paint(WARNING, &format!("... {} steps are not shown", step.number - self.next)));
        }
        self.next = step.number + 1;
        let Some(text) = self.text(step) else { return };
        let time = paint(FAINT, &format!("{:>9.3}s", step.elapsed.as_secs_f64()));
        let event = step.event.map_or_else(String::new, |event| format!("#{}", event.0));
        let age = match step.event.and_then(|event| self.begun.get(&event)) {
            Some(begun) if *begun < step.elapsed => paint(FAINT, &format!("  +{}", short(step.elapsed - *begun))),
            _ => String::new(),
        };
        say(&format!("{time} {event:>5}  {text}{age}"));
    }

    fn text(&mut self, step: &Step) -> Option<String> {
        Some(match &step.kind {
            StepKind::ObjectEvent(event) => {
                if let Some(id) = step.event {
                    self.begin(id, step.elapsed);
                }
                let size = event.size.map_or_else(String::new, |size| format!(", {size} bytes"));
                line("object", GOOD, &format!("{} {:?} in {}{size}", event.event_name, event.key, event.bucket))
            }
            StepKind::TestNotification { bucket } => line("test", FAINT, &format!("s3:TestEvent of {bucket}")),
            StepKind::NotificationSent { destination } => line("notification", NAME, &format!("to {destination}")),
            StepKind::FilterVerdict { queue, passed: true, .. } => line("filter", GOOD, &format!("passes to {queue}")),
            StepKind::FilterVerdict { queue, .. } => line("filter", FAINT, &format!("not for {queue}")),
            StepKind::Enqueued { queue, message_id, is_duplicate, .. } => {
                let note = if *is_duplicate { ", a duplicate: dropped" } else { "" };
                line("queue", NAME, &format!("{queue} has message {}{note}", id(message_id)))
            }
            StepKind::Refused { queue, reason } => line("refused", FAILED, &format!("by {queue}: {reason:?}")),
            StepKind::Invoked { function, messages, request_id, .. } => {
                let events = messages.iter().map(|message| {
                    let event = message.event.map_or_else(|| id(&message.message_id), |event| format!("#{}", event.0));
                    match message.receive_count {
                        1 => event,
                        count => format!("{event} (receive {count})"),
                    }
                });
                let events = events.collect::<Vec<_>>().join(", ");
                line("invocation", NAME, &format!("{function} {} gets {events}", id(request_id)))
            }
            StepKind::FunctionLog { function, line, .. } => {
                format!("{}{}", " ".repeat(15), paint(FAINT, &format!("| {function}: {}", visible(line))))
            }
            StepKind::Answered { function, request_id, duration, error } => {
                let after = short(*duration);
                let call = id(request_id);
                match error {
                    None => line("answer", GOOD, &format!("{function} {call} after {after}")),
                    Some((_, error)) => {
                        line("answer", FAILED, &format!("{function} {call} after {after}: {}", visible(error)))
                    }
                }
            }
            StepKind::Outcome { message_id, fate, .. } => match fate {
                Fate::Succeeded => line("outcome", GOOD, &format!("{} succeeded", id(message_id))),
                Fate::Failed => line("outcome", FAILED, &format!("{} failed", id(message_id))),
                Fate::BatchFailed(reason) => {
                    line("outcome", FAILED, &format!("{} failed with its batch: {}", id(message_id), visible(reason)))
                }
                _ => return None,
            },
            StepKind::Deleted { queue, message_id } => {
                line("deleted", FAINT, &format!("{} from {queue}", id(message_id)))
            }
            StepKind::Redriven { dead_letter_queue, message_id, receive_count, .. } => {
                let text = format!("{} to {dead_letter_queue}, received {receive_count} times", id(message_id));
                line("redriven", FAILED, &text)
            }
            StepKind::Expired { queue, message_id } => {
                line("expired", FAILED, &format!("{} in {queue}", id(message_id)))
            }
            StepKind::FaultInjected { hop, fault, place, .. } => {
                line("fault", WARNING, &format!("{fault} at {hop}, {place}"))
            }
            StepKind::StorageFailed { reason } => line("storage", FAILED, &visible(reason)),
            StepKind::FunctionStarted { function, process } => {
                let process = process.map_or_else(String::new, |process| format!(" as process {process}"));
                line("function", NAME, &format!("{function} started{process}"))
            }
            StepKind::FunctionCrashed { function, reason } => {
                line("function", FAILED, &format!("{function} has ended: {}", visible(reason)))
            }
            StepKind::FunctionTimedOut { function, timeout } => {
                line("function", FAILED, &format!("{function} took more than {timeout:?}, and was killed"))
            }
            StepKind::FunctionRestarting { function, after } => {
                line("function", WARNING, &format!("{function} starts again after {after:?}"))
            }
            StepKind::FunctionStopped { function, reason: Some(reason) } => {
                line("function", FAILED, &format!("{function} is {}", visible(reason)))
            }
            StepKind::FunctionStopped { function, .. } => line("function", FAINT, &format!("{function} has stopped")),
            _ => return None,
        })
    }

    fn begin(&mut self, event: EventId, elapsed: Duration) {
        if self.begun.len() == MAX_EVENTS {
            self.begun.pop_first();
        }
        self.begun.insert(event, elapsed);
    }
}

fn line(what: &str, style: Style, text: &str) -> String {
    format!("{} {text}", paint(style, &format!("{what:<12}")))
}

/// The beginning of an id, which tells it from others nearby.
fn id(id: &str) -> String {
    id.chars().take(8).collect()
}

fn short(duration: Duration) -> String {
    match duration.as_secs_f64() {
        seconds if seconds < 1.0 => format!("{:.1} ms", seconds * 1000.0),
        seconds => format!("{seconds:.2} s"),
    }
}

/// What a function writes cannot move the cursor, nor forge another line.
fn visible(text: &str) -> String {
    text.chars()
        .flat_map(|char| if char.is_control() && char != '\t' { char.escape_default().collect() } else { vec![char] })
        .collect()
}
