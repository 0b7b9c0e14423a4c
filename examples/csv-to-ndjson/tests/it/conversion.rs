//! What becomes of a CSV file, however it is cut into pieces.

use std::io::{self, Write};

use csv_to_ndjson::{ConvertError, Converter, Mistake};
use fastrand::Rng;
use s3_dispatch::{Class, Classify};

use crate::decompressed;

fn convert<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> Result<String, ConvertError> {
    let mut converter = Converter::new(Vec::new());
    for piece in pieces {
        converter.push(piece)?;
    }

    converter.finish().map(|result| decompressed(&result))
}

/// Converts a file in one piece and byte by byte.
#[track_caller]
fn check(csv: impl AsRef<[u8]>, ndjson: &str) {
    let csv = csv.as_ref();
    assert_eq!(convert([csv]).unwrap(), ndjson);
    assert_eq!(convert(csv.chunks(1)).unwrap(), ndjson);
}

#[track_caller]
fn check_broken(csv: impl AsRef<[u8]>, line: u64, mistake: Mistake) {
    let csv = csv.as_ref();
    for error in [convert([csv]), convert(csv.chunks(1))].map(Result::unwrap_err) {
        assert_eq!(error.class(), Class::Permanent);
        assert_eq!(error.to_string(), format!("line {line}: {mistake}"));
    }
}

#[test]
fn each_record_becomes_an_object_with_the_names_of_the_header() {
    check(
        "id,name\n1,Jane\n2,John\n",
        "{\"id\":\"1\",\"name\":\"Jane\"}\n{\"id\":\"2\",\"name\":\"John\"}\n",
    );
    check("id,name\n", "");
    check("id\n1", "{\"id\":\"1\"}\n");
    check("id,name\n,\n", "{\"id\":\"\",\"name\":\"\"}\n");
}

#[test]
fn a_quoted_field_may_have_commas_quotes_and_line_breaks() {
    check(
        "\"the id\",\"a \"\"name\"\"\"\n1,\"Doe, Jane\"\n2,\"a\r\n\nb\"\n",
        "{\"the id\":\"1\",\"a \\\"name\\\"\":\"Doe, Jane\"}\n\
         {\"the id\":\"2\",\"a \\\"name\\\"\":\"a\\r\\n\\nb\"}\n",
    );
    check("a,b\n\"\",\"\n\"", "{\"a\":\"\",\"b\":\"\\n\"}\n");
}

#[test]
fn every_line_end_will_do_and_empty_lines_are_skipped() {
    let ndjson = "{\"a\":\"1\",\"b\":\"2\"}\n{\"a\":\"3\",\"b\":\"4\"}\n";
    for end in ["\n", "\r\n", "\r", "\n\n\n", "\r\n\r\n"] {
        let csv = ["", "a,b", "1,2", "3,4"].join(end);
        check(&csv, ndjson);
        check(csv + end, ndjson);
    }
}

#[test]
fn the_mark_of_a_spreadsheet_at_the_beginning_is_no_part_of_the_first_name() {
    let mark = "\u{feff}";
    check(
        format!("{mark}\"a\",b\n1,2\n"),
        "{\"a\":\"1\",\"b\":\"2\"}\n",
    );
    check(format!("{mark}\na\n1"), "{\"a\":\"1\"}\n");
    check_broken(mark, 1, Mistake::NoHeader);
    check_broken(
        format!("{mark}\n\na\n1,2\n"),
        4,
        Mistake::Fields {
            fields: 2,
            columns: 1,
        },
    );

    // It is one character, and nothing else that begins like it.
    check(
        format!("{mark}{mark}a\n1\n"),
        &format!("{{\"{mark}a\":\"1\"}}\n"),
    );
    check("\u{fec0}\n1\n", "{\"\u{fec0}\":\"1\"}\n");
    check_broken(b"\xef\xbb", 1, Mistake::NotUtf8);
    check("a\n\u{feff}\n", &format!("{{\"a\":\"{mark}\"}}\n"));
}

#[test]
fn a_broken_record_is_named_by_the_line_on_which_it_begins() {
    let fields = |fields| Mistake::Fields { fields, columns: 2 };
    check_broken("a,b\n1,2\n3\n4,5\n", 3, fields(1));
    check_broken("a,b\n1,2\n3,4,5", 3, fields(3));
    check_broken("\n\na,b\r\n\"1\n\n\n\",2\n\n3\n", 9, fields(1));
    check_broken("a,b\n\"1\n2\n\"\n", 2, fields(1));

    // A carriage return ends a line too.
    check_broken("a,b\r1,2\r3\r4,5\r", 3, fields(1));
    check_broken("\r\ra,b\r\"1\r\n\r\",2\r3", 7, fields(1));
}

