//! Finds the JSON documents in a file, one after another.

use std::collections::VecDeque;
use std::io::{self, BufRead};

use super::structure::{Extent, Structure};

/// Finds the JSON documents in a file: one in the whole file, one per line, or several that each
/// take several lines, as `aws sqs receive-message >> file` leaves them.
///
/// It holds one document in memory, and a few lines more where something is damaged.
pub(super) struct Documents<R> {
    reader: R,
    /// The lines that were read already, with their numbers, next one first.
    ahead: VecDeque<(u64, Vec<u8>)>,
    /// How many lines were read.
    lines: u64,
}

/// What is found in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A document that begins in this line.
    Document { line: u64, json: Vec<u8> },
    /// These lines are not documents, and are passed over.
    Damage {
        first: u64,
        last: u64,
        reason: &'static str,
    },
}

impl<R: BufRead> Documents<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            ahead: VecDeque::new(),
            lines: 0,
        }
    }

    /// Finds the next document. `None` at the end of the file.
    ///
    /// # Errors
    ///
    /// The file cannot be read further.
    pub(super) fn next(&mut self) -> io::Result<Option<Found>> {
        while let Some((line, text)) = self.next_line()? {
            if !text.trim_ascii().is_empty() {
                return self.document(line, text).map(Some);
            }
        }

        Ok(None)
    }

    /// The number of the last line that was read.
    pub(super) fn lines(&self) -> u64 {
        self.lines
    }

    /// Reads the document that begins in this line.
    fn document(&mut self, first: u64, text: Vec<u8>) -> io::Result<Found> {
        if !begins_document(text.trim_ascii_start()) {
            return self.damage(first, "it is not JSON");
        }

        let mut structure = Structure::default();
        let mut json = text;
        // Where each line of the document ends, in case they are read again.
        let mut ends = vec![json.len()];
        let mut new = 0;

        loop {
            match structure.follow(&json[new..]) {
                Extent::Ends(at) => {
                    let rest = json.split_off(new + at);
                    self.ahead.push_front((first + ends.len() as u64 - 1, rest));
                    return Ok(Found::Document { line: first, json });
                }
                Extent::Broken => {
                    self.put_back(first, &json, &ends);
                    return self.damage(first, "it is not JSON");
                }
                Extent::GoesOn => {}
            }

            new = json.len();
            match self.next_line()? {
                Some((_, more)) => json.extend(more),
                None => {
                    self.put_back(first, &json, &ends);
                    return self.damage(first, "the JSON that begins there does not end");
                }
            }
            ends.push(json.len());
        }
    }

    /// Lets all lines but the first be read again.
    fn put_back(&mut self, first: u64, json: &[u8], ends: &[usize]) {
        for (index, pair) in ends.windows(2).enumerate().rev() {
            let line = json[pair[0]..pair[1]].to_vec();
            self.ahead.push_front((first + index as u64 + 1, line));
        }
    }

    /// Passes over the lines that follow a damaged one, up to one where a document may begin.
    fn damage(&mut self, first: u64, reason: &'static str) -> io::Result<Found> {
        let mut last = first;
        while let Some((line, text)) = self.next_line()? {
            if begins_document(&text) {
                self.ahead.push_front((line, text));
                break;
            }
            if !text.trim_ascii().is_empty() {
                last = line;
            }
        }

        Ok(Found::Damage {
            first,
            last,
            reason,
        })
    }

    fn next_line(&mut self) -> io::Result<Option<(u64, Vec<u8>)>> {
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        if let Some(line) = self.ahead.pop_front() {
            return Ok(Some(line));
        }

        let mut line = Vec::new();
        if self.reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        if self.lines == 0 && line.starts_with(BYTE_ORDER_MARK) {
            line.drain(..BYTE_ORDER_MARK.len());
        }

        self.lines += 1;
        Ok(Some((self.lines, line)))
    }
}

fn begins_document(text: &[u8]) -> bool {
    matches!(text.first(), Some(b'{' | b'['))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// What is found in a text: `line: document`, or `first-last: reason`.
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let mut documents = Documents::new(text.as_bytes());
        let mut found = Vec::new();
        while let Some(next) = documents.next().unwrap() {
            found.push(match next {
                Found::Document { line, json } => {
                    let json = String::from_utf8(json).unwrap();
                    format!("{line}: {}", json.replace(['\n', ' '], ""))
                }
                Found::Damage {
                    first,
                    last,
                    reason,
                } => format!("{first}-{last}: {reason}"),
            });
        }

        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_document_may_be_the_whole_file() {
        check("{}", &["1: {}"]);
        check("\u{feff}{\"a\": 1}\r\n", &["1: {\"a\":1}"]);
        check(
            "\n\n{\n  \"a\": [\n    {\n    }\n  ]\n}\n",
            &["3: {\"a\":[{}]}"],
        );
        check("[\n{},\n{}\n]\n", &["1: [{},{}]"]);
        check("", &[]);
        check(" \n\t\n", &[]);
    }

    #[test]
    fn or_there_is_one_per_line() {
        check(
            "{\"a\":1}\n{\"b\":2}\n\n[]",
            &["1: {\"a\":1}", "2: {\"b\":2}", "4: []"],
        );
        check("{} {}\n{}{}\n", &["1: {}", "1: {}", "2: {}", "2: {}"]);
        check(
            r#"{"a": "{[\"\\", "b": [-1.5e+3, true, null]}"#,
            &[r#"1: {"a":"{[\"\\","b":[-1.5e+3,true,null]}"#],
        );
    }

    #[test]
    fn or_several_that_take_several_lines() {
        check(
            "{\n  \"a\": 1\n}\n{\n  \"b\": 2\n}\n",
            &["1: {\"a\":1}", "4: {\"b\":2}"],
        );
    }

    #[test]
    fn a_damaged_line_costs_itself() {
        let not_json = "it is not JSON";
        for damaged in [
            "hello",
            "{\"a\": }",
            "{\"a\" 1}",
            "{\"a\": 1]",
            "{\"Records\":[{\"eventName\":\"Obj",
            "{\"Records\":[{\"a\":1}",
            "{\"Records\":[{\"a\":1},",
            "{\"a\":1,",
            "{a: 1}",
            "[1 2]",
        ] {
            let text = format!("{{\"x\":1}}\n{damaged}\n{{\"y\":2}}\n{{\"z\":3}}\n");
            let damage = format!("2-2: {not_json}");
            let around = ["1: {\"x\":1}", &damage, "3: {\"y\":2}", "4: {\"z\":3}"];
            check(&text, &around);
        }
    }

    #[test]
    fn what_follows_a_damaged_document_is_a_part_of_it() {
        check(
            "{\n  \"a\": 1\n  \"b\": 2\n}\n{\"c\": 3}\n",
            &["1-4: it is not JSON", "5: {\"c\":3}"],
        );
        check("hello\nworld\n{}", &["1-2: it is not JSON", "3: {}"]);
    }

    #[test]
    fn a_document_that_does_not_end_costs_itself() {
        let does_not_end = "the JSON that begins there does not end";
        check("{\"a\": [", &[&format!("1-1: {does_not_end}")]);
        check("{\n  \"a\": {\n", &[&format!("1-2: {does_not_end}")]);
        check(
            "{}\n[\n{\"b\": 2}\n",
            &["1: {}", &format!("2-2: {does_not_end}"), "3: {\"b\":2}"],
        );
    }

    #[test]
    fn lines_are_counted() {
        let mut documents = Documents::new("{}\n\n{}\n".as_bytes());
        while documents.next().unwrap().is_some() {}
        assert_eq!(documents.lines(), 3);
    }
}
