//! The version of the notification's format.

use crate::text::text_newtypes;

text_newtypes! {
    /// The version of a record's format, `major.minor`: `2.6`.
    ///
    /// "Event message structure", Amazon S3 User Guide, 2026: compare the major part for equality and the minor part
    /// for at-least; a minor step may add fields and event types. Records of one batch may differ.
    EventVersion;
}

impl EventVersion {
    /// Whether a record of this version has all that version `major.minor` promises; `false` when
    /// the text is no version.
    #[must_use]
    pub fn is_at_least(&self, major: u32, minor: u32) -> bool {
        let Some((own_major, own_minor)) = self.as_str().split_once('.') else {
            return false;
        };
        own_major.parse() == Ok(major) && own_minor.parse::<u32>().is_ok_and(|own| own >= minor)
    }
}
