//! What a topic lets through to whom.
