//! What an audit says if it cannot work.

use crate::bucket::{BUCKET, Bucket};

pub(crate) const TESTS: &[(&str, fn())] = &[("mistakes_are_named", || {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(mistakes());
})];

async fn mistakes() {
    let bucket = Bucket::start(1).await;
    bucket.put("photos/1", "a".to_owned()).await;
    bucket.pipeline.settle().await;

    let nothing = bucket
        .run("remembers nothing", &["audit", "--bucket", BUCKET])
        .await;
    nothing.check(2, &["put `Deduplicated` around its routes"]);

    let bucketless = bucket.audit(&["--prefix", "a", "--grace", "0s"]).await;
    bucketless.check(2, &["--grace"]);
    let wrong = ["audit", "--bucket", "no-such-bucket"];
    bucket
        .run("remembers", &wrong)
        .await
        .check(2, &["no-such-bucket"]);

    for (arguments, text) in [
        (["--grace", "2026-04-07"], "not a length of time"),
        (["--since", "yesterday"], "not a time such as"),
        (
            ["--event", "ObjectRemoved:Delete"],
            "not an event of a new object",
        ),
        (["--to", "nowhere"], "not the URL of a queue"),
    ] {
        let all = ["audit", "--bucket", BUCKET];
        let all: Vec<_> = all.into_iter().chain(arguments).collect();
        bucket.run("remembers", &all).await.check(2, &[text]);
    }

    let times = ["--since", "2026-04-08", "--until", "2026-04-07"];
    bucket
        .audit(&times)
        .await
        .check(2, &["`--until` must be after `--since`"]);
    for name in ["", "s3://photos/holiday", "arn:aws:s3:::photos"] {
        for command in [&["audit"][..], &["backfill", "--here"]] {
            let all = [command, &["--bucket", name]].concat();
            let ended = bucket.run("remembers", &all).await;
            ended.check(2, &["not the name of a bucket"]);
        }
    }

    // Nothing at all is remembered: perhaps in another scope.
    bucket
        .audit(&[])
        .await
        .check(1, &["nothing is remembered in the scope `", "with_scope"]);
}
