//! Routes: which records a handler takes.
//!
//! A route has patterns of events and filters on bucket and key. A filter with lists is a choice
//! among selections, each with one prefix and one suffix. `Routes` ranks the selections, and the
//! manifest writes each of them as a condition of a service.

mod key_syntax;
mod key_pattern;
mod key_language;
mod selection;
mod key_filter;
mod effects;
mod own_effect;
#[expect(
    clippy::module_inception,
    reason = "a file is named after its main type"
)]
mod route;
mod description;
mod declared;
mod comparison;

pub(crate) use effects::Place;
pub(crate) use key_pattern::KeyPattern;
pub(crate) use key_syntax::{check_key, check_key_prefix, check_key_suffix};
pub(crate) use own_effect::check_own_effect;
pub(crate) use selection::{BeyondEnds, Selection};

pub use route::Route;
