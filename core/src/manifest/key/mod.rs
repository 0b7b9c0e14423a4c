//! The conditions on keys: how a service spells them, and which operators it has.

pub(super) mod spelling;
pub(super) mod conditions;
