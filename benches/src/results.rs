//! What was measured, as lines of a file that is kept.

use std::fs;
use std::path::Path;

/// One measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// How it was measured: `counts`, `times`, `loopback`, `peers`, `machine`.
    pub table: String,
    /// What was measured.
    pub subject: String,
    /// How the payload is written.
    pub shape: String,
    /// How many messages the payload has.
    pub messages: usize,
    /// What the value is, with its unit.
    pub measure: String,
    /// The value.
    pub value: String,
}

/// All measurements.
#[derive(Debug, Clone, Default)]
pub struct Results(Vec<Row>);

const HEADER: &str = "table\tsubject\tshape\tmessages\tmeasure\tvalue";

impl Results {
    /// Those of a file; none if there is no such file.
    #[must_use]
    pub fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_default();
        Self(text.lines().skip(1).filter_map(Row::parse).collect())
    }

    /// Puts rows in the place of all earlier ones of their table.
    #[must_use]
    pub fn with_table(mut self, table: &str, rows: Vec<Row>) -> Self {
        self.0.retain(|row| row.table != table);
        self.0.extend(rows);
        self.0.sort_by(|left, right| left.table.cmp(&right.table));
        self
    }

    /// Writes the file.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> std::io::Result<()> {
        let lines = self.0.iter().map(|row| {
            let Row {
                table,
                subject,
                shape,
                messages,
                measure,
                value,
            } = row;

            format!("{table}\t{subject}\t{shape}\t{messages}\t{measure}\t{value}\n")
        });

        fs::write(path, format!("{HEADER}\n{}", lines.collect::<String>()))
    }

    /// All rows of a table.
    pub fn table(&self, table: &str) -> impl Iterator<Item = &Row> {
        self.0.iter().filter(move |row| row.table == table)
    }

    /// The value of one measurement.
    #[must_use]
    pub fn text(
        &self,
        table: &str,
        subject: &str,
        shape: &str,
        messages: usize,
        measure: &str,
    ) -> Option<&str> {
        let found = self.0.iter().find(|row| {
            (
                &*row.table,
                &*row.subject,
                &*row.shape,
                row.messages,
                &*row.measure,
            ) == (table, subject, shape, messages, measure)
        });

        found.map(|row| &*row.value)
    }

    /// The value of one measurement, if it is a number.
    #[must_use]
    pub fn number(
        &self,
        table: &str,
        subject: &str,
        shape: &str,
        messages: usize,
        measure: &str,
    ) -> Option<f64> {
        self.text(table, subject, shape, messages, measure)?
            .parse()
            .ok()
    }
}

impl Row {
    /// Reads a line of the file.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split('\t').map(str::to_owned);
        let mut next = || fields.next();

        Some(Self {
            table: next()?,
            subject: next()?,
            shape: next()?,
            messages: next()?.parse().ok()?,
            measure: next()?,
            value: next()?,
        })
    }
}
