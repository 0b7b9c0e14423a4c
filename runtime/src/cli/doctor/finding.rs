//! What is wrong with a deployment.

use std::fmt;

use crate::telemetry::logs::escaped::escape;

/// One thing that loses events, or that AWS would refuse.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Finding {
    /// The name of the check, such as `visibility-timeout`.
    pub(super) check: &'static str,
    /// The address of the resource, and the file.
    pub(super) address: String,
    pub(super) file: String,
    /// What is there.
    pub(super) what: String,
    /// Why it loses events.
    pub(super) why: &'static str,
    /// What to change.
    pub(super) change: String,
}

/// Writes the finding as a paragraph.
///
/// ```text
/// visibility-timeout: UploadsQueue (template.yaml)
///   what:   the visibility timeout is 30 s, and the function may take 30 s
///   why:    ...
///   change: ...
/// ```
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The texts come from a file.
        let (address, file) = (escape(&self.address), escape(&self.file));
        writeln!(f, "{}: {address} ({file})", self.check)?;
        writeln!(f, "  what:   {}", escape(&self.what))?;
        writeln!(f, "  why:    {}", self.why)?;
        writeln!(f, "  change: {}", escape(&self.change))
    }
}
