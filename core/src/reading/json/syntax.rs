//! Checks a whole document, and says where its syntax is wrong.

use super::give_up::{GiveUp, Scanned};
use super::path::Path;
use super::scanner::{Mode, Scanner};
use super::source::Source;
use crate::{Error, ErrorKind};

/// The deepest nesting that is read. AWS's events nest less than ten levels.
pub(in crate::reading) const MAX_DEPTH: usize = 128;

/// Checks the depth and the syntax of a document.
///
/// # Errors
///
/// [`ErrorKind::TooDeep`] at the document, or [`ErrorKind::InvalidJson`] at the innermost value
/// that contains the mistake.
pub(in crate::reading) fn check(source: &Source, path: &Path<'_>) -> Result<(), Error> {
    if nests_too_deep(source.as_str()) {
        return Err(Error::new(ErrorKind::TooDeep, "the JSON nests too deep").at(path));
    }

    let mut scanner = Scanner::<0>::new(source, 0, Mode::Silent);
    let is_valid = scanner.document(Scanner::skip).is_ok();

    if is_valid {
        Ok(())
    } else {
        Err(explain(source, path))
    }
}

/// Counts brackets outside of strings, which needs neither recursion nor memory.
fn nests_too_deep(text: &str) -> bool {
    // A piece is short enough to be counted in one byte, so that many bytes are compared at once.
    let count = |piece: &[u8]| {
        piece
            .iter()
            .map(|byte| u8::from(matches!(byte, b'{' | b'[')))
            .sum::<u8>()
    };

    let brackets: usize = text
        .as_bytes()
        .chunks(u8::MAX.into())
        .map(|piece| usize::from(count(piece)))
        .sum();

    if brackets <= MAX_DEPTH {
        return false;
    }

    let mut depth = 0_usize;
    let mut bytes = text.bytes();

    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => loop {
                match bytes.next() {
                    Some(b'\\') => drop(bytes.next()),
                    Some(b'"') | None => break,
                    Some(_) => {}
                }
            },
            _ => {}
        }

        if depth > MAX_DEPTH {
            return true;
        }
    }

    false
}

/// One step on the way to a mistake.
enum Step {
    Member(String),
    Index(usize),
}

/// Reads the document again, slowly, to find the way to the mistake.
fn explain(source: &Source, path: &Path<'_>) -> Error {
    let mut steps = Vec::new();
    // A name with a lone surrogate is no mistake of the syntax.
    let mut scanner = Scanner::<0>::new(source, 0, Mode::Explaining);
    let _mistake = scanner.document(|scanner| walk(scanner, &mut steps));

    let message = describe(source.as_str(), scanner.position());
    Error::new(ErrorKind::InvalidJson, message).at(with_steps(path, &steps))
}

/// Says what is wrong at a position.
fn describe(text: &str, position: usize) -> String {
    const MAX_SHOWN: usize = 32;

    let (before, after) = text.split_at(position);

    if before.trim_ascii().is_empty() {
        let start: String = text.chars().take(MAX_SHOWN).collect();
        let dots = if start.len() < text.len() { "..." } else { "" };

        return match start.as_str() {
            "" => "the text is not JSON: it is empty".to_owned(),
            start => format!(
                "the text is not JSON: it begins with `{}{dots}`",
                start.escape_debug()
            ),
        };
    }

    let line = before.matches('\n').count() + 1;
    let column = before.len() - before.rfind('\n').map_or(0, |end| end + 1) + 1;

    let found = match after.chars().next() {
        Some(character) => format!("unexpected `{}`", character.escape_debug()),
        None => "unexpected end".to_owned(),
    };

    format!("invalid JSON: {found} at line {line} column {column}")
}

fn with_steps(path: &Path<'_>, steps: &[Step]) -> String {
    match steps {
        [] => path.to_string(),
        [Step::Member(name), inner @ ..] => with_steps(&Path::Member(path, name), inner),
        [Step::Index(index), inner @ ..] => with_steps(&Path::Index(path, *index), inner),
    }
}

/// Passes over a value, whose depth is known to be limited. At a mistake, the steps to it remain.
fn walk(scanner: &mut Scanner<'_, 0>, steps: &mut Vec<Step>) -> Scanned<()> {
    match scanner.peek() {
        b'{' => scanner.members(|scanner, name| {
            let texts = scanner.texts()?;
            let name = name.content(&texts).unwrap_or("\u{fffd}").to_owned();
            steps.push(Step::Member(name));
            walk(scanner, steps)?;
            steps.pop();

            Ok(())
        }),
        b'[' => {
            let mut index = 0;

            scanner.array(|scanner| {
                if scanner.rest().is_empty() {
                    return Err(GiveUp::Other);
                }

                steps.push(Step::Index(index));
                walk(scanner, steps)?;
                steps.pop();
                index += 1;

                Ok(())
            })
        }
        _ => scanner.skip(),
    }
}
