//! Readers of what teams have: plans, templates and descriptions.
//!
//! Each fills the same deployment. None of them judges: what it cannot resolve is unknown.

mod assembly;
mod settings;
mod references;
mod attributes;
mod terraform;
mod yaml;
mod intrinsics;
mod described;
mod cloudformation;
mod sam;
mod descriptions;

use super::model::Deployment;

/// The error of a file that is not what it should be, as one clause.
pub(super) type ReadError = String;

/// Reads `terraform show -json` of a plan or a state.
pub(super) fn plan(text: &str, file: &str) -> Result<Deployment, ReadError> {
    terraform::read(&json(text)?, file)
}

/// Reads a template of CloudFormation or SAM, in YAML or JSON.
pub(super) fn template(text: &str, file: &str) -> Result<Deployment, ReadError> {
    // A template in JSON may have escapes that YAML does not have.
    let template = serde_json::from_str(text).map_or_else(|_| yaml::parse(text), Ok)?;
    cloudformation::read(&template, file)
}

/// Reads the files that `aws` printed, each with its name.
pub(super) fn folder(files: &[(String, String)]) -> Result<Deployment, ReadError> {
    descriptions::read(files)
}

fn json(text: &str) -> Result<serde_json::Value, ReadError> {
    serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))
}
