//! The values in a log line: times and texts.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::aws::time::nanoseconds;

/// Nanoseconds since the Unix epoch.
#[derive(Serialize, Deserialize, Clone, Copy)]
pub(super) struct LogTime(u64);

impl From<SystemTime> for LogTime {
    fn from(time: SystemTime) -> Self {
        Self(nanoseconds(time))
    }
}

impl From<LogTime> for SystemTime {
    fn from(LogTime(nanoseconds): LogTime) -> Self {
        Self::UNIX_EPOCH + Duration::from_nanos(nanoseconds)
    }
}

pub(super) fn borrow(text: &Arc<str>) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

pub(super) fn own(text: Cow<'_, str>) -> Arc<str> {
    text.into()
}
