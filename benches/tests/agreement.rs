//! Checks that all contenders read the same.

use bytes::Bytes;
use reading::readings_of;
use s3_dispatch_benches::{Contender, Shape, objects};

const MESSAGES: usize = 25;

/// The readings of a contender, and how many messages it failed. `None` if it rejected the payload.
fn read(contender: Contender, shape: Shape) -> (Option<usize>, Vec<reading::Reading>) {
    let payload = Bytes::from(shape.payload(MESSAGES));
    let respond = contender.prepare();
    let (response, readings) = readings_of(|| respond(&payload));
    let failures = response.map(|response| {
        let response: serde_json::Value = serde_json::from_slice(&response).unwrap();
        response["batchItemFailures"].as_array().unwrap().len()
    });

    (failures, readings)
}

#[test]
fn every_contender_reads_the_documented_shape() {
    let expected: Vec<_> = objects(MESSAGES).collect();
    for contender in Contender::ALL {
        assert_eq!(
            read(contender, Shape::Documented),
            (Some(0), expected.clone()),
            "{contender:?}"
        );
    }
}

#[test]
fn s3_dispatch_reads_every_shape() {
    let expected: Vec<_> = objects(MESSAGES).collect();
    for shape in Shape::ALL {
        assert_eq!(
            read(Contender::Ours, shape),
            (Some(0), expected.clone()),
            "{shape:?}"
        );
    }
}

#[test]
fn no_contender_reads_anything_else() {
    let expected: Vec<_> = objects(MESSAGES).collect();
    for shape in Shape::ALL {
        for contender in Contender::ALL {
            let (failures, readings) = read(contender, shape);
            let is_all = failures == Some(0) && readings == expected;
            let is_none = failures == Some(MESSAGES) && readings.is_empty();

            assert!(
                is_all || is_none,
                "{contender:?} of {shape:?}: {failures:?} failures, {} readings",
                readings.len()
            );
        }
    }
}

#[test]
fn messages_with_a_mistake_fail_by_hand_and_with_s3_dispatch() {
    for shape in Shape::MISTAKES {
        for contender in [Contender::Careful, Contender::Ours] {
            assert_eq!(
                read(contender, shape),
                (Some(MESSAGES), Vec::new()),
                "{contender:?} of {shape:?}"
            );
        }
    }
}
