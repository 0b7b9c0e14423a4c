//! Comma-separated values ("Common Format and MIME Type for Comma-Separated Values (CSV) Files",
//! RFC 4180).

/// The rows of a document, each with the number of the line that it begins in. Empty lines are
/// left out.
///
/// # Errors
///
/// The number of the line whose quotes are wrong.
pub(super) fn rows(text: &str) -> Result<Vec<(usize, Vec<String>)>, usize> {
    let mut rows = Vec::new();
    let mut rest = text;
    let mut line = 1;

    while !rest.is_empty() {
        let (row, after) = row(rest).ok_or(line)?;
        let read = &rest[..rest.len() - after.len()];
        if row != [""] {
            rows.push((line, row));
        }

        line += read.matches('\n').count();
        rest = after;
    }

    Ok(rows)
}

/// Reads a row and its line break. Returns it with what follows.
fn row(text: &str) -> Option<(Vec<String>, &str)> {
    let mut fields = Vec::new();
    let mut rest = text;

    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_field(quoted)?,
            None => {
                let end = rest.find([',', '\n']).unwrap_or(rest.len());
                let field = &rest[..end];
                (
                    field.strip_suffix('\r').unwrap_or(field).to_owned(),
                    &rest[end..],
                )
            }
        };
        fields.push(field);

        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => {
                let after = after.strip_prefix('\r').unwrap_or(after);
                let after = match after.strip_prefix('\n') {
                    Some(next) => next,
                    None if after.is_empty() => after,
                    None => return None,
                };

                return Some((fields, after));
            }
        }
    }
}

/// Reads a field after its quote, up to and with the closing one.
fn quoted_field(mut rest: &str) -> Option<(String, &str)> {
    let mut field = String::new();

    loop {
        let (part, after) = rest.split_once('"')?;
        field.push_str(part);

        match after.strip_prefix('"') {
            Some(next) => {
                field.push('"');
                rest = next;
            }
            None => return Some((field, after)),
        }
    }
}

/// Writes a field, in quotes if it needs them.
pub(super) fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        quoted(text)
    } else {
        text.to_owned()
    }
}

/// Writes a field in quotes.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}
