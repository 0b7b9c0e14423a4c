//! A text file of keys, one on each line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use super::error::OriginError;
use super::found::Found;
use super::position::Position;
use super::reading::{End, Reading, Sink};

/// The longest key in bytes ("Naming Amazon S3 objects", Amazon S3 User Guide, 2026).
const LONGEST_KEY: usize = 1024;

/// Reads keys as they are, not encoded. A line ends with a line feed, which the last one may lack.
///
/// A key that contains a line feed cannot stand in such a file.
pub(in crate::cli) struct KeyFile(Reading);

impl KeyFile {
    /// Opens a file, or standard input for `-`, behind a position.
    pub(in crate::cli) fn open(file: &str, from: &Position) -> Result<Self, OriginError> {
        let input = open_list(file)?;
        let settled = match from {
            Position::Line(line) => *line,
            _ => 0,
        };
        let name = file.to_owned();
        let reading = Reading::start(move |sink| read(BufReader::new(input), &name, settled, sink));

        reading.map(Self).map_err(|error| unreadable(file, error))
    }

    /// The next keys. Empty at the end.
    pub(in crate::cli) async fn next(&mut self) -> Result<Vec<Found>, OriginError> {
        self.0.next().await
    }
}

/// Opens a list in a file, or standard input for `-`.
pub(super) fn open_list(file: &str) -> Result<Box<dyn Read + Send>, OriginError> {
    if file == "-" {
        return Ok(Box::new(io::stdin()));
    }

    let open = || {
        let opened = File::open(file)?;
        match opened.metadata()?.is_dir() {
            true => Err(io::Error::new(
                io::ErrorKind::IsADirectory,
                "it is a folder",
            )),
            false => Ok(opened),
        }
    };
    let opened = open().map_err(|error| unreadable(file, error))?;
    Ok(Box::new(opened))
}

pub(super) fn unreadable(file: &str, error: io::Error) -> OriginError {
    let name = if file == "-" { "standard input" } else { file };
    OriginError::new(format!("`{name}` cannot be read")).with_source(error)
}

fn read(mut input: impl BufRead, file: &str, settled: u64, sink: &mut Sink) -> Result<(), End> {
    let mut bytes = Vec::new();

    for line in 1.. {
        bytes.clear();
        // A line that never ends is not kept in memory.
        let mut limited = (&mut input).take(LONGEST_KEY as u64 + 2);
        let read = limited.read_until(b'\n', &mut bytes);
        if read.map_err(|error| unreadable(file, error))? == 0 {
            break;
        }
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        }
        if line <= settled {
            continue;
        }

        let key = key(&bytes).map_err(|mistake| {
            OriginError::new(format!("line {line} of `{file}` is not a key: {mistake}"))
        })?;
        sink.push(Found::of_key(key.to_owned(), Position::Line(line)))?;
    }

    Ok(())
}

/// The key on a line, or what is wrong with it.
fn key(line: &[u8]) -> Result<&str, &'static str> {
    match line {
        [] => Err("it is empty"),
        [.., b'\r'] => Err("it ends in a carriage return; lines end in a line feed alone"),
        _ if line.len() > LONGEST_KEY => Err("it is longer than 1,024 bytes"),
        _ => std::str::from_utf8(line).map_err(|_| "it is not UTF-8"),
    }
}
