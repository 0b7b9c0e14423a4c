//! The handlers for which the number that runs at once is measured.

use std::time::Duration;

/// How many handlers run at once in the measurements.
pub const AT_ONCE: [usize; 3] = [1, 5, 10];

/// What a handler does for its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandlerKind {
    /// Waits for 50 ms, as for the answer of a service.
    Waits,
    /// Computes for 5 ms, without a pause.
    Computes,
    /// Computes for 300 ms, and lets others run after each millisecond. The function times out
    /// after 3 s.
    TakesTurns,
    /// Holds an object of so many megabytes in memory for 50 ms.
    Holds(usize),
}

impl HandlerKind {
    /// Every handler, in the order of the table.
    pub const ALL: [Self; 6] = [
        Self::Waits,
        Self::Computes,
        Self::TakesTurns,
        Self::Holds(1),
        Self::Holds(10),
        Self::Holds(50),
    ];

    /// The name in the results and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Waits => "waits",
            Self::Computes => "computes",
            Self::TakesTurns => "takes-turns",
            Self::Holds(1) => "holds-1-mb",
            Self::Holds(10) => "holds-10-mb",
            Self::Holds(_) => "holds-50-mb",
        }
    }

    /// The handler with this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|handler| handler.name() == name)
    }

    /// What is measured, with its unit.
    #[must_use]
    pub fn measure(self) -> &'static str {
        match self {
            Self::Waits | Self::Computes => "ms per batch",
            Self::TakesTurns => "messages handled",
            Self::Holds(_) => "MB at the peak",
        }
    }

    /// The numbers of messages for which it is measured.
    #[must_use]
    pub fn batch_sizes(self) -> &'static [usize] {
        match self {
            Self::TakesTurns => &[10],
            _ => &[10, 100],
        }
    }

    /// The function's timeout, where it matters.
    #[must_use]
    pub fn timeout(self) -> Option<Duration> {
        matches!(self, Self::TakesTurns).then(|| Duration::from_secs(3))
    }
}
