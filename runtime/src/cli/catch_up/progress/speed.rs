//! How fast a run is.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// How fast a number grows, measured over the last half minute or a little longer.
#[derive(Debug)]
pub(super) struct Speed {
    /// When the number was what, oldest first. There is always one.
    samples: VecDeque<(Instant, u64)>,
}

impl Speed {
    /// A shorter time would jump with each page of a listing, and a longer one hide a change.
    const WINDOW: Duration = Duration::from_secs(30);

    pub(super) fn new(number: u64) -> Self {
        Self {
            samples: VecDeque::from([(Instant::now(), number)]),
        }
    }

    /// Notes what the number is now.
    pub(super) fn note(&mut self, number: u64) {
        let now = Instant::now();
        self.samples.push_back((now, number));

        // The first one is the youngest that is old enough.
        while let Some((second, _)) = self.samples.get(1)
            && now - *second >= Self::WINDOW
        {
            self.samples.pop_front();
        }
    }

    /// By how much the number grows in a second. `None` if no time has passed.
    pub(super) fn a_second(&self) -> Option<f64> {
        let ((first, before), (last, number)) = (self.samples.front()?, self.samples.back()?);
        let seconds = (*last - *first).as_secs_f64();

        (seconds > 0.0).then(|| (number - before) as f64 / seconds)
    }
}
