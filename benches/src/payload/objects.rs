//! The objects in the payloads.

use reading::Reading;
use s3_dispatch::EventName;
use s3_dispatch_testing::RecordBuilder;

/// This many objects, the same at every call.
///
/// A quarter of the keys has spaces, a quarter has letters outside ASCII, and one in eight objects
/// was uploaded in parts.
pub fn objects(count: usize) -> impl Iterator<Item = Reading> {
    (0..count).map(|number| {
        let name = match number % 4 {
            0 => format!("2026/04/07/{number:05}-invoice.pdf"),
            1 => format!("2026/04/07/{number:05} annual report (final).docx"),
            2 => format!("photos/{number:05}/Müller-größe-{}.jpeg", number % 17),
            _ => format!("partition=eu-west-1/hour=07/part-{number:05}.snappy.parquet"),
        };

        Reading {
            bucket: [
                "amzn-s3-demo-bucket",
                "customer-documents-production",
                "media-uploads-eu",
            ][number % 3]
                .to_owned(),
            key: format!("uploads/{name}"),
            size: 1024 + (number as u64 * 7_919) % 50_000_000,
        }
    })
}

/// The record of an object's upload.
pub(crate) fn record(number: usize, object: &Reading) -> RecordBuilder {
    let event = match number % 8 {
        7 => EventName::OBJECT_CREATED_COMPLETE_MULTIPART_UPLOAD,
        _ => EventName::OBJECT_CREATED_PUT,
    };
    let noise = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);

    let record = RecordBuilder::new(event)
        .with_bucket(&*object.bucket)
        .with_key(&*object.key)
        .with_size(object.size)
        .with_event_time(format!(
            "2026-04-07T14:{:02}:{:02}.{:03}Z",
            number / 60 % 60,
            number % 60,
            number % 1000
        ))
        .with_e_tag(format!("{noise:016x}{:016x}", noise.rotate_left(29)))
        .with_sequencer(format!("0066{:014X}", noise >> 8));

    if number % 3 == 2 {
        record.with_version_id(format!("{:032x}", u128::from(noise) << 40))
    } else {
        record
    }
}

/// A message id like those of SQS.
pub(crate) fn message_id(number: usize) -> String {
    format!("059f36b4-87a3-44ab-83d2-{number:012x}")
}
