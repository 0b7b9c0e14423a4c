//! The order of the events of one key.

use std::cmp::Ordering;

use crate::text::text_newtypes;

text_newtypes! {
    /// A hexadecimal text that orders the events of one key: `0055AED6DCD90281E5`.
    ///
    /// "Event message structure", Amazon S3 User Guide, 2026: pad the shorter of two with zeros on the left, then
    /// compare; only for the same key. S3's notifications carry 18 upper-case digits, EventBridge 16 lower-case ones
    /// without the leading `00`; padding makes them comparable. Some S3-compatible stores send other texts.
    ///
    /// Some events carry a sequencer that says nothing of when they happened: `LifecycleExpiration:Delete` has that of
    /// the object's creation, `ObjectCreated:CompleteMultipartUpload` that of the upload's start.
    Sequencer;
}

impl Sequencer {
    pub(crate) fn is_hexadecimal(&self) -> bool {
        significant_digits(self.as_str()).is_some()
    }

    /// The digits in upper case and without leading zeros, the same for equal sequencers; `None` if
    /// it is not hexadecimal.
    #[must_use]
    pub fn to_canonical(&self) -> Option<String> {
        let digits = significant_digits(self.as_str())?;
        Some(
            digits
                .iter()
                .map(|digit| char::from(digit.to_ascii_uppercase()))
                .collect(),
        )
    }

    /// Which of two events of the same key happened first, or `None` if either text is not
    /// hexadecimal.
    ///
    /// ```
    /// use s3_dispatch_core::Sequencer;
    /// use std::cmp::Ordering;
    ///
    /// let notified = Sequencer::from("00617F08299329D189");
    /// let bridged = Sequencer::from("617f08299329d190");
    /// assert_eq!(notified.compare(&bridged), Some(Ordering::Less));
    /// assert_eq!(notified.compare(&Sequencer::from("EXAMPLESEQ")), None);
    /// ```
    #[must_use]
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        let (left, right) = (
            significant_digits(self.as_str())?,
            significant_digits(other.as_str())?,
        );
        Some(left.len().cmp(&right.len()).then_with(|| {
            left.iter()
                .map(u8::to_ascii_lowercase)
                .cmp(right.iter().map(u8::to_ascii_lowercase))
        }))
    }
}

/// The digits without leading zeros, which is the same as padding to equal length.
fn significant_digits(text: &str) -> Option<&[u8]> {
    let digits = text.as_bytes();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }

    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    Some(&digits[zeros..])
}
