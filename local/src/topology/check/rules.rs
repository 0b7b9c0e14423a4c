//! Checks of the rules of EventBridge.

use super::part::{CheckedPart, PartKind, Problem};
use crate::topology::Topology;
use crate::topology::queue::is_fifo;

impl Topology {
    pub(super) fn check_rules(&self) -> Result<(), Problem> {
        for (index, rule) in self.rules.iter().enumerate() {
            let part = CheckedPart::new(PartKind::Rule, index, &rule.name);
            let queue = &rule.queue;

            self.require_queue(&part, "queue", queue)?;
            part.require(!is_fifo(queue), "queue", || {
                let why = "needs a message group id, which a rule cannot give here";
                part.says(&format!("the FIFO queue `{queue}` {why}"))
            })?;
            self.require_dead_letter_queue(&part, rule.dead_letter_queue.as_deref())?;
        }

        Ok(())
    }
}
