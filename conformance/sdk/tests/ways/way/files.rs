//! `replay` of a file, which is as it was afterwards; what failed is printed.

use super::Way;
use crate::case::{Case, Fate};
use crate::place::Place;
use crate::process::Aws;

pub(super) struct Files;

impl Way for Files {
    fn name(&self) -> &'static str {
        "replay FILE"
    }

    fn generated(&self) -> u32 {
        24
    }

    fn run(&self, case: &Case, place: &Place) -> Vec<Fate> {
        let lines = case.messages.iter().map(|message| message.body() + "\n");
        let file = place.write("events.ndjson", &lines.collect::<String>());

        let aws = Aws::start();
        let ended = aws.run(case, place, &["replay", &file]);
        ended.fates(case, place)
    }
}
