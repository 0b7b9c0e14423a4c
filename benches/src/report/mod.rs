//! The file of results, and the tables and the chart of the pages.
//!
//! Every measurement becomes a row of the file, so that the README can be written again without
//! measuring. The program `results` calls it.

pub(crate) mod results;
pub(crate) mod markdown;
pub(crate) mod concurrency;
mod bill;
mod protocol;
mod start;
pub(crate) mod tables;
pub(crate) mod chart;
