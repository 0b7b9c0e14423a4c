//! What an answer says of a batch.
