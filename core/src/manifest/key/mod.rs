//! The conditions on keys: how a service spells them, which operators it has, and how well its
//! filters fit the routes.

pub(super) mod fit;
pub(super) mod spelling;
pub(super) mod conditions;
pub(crate) mod inexpressible;
