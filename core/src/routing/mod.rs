//! Routing: which handler takes which record.
//!
//! A route is a pattern with filters, a router chooses among routes. Users build `Routes`;
//! decorators such as deduplication wrap them and are routers too.

mod route;
mod router;
mod routes;

pub use route::Route;
pub use router::Router;
pub use routes::Routes;
