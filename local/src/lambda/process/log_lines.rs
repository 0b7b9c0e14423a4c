//! Reads what a process writes, line by line, into the journal.

use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use crate::journal::{Journal, LogStream, StepKind};

/// Longer lines are split.
const MAX_LINE_BYTES: usize = 64 * 1024;

/// Reads until the pipe ends.
pub(super) async fn read_log(
    pipe: impl AsyncRead + Unpin,
    stream: LogStream,
    function: Arc<str>,
    journal: Journal,
) {
    let mut reader = BufReader::with_capacity(MAX_LINE_BYTES, pipe);
    let mut line = Vec::new();

    // A pipe that breaks has ended.
    while let Ok(buffer) = reader.fill_buf().await
        && !buffer.is_empty()
    {
        let buffer = &buffer[..buffer.len().min(MAX_LINE_BYTES - line.len())];
        let (length, is_whole) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(end) => (end + 1, true),
            None => (buffer.len(), false),
        };

        line.extend_from_slice(&buffer[..length]);
        reader.consume(length);

        if is_whole || line.len() == MAX_LINE_BYTES {
            append(&journal, &function, stream, &mut line);
        }
    }

    append(&journal, &function, stream, &mut line);
}

fn append(journal: &Journal, function: &Arc<str>, stream: LogStream, line: &mut Vec<u8>) {
    let text = String::from_utf8_lossy(line).trim_end().to_owned();
    line.clear();

    if !text.is_empty() {
        let step = StepKind::FunctionLog {
            function: Arc::clone(function),
            stream,
            line: text,
        };
        journal.append(None, step);
    }
}
