//! The parts of a key as an argument of a handler.
//!
//! A route's pattern names the parts of a key, and serde gives them their types: [`Key`] reads them
//! from the record's key, and checks once, when the route is added, that type and pattern fit.

mod key_error;
mod value;
mod parts;
#[expect(
    clippy::module_inception,
    reason = "a file is named after its main type"
)]
mod key;

pub use key::Key;
