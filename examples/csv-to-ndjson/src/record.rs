//! Reads the records of a CSV file.

use std::str;

use csv_core::{ReadRecordResult, Reader};

use crate::error::Mistake;

/// The longest record, in bytes without quotes. A quote that is not closed would otherwise make
/// the rest of the file one field.
const LONGEST_RECORD: usize = 1024 * 1024;

/// The most fields of a record.
const MOST_FIELDS: usize = 10_000;

/// The record that is being read, and its place in the file.
pub(crate) struct Record {
    reader: Reader,
    /// The fields, one after the other.
    bytes: Vec<u8>,
    /// How many of `bytes` are in use.
    length: usize,
    /// Where each field ends.
    ends: Vec<usize>,
    /// How many of `ends` are in use.
    count: usize,
    has_begun: bool,
    /// The line on which the record begins, and that of the next byte.
    first_line: u64,
    line: u64,
    /// Whether the last byte was a carriage return, which ends a line with or without a line feed.
    is_after_return: bool,
}

impl Record {
    pub(crate) fn new() -> Self {
        let mut reader = Reader::new();
        // At the beginning, the reader looks for a mark, and finds only one that is not cut.
        reader.read_record(b"\n", &mut [0], &mut [0]);

        Self {
            reader,
            // The reader stops when its room is full, also at the end of a record.
            bytes: vec![0; LONGEST_RECORD + 1],
            length: 0,
            ends: vec![0; MOST_FIELDS],
            count: 0,
            has_begun: false,
            first_line: 1,
            line: 1,
            is_after_return: false,
        }
    }

    /// The line on which the record begins, counted from 1.
    pub(crate) fn first_line(&self) -> u64 {
        self.first_line
    }

    /// Whether there are bytes of a record that has not ended.
    pub(crate) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Whether the record has text so far.
    pub(crate) fn has_text(&self) -> bool {
        self.length > 0
    }

    /// Reads on, and takes what it has read away from `csv`. Returns whether the record is
    /// complete; otherwise `csv` is empty.
    pub(crate) fn read(&mut self, csv: &mut &[u8]) -> Result<bool, Mistake> {
        if !self.has_begun {
            self.skip_line_ends(csv);
            self.first_line = self.line;
        }
        // For the reader, nothing is the end of the file.
        if csv.is_empty() {
            return Ok(false);
        }

        let room = (&mut self.bytes[self.length..], &mut self.ends[self.count..]);
        let (result, read, written, ended) = self.reader.read_record(csv, room.0, room.1);
        self.length += written;
        self.count += ended;
        self.has_begun = true;
        self.take(csv, read);

        match result {
            ReadRecordResult::Record => Ok(true),
            ReadRecordResult::InputEmpty | ReadRecordResult::End => Ok(false),
            ReadRecordResult::OutputFull => Err(Mistake::TooLong(LONGEST_RECORD)),
            ReadRecordResult::OutputEndsFull => Err(Mistake::TooManyFields(MOST_FIELDS)),
        }
    }

    /// The fields of a complete record.
    pub(crate) fn fields(&self) -> Result<Vec<&str>, Mistake> {
        let text = str::from_utf8(&self.bytes[..self.length]).map_err(|_| Mistake::NotUtf8)?;
        let mut begin = 0;
        let fields = self.ends[..self.count].iter().map(|end| {
            let begin = std::mem::replace(&mut begin, *end);
            // Two fields may be UTF-8 together and not alone.
            text.get(begin..*end).ok_or(Mistake::NotUtf8)
        });

        fields.collect()
    }

    /// Makes room for the next record.
    pub(crate) fn clear(&mut self) {
        (self.length, self.count, self.has_begun) = (0, 0, false);
    }

    fn skip_line_ends(&mut self, csv: &mut &[u8]) {
        let is_text = |byte: &u8| !matches!(byte, b'\r' | b'\n');
        let text = csv.iter().position(is_text).unwrap_or(csv.len());
        self.take(csv, text);
    }

    fn take(&mut self, csv: &mut &[u8], length: usize) {
        let (taken, rest) = csv.split_at(length);
        for byte in taken {
            let is_end = *byte == b'\r' || *byte == b'\n' && !self.is_after_return;
            self.line += u64::from(is_end);
            self.is_after_return = *byte == b'\r';
        }
        *csv = rest;
    }
}
