//! `audit --replay` of a bucket of which nothing was handled; what failed is printed.

use super::Way;
use crate::case::{BUCKET, Case, Fate, Wrapper};
use crate::place::Place;
use crate::process::Aws;

pub(super) struct Audit;

impl Way for Audit {
    fn name(&self) -> &'static str {
        "audit --replay"
    }

    fn generated(&self) -> u32 {
        24
    }

    fn run(&self, case: &Case, place: &Place) -> Vec<Fate> {
        let aws = Aws::start();
        aws.put(case);
        // Without it nothing is remembered, and an audit has nothing to compare.
        let case = Case {
            wrapper: Wrapper::Deduplicated,
            ..case.clone()
        };

        let arguments = ["audit", "--bucket", BUCKET, "--versions", "--grace", "0s"];
        let ended = aws.run(&case, place, &[&arguments[..], &["--replay"]].concat());
        ended.fates(&case, place)
    }
}
