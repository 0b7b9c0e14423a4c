//! `policy --format cloudformation` and `--format sam`: the whole pipeline of a program as a
//! template.
//!
//! The templates say what the Terraform module in `infra/` says. Their text is in `pieces/`, with
//! places that are filled with what the routes need, so that it can be read as what it is.

mod options;
mod yaml;
mod piece;
mod processor;
mod member;
mod settings;
#[expect(
    clippy::module_inception,
    reason = "a file is named after its main type"
)]
mod template;

pub(super) use options::Options;
pub(super) use processor::Processor;
pub(super) use settings::Flavor;
pub(super) use template::Template;
