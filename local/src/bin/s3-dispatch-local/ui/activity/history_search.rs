//! Finds the histories that a user looks for.

use super::event_history::EventHistory;

/// Which histories a user looks for.
#[derive(Debug)]
pub(in crate::ui) struct HistorySearch {
    /// In lower case.
    text: String,
    /// The keyword of a state, or `None` for all.
    state: Option<String>,
}

impl HistorySearch {
    /// `text` is part of what the list of messages shows: the key, the number, or the name of the
    /// event or the bucket. Lower and upper case are the same.
    pub(in crate::ui) fn new(text: &str, state: Option<&str>) -> Self {
        Self {
            text: text.to_lowercase(),
            state: state.map(String::from),
        }
    }

    pub(super) fn matches(&self, history: &EventHistory) -> bool {
        let has_state = self
            .state
            .as_ref()
            .is_none_or(|state| history.state() == state);

        has_state && (self.text.is_empty() || history.shown_text().contains(&self.text))
    }
}
