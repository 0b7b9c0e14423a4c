//! The payloads and the contenders of the benchmarks, and the ways to measure them.

mod json;
mod rewrite;
mod objects;
mod shape;
mod value;
mod lean;
mod contender;
mod count;
mod bounds;
mod results;
mod times;
mod tables;
mod chart;
mod runtime_api;
mod process;

pub use bounds::Bounds;
pub use chart::chart;
pub use contender::{Contender, Respond};
pub use count::{Cell, Counts, Driver};
pub use objects::objects;
pub use process::{FunctionProcess, Start};
pub use results::{Results, Row};
pub use runtime_api::{Answer, RuntimeApi};
pub use shape::Shape;
pub use tables::tables;
pub use times::times;
