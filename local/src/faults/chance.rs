//! Repeatable random numbers: they decide which messages a fault hits, and which ids messages get.

use std::time::Duration;

/// A source of numbers that look random and are the same in every run.
#[derive(Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    /// The numbers that belong to this seed and text.
    pub(crate) fn new(seed: u64, about: &str) -> Self {
        // FNV-1a gives the same hash in every version and on every machine.
        let hash = about
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64 ^ seed, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        Self(hash)
    }

    /// The next 64 bits, by SplitMix64.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);

        bits ^ (bits >> 31)
    }

    /// A number from 0 up to, but not including, 1.
    pub(crate) fn share(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A duration within these bounds.
    pub(crate) fn duration(&mut self, from: Duration, to: Duration) -> Duration {
        from + to.saturating_sub(from).mul_f64(self.share())
    }

    /// An id in the form of a UUID: `95df01b4-ee98-4cb9-9903-4c221d41eb5e`.
    pub(crate) fn uuid(&mut self) -> String {
        let (high, low) = (self.bits(), self.bits());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            (low >> 48) & 0x3fff | 0x8000,
            low & 0xffff_ffff_ffff
        )
    }
}
