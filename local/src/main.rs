//! Runs a pipeline until it is told to end.

fn main() {}
