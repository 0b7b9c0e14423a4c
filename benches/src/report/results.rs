//! The file of results, one measurement per line.

use std::path::Path;
use std::{fmt, fs};

/// One measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The kind of measurement, such as `counts`, `times`, `loopback` or `peers`.
    pub table: String,
    /// The contender or function.
    pub subject: String,
    /// The shape of the payload.
    pub shape: String,
    /// The number of messages in the payload.
    pub messages: usize,
    /// The measure with its unit.
    pub measure: String,
    /// The value.
    pub value: String,
}

/// Every measurement.
#[derive(Debug, Clone, Default)]
pub struct Results(Vec<Row>);

const HEADER: &str = "table\tsubject\tshape\tmessages\tmeasure\tvalue";

impl Results {
    /// Reads a file. There are no results if it does not exist.
    #[must_use]
    pub fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_default();
        Self(text.lines().skip(1).filter_map(Row::parse).collect())
    }

    /// Replaces the rows of a table.
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
    /// If the file cannot be written.
    pub fn write(&self, path: &Path) -> std::io::Result<()> {
        let lines = self.0.iter().map(|row| format!("{row}\n"));

        fs::write(path, format!("{HEADER}\n{}", lines.collect::<String>()))
    }

    /// The rows of a table.
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

/// A line of the file.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            table,
            subject,
            shape,
            messages,
            measure,
            value,
        } = self;

        write!(
            f,
            "{table}\t{subject}\t{shape}\t{messages}\t{measure}\t{value}"
        )
    }
}
