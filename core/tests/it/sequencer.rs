use std::cmp::Ordering;

use proptest::prelude::*;
use s3_dispatch_core::{EventName, Sequencer};
use s3_dispatch_testing::RecordBuilder;

#[track_caller]
fn check(left: &str, right: &str, expected: Option<Ordering>) {
    let (left, right) = (Sequencer::from(left), Sequencer::from(right));
    assert_eq!(left.compare(&right), expected);
    assert_eq!(right.compare(&left), expected.map(Ordering::reverse));
}

#[test]
fn the_shorter_is_padded_on_the_left() {
    check(
        "0055AED6DCD90281E5",
        "0055AED6DCD90281E6",
        Some(Ordering::Less),
    );

    check(
        "55AED6DCD90281E5",
        "0055AED6DCD90281E5",
        Some(Ordering::Equal),
    );

    check("9", "10", Some(Ordering::Less));
    check("00", "0", Some(Ordering::Equal));
    check("000", "1", Some(Ordering::Less));

    check(
        "FFFFFFFFFFFFFFFFFFFF",
        "100000000000000000000",
        Some(Ordering::Less),
    );
}

#[test]
fn upper_and_lower_case_are_the_same_digits() {
    check(
        "00617F08299329D189",
        "617f08299329d189",
        Some(Ordering::Equal),
    );
    check("A", "b", Some(Ordering::Less));
    check("a", "B", Some(Ordering::Less));
}

#[test]
fn texts_that_are_not_hexadecimal_cannot_be_compared() {
    for text in ["", "EXAMPLE", "12 34", "0x12", "-1", "１", "12\n"] {
        check(text, "12", None);
        check(text, text, None);
    }
}

#[test]
fn a_notification_and_its_eventbridge_event_have_equal_sequencers() {
    let event =
        RecordBuilder::new(EventName::OBJECT_CREATED_PUT).with_sequencer("0066DA1CBF104C0D51");
    let notified = event.build().object.sequencer.unwrap();
    let bridged = crate::only_record(event.to_eventbridge_json().unwrap())
        .object
        .sequencer
        .unwrap();
    assert_eq!(bridged, "66da1cbf104c0d51");
    assert_eq!(notified.compare(&bridged), Some(Ordering::Equal));
    assert_ne!(notified, bridged);
}

#[test]
fn tagging_and_acl_events_have_no_sequencer() {
    for event in [
        EventName::OBJECT_TAGGING_PUT,
        EventName::OBJECT_TAGGING_DELETE,
        EventName::OBJECT_ACL_PUT,
    ] {
        assert_eq!(RecordBuilder::new(event).build().object.sequencer, None);
    }
}

proptest! {
    #[test]
    fn hexadecimal_texts_are_ordered_as_numbers(left: u128, right: u128, zeros in 0..9usize) {
        let left_text = Sequencer::from(format!("{}{left:X}", "0".repeat(zeros)));
        let right_text = Sequencer::from(format!("{right:x}"));
        prop_assert_eq!(left_text.compare(&right_text), Some(left.cmp(&right)));
        prop_assert_eq!(right_text.compare(&left_text), Some(right.cmp(&left)));
    }

    #[test]
    fn the_order_of_hexadecimal_texts_is_total(
        texts in proptest::array::uniform3("[0-9a-fA-F]{1,40}"),
    ) {
        let [a, b, c] = texts.map(Sequencer::from);
        let (ab, bc, ac) = (a.compare(&b).unwrap(), b.compare(&c).unwrap(), a.compare(&c).unwrap());
        prop_assert_eq!(b.compare(&a), Some(ab.reverse()));
        prop_assert_eq!(a.compare(&a), Some(Ordering::Equal));
        if ab == bc || bc == Ordering::Equal {
            prop_assert_eq!(ac, ab);
        }
    }

    #[test]
    fn any_texts_compare_antisymmetrically(left: String, right: String) {
        let (left, right) = (Sequencer::from(left), Sequencer::from(right));
        prop_assert_eq!(left.compare(&right), right.compare(&left).map(Ordering::reverse));
    }
}
