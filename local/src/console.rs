//! What is printed of a pipeline.
