//! Everything through both processors, with every fault on.
