//! Giving up, which the silent mode does without saying why.

/// Why the scanner gives up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::reading) enum GiveUp {
    /// The string around this document has escapes that the scanner cannot read in place. Once
    /// unescaped, the document may be readable.
    Escapes,
    /// The syntax is wrong, or a value is not of the type that the silent mode reads.
    Other,
}

pub(in crate::reading) type Scanned<T> = Result<T, GiveUp>;
