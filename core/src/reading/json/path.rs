//! Where a value is in a payload.

use std::fmt::{self, Write as _};

/// The steps to a value: a list whose links live on the reader's stack.
///
/// Displayed as `$.Records[0].s3["x-amz-id-2"]`.
#[derive(Clone, Copy)]
pub(in crate::reading) enum Path<'p> {
    Root,
    Member(&'p Path<'p>, &'p str),
    Index(&'p Path<'p>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => f.write_str("$"),
            Path::Member(parent, name) => {
                parent.fmt(f)?;
                write_name(f, name)
            }
            Path::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// Writes one step. A name that is not plain is quoted, escaped and cut, because it may come from a
/// hostile payload and end up in a log.
fn write_name(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    const MAX_LEN: usize = 64;

    if let Some((cut, _)) = name.char_indices().nth(MAX_LEN) {
        return write!(f, "[{:?}...]", &name[..cut]);
    }

    let is_plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.is_empty();

    if is_plain {
        f.write_char('.')?;
        f.write_str(name)
    } else {
        write!(f, "[{name:?}]")
    }
}
