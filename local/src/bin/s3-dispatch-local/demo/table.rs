//! The table that ends the demo: a row for each event.

use std::fmt;

use crate::console::{FAILED, GOOD, paint};

/// What should happen to the events, and what happened.
pub(crate) struct Table {
    rows: Vec<Row>,
    /// What is said below the table. May be empty.
    note: String,
    is_note_right: bool,
}

pub(super) struct Row {
    pub(super) key: &'static str,
    pub(super) event_name: &'static str,
    pub(super) expected: String,
    pub(super) happened: String,
    pub(super) is_right: bool,
}

impl Table {
    pub(super) fn new(rows: Vec<Row>) -> Self {
        Self {
            rows,
            note: String::new(),
            is_note_right: true,
        }
    }

    /// Whether every event ended where it should.
    pub(crate) fn is_right(&self) -> bool {
        self.is_note_right && self.rows.iter().all(|row| row.is_right)
    }

    /// The table, with a text below it that says what else has happened, and whether it should.
    pub(super) fn with_note(mut self, note: String, is_right: bool) -> Self {
        self.note = note;
        self.is_note_right = is_right;
        self
    }

    fn width(&self, column: fn(&Row) -> &str) -> usize {
        let widths = self.rows.iter().map(|row| column(row).chars().count());
        widths.max().unwrap_or_default()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.width(|row| row.key);
        let event_names = self.width(|row| row.event_name);
        writeln!(f)?;

        for row in &self.rows {
            let verdict = if row.is_right {
                paint(GOOD, "ok   ")
            } else {
                paint(FAILED, "wrong")
            };

            write!(
                f,
                "{verdict}  {:<keys$}  {:<event_names$}  {}",
                row.key, row.event_name, row.happened
            )?;

            if !row.is_right {
                write!(f, " (expected: {})", row.expected)?;
            }

            writeln!(f)?;
        }

        let total = self.rows.len();
        let summary = match self.rows.iter().filter(|row| !row.is_right).count() {
            0 => paint(GOOD, "Every event ended where it should."),
            wrong => paint(
                FAILED,
                &format!("{wrong} of {total} events did not end where they should."),
            ),
        };

        f.write_str(&summary)?;
        match self.note.is_empty() {
            true => Ok(()),
            false => write!(f, "\n{}", self.note),
        }
    }
}
