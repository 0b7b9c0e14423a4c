//! The command `doctor`, on a corpus of right and of broken deployments.
//!
//! `right.json` lists plans, templates and descriptions without a finding. `broken.json` lists
//! small changes of them, each with exactly the findings that it causes. With the environment
//! variable `PROGRAM` this process is the program that is deployed, and without it the test.

#![allow(missing_docs, clippy::unwrap_used)]

mod program;
mod corpus;
mod unknown;
mod derived;
mod refused;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), s3_dispatch::Error> {
    if let Ok(name) = std::env::var("PROGRAM") {
        return program::start(&name).await;
    }

    corpus::right_deployments_have_no_finding();
    corpus::broken_deployments_have_their_findings();
    corpus::every_check_is_tested();
    unknown::an_unknown_attribute_of_a_plan_is_no_finding();
    unknown::an_unknown_property_of_a_template_is_no_finding();
    derived::what_policy_prints_is_wide_enough();
    derived::whole_templates_have_no_finding();
    refused::what_cannot_be_read_has_its_own_status();
    refused::the_program_is_found();

    Ok(())
}
