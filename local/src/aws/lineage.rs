//! The part `Lineage` of a trace header: which functions were invoked on the way to a change.

use std::borrow::Cow;
use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::digest::md5_hex;

/// What a trace header begins with. The pipeline does not trace.
const ROOT: &str = "Root=1-00000000-000000000000000000000000;Sampled=0";

/// How often each function was invoked in one chain of requests, by a short hash of its name.
///
/// Lambda counts in the trace header, which SDKs pass on with what a function writes ("Use Lambda
/// recursive loop detection to prevent infinite loops", AWS Lambda Developer Guide, 2026):
/// `Root=...;Lineage=a87bd80c:1|68fd508a:5`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lineage(BTreeMap<String, u32>);

impl Lineage {
    /// The lineage of a trace header. Empty if it has none.
    pub(crate) fn parse(trace_header: &str) -> Self {
        // Some SDKs encode the bars.
        let decoded = percent_decode_str(trace_header).decode_utf8();
        let header = decoded.unwrap_or(Cow::Borrowed(trace_header));
        let mut parts = header.split(';').map(str::trim);
        let lineage = parts.find_map(|part| part.strip_prefix("Lineage="));

        let counts = lineage.unwrap_or_default().split('|');
        let counts = counts.filter_map(|entry| {
            let (function, count) = entry.rsplit_once(':')?;
            Some((function.to_owned(), count.parse().ok()?))
        });

        Self(counts.collect())
    }

    /// Whether no function is part of the chain.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How often this function was invoked in the chain.
    pub(crate) fn count(&self, function: &str) -> u32 {
        self.0.get(&hash(function)).copied().unwrap_or_default()
    }

    /// The chain after another invocation of this function.
    pub(crate) fn with_invocation(mut self, function: &str) -> Self {
        let count = self.0.entry(hash(function)).or_default();
        *count = count.saturating_add(1);
        self
    }

    /// The trace header with this lineage.
    pub(crate) fn to_trace_header(&self) -> String {
        if self.is_empty() {
            return String::from(ROOT);
        }

        let entries = self.0.iter();
        let entries = entries.map(|(function, count)| format!("{function}:{count}"));
        let entries: Vec<_> = entries.collect();

        format!("{ROOT};Lineage={}", entries.join("|"))
    }
}

fn hash(function: &str) -> String {
    let mut hash = md5_hex(function.as_bytes());
    hash.truncate(8);
    hash
}
