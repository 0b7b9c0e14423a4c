//! Topologies written as TOML.
