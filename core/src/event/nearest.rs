//! "Did you mean": finds the known text that a misspelled one probably stands for.

use super::compile_error::CompileError;
use super::known::Known;
use super::spelling::{category_and_action, starred_category, without_prefix};

/// A literal with more bytes than this is not compared with the known names.
const LONGEST: usize = 64;

/// Fails to compile, and proposes the known pattern that is nearest to the literal.
#[track_caller]
pub(crate) const fn panic_unknown_event(literal: &str) -> ! {
    let message = CompileError::new()
        .push("unknown event `")
        .push(literal)
        .push("`");

    let message = match nearest(without_prefix(literal)) {
        Some((name, is_category)) => {
            let end = if is_category { ":*`?" } else { "`?" };
            message.push("; did you mean `").push(name).push(end)
        }
        None => message.push("; events look like `ObjectCreated:Put`, `ObjectCreated:*` or `*`"),
    };

    message.panic()
}

/// The known pattern that is nearest to this text. `None` if none is near.
pub fn nearest_pattern(text: &str) -> Option<String> {
    let (name, is_category) = nearest(without_prefix(text))?;

    Some(format!("{name}{}", if is_category { ":*" } else { "" }))
}

/// The known text that needs the fewest edits to be this one. `None` if none is near.
pub fn nearest_of<'k>(text: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let is_comparable = |text: &str| text.len() <= LONGEST;
    let known = known.into_iter().filter(|known| is_comparable(known));

    known
        .filter(|_| is_comparable(text))
        .map(|known| (edit_distance(text, known), known))
        .filter(|(distance, _)| *distance < distance_of_another_word(text))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// A text that differs in more than half of its length is another word.
const fn distance_of_another_word(text: &str) -> usize {
    text.len() / 2 + 1
}

/// The pattern that needs the fewest edits: its text without `:*`, and whether it has a `:*`.
const fn nearest(text: &str) -> Option<(&'static str, bool)> {
    if text.len() > LONGEST {
        return None;
    }

    let (wanted, wants_category) = match starred_category(text) {
        Some(category) => (category, true),
        None => (text, false),
    };

    let mut best = None;
    let mut best_distance = distance_of_another_word(wanted);
    let mut index = 0;
    while index < Known::ALL.len() {
        let name = Known::ALL[index].as_str();
        let (category, action) = category_and_action(name);

        let distance = edit_distance(wanted, category);
        if distance < best_distance && (wants_category || action.is_some()) {
            best_distance = distance;
            best = Some((category, true));
        }

        let distance = edit_distance(wanted, name);
        if distance < best_distance && !wants_category {
            best_distance = distance;
            best = Some((name, false));
        }

        // Half a name: `Put` for `ObjectCreated:Put`.
        if let Some(action) = action
            && edit_distance(wanted, action) == 0
            && best_distance > 0
        {
            best_distance = 0;
            best = Some((name, false));
        }

        index += 1;
    }

    best
}

/// The Levenshtein distance, ignoring case. Both texts have at most [`LONGEST`] bytes.
const fn edit_distance(left: &str, right: &str) -> usize {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    let mut row = [0; LONGEST + 1];
    let mut column = 0;
    while column <= right.len() {
        row[column] = column;
        column += 1;
    }

    let mut line = 0;
    while line < left.len() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        let mut column = 0;
        while column < right.len() {
            let same = left[line].eq_ignore_ascii_case(&right[column]);
            let replaced = diagonal + if same { 0 } else { 1 };
            diagonal = row[column + 1];
            let mut least = replaced;

            if row[column] + 1 < least {
                least = row[column] + 1;
            }

            if diagonal + 1 < least {
                least = diagonal + 1;
            }

            row[column + 1] = least;
            column += 1;
        }

        line += 1;
    }

    row[right.len()]
}
