//! Routing: which handler takes which record.
//!
//! A route is a pattern with filters. A router chooses among its routes and calls the handler of
//! the most specific one. Users build [`Routes`]; decorators such as deduplication wrap them and
//! are routers too.

mod route;
mod history;
mod router;
mod loops;
mod prepared;
mod routes;

pub(crate) use route::{
    BeyondEnds, KeyPattern, Place, Selection, check_key, check_key_prefix, check_key_suffix,
    check_own_effect,
};

pub use history::{History, HistoryEntry};
pub use route::Route;
pub use router::Router;
pub use routes::Routes;
