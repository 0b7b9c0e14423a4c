//! Lambda's Runtime API.
