//! The operator `wildcard`.

/// A pattern in which `*` stands for any characters or none, such as `in/*.jpg`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wildcard {
    /// What the text starts with.
    first: String,
    /// What follows after each `*`. The last of them ends the text.
    others: Vec<String>,
}

impl Wildcard {
    /// Reads a pattern. `None` if it has two `*` in a row, or a `\` that is not part of `\*` or
    /// `\\`.
    pub(crate) fn parse(pattern: &str) -> Option<Self> {
        let mut parts = vec![String::new()];
        let mut follows_star = false;
        let mut characters = pattern.chars();

        while let Some(character) = characters.next() {
            let is_star = character == '*';
            if is_star && follows_star {
                return None;
            }

            match character {
                '*' => parts.push(String::new()),
                '\\' => {
                    let escaped = characters.next().filter(|next| "*\\".contains(*next))?;
                    parts.last_mut()?.push(escaped);
                }
                plain => parts.last_mut()?.push(plain),
            }

            follows_star = is_star;
        }

        let first = parts.remove(0);
        Some(Self {
            first,
            others: parts,
        })
    }

    /// The number of `*` that stand for any characters.
    pub(crate) fn stars(&self) -> usize {
        self.others.len()
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        let Some(rest) = text.strip_prefix(&*self.first) else {
            return false;
        };
        let Some((last, middle)) = self.others.split_last() else {
            return rest.is_empty();
        };
        let Some(mut rest) = rest.strip_suffix(&**last) else {
            return false;
        };

        for part in middle {
            match rest.split_once(&**part) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }

        true
    }
}
