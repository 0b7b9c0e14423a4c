//! What people see of a long run: a bar on a terminal, and a line a minute anywhere else.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::speed::Speed;

/// Shows how many objects were seen, how fast, and how long the rest takes if their number is
/// known.
#[derive(Clone)]
pub(in crate::cli) struct Display {
    bar: ProgressBar,
    has_terminal: bool,
    started: Instant,
    speed: Arc<Mutex<Speed>>,
}

impl Display {
    /// How often a line is logged without a terminal.
    const LINES: Duration = Duration::from_secs(60);

    /// How often the text beside the bar changes.
    const TICKS: Duration = Duration::from_millis(250);

    /// Shows a bar on standard error, if that is a terminal that can move its cursor. `before`
    /// objects were seen by earlier runs.
    pub(in crate::cli) fn new(total: Option<u64>, before: u64) -> Self {
        let is_dumb = std::env::var_os("TERM").is_some_and(|name| name == "dumb");
        let has_terminal = io::stderr().is_terminal() && !is_dumb;
        let target = has_terminal.then(ProgressDrawTarget::stderr);

        Self::on(target, total, before)
    }

    /// Shows a bar there, or logs lines.
    fn on(target: Option<ProgressDrawTarget>, total: Option<u64>, before: u64) -> Self {
        let has_terminal = target.is_some();
        let target = target.unwrap_or_else(ProgressDrawTarget::hidden);

        // The text is cut where the terminal ends.
        let template = match total {
            Some(_) => "{bar:24} {wide_msg}",
            None => "{spinner} {wide_msg}",
        };
        let style = ProgressStyle::with_template(template).expect("the template is right");
        let bar = ProgressBar::with_draw_target(total, target).with_style(style);
        bar.set_position(before);

        Self {
            bar,
            has_terminal,
            started: Instant::now(),
            speed: Arc::new(Mutex::new(Speed::new(before))),
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
        let mut ticks = interval(match self.has_terminal {
            true => Self::TICKS,
            false => Self::LINES,
        });
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;

        loop {
            ticks.tick().await;
            let text = self.text(&more());
            if self.has_terminal {
                self.bar.set_message(text);
                self.bar.tick();
            } else {
                tracing::info!("{text}");
            }
        }
    }

    /// Removes the bar.
    pub(in crate::cli) fn end(&self) {
        self.bar.finish_and_clear();
    }

    /// How far the run is now: `1,200 of 5,000 objects, 400 a second, 10 seconds left, 1 failed`.
    fn text(&self, more: &str) -> String {
        let seen = self.bar.position();
        let speed = {
            let mut speed = self.speed.lock().unwrap_or_else(PoisonError::into_inner);
            speed.note(seen);
            speed.a_second().unwrap_or_default()
        };

        let Some(total) = self.bar.length() else {
            let elapsed = HumanDuration(self.started.elapsed());
            let seen = HumanCount(seen);
            return format!("{seen} objects, {speed:.0} a second, after {elapsed}, {more}");
        };
        let left = total.saturating_sub(seen) as f64 / speed;
        let left = match Duration::try_from_secs_f64(left) {
            Ok(left) => format!("{} left", HumanDuration(left)),
            // Nothing moves.
            Err(_) => "no end in sight".to_owned(),
        };
        let (seen, total) = (HumanCount(seen), HumanCount(total));
        format!("{seen} of {total} objects, {speed:.0} a second, {left}, {more}")
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

#[cfg(test)]
#[path = "display_tests.rs"]
#[allow(clippy::unwrap_used)]
mod tests;
