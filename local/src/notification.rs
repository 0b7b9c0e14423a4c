//! What S3 sends of an event.
