//! What people see of a long run: a bar on a terminal, and a line a minute anywhere else.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::{Instant, MissedTickBehavior, interval};

/// Shows how many objects were seen, how fast, and how long the rest takes if their number is
/// known.
#[derive(Clone)]
pub(in crate::cli) struct Display {
    bar: ProgressBar,
    has_terminal: bool,
    started: Instant,
}

impl Display {
    /// How often a line is logged without a terminal.
    const LINES: Duration = Duration::from_secs(60);

    /// Shows a bar on standard error, if that is a terminal. `before` objects were seen by earlier
    /// runs.
    pub(in crate::cli) fn new(total: Option<u64>, before: u64) -> Self {
        let has_terminal = io::stderr().is_terminal();
        let target = if has_terminal {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };

        let template = match total {
            Some(_) => "{bar:24} {human_pos} of {human_len} objects, {per_sec}, {eta} left {msg}",
            None => "{spinner} {human_pos} objects, {per_sec}, {elapsed} {msg}",
        };
        let style = ProgressStyle::with_template(template).expect("the template is right");
        let bar = ProgressBar::with_draw_target(total, target).with_style(style);
        bar.set_position(before);
        bar.reset_eta();

        Self {
            bar,
            has_terminal,
            started: Instant::now(),
        }
    }

    /// Counts objects that were seen.
    pub(in crate::cli) fn seen(&self, objects: u64) {
        self.bar.inc(objects);
    }

    /// A writer for lines of the log, which do not break the bar.
    pub(in crate::cli) fn lines(&self) -> impl Fn() -> Lines + Send + Sync + 'static {
        let display = self.clone();
        move || Lines(display.clone())
    }

    /// Shows the progress all the time, and never ends. `more` says what else there is to say.
    pub(in crate::cli) async fn show(&self, more: impl Fn() -> String) {
        let every = if self.has_terminal {
            Duration::from_millis(250)
        } else {
            Self::LINES
        };
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;

        loop {
            ticks.tick().await;
            if self.has_terminal {
                self.bar.set_message(more());
                self.bar.tick();
            } else {
                tracing::info!("{}", self.line(&more()));
            }
        }
    }

    /// Removes the bar.
    pub(in crate::cli) fn end(&self) {
        self.bar.finish_and_clear();
    }

    fn line(&self, more: &str) -> String {
        let (seen, rate) = (HumanCount(self.bar.position()), self.bar.per_sec());
        let elapsed = HumanDuration(self.started.elapsed());
        let rest = match self.bar.length() {
            Some(total) => {
                let eta = HumanDuration(self.bar.eta());
                format!(" of {}, {eta} left", HumanCount(total))
            }
            None => String::new(),
        };

        format!("{seen} objects{rest} after {elapsed}, {rate:.0} a second, {more}")
    }
}

/// Writes to standard error while the bar is away.
pub(in crate::cli) struct Lines(Display);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.bar.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
