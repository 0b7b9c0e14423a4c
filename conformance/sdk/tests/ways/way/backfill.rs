//! `backfill --here` of a list of versions in a bucket; what failed is printed.

use super::Way;
use crate::case::{BUCKET, Case, Fate, Record};
use crate::place::Place;
use crate::process::Aws;

pub(super) struct Backfill;

impl Way for Backfill {
    fn name(&self) -> &'static str {
        "backfill --here"
    }

    fn generated(&self) -> u32 {
        24
    }

    fn run(&self, case: &Case, place: &Place) -> Vec<Fate> {
        let aws = Aws::start();
        aws.put(case);
        let version = |record: &Record| {
            let versions = aws.pipeline.versions(BUCKET, &record.key).unwrap();
            let version = versions
                .iter()
                .find(|version| version.size == record.number);
            version.unwrap().version_id.clone().unwrap()
        };
        let lines = case.messages.iter().map(|message| {
            let record = &message.records[0];
            format!("{BUCKET},{},{}\n", record.key, version(record))
        });
        let manifest = place.write("manifest.csv", &lines.collect::<String>());

        let arguments = [
            "backfill",
            "--bucket",
            BUCKET,
            "--manifest",
            &manifest,
            "--head",
        ];
        let more = ["--here", "--attempts", "1"];
        let ended = aws.run(case, place, &[&arguments[..], &more].concat());
        ended.fates(case, place)
    }
}
