use proptest::prelude::*;
use s3_dispatch_core::delivery::Delivery;
use s3_dispatch_core::{EventName, S3EventRecord};
use s3_dispatch_testing::{
    NotificationBuilder, RecordBuilder, SnsBatchBuilder, SnsMessageBuilder, SqsBatchBuilder,
};

/// Any key, some of them made of the characters that encoders and decoders get wrong.
fn keys() -> impl Strategy<Value = String> {
    let any = proptest::collection::vec(any::<char>(), 1..40);
    let hostile = proptest::sample::select(vec![
        '+', '%', '/', ' ', '\n', '\r', '\0', '"', '\\', '2', 'B', 'F', 'é', '😀', '\u{2028}',
        '\u{feff}', '~', '&', '=',
    ]);
    let hostile = proptest::collection::vec(hostile, 1..40);

    prop_oneof![any, hostile].prop_map(|chars| chars.into_iter().collect())
}

/// The key of the only record of a payload, decoded and as sent.
fn key(payload: String) -> (String, String) {
    let delivery = Delivery::parse(payload).unwrap();
    let [S3EventRecord { object, .. }] = delivery.records() else {
        panic!("not one record")
    };

    (
        object.key.as_str().to_owned(),
        object.key.as_sent().to_owned(),
    )
}

proptest! {
    #[test]
    fn a_key_survives_every_delivery(name in keys()) {
        let record = RecordBuilder::new(EventName::OBJECT_CREATED_PUT).with_key(&*name);
        let notification = NotificationBuilder::from(record.clone());
        let event = record.to_eventbridge_json().unwrap();
        let encoded = (name.clone(), crate::object_key::encode(&name));
        let raw = (name.clone(), name);

        prop_assert_eq!(&key(notification.to_json()), &encoded);
        prop_assert_eq!(&key(notification.to_sns_json()), &encoded);
        let batch = SnsBatchBuilder::new().with_record("1", record.clone());
        prop_assert_eq!(&key(batch.to_json()), &encoded);
        prop_assert_eq!(&key(SqsBatchBuilder::new().with_record("1", record).to_json()), &encoded);
        let in_sns = notification.to_sns_json();
        prop_assert_eq!(&key(SqsBatchBuilder::new().with_body("1", in_sns).to_json()), &encoded);
        prop_assert_eq!(&key(event.clone()), &raw);
        let in_sns = SnsMessageBuilder::new(event.clone()).to_json();
        prop_assert_eq!(&key(SqsBatchBuilder::new().with_body("1", event).to_json()), &raw);
        prop_assert_eq!(&key(SqsBatchBuilder::new().with_body("1", in_sns).to_json()), &raw);
    }

    #[test]
    fn a_key_survives_every_sender(name in keys()) {
        for sender in [
            "aws:s3", "minio:s3", "rustfs:s3", "storj:s3", "ceph:s3", "scality:s3", "unheard-of",
        ] {
            let record = RecordBuilder::new(EventName::OBJECT_CREATED_PUT)
                .with_event_source(sender)
                .with_key(&*name);
            let read = record.build();
            prop_assert_eq!(read.object.key.as_str(), &name);
        }
    }

    #[test]
    fn every_text_and_number_survives(
        texts in proptest::array::uniform6(keys()),
        size: u64,
        id in keys(),
    ) {
        let [bucket, e_tag, version, principal, region, configuration] = &texts;
        let record = RecordBuilder::new(EventName::OBJECT_CREATED_PUT)
            .with_bucket(bucket)
            .with_e_tag(e_tag)
            .with_version_id(version)
            .with_principal_id(principal)
            .with_region(region).with_configuration_id(configuration).with_size(size);
        let batch = SqsBatchBuilder::new().with_record(&*id, record);
        let delivery = Delivery::parse(batch.to_bytes()).unwrap();
        prop_assert_eq!(delivery.messages()[0].context.message_id().unwrap().as_str(), &id);
        let read = &delivery.records()[0];
        prop_assert_eq!(read.bucket.name.as_str(), bucket);
        prop_assert_eq!(read.object.e_tag.as_ref().unwrap().as_str(), e_tag);
        prop_assert_eq!(read.object.version_id.as_ref().unwrap().as_str(), version);
        prop_assert_eq!(read.principal_id.as_ref().unwrap().as_str(), principal);
        prop_assert_eq!(read.region.as_ref().unwrap().as_str(), region);
        prop_assert_eq!(read.configuration_id.as_ref().unwrap().as_str(), configuration);
        prop_assert_eq!(read.object.size, Some(size));
    }
}
