//! Follows the structure of a JSON document as its bytes come.

/// Follows a document that is an object or an array, byte by byte, and tells where it ends.
///
/// It notices what cannot be the structure of JSON at the first byte that does not fit. It does not
/// look at numbers, escapes and text; that is left to the reader of the whole document.
#[derive(Default)]
pub(super) struct Structure {
    /// The objects (`true`) and arrays that are open.
    open: Vec<bool>,
    expected: Expected,
    within: Within,
}

/// What may come next, besides whitespace.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Expected {
    #[default]
    Value,
    /// A value, or the end of an array.
    ValueOrEnd,
    Key,
    /// A key, or the end of an object.
    KeyOrEnd,
    Colon,
    /// A comma, or the end of what is open.
    CommaOrEnd,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Within {
    #[default]
    Nothing,
    /// A number, `true`, `false` or `null`.
    Word,
    Text {
        is_key: bool,
        is_escaped: bool,
    },
}

/// How far a document goes in some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// It ends before this byte.
    Ends(usize),
    /// It goes on behind the bytes.
    GoesOn,
    /// A byte does not fit.
    Broken,
}

impl Structure {
    /// Follows the document through more bytes.
    pub(super) fn follow(&mut self, bytes: &[u8]) -> Extent {
        for (index, byte) in bytes.iter().enumerate() {
            if !self.step(*byte) {
                return Extent::Broken;
            }
            if self.open.is_empty() && self.expected == Expected::CommaOrEnd {
                return Extent::Ends(index + 1);
            }
        }

        Extent::GoesOn
    }

    /// Takes one byte. Returns whether it fits.
    fn step(&mut self, byte: u8) -> bool {
        match self.within {
            Within::Text { is_key, is_escaped } => return self.in_text(byte, is_key, is_escaped),
            Within::Word if is_of_word(byte) => return true,
            Within::Word => {
                self.within = Within::Nothing;
                self.expected = Expected::CommaOrEnd;
            }
            Within::Nothing => {}
        }

        use Expected::{Colon, CommaOrEnd, Key, KeyOrEnd, Value, ValueOrEnd};
        let is_object = self.open.last() == Some(&true);
        let takes_value = matches!(self.expected, Value | ValueOrEnd);
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => true,
            b'{' if takes_value => self.begin(true, KeyOrEnd),
            b'[' if takes_value => self.begin(false, ValueOrEnd),
            b'}' if is_object && matches!(self.expected, KeyOrEnd | CommaOrEnd) => self.end(),
            b']' if !is_object && matches!(self.expected, ValueOrEnd | CommaOrEnd) => self.end(),
            b',' if self.expected == CommaOrEnd => {
                self.expected = if is_object { Key } else { Value };
                true
            }
            b':' if self.expected == Colon => {
                self.expected = Value;
                true
            }
            b'"' if takes_value || matches!(self.expected, Key | KeyOrEnd) => {
                self.within = Within::Text {
                    is_key: !takes_value,
                    is_escaped: false,
                };
                true
            }
            _ if is_of_word(byte) && takes_value && !self.open.is_empty() => {
                self.within = Within::Word;
                true
            }
            _ => false,
        }
    }

    fn in_text(&mut self, byte: u8, is_key: bool, is_escaped: bool) -> bool {
        match byte {
            // A line cannot end within a text.
            0..0x20 => return false,
            b'"' if !is_escaped => {
                self.within = Within::Nothing;
                self.expected = if is_key {
                    Expected::Colon
                } else {
                    Expected::CommaOrEnd
                };
            }
            _ => {
                let is_escaped = byte == b'\\' && !is_escaped;
                self.within = Within::Text { is_key, is_escaped };
            }
        }

        true
    }

    fn begin(&mut self, is_object: bool, expected: Expected) -> bool {
        self.open.push(is_object);
        self.expected = expected;
        true
    }

    fn end(&mut self) -> bool {
        self.open.pop();
        self.expected = Expected::CommaOrEnd;
        true
    }
}

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
}
