//! A queue follows the rules of SQS.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use s3_dispatch_local::{
    Deletion, Message, Queue, QueueSpec, Receive, Received, SendRefusal, Sent, VisibilityRefusal,
};

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + seconds_long(1_000_000 + seconds)
}

fn seconds_long(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn queue(adapt: impl FnOnce(QueueSpec) -> QueueSpec) -> Queue {
    Queue::new(adapt(
        QueueSpec::new("uploads").with_visibility_timeout(seconds_long(30)),
    ))
}

fn fifo(adapt: impl FnOnce(QueueSpec) -> QueueSpec) -> Queue {
    Queue::new(adapt(
        QueueSpec::new("uploads.fifo").with_content_based_deduplication(true),
    ))
}

fn send(queue: &mut Queue, now: SystemTime, id: &str) {
    assert_eq!(queue.send(now, Message::new(id, id)), Ok(Sent::Accepted));
}

fn send_to(queue: &mut Queue, now: SystemTime, id: &str, group: &str) {
    assert_eq!(
        queue.send(now, Message::new(id, id).with_group_id(group)),
        Ok(Sent::Accepted)
    );
}

fn receive(queue: &mut Queue, now: SystemTime, most: usize) -> Receive {
    queue.receive(now, most, &HashSet::new(), usize::MAX)
}

fn ids(receive: &Receive) -> Vec<&str> {
    receive
        .messages
        .iter()
        .map(|received| &*received.message.id)
        .collect()
}

fn only(receive: Receive) -> Received {
    assert_eq!(receive.messages.len(), 1, "{receive:?}");
    receive.messages[0].clone()
}

#[test]
fn a_received_message_is_invisible_for_the_visibility_timeout() {
    let mut queue = queue(|spec| spec);
    send(&mut queue, at(0), "a");
    assert_eq!(only(receive(&mut queue, at(0), 10)).receive_count, 1);
    assert!(receive(&mut queue, at(29), 10).messages.is_empty());
    assert_eq!(queue.next_ready(&HashSet::new()), Some(at(30)));
    let again = only(receive(&mut queue, at(30), 10));
    assert_eq!(
        (again.receive_count, again.sent, again.first_received),
        (2, at(0), at(0))
    );
}

#[test]
fn a_delayed_message_is_invisible_until_its_delay_is_over() {
    let mut queue = queue(|spec| spec.with_delay(seconds_long(10)));
    send(&mut queue, at(0), "a");
    assert!(receive(&mut queue, at(9), 10).messages.is_empty());
    assert_eq!(ids(&receive(&mut queue, at(10), 10)), ["a"]);
}

#[test]
fn a_deleted_message_is_not_received_again() {
    let mut queue = queue(|spec| spec);
    send(&mut queue, at(0), "a");
    let received = only(receive(&mut queue, at(0), 10));
    assert_eq!(
        queue.delete(at(1), received.receipt),
        Deletion::Deleted(received.message)
    );
    assert_eq!(queue.delete(at(1), received.receipt), Deletion::Absent);
    assert!(queue.is_empty());
}

/// `DeleteMessage`: the request succeeds, but the message is not deleted.
#[test]
fn the_receipt_of_an_earlier_receive_deletes_nothing() {
    let mut queue = queue(|spec| spec);
    send(&mut queue, at(0), "a");
    let first = only(receive(&mut queue, at(0), 10));
    let second = only(receive(&mut queue, at(30), 10));
    assert_eq!(queue.delete(at(31), first.receipt), Deletion::Superseded);
    assert!(matches!(
        queue.delete(at(31), second.receipt),
        Deletion::Deleted(_)
    ));
}

#[test]
fn a_receipt_is_valid_after_the_visibility_timeout_only_on_a_standard_queue() {
    let mut standard = queue(|spec| spec);
    send(&mut standard, at(0), "a");
    let received = only(receive(&mut standard, at(0), 10));
    assert!(matches!(
        standard.delete(at(31), received.receipt),
        Deletion::Deleted(_)
    ));
    let mut fifo = fifo(|spec| spec);
    send_to(&mut fifo, at(0), "a", "group");
    let received = only(receive(&mut fifo, at(0), 10));
    assert_eq!(fifo.delete(at(31), received.receipt), Deletion::Expired);
    assert_eq!(fifo.len(), 1);
}

#[test]
fn only_the_visibility_of_a_message_in_flight_can_be_changed() {
    let mut queue = queue(|spec| spec);
    send(&mut queue, at(0), "a");
    let received = only(receive(&mut queue, at(0), 10));
    assert_eq!(
        queue.change_visibility(at(10), received.receipt, seconds_long(100)),
        Ok(())
    );
    assert!(receive(&mut queue, at(109), 10).messages.is_empty());
    assert_eq!(
        queue.change_visibility(at(109), received.receipt, Duration::ZERO),
        Ok(())
    );
    assert_eq!(
        queue.change_visibility(at(109), received.receipt, seconds_long(5)),
        Err(VisibilityRefusal::NotInFlight)
    );
    let again = only(receive(&mut queue, at(109), 10));
    assert_eq!(
        queue.change_visibility(at(110), received.receipt, seconds_long(5)),
        Err(VisibilityRefusal::NotInFlight)
    );
    assert_eq!(
        queue.change_visibility(at(110), again.receipt, seconds_long(5)),
        Ok(())
    );
}

/// `ChangeMessageVisibility`: the 12 hours count from the receive, and what is beyond is an error.
#[test]
fn a_message_stays_invisible_for_at_most_12_hours_after_its_receive() {
    let mut queue = queue(|spec| spec);
    let hours = 12 * 60 * 60;
    send(&mut queue, at(0), "a");
    let received = only(receive(&mut queue, at(0), 10));

    let refused = [seconds_long(hours - 9), seconds_long(hours), Duration::MAX];
    for timeout in refused {
        assert_eq!(
            queue.change_visibility(at(10), received.receipt, timeout),
            Err(VisibilityRefusal::TooLong)
        );
        assert_eq!(queue.next_ready(&HashSet::new()), Some(at(30)));
    }

    assert_eq!(
        queue.change_visibility(at(10), received.receipt, seconds_long(hours - 10)),
        Ok(())
    );
    assert_eq!(queue.next_ready(&HashSet::new()), Some(at(hours)));
}

#[test]
fn a_message_that_was_received_too_often_is_redriven_instead_of_received() {
    let mut source = queue(|spec| spec.with_redrive("dead", 2));
    let mut dead = Queue::new(QueueSpec::new("dead"));
    send(&mut source, at(0), "a");
    assert_eq!(only(receive(&mut source, at(0), 10)).receive_count, 1);
    assert_eq!(only(receive(&mut source, at(30), 10)).receive_count, 2);
    let third = receive(&mut source, at(60), 10);
    assert!(third.messages.is_empty());
    assert_eq!(third.redriven.len(), 1);
    assert_eq!((third.redriven[0].receive_count, source.len()), (2, 0));
    dead.insert_redriven(at(60), third.redriven[0].clone());
    let buried = only(receive(&mut dead, at(60), 10));
    // It keeps its id, its receive count and, in a standard queue, its age.
    assert_eq!(
        (&*buried.message.id, buried.sent, buried.receive_count),
        ("a", at(0), 3)
    );
}

#[test]
fn each_queue_counts_only_its_own_receives_for_redriving() {
    let mut source = queue(|spec| spec.with_redrive("dead", 2));
    let mut dead = Queue::new(QueueSpec::new("dead").with_redrive("deader", 1));
    send(&mut source, at(0), "a");

    for time in [0, 30] {
        only(receive(&mut source, at(time), 10));
    }

    dead.insert_redriven(at(60), receive(&mut source, at(60), 10).redriven.remove(0));
    assert_eq!(only(receive(&mut dead, at(60), 10)).receive_count, 3);
    assert_eq!(receive(&mut dead, at(90), 10).redriven[0].receive_count, 3);
}

#[test]
fn a_message_stays_if_the_dead_letter_queue_is_full() {
    let mut queue = queue(|spec| spec.with_redrive("dead", 1));
    send(&mut queue, at(0), "a");
    only(receive(&mut queue, at(0), 10));
    let full = queue.receive(at(30), 10, &HashSet::new(), 0);
    assert_eq!(
        (full.messages.len(), full.redriven.len(), queue.len()),
        (0, 0, 1)
    );
    assert_eq!(receive(&mut queue, at(60), 10).redriven.len(), 1);
}

#[test]
fn a_message_older_than_the_retention_is_lost() {
    let mut queue = queue(|spec| spec.with_retention(seconds_long(60)));
    send(&mut queue, at(0), "invisible");
    only(receive(&mut queue, at(59), 10));
    send(&mut queue, at(59), "young");
    assert_eq!(queue.next_expiry(), Some(at(60)));
    let received = receive(&mut queue, at(60), 10);
    assert_eq!(ids(&received), ["young"]);

    assert_eq!(
        received
            .expired
            .iter()
            .map(|message| &*message.id)
            .collect::<Vec<_>>(),
        ["invisible"]
    );
}

#[test]
fn a_full_queue_rejects_messages_and_every_queue_rejects_long_ones() {
    let mut queue = queue(|spec| spec.with_capacity(1));
    assert_eq!(
        queue.send(at(0), Message::new("a", "x".repeat(1024 * 1024 + 1))),
        Err(SendRefusal::TooLong)
    );
    assert_eq!(
        queue.send(at(0), Message::new("a", "x".repeat(1024 * 1024))),
        Ok(Sent::Accepted)
    );
    assert_eq!(
        queue.send(at(0), Message::new("b", "b")),
        Err(SendRefusal::Full)
    );
    let received = only(receive(&mut queue, at(0), 1));
    queue.delete(at(0), received.receipt);
    send(&mut queue, at(0), "b");
}

#[test]
fn a_fifo_queue_requires_a_group_and_a_deduplication_id() {
    let mut queue = fifo(|spec| spec.with_content_based_deduplication(false));
    assert_eq!(
        queue.send(at(0), Message::new("a", "a")),
        Err(SendRefusal::NoGroup)
    );
    let grouped = Message::new("a", "a").with_group_id("group");
    assert_eq!(
        queue.send(at(0), grouped.clone()),
        Err(SendRefusal::NoDeduplicationId)
    );
    assert_eq!(
        queue.send(at(0), grouped.with_deduplication_id("1")),
        Ok(Sent::Accepted)
    );
}

#[test]
fn a_group_is_received_in_order_and_not_while_one_of_its_messages_is_invisible() {
    let mut queue = fifo(|spec| spec);
    for (id, group) in [("a1", "a"), ("a2", "a"), ("b1", "b"), ("a3", "a")] {
        send_to(&mut queue, at(0), id, group);
    }

    let first = receive(&mut queue, at(0), 2);
    assert_eq!(ids(&first), ["a1", "a2"]);
    assert_eq!(ids(&receive(&mut queue, at(0), 10)), ["b1"]);
    // The first one is deleted and the second is still in flight, so the third waits.
    queue.delete(at(1), first.messages[0].receipt);
    assert!(receive(&mut queue, at(1), 10).messages.is_empty());
    queue.delete(at(1), first.messages[1].receipt);
    assert_eq!(ids(&receive(&mut queue, at(1), 10)), ["a3"]);
}

#[test]
fn a_failed_message_is_received_again_before_the_rest_of_its_group() {
    let mut queue = fifo(|spec| spec);
    for id in ["1", "2", "3"] {
        send_to(&mut queue, at(0), id, "group");
    }

    let received = receive(&mut queue, at(0), 2);
    queue.delete(at(5), received.messages[1].receipt);
    assert!(receive(&mut queue, at(29), 10).messages.is_empty());
    assert_eq!(ids(&receive(&mut queue, at(30), 10)), ["1", "3"]);
}

#[test]
fn a_group_can_be_excluded() {
    let mut queue = fifo(|spec| spec);
    send_to(&mut queue, at(0), "a", "a");
    send_to(&mut queue, at(0), "b", "b");
    let except = HashSet::from(["a".into()]);
    assert_eq!(ids(&queue.receive(at(0), 10, &except, 0)), ["b"]);
    assert_eq!(queue.next_ready(&except), Some(at(30)));
    assert_eq!(queue.next_ready(&HashSet::new()), Some(at(0)));
}

#[test]
fn a_deduplication_id_is_remembered_for_five_minutes_even_if_its_message_is_deleted() {
    let mut queue = fifo(|spec| spec);
    let message = |id: &str| Message::new(id, "body").with_group_id("group");
    assert_eq!(queue.send(at(0), message("first")), Ok(Sent::Accepted));
    let received = only(receive(&mut queue, at(0), 10));

    // The digest of the body is the id.
    assert_eq!(
        received
            .message
            .deduplication_id
            .as_ref()
            .map(|id| id.len()),
        Some(64)
    );

    queue.delete(at(1), received.receipt);
    let of = "first".into();
    assert_eq!(
        queue.send(at(299), message("second")),
        Ok(Sent::Duplicate { of })
    );
    assert!(queue.is_empty());
    assert_eq!(queue.send(at(300), message("third")), Ok(Sent::Accepted));
    let other = message("fourth").with_deduplication_id("other");
    assert_eq!(queue.send(at(300), other), Ok(Sent::Accepted));
}

#[test]
fn without_a_visibility_timeout_a_receive_contains_a_message_only_once() {
    let mut queue = queue(|spec| spec.with_visibility_timeout(Duration::ZERO));
    send(&mut queue, at(0), "a");
    assert_eq!(ids(&receive(&mut queue, at(0), 10)), ["a"]);
    assert_eq!(only(receive(&mut queue, at(0), 10)).receive_count, 2);
}
