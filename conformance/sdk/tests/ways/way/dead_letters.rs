//! `replay --dead-letters` of a queue; what failed stays there.

use super::Way;
use crate::case::{Case, Fate};
use crate::place::Place;
use crate::process::{Aws, queued};

pub(super) struct DeadLetters;

impl Way for DeadLetters {
    fn name(&self) -> &'static str {
        "replay --dead-letters"
    }

    /// Each takes seconds, because a queue is empty only if a long receive brings nothing.
    fn generated(&self) -> u32 {
        6
    }

    fn run(&self, case: &Case, place: &Place) -> Vec<Fate> {
        let name = match case.is_fifo() {
            true => "failed.fifo",
            false => "failed",
        };
        let aws = Aws::start();
        aws.block_on(async {
            for (index, message) in case.messages.iter().enumerate() {
                let sent = aws.pipeline.send(name, queued(index, message));
                sent.await.unwrap();
            }
        });

        let url = aws.pipeline.queue_url(name).unwrap();
        let ended = aws.run(case, place, &["replay", "--dead-letters", &url]);
        let left = aws.pipeline.queue(name).unwrap().messages;
        let fates = case.fates(|index, _| {
            let id = index.to_string();
            match left.iter().any(|message| *message.message_id == *id) {
                true => Fate::Kept,
                false => Fate::Handled,
            }
        });
        ended.check_status(&fates);

        fates
    }
}
