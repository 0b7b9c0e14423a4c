//! A tour of the pipeline.
