//! Measures the time of each contender for a batch: `cargo bench`.

use bytes::Bytes;
use divan::Bencher;
use divan::counter::ItemsCount;
use s3_dispatch_benches::{Contender, Shape};

fn main() {
    divan::main();
}

#[divan::bench(args = contenders(), consts = [1, 10, 100, 1000])]
fn batch<const MESSAGES: usize>(bencher: Bencher<'_, '_>, contender: &str) {
    let respond = Contender::of_name(contender)
        .expect("the contender exists")
        .prepare();
    let payload = Bytes::from(Shape::Documented.payload(MESSAGES));
    bencher
        .counter(ItemsCount::new(MESSAGES))
        .bench_local(|| respond(&payload));
}

fn contenders() -> impl Iterator<Item = &'static str> {
    Contender::ALL.into_iter().map(Contender::name)
}
