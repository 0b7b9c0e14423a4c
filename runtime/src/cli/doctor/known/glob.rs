//! Wildcards of policies.

/// Whether the pattern matches the text. `*` stands for any characters, `?` for one, and `${*}`,
/// `${?}` and `${$}` for the characters themselves.
pub(crate) fn matches_glob(pattern: &str, text: &str) -> bool {
    let tokens = tokens(pattern);
    let text: Vec<char> = text.chars().collect();
    let (mut token, mut place) = (0, 0);
    // Where to go on if the rest does not match: behind the last star, one character later.
    let mut retry: Option<(usize, usize)> = None;

    loop {
        match tokens.get(token) {
            Some(Token::Any) => {
                retry = Some((token, place));
                token += 1;
                continue;
            }
            Some(Token::One) if place < text.len() => {
                token += 1;
                place += 1;
                continue;
            }
            Some(Token::Is(own)) if text.get(place) == Some(own) => {
                token += 1;
                place += 1;
                continue;
            }
            None if place == text.len() => return true,
            _ => {}
        }

        match retry {
            Some((star, from)) if from < text.len() => {
                retry = Some((star, from + 1));
                token = star + 1;
                place = from + 1;
            }
            _ => return false,
        }
    }
}

enum Token {
    Is(char),
    One,
    Any,
}

fn tokens(pattern: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = pattern;

    while let Some(first) = rest.chars().next() {
        let escaped = ['*', '?', '$']
            .into_iter()
            .find(|literal| rest.starts_with(&format!("${{{literal}}}")));
        let (token, length) = match (escaped, first) {
            (Some(literal), _) => (Token::Is(literal), "${*}".len()),
            (None, '*') => (Token::Any, 1),
            (None, '?') => (Token::One, 1),
            (None, other) => (Token::Is(other), other.len_utf8()),
        };
        tokens.push(token);
        rest = &rest[length..];
    }

    tokens
}
