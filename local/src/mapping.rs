//! What takes messages out of a queue and invokes a function with them.
