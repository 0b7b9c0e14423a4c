//! What every handler of the benchmarks does with an object: it reads it in a way that the compiler
//! cannot leave out.

use std::cell::RefCell;
use std::hint::black_box;

/// The values that a handler was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The name of the bucket.
    pub bucket: String,
    /// The key, decoded.
    pub key: String,
    /// The size in bytes.
    pub size: u64,
}

thread_local! {
    static KEPT: RefCell<Option<Vec<Reading>>> = const { RefCell::new(None) };
}

/// Reads a bucket, a key and a size, as a handler does.
#[inline]
pub fn take_note(bucket: &str, key: &str, size: u64) {
    let (bucket, key, size) = black_box((bucket, key, size));
    KEPT.with_borrow_mut(|kept| {
        if let Some(kept) = kept {
            kept.push(Reading {
                bucket: bucket.to_owned(),
                key: key.to_owned(),
                size,
            });
        }
    });
}

/// Calls the function, and returns what handlers read on this thread meanwhile.
pub fn readings_of<T>(something: impl FnOnce() -> T) -> (T, Vec<Reading>) {
    KEPT.set(Some(Vec::new()));
    let result = something();
    (result, KEPT.take().unwrap_or_default())
}
