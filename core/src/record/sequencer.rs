//! The order of the events of one key.

use std::cmp::Ordering;

use crate::text::text_newtypes;

text_newtypes! {
    /// A hexadecimal text that orders the events of one key: `0055AED6DCD90281E5`.
    ///
    /// Sequencers of different keys cannot be compared. To compare two of the same key, the shorter
    /// is padded with zeros on the left ("Event message structure", Amazon S3 User Guide, 2026);
    /// [`compare`](Self::compare) does that. Notifications carry 18 upper-case digits, while the
    /// documentation of EventBridge shows 16 lower-case digits without the leading `00`. After
    /// padding both are comparable.
    ///
    /// `==` compares the texts as they were sent, so `0A` and `a` are not equal.
    ///
    /// Some events carry the sequencer of something earlier: `LifecycleExpiration:Delete` that of
    /// the object's creation, `ObjectCreated:CompleteMultipartUpload` that of the upload's start.
    /// [`reliable_sequencer`](crate::S3EventRecord::reliable_sequencer) leaves those out. Some
    /// S3-compatible stores send texts that are not hexadecimal, or the same one for every event.
    Sequencer;
}

impl Sequencer {
    pub(crate) fn is_hexadecimal(&self) -> bool {
        significant_digits(self.as_str()).is_some()
    }

    /// The digits in upper case, without leading zeros: the same text for equal sequencers.
    ///
    /// Use it as a key of a store. `None` if the text is not hexadecimal.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::Sequencer;
    ///
    /// let notified = Sequencer::from("00617F08299329D189");
    /// let bridged = Sequencer::from("617f08299329d189");
    /// assert_eq!(notified.to_canonical(), bridged.to_canonical());
    /// assert_eq!(Sequencer::from("EXAMPLESEQ").to_canonical(), None);
    /// ```
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

    /// Compares two events of the same key: `Less` means that this one happened first.
    ///
    /// `None` if one of the texts is not hexadecimal.
    ///
    /// # Examples
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
        let left = significant_digits(self.as_str())?;
        let right = significant_digits(other.as_str())?;

        Some(left.len().cmp(&right.len()).then_with(|| {
            left.iter()
                .map(u8::to_ascii_lowercase)
                .cmp(right.iter().map(u8::to_ascii_lowercase))
        }))
    }
}

/// The digits without leading zeros, which has the same effect as padding to equal length.
fn significant_digits(text: &str) -> Option<&[u8]> {
    let digits = text.as_bytes();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }

    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    Some(&digits[zeros..])
}
