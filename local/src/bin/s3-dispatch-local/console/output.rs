//! The standard output, to which every line gets: it may be slow, and it may not block.

use std::io::{self, ErrorKind, Write};
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};

/// How long to wait when the output takes nothing at the moment. A program that shares the pipe may
/// have made it non-blocking.
const PAUSE: Duration = Duration::from_millis(10);

/// Writes a text, without its styles if the terminal does not support them.
///
/// # Errors
///
/// When nobody reads the output any more.
pub(crate) fn write(text: &str) -> io::Result<()> {
    let output = io::stdout();
    let keeps_styles = AutoStream::choice(&output) != ColorChoice::Never;
    let mut output = output.lock();

    if keeps_styles {
        write_whole(&mut output, text)?;
    } else {
        write_whole(&mut output, &anstream::adapter::strip_str(text).to_string())?;
    }

    retry(|| output.flush())
}

fn write_whole(output: &mut impl Write, text: &str) -> io::Result<()> {
    let mut rest = text.as_bytes();

    while !rest.is_empty() {
        let written = retry(|| output.write(rest))?;
        if written == 0 {
            return Err(ErrorKind::WriteZero.into());
        }

        rest = &rest[written..];
    }

    Ok(())
}

/// Tries again until the output takes something.
fn retry<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match attempt() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(PAUSE),
            result => return result,
        }
    }
}
