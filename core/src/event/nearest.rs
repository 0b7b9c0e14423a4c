//! "Did you mean": the messages of compile errors, made in `const` functions.

use super::name::Known;
use super::pattern::{EventPattern, category_of, without_prefix};

/// Longer literals are no misspelling of a name of ours.
const LONGEST: usize = 64;

/// A text built at compile time.
struct Message {
    bytes: [u8; 512],
    len: usize,
}

impl Message {
    const fn new() -> Self {
        Self {
            bytes: [0; 512],
            len: 0,
        }
    }

    const fn push(mut self, text: &[u8]) -> Self {
        let mut index = 0;
        while index < text.len() && self.len < self.bytes.len() {
            self.bytes[self.len] = text[index];
            self.len += 1;
            index += 1;
        }

        self
    }

    const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => "unknown event name",
        }
    }
}

#[track_caller]
pub(crate) const fn panic_unknown_event(literal: &str) -> ! {
    let message = Message::new()
        .push(b"unknown event `")
        .push(literal.as_bytes())
        .push(b"`");
    let message = match nearest(without_prefix(literal.as_bytes())) {
        Some((name, is_category)) => {
            let message = message.push(b"; did you mean `").push(name);
            if is_category {
                message.push(b":*`?")
            } else {
                message.push(b"`?")
            }
        }
        None => message.push(b"; events look like `ObjectCreated:Put`, `ObjectCreated:*` or `*`"),
    };

    panic!("{}", message.as_str())
}

#[track_caller]
pub(crate) const fn panic_wrong_argument(
    argument: &str,
    literal: &str,
    events: &[EventPattern],
) -> ! {
    let mut message = Message::new()
        .push(b"`")
        .push(argument.as_bytes())
        .push(b"` cannot be made from every `")
        .push(literal.as_bytes())
        .push(b"` event; it needs ");

    let mut index = 0;

    while index < events.len() {
        let (name, is_category) = events[index].static_parts();
        message = message
            .push(if index == 0 { b"`" } else { b", `" })
            .push(name.as_bytes());
        message = message.push(if is_category { b":*`" } else { b"`" });
        index += 1;
    }

    panic!("{}", message.as_str())
}

/// The pattern that takes the fewest edits, as its text without `:*` and whether that belongs to
/// it.
const fn nearest(text: &[u8]) -> Option<(&'static [u8], bool)> {
    if text.len() > LONGEST {
        return None;
    }

    let (wanted, wants_category) = match text {
        [category @ .., b':', b'*'] => (category, true),
        _ => (text, false),
    };
    let mut best = None;
    // Beyond half of its length a text is another word, not a misspelt one.
    let mut best_distance = wanted.len() / 2 + 1;
    let mut index = 0;

    while index < Known::ALL.len() {
        let name = Known::ALL[index].as_str().as_bytes();
        let category = category_of(name);
        let distance = edit_distance(wanted, category);

        if distance < best_distance && (wants_category || category.len() < name.len()) {
            best_distance = distance;
            best = Some((category, true));
        }

        let distance = edit_distance(wanted, name);
        if distance < best_distance && !wants_category {
            best_distance = distance;
            best = Some((name, false));
        }

        // Half a name: `Put` for `ObjectCreated:Put`.
        let is_action = category.len() < name.len()
            && edit_distance(wanted, name.split_at(category.len() + 1).1) == 0;
        if is_action && best_distance > 0 {
            best_distance = 0;
            best = Some((name, false));
        }

        index += 1;
    }

    best
}

/// Levenshtein's distance, upper and lower case alike; both texts are at most [`LONGEST`] bytes.
const fn edit_distance(left: &[u8], right: &[u8]) -> usize {
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
