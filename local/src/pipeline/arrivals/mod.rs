//! Takes messages that were in transit to their next stop: a topic, the event bus or a queue.

mod deliver;
mod event_bus;

pub(super) use self::deliver::deliver_in_transit;
