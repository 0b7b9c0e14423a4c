//! Whose notification configuration counts.

/// Whose notification configuration of a bucket counts, if a client of S3 has put another one than
/// the topology has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotificationSource {
    /// The one that the client has put, because the topology says what it said then.
    Client,
    /// That of the topology, because it says something else than when the client put its own.
    Topology,
}
