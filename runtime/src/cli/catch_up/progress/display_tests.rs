//! What is drawn on a terminal, and what is logged elsewhere.

use std::sync::{Arc, Mutex};

use indicatif::TermLike;
use tokio::time::advance;

use super::*;

/// A terminal of this width that keeps what is written to it.
#[derive(Debug, Clone)]
struct Terminal {
    width: u16,
    written: Arc<Mutex<Vec<String>>>,
}

impl Terminal {
    fn new(width: u16) -> Self {
        Self {
            width,
            written: Arc::default(),
        }
    }

    fn display(&self, total: Option<u64>, before: u64) -> Display {
        let target = ProgressDrawTarget::term_like(Box::new(self.clone()));
        Display::on(Some(target), total, before)
    }

    /// What was drawn last.
    fn line(&self) -> String {
        let written = self.written.lock().unwrap();
        let mut lines = written.iter().rev().filter(|line| !line.trim().is_empty());
        lines.next().cloned().unwrap_or_default()
    }

    fn note(&self, text: &str) -> io::Result<()> {
        self.written.lock().unwrap().push(text.to_owned());
        Ok(())
    }
}

impl TermLike for Terminal {
    fn width(&self) -> u16 {
        self.width
    }

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.note(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.note(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.note("")
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Shows a run that sees so many objects in each of the next seconds.
async fn run(display: &Display, seconds: u64, a_second: u64) {
    let seeing = async {
        for _ in 0..seconds {
            tokio::time::sleep(Duration::from_millis(500)).await;
            display.seen(a_second);
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        // Whoever shows it has its turn.
        tokio::time::sleep(Duration::from_millis(300)).await;
    };

    tokio::select! {
        () = seeing => {}
        () = display.show(|| "1 failed".to_owned()) => unreachable!("it never ends"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_bar_shows_how_far_how_fast_and_how_long_it_takes() {
    let terminal = Terminal::new(120);
    let display = terminal.display(Some(100_000), 40_000);
    run(&display, 60, 500).await;

    let line = terminal.line();
    let expected = "70,000 of 100,000 objects, 500 a second, 60 seconds left, 1 failed";
    assert!(line.contains(expected), "{line}");
    // 70 of 100 of its 24 places.
    assert_eq!(line.matches('█').count(), 16, "{line}");
}

#[tokio::test(start_paused = true)]
async fn without_a_number_of_objects_it_shows_how_long_it_took() {
    let terminal = Terminal::new(120);
    let display = terminal.display(None, 0);
    run(&display, 120, 1_000).await;

    let line = terminal.line();
    let expected = "120,000 objects, 1000 a second, after 2 minutes, 1 failed";
    assert!(line.contains(expected), "{line}");
}

#[tokio::test(start_paused = true)]
async fn the_speed_is_that_of_the_last_half_minute() {
    let terminal = Terminal::new(120);
    let display = terminal.display(Some(1_000_000), 0);
    run(&display, 600, 10).await;
    run(&display, 60, 1_000).await;
    assert!(terminal.line().contains(" 1000 a second, 16 minutes left"));

    run(&display, 60, 0).await;
    let line = terminal.line();
    assert!(line.contains(" 0 a second, no end in sight"), "{line}");
}

#[tokio::test(start_paused = true)]
async fn no_line_is_wider_than_the_terminal() {
    for width in [1, 10, 25, 26, 40, 80, 200] {
        for total in [None, Some(u64::MAX)] {
            let terminal = Terminal::new(width);
            let display = terminal.display(total, 0);
            run(&display, 5, 1 << 40).await;

            let written = terminal.written.lock().unwrap();
            // A bar of a fixed width is drawn in full where there is room for it.
            let most = usize::from(width).max(25);
            let lengths = written.iter().map(|line| line.chars().count());
            assert!(lengths.max() <= Some(most), "{width}: {written:?}");
            assert!(width < 26 || !written.is_empty(), "{width}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_bar_is_gone_in_the_end() {
    let terminal = Terminal::new(80);
    let display = terminal.display(Some(10), 0);
    run(&display, 5, 1).await;
    display.end();

    let cleared = terminal.written.lock().unwrap().last().cloned();
    assert_eq!(cleared.as_deref().map(str::trim), Some(""));
}

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_terminal_a_line_a_minute_is_logged() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    let _logged = tracing::subscriber::set_default(subscriber);

    let display = Display::on(None, Some(6_000), 0);
    run(&display, 180, 10).await;
    advance(Duration::from_secs(30)).await;

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<_> = log.lines().collect();
    assert_eq!(lines.len(), 3, "{log}");
    let expected = "1,200 of 6,000 objects, 10 a second, 8 minutes left, 1 failed";
    assert!(lines[1].ends_with(expected), "{log}");
}
