//! How well a filter fits the routes.

/// How much more than the routes a filter lets through. The best is the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::manifest) enum Fit {
    /// Nothing more.
    Exact,
    /// Also keys that are a whole prefix: `photos/`, for a route with the key `photos/{file*}`.
    ExactButForPrefixes,
    /// More than that.
    Wider,
}

impl Fit {
    pub(in crate::manifest) fn is_exact(self) -> bool {
        self == Self::Exact
    }

    /// Whether nothing more passes that is worth a warning.
    pub(in crate::manifest) fn is_close(self) -> bool {
        self <= Self::ExactButForPrefixes
    }
}