#[test]
fn the_limits_of_a_record_are_exact() {
    let longest = "x".repeat(1_048_576);
    check(
        format!("a\n{longest}\n"),
        &format!("{{\"a\":\"{longest}\"}}\n"),
    );
    check_broken(format!("a\n{longest}x\n"), 2, Mistake::TooLong(1_048_576));

    let names: Vec<_> = (0..10_000).map(|name| name.to_string()).collect();
    check(names.join(","), "");
}

#[test]
fn a_quote_that_is_not_closed_is_a_mistake() {
    check_broken("a,b\n1,2\n3,\"4\n5,6\n", 3, Mistake::OpenQuote);
    check_broken("a,b\n1,\"", 2, Mistake::OpenQuote);
    check_broken("\"", 1, Mistake::OpenQuote);

    // The rest of a large file is not held in memory.
    let rest = "1,2\n".repeat(400_000);
    check_broken(
        format!("a,b\n1,\"2\n{rest}"),
        2,
        Mistake::TooLong(1_048_576),
    );
}

#[test]
fn what_is_not_utf_8_or_has_too_many_fields_is_a_mistake() {
    check_broken(b"a,b\n1,2\n\xff,3\n", 3, Mistake::NotUtf8);
    check_broken(b"a,b\n\xc3,\xa9\n", 2, Mistake::NotUtf8);
    check_broken(",".repeat(10_000), 1, Mistake::TooManyFields(10_000));
}

#[test]
fn a_header_must_be_there_and_name_each_column_once() {
    for empty in ["", "\n", "\r\n\r\n"] {
        let line = 1 + empty.matches('\n').count() as u64;
        check_broken(empty, line, Mistake::NoHeader);
    }
    check_broken("\na,b,a\n", 2, Mistake::SameColumn("a".into()));

    // With its quotes as JSON, where control characters are six times as long.
    let longest = "n".repeat(1022);
    check(
        format!("{longest}\n1\n"),
        &format!("{{\"{longest}\":\"1\"}}\n"),
    );
    check_broken(format!("a,{longest}n\n"), 1, Mistake::LongName(1024));
    check_broken("\u{1}".repeat(171), 1, Mistake::LongName(1024));
}

/// A disk without room.
struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_cannot_be_written_is_tried_again() {
    let mut converter = Converter::new(Full);
    let converted = converter.push(b"a\n1\n").and_then(|()| converter.finish());
    let error = converted.err().unwrap();
    assert_eq!(error.class(), Class::Retry);
}

/// A field of the characters that matter.
fn field(rng: &mut Rng) -> String {
    let characters = ['a', 'é', '"', ',', '\n', '\r', ' ', '\u{1f980}', '\\'];
    let length = rng.usize(..6);
    std::iter::repeat_with(|| characters[rng.usize(..characters.len())])
        .take(length)
        .collect()
}

/// What another writer of CSV has written is read as it was, wherever it is cut.
#[test]
fn generated_files_are_converted_whole() {
    for seed in 0..300 {
        let mut rng = Rng::with_seed(seed);
        let columns = rng.usize(2..5);
        let header: Vec<_> = (0..columns).map(|column| column.to_string()).collect();
        let mut writer = csv::WriterBuilder::new();
        if rng.bool() {
            writer.terminator(csv::Terminator::CRLF);
        }
        let mut writer = writer.from_writer(Vec::new());
        writer.write_record(&header).unwrap();

        let mut expected = String::new();
        for _ in 0..rng.usize(..8) {
            let record: Vec<_> = (0..columns).map(|_| field(&mut rng)).collect();
            writer.write_record(&record).unwrap();
            let members = header.iter().zip(&record).map(|(name, value)| {
                format!("\"{name}\":{}", serde_json::Value::from(value.as_str()))
            });
            let members: Vec<_> = members.collect();
            expected += &format!("{{{}}}\n", members.join(","));
        }

        let csv = writer.into_inner().unwrap();
        let mut pieces = Vec::new();
        let mut rest = &csv[..];
        while !rest.is_empty() {
            let (piece, later) = rest.split_at(rng.usize(1..=rest.len()));
            pieces.push(piece);
            rest = later;
        }
        assert_eq!(convert(pieces).unwrap(), expected, "seed {seed}");
    }
}
