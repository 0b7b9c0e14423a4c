//! Identities for the checks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use s3_dispatch::once::Identity;

/// An identity that no store has seen.
pub(super) fn new_identity(kind: &str) -> Identity {
    static NEXT: AtomicU64 = AtomicU64::new(0);

    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_nanos();

    Identity::new(format!(
        "{kind}-{}-{now}-{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    ))
}

/// Different identities that a careless store may confuse or reject.
pub(super) fn similar(base: &Identity) -> Vec<Identity> {
    let long = "long/".repeat(600);
    let endings = [
        "", " ", "  ", "a", "A", "é", "e\u{301}", "日本", "🦀", "\"", "'", "\\", "%41", "|", "#",
        "\u{7f}",
    ];
    let mut identities: Vec<_> = endings
        .iter()
        .map(|ending| Identity::new(format!("{base}{ending}")))
        .collect();
    identities.push(Identity::new(format!("{base}{long}1")));
    identities.push(Identity::new(format!("{base}{long}2")));

    identities
}
