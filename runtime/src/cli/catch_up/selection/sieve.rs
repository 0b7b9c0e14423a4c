//! Sorts out objects that are not meant, or that no route takes.

use aws_sdk_s3::primitives::DateTime;
use s3_dispatch_core::{EventName, Notification, Route};

use crate::cli::catch_up::objects::{Found, OriginError};

/// Which objects are meant.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Sieve {
    pub(in crate::cli) bucket: String,
    /// That of the bucket. `None` if S3 does not say it.
    pub(in crate::cli) region: Option<String>,
    /// `None` for all keys.
    pub(in crate::cli) prefix: Option<String>,
    /// Last modified then or later.
    pub(in crate::cli) since: Option<DateTime>,
    /// Last modified earlier.
    pub(in crate::cli) until: Option<DateTime>,
    /// The event of all objects. `None` for the one that S3 would have sent for each.
    pub(in crate::cli) event: Option<EventName>,
    /// Whether older versions and delete markers are meant as well.
    pub(in crate::cli) versions: bool,
    pub(in crate::cli) routes: Vec<Route>,
}

/// What is done with an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum Verdict {
    /// It is taken, with this notification.
    Taken(String),
    LeftOut(Reason),
}

/// Why an object is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::cli) enum Reason {
    /// It is an older version, or a delete marker.
    OlderVersion,
    OtherPrefix,
    OtherTime,
    /// No route takes its event.
    Unrouted,
    /// It is in the list, and not in the bucket.
    Absent,
}

impl Reason {
    /// How a summary counts it: `17 not routed`.
    pub(in crate::cli) fn counted(self) -> &'static str {
        match self {
            Self::OlderVersion => "older versions",
            Self::OtherPrefix => "with another prefix",
            Self::OtherTime => "of another time",
            Self::Unrouted => "not routed",
            Self::Absent => "absent",
        }
    }
}

impl Sieve {
    /// Whether an object is meant by its key, before anything else is known of it.
    pub(in crate::cli) fn judge_key(&self, found: &Found) -> Option<Reason> {
        if !self.versions && (!found.is_latest || found.is_delete_marker) {
            return Some(Reason::OlderVersion);
        }

        let prefix = self.prefix.as_deref().unwrap_or_default();
        (!found.key.starts_with(prefix)).then_some(Reason::OtherPrefix)
    }

    /// Decides about an object.
    ///
    /// # Errors
    ///
    /// If its time decides, and the source does not say it.
    pub(in crate::cli) fn judge(&self, found: &Found) -> Result<Verdict, OriginError> {
        if let Some(reason) = self.judge_key(found) {
            return Ok(Verdict::LeftOut(reason));
        }
        if !self.is_in_time(found)? {
            return Ok(Verdict::LeftOut(Reason::OtherTime));
        }

        let event = found.event(self.event.as_ref());
        let bucket = (self.bucket.as_str(), self.region.as_deref());
        let notification = found.notification(bucket, &event);

        let is_taken = match Notification::parse(notification.clone()) {
            Ok(Notification::Records(records)) => {
                let mut routes = self.routes.iter();
                routes.any(|route| records.iter().any(|record| route.matches(record)))
            }
            _ => false,
        };

        Ok(match is_taken {
            true => Verdict::Taken(notification),
            false => Verdict::LeftOut(Reason::Unrouted),
        })
    }

    fn is_in_time(&self, found: &Found) -> Result<bool, OriginError> {
        if self.since.is_none() && self.until.is_none() {
            return Ok(true);
        }

        let time = found.last_modified.ok_or_else(|| {
            OriginError::new(format!(
                "the source does not say when {:?} was last modified, so `--since` and `--until` \
                 cannot be used",
                found.key
            ))
        })?;
        let is_since = self.since.is_none_or(|since| time >= since);
        let is_until = self.until.is_none_or(|until| time < until);

        Ok(is_since && is_until)
    }
}
