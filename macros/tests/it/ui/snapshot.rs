//! Makes the messages of the compiler the same on every machine.

/// The text of a snapshot: the messages without the details that unrelated changes affect.
///
/// - Files other than the case are `$WORKSPACE/…`, without line numbers.
/// - The number of other implementations is `$N`.
/// - The summary at the end is left out.
pub(super) fn normalize(messages: &str) -> String {
    let messages: Vec<String> = messages
        .split("\n\n")
        .map(normalize_message)
        .filter(|message| !message.is_empty())
        .collect();

    messages.join("\n\n") + "\n"
}

/// Normalizes one message: the lines up to an empty one.
fn normalize_message(message: &str) -> String {
    let mut gutter = 0;
    let mut is_elsewhere = false;
    let mut lines = Vec::new();

    for line in message.lines().filter(|line| !is_summary(line)) {
        let trimmed = line.trim_start();

        if let Some((arrow, place)) = place(trimmed) {
            gutter = line.len() - trimmed.len();
            let case = place.strip_prefix("macros/");
            is_elsewhere = case.is_none();
            let place = match (case, place.split_once(':')) {
                (Some(case), _) => case.to_owned(),
                (None, Some((file, _))) => format!("$WORKSPACE/{file}"),
                (None, None) => place.to_owned(),
            };

            lines.push(format!("{:gutter$}{arrow} {place}", ""));
        } else if is_elsewhere && line_number(line).is_some() {
            lines.push(line.replacen(|c: char| c.is_ascii_digit(), " ", gutter));
        } else {
            is_elsewhere &= trimmed.starts_with(['|', '.']);
            lines.push(hide_count(line));
        }
    }

    narrow_gutter(&lines, gutter)
}

/// The arrow and the place of a line such as `--> src/lib.rs:1:2`, or `::: src/lib.rs:1:2` for
/// another file of the same message.
fn place(trimmed: &str) -> Option<(&str, &str)> {
    trimmed
        .split_once(' ')
        .filter(|(arrow, _)| ["-->", ":::"].contains(arrow))
}

/// Narrows the gutter to the width of the remaining line numbers.
fn narrow_gutter(lines: &[String], gutter: usize) -> String {
    let widest = lines.iter().filter_map(|line| line_number(line)).max();
    let surplus = " ".repeat(gutter - widest.unwrap_or(gutter).min(gutter));

    let mut is_heading = false;
    let lines = lines.iter().map(|line| {
        // The further lines of a heading are indented, but have no gutter.
        is_heading = !line.starts_with(' ') || (is_heading && !has_gutter(line));
        let narrowed = line.strip_prefix(&surplus).filter(|_| !is_heading);
        narrowed.unwrap_or(line).trim_end()
    });

    let text = lines.collect::<Vec<_>>().join("\n");
    text.trim_end().to_owned()
}

fn has_gutter(line: &str) -> bool {
    let trimmed = line.trim_start();
    trimmed.starts_with(['|', '=']) || place(trimmed).is_some() || line_number(line).is_some()
}

/// The number of digits of the line number before the `|`, if there is one.
fn line_number(line: &str) -> Option<usize> {
    let (number, _) = line.trim_start().split_once(' ')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(number.len())
}

/// `and 12 others` as `and $N others`.
fn hide_count(line: &str) -> String {
    let trimmed = line.trim_start();
    let count = trimmed
        .strip_prefix("and ")
        .and_then(|rest| rest.strip_suffix(" others"));

    match count {
        Some(count) if count.bytes().all(|byte| byte.is_ascii_digit()) => {
            line.replacen(count, "$N", 1)
        }
        _ => line.to_owned(),
    }
}

fn is_summary(line: &str) -> bool {
    [
        "error: aborting due to ",
        "Some errors have detailed explanations:",
        "For more information about ",
    ]
    .iter()
    .any(|start| line.starts_with(start))
}
