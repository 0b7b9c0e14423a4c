//! Messages with plain bodies are read as in the batch that Lambda would make of them, down to the
//! words of an error.

use bytes::Bytes;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use s3_dispatch_core::delivery::{Delivery, Envelope, Message};
use s3_dispatch_core::{ErrorKind, MessageContext};
use s3_dispatch_testing::{SnsMessageBuilder, SqsBatchBuilder};

use crate::reading_modes::{Rewriter, bodies};

fn context(id: impl ToString) -> MessageContext {
    MessageContext::new().with_message_id(id.to_string())
}

/// What was read of a message, apart from what only its envelope says.
fn read(delivery: &Delivery, message: &Message) -> String {
    format!(
        "{:?} {} {:#?} {:?} {:#?}",
        message.context.message_id(),
        message.envelopes,
        message.content,
        message.body(),
        delivery.records_of(message),
    )
}

/// Checks that these bodies are read as in a batch.
#[track_caller]
fn check(bodies: &[String]) {
    let batch = bodies.iter().enumerate();
    let batch = batch.fold(SqsBatchBuilder::new(), |batch, (id, body)| {
        batch.with_body(id.to_string(), body)
    });
    let batch = Delivery::parse(batch.to_bytes()).unwrap();

    let messages = bodies.iter().enumerate();
    let plain = Delivery::from_messages(
        messages.map(|(id, body)| (context(id), Bytes::from(body.clone()))),
    );

    assert_eq!(plain.envelope(), Envelope::Sqs);
    assert_eq!(plain.messages().len(), bodies.len());
    for (index, body) in bodies.iter().enumerate() {
        let (plain, batch) = [&plain, &batch]
            .map(|delivery| read(delivery, &delivery.messages()[index]))
            .into();
        assert_eq!(plain, batch, "{body}");
    }
    assert_eq!(plain.records().len(), batch.records().len());

    for (message, body) in plain.messages().iter().zip(bodies) {
        assert_eq!(message.body().as_deref(), Some(&**body));
    }
}

#[test]
fn what_senders_write_is_read_as_in_a_batch() {
    check(&[]);
    check(&bodies());
    for body in bodies() {
        check(&[body.clone(), SnsMessageBuilder::new(body).to_json()]);
    }

    check(&["", " ", "{}", "null", "7", "\"text\"", "{\"Records\":[]}"].map(String::from));
}

#[test]
fn bodies_that_are_cut_are_read_as_in_a_batch() {
    for body in bodies() {
        let cut = (0..body.len()).filter(|len| body.is_char_boundary(*len));
        check(&cut.map(|len| body[..len].to_owned()).collect::<Vec<_>>());
    }
}

#[test]
fn a_body_that_is_not_utf8_costs_only_its_message() {
    let good = Bytes::from(bodies().remove(0));
    let messages = [good.clone(), Bytes::from_static(b"{\"\xff\": 1}"), good];
    let messages = messages.into_iter().enumerate();
    let delivery = Delivery::from_messages(messages.map(|(index, body)| (context(index), body)));

    let [first, second, third] = delivery.messages() else {
        panic!("not three messages")
    };
    assert_eq!(delivery.records_of(first).len(), 1);
    assert_eq!(delivery.records_of(third).len(), 1);

    let error = second.content.as_ref().unwrap_err();
    assert_eq!(
        (error.kind(), error.path()),
        (ErrorKind::InvalidUtf8, Some("$.Records[1].body"))
    );
    assert_eq!(second.envelopes.to_string(), "sqs");
    assert_eq!(second.body(), None);
}

#[test]
fn a_message_without_an_id_costs_only_itself() {
    let body = Bytes::from(bodies().remove(0));
    let nameless = MessageContext::new().with_receipt_handle("handle");
    let delivery = Delivery::from_messages([
        (context("1"), body.clone()),
        (nameless.clone(), body.clone()),
        (nameless.with_message_id(""), body.clone()),
    ]);

    assert_eq!(delivery.records().len(), 1);
    assert!(delivery.messages()[0].content.is_ok());

    for (index, message) in delivery.messages().iter().enumerate().skip(1) {
        let error = message.content.as_ref().unwrap_err();
        let path = format!("$.Records[{index}].messageId");
        assert_eq!(
            (error.kind(), error.path()),
            (ErrorKind::MissingMessageId, Some(&*path))
        );
        assert_eq!(message.body().unwrap().as_bytes(), body);
        assert!(message.context.receipt_handle().is_some());
    }
}

#[test]
fn the_context_stays_as_it_was_received() {
    let received = context("1")
        .with_receipt_handle("handle")
        .with_receive_count(3)
        .with_group_id("group")
        .with_queue_arn("arn:aws:sqs:eu-central-1:123456789012:uploads.fifo")
        .with_trace_header("Root=1");
    let body = Bytes::from(bodies().remove(0));
    let delivery = Delivery::from_messages([(received.clone(), body)]);

    let context = &delivery.messages()[0].context;
    assert_eq!(format!("{context:?}"), format!("{received:?}"));
    assert!(context.is_fifo());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn messages_are_read_as_in_a_batch_however_json_is_written(
        bodies in proptest::collection::vec(
            select(bodies()).prop_perturb(|body, rng| Rewriter::rewrite(&body, rng)),
            0..6,
        )
    ) {
        check(&bodies);
    }

    #[test]
    fn any_text_is_read_as_in_a_batch(
        bodies in proptest::collection::vec(any::<String>(), 0..4)
    ) {
        check(&bodies);
    }

    #[test]
    fn any_damage_costs_only_its_message(
        body in select(bodies()),
        place in any::<Index>(),
        bytes in proptest::collection::vec(any::<u8>(), 0..4),
    ) {
        let good = bodies().remove(0);
        let mut damaged = body.into_bytes();
        let place = place.index(damaged.len());
        damaged.splice(place..=place, bytes);

        if let Ok(text) = String::from_utf8(damaged.clone()) {
            check(&[good.clone(), text, good.clone()]);
        }

        let messages = [Bytes::from(good.clone()), Bytes::from(damaged), Bytes::from(good)];
        let messages = messages.into_iter().enumerate();
        let delivery =
            Delivery::from_messages(messages.map(|(id, body)| (context(id), body)));
        prop_assert_eq!(delivery.messages().len(), 3);
        prop_assert_eq!(delivery.records_of(&delivery.messages()[0]).len(), 1);
        prop_assert_eq!(delivery.records_of(&delivery.messages()[2]).len(), 1);
    }
}
