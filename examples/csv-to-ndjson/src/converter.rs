//! Converts CSV to compressed NDJSON, piece by piece.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::error::{ConvertError, Mistake};
use crate::record::Record;

/// Converts CSV to NDJSON: one JSON object on each line, compressed by gzip.
///
/// The first record is the header, and names the members of the objects. All values are strings,
/// because CSV does not say what is a number. Empty lines are skipped. The memory that it needs
/// does not depend on the size of the file: it holds one record, of at most a mebibyte.
///
/// # Examples
///
/// ```
/// use std::io::Read;
///
/// use csv_to_ndjson::{ConvertError, Converter};
///
/// # fn main() -> Result<(), ConvertError> {
/// let mut converter = Converter::new(Vec::new());
/// converter.push(b"id,name\n1,\"Do")?;
/// converter.push(b"e, Jane\"\n")?;
///
/// let mut ndjson = String::new();
/// flate2::read::GzDecoder::new(&*converter.finish()?).read_to_string(&mut ndjson)?;
/// assert_eq!(ndjson, "{\"id\":\"1\",\"name\":\"Doe, Jane\"}\n");
/// # Ok(())
/// # }
/// ```
pub struct Converter<W: Write> {
    /// The first bytes of the file, until there are enough to tell whether they are a mark.
    /// `None` after that.
    start: Option<Vec<u8>>,
    record: Record,
    /// The names of the columns as JSON, each with its colon. `None` before the header.
    columns: Option<Vec<String>>,
    json: Vec<u8>,
    output: GzEncoder<W>,
}

/// The longest name of a column as JSON, in bytes. Each field repeats it, so with longer names a
/// small file could keep a program busy for hours.
const LONGEST_NAME: usize = 1024;

/// The byte order mark of UTF-8, which spreadsheets write at the beginning of a file.
const MARK: &[u8] = b"\xef\xbb\xbf";

impl<W: Write> Converter<W> {
    /// Begins to convert a file. The result is written to `output`.
    pub fn new(output: W) -> Self {
        Self {
            start: Some(Vec::new()),
            record: Record::new(),
            columns: None,
            json: Vec::new(),
            output: GzEncoder::new(output, Compression::fast()),
        }
    }

    /// Converts the next piece of the file. A piece may end anywhere.
    ///
    /// # Errors
    ///
    /// `Broken` if a record is not right, and `Unwritable` if the output fails. Then the file
    /// cannot be converted, and no other piece may follow.
    pub fn push(&mut self, mut csv: &[u8]) -> Result<(), ConvertError> {
        if let Some(start) = &mut self.start {
            let missing = MARK.len() - start.len();
            let (piece, rest) = csv.split_at(missing.min(csv.len()));
            start.extend_from_slice(piece);
            if start.len() < MARK.len() {
                return Ok(());
            }

            self.begin()?;
            csv = rest;
        }

        self.convert(csv)
    }

    /// Converts the first bytes of the file, unless they are a mark.
    fn begin(&mut self) -> Result<(), ConvertError> {
        match self.start.take() {
            Some(start) if start != MARK => self.convert(&start),
            _ => Ok(()),
        }
    }

    fn convert(&mut self, mut csv: &[u8]) -> Result<(), ConvertError> {
        while self
            .record
            .read(&mut csv)
            .map_err(|mistake| self.broken(mistake))?
        {
            match &self.columns {
                None => {
                    let columns = self.columns().map_err(|mistake| self.broken(mistake))?;
                    self.columns = Some(columns);
                }
                Some(columns) => {
                    let fields = self
                        .record
                        .fields()
                        .map_err(|mistake| self.broken(mistake))?;
                    if fields.len() != columns.len() {
                        let (fields, columns) = (fields.len(), columns.len());
                        return Err(self.broken(Mistake::Fields { fields, columns }));
                    }
                    write_object(&mut self.json, columns, &fields)?;
                    self.output.write_all(&self.json)?;
                }
            }
            self.record.clear();
        }

        Ok(())
    }

    /// Converts what is left, and returns the output.
    ///
    /// # Errors
    ///
    /// Those of [`push`](Self::push), for the end of the file.
    pub fn finish(mut self) -> Result<W, ConvertError> {
        self.begin()?;
        if self.record.has_begun() {
            // It ends the last record, unless a quote is open.
            self.convert(b"\n")?;
        }
        if self.record.has_text() {
            return Err(self.broken(Mistake::OpenQuote));
        }
        if self.columns.is_none() {
            return Err(self.broken(Mistake::NoHeader));
        }

        Ok(self.output.finish()?)
    }

    /// The names of the columns, from the header.
    fn columns(&self) -> Result<Vec<String>, Mistake> {
        let names = self.record.fields()?;
        for (index, name) in names.iter().enumerate() {
            if names[..index].contains(name) {
                return Err(Mistake::SameColumn((*name).to_owned()));
            }
        }

        let json = names.into_iter().map(|name| {
            let json = serde_json::Value::from(name).to_string();
            match json.len() > LONGEST_NAME {
                true => Err(Mistake::LongName(LONGEST_NAME)),
                false => Ok(json + ":"),
            }
        });
        json.collect()
    }

    fn broken(&self, mistake: Mistake) -> ConvertError {
        let line = self.record.first_line();
        ConvertError::Broken { line, mistake }
    }
}

fn write_object(json: &mut Vec<u8>, columns: &[String], fields: &[&str]) -> io::Result<()> {
    json.clear();
    json.push(b'{');
    for (index, (column, field)) in columns.iter().zip(fields).enumerate() {
        if index > 0 {
            json.push(b',');
        }
        json.extend_from_slice(column.as_bytes());
        serde_json::to_writer(&mut *json, field)?;
    }

    json.extend_from_slice(b"}\n");
    Ok(())
}
