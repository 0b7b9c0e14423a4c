//! Says which names in a policy stand for others, because no option gave them.

use s3_dispatch_core::manifest::Warning;

/// The default of an option that is not a real name.
pub(super) struct Placeholder {
    option: &'static str,
    text: &'static str,
    is_used: bool,
}

impl Placeholder {
    /// The default `text` of an option that has these values: an ARN, or the name of a bucket.
    pub(super) fn new<'v>(
        option: &'static str,
        text: &'static str,
        values: impl IntoIterator<Item = &'v String>,
    ) -> Self {
        Self {
            option,
            text,
            is_used: values.into_iter().any(|value| value == text),
        }
    }

    fn is_in(&self, document: &str) -> bool {
        let in_arn = match self.text.starts_with("arn:") {
            true => self.text.to_owned(),
            false => format!(":::{}", self.text),
        };

        self.is_used && document.contains(&in_arn)
    }
}

/// The warning about the placeholders that the document has.
pub(super) fn placeholder_warning(document: &str, placeholders: &[Placeholder]) -> Option<Warning> {
    let found: Vec<_> = placeholders
        .iter()
        .filter(|placeholder| placeholder.is_in(document))
        .collect();
    let listed = |part: fn(&Placeholder) -> &str| {
        let parts = found.iter().map(|one| format!("`{}`", part(one)));
        parts.collect::<Vec<_>>().join(" and ")
    };
    let are = match found.len() {
        0 => return None,
        1 => "is a placeholder",
        _ => "are placeholders",
    };

    Some(Warning::from(&*format!(
        "{} {are}: give {}",
        listed(|one| one.text),
        listed(|one| one.option)
    )))
}
