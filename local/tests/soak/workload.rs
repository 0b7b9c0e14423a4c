//! The workload: what is done to the objects.

use std::time::Duration;

use s3_dispatch_local::{LocalPipeline, ObjectEvent};

use crate::BUCKET;

/// Puts this many objects. Some are put again, copied or deleted soon after, some are uploaded in
/// parts, and some are poison. Returns the number of events.
pub(crate) async fn run(pipeline: &LocalPipeline, objects: usize) -> usize {
    let mut events = 0;
    for index in 0..objects {
        let key = key(index);
        match index % 50 {
            7 => {
                let upload = ObjectEvent::new(
                    "ObjectCreated:CompleteMultipartUpload",
                    BUCKET,
                    format!("large/{key}"),
                );

                pipeline
                    .publish(upload.with_size(10_000_000).with_e_tag("e-2"))
                    .await
                    .unwrap();
            }
            _ => drop(pipeline.put(BUCKET, &key, "body").await.unwrap()),
        }

        events += 1;
        let earlier = self::key(index.saturating_sub(index * 31 % 40));

        if index % 3 == 1 {
            pipeline.put(BUCKET, &earlier, "newer body").await.unwrap();
            events += 1;
        }

        if index % 4 == 2 {
            // Several sources share a target, so it is copied to more than once.
            let copy = format!("copies/{}", self::key(index / 8));
            pipeline
                .copy((BUCKET, &self::key(0)), (BUCKET, &copy))
                .await
                .unwrap();
            events += 1;
        }

        if index % 10 == 9
            && pipeline
                .delete(BUCKET, &self::key(index - 5))
                .await
                .unwrap()
                .is_some()
        {
            events += 1;
        }

        if index % 100 == 99 {
            // About as fast as one batch at a time is handled with all the faults.
            tokio::time::sleep(Duration::from_secs(120)).await;
        }
    }

    events
}

/// The first object stays because it is the source of all copies.
fn key(index: usize) -> String {
    match index % 200 {
        13 => format!("poison/{index}"),
        _ => format!("holiday/my phötö+{index}.jpg"),
    }
}
