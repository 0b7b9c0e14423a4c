//! The messages of compile errors, which are built in `const` functions.

/// A message that grows piece by piece at compile time, where `format!` is not available.
///
/// It holds at most 512 bytes. The rest of a longer message is cut off.
pub(crate) struct CompileError {
    bytes: [u8; 512],
    len: usize,
}

impl CompileError {
    pub(crate) const fn new() -> Self {
        Self {
            bytes: [0; 512],
            len: 0,
        }
    }

    /// Adds a piece of text to the message.
    pub(crate) const fn push(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        let mut index = 0;
        while index < text.len() && self.len < self.bytes.len() {
            self.bytes[self.len] = text[index];
            self.len += 1;
            index += 1;
        }

        self
    }

    /// The message.
    pub(crate) const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(message) => message,
            // A character was cut in two at the end.
            Err(error) => {
                let whole = self.bytes.split_at(error.valid_up_to()).0;
                match std::str::from_utf8(whole) {
                    Ok(message) => message,
                    Err(_) => "",
                }
            }
        }
    }

    /// Fails to compile with the message, at the place of the caller.
    #[track_caller]
    pub(crate) const fn panic(&self) -> ! {
        panic!("{}", self.as_str())
    }
}
