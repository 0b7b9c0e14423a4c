//! The payloads and the contenders of the benchmarks, and the ways to measure them.

mod payload;
mod contenders;
mod report;
mod measure;

pub use contenders::contender::{Contender, Respond};
pub use measure::bounds::Bounds;
pub use measure::count::{Cell, Counts, Driver};
pub use measure::handler_kind::{AT_ONCE, HandlerKind};
pub use measure::process::{FunctionProcess, Start};
pub use measure::runtime_api::{Answer, RuntimeApi};
pub use measure::times::times;
pub use payload::objects::objects;
pub use payload::shape::Shape;
pub use report::chart::chart;
pub use report::results::{Results, Row};
pub use report::tables::tables;
