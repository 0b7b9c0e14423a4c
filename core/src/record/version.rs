//! The version of the notification's format.

use crate::text::text_newtypes;

text_newtypes! {
    /// The version of a record's format, `major.minor`: `2.6`.
    ///
    /// AWS promises that a new minor version only adds fields and event types ("Event message
    /// structure", Amazon S3 User Guide, 2026). So compare with
    /// [`is_at_least`](Self::is_at_least) instead of `==`, and for each record: the versions of one
    /// batch may differ.
    EventVersion;
}

impl EventVersion {
    /// Whether a record of this version has everything that version `major.minor` promises.
    ///
    /// The major versions must be equal. `false` if the text is not a version.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::record::EventVersion;
    ///
    /// let version = EventVersion::from("2.5");
    /// assert!(version.is_at_least(2, 1));
    /// assert!(!version.is_at_least(2, 6));
    /// assert!(!version.is_at_least(1, 0));
    /// ```
    #[must_use]
    pub fn is_at_least(&self, major: u32, minor: u32) -> bool {
        let Some((own_major, own_minor)) = self.as_str().split_once('.') else {
            return false;
        };

        own_major.parse() == Ok(major) && own_minor.parse::<u32>().is_ok_and(|own| own >= minor)
    }
}
