use s3_dispatch::queue::Receive;
use s3_dispatch::{Dispatcher, Routes};

/// A client, such as that of SQS.
struct Client;

fn work(_: impl Receive) {}

fn main() {
    let _ = Dispatcher::new(Routes::new(())).with_dead_letters(Client);
    let _ = Dispatcher::new(Routes::new(())).with_backoff(Client);
    let _ = Dispatcher::new(Routes::new(())).with_queue(Client);
    work(Client);
}
