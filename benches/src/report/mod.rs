//! The file of results, and the tables and the chart that the README shows.
//!
//! Every measurement becomes a row of the file, so that the README can be written again without
//! measuring. The program `results` calls it.

pub(crate) mod results;
pub(crate) mod markdown;
pub(crate) mod concurrency;
pub(crate) mod tables;
pub(crate) mod chart;
