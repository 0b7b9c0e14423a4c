//! The pipeline, through its public door.
