#![doc = include_str!("links.txt")]
#![doc = include_str!("README.md")]

// `links.txt` comes first in every page: of two definitions of a link, Markdown takes the first. So
// the links lead to other pages of this documentation here, and to files in the repository.

#[doc = include_str!("links.txt")]
#[doc = include_str!("first-handler.md")]
pub mod first_handler {}

#[doc = include_str!("links.txt")]
#[doc = include_str!("arguments-and-keys.md")]
pub mod arguments_and_keys {}

#[doc = include_str!("links.txt")]
#[doc = include_str!("which-failures-come-again.md")]
pub mod which_failures_come_again {}

#[doc = include_str!("links.txt")]
#[doc = include_str!("once-and-in-order.md")]
pub mod once_and_in_order {}

#[doc = include_str!("links.txt")]
#[cfg_attr(feature = "object-store", doc = include_str!("keeping-a-mirror.md"))]
#[cfg_attr(
    not(feature = "object-store"),
    doc = "This page needs the feature `object-store`."
)]
pub mod keeping_a_mirror {}

#[doc = include_str!("links.txt")]
#[cfg_attr(
    feature = "object-store",
    doc = include_str!("reading-and-writing-objects.md")
)]
#[cfg_attr(
    not(feature = "object-store"),
    doc = "This page needs the feature `object-store`."
)]
pub mod reading_and_writing_objects {}

// The code of these two needs `s3-dispatch-local`, whose doc tests run it.
#[doc = include_str!("links.txt")]
#[cfg_attr(not(doctest), doc = include_str!("testing.md"))]
pub mod testing {}

#[doc = include_str!("links.txt")]
#[cfg_attr(not(doctest), doc = include_str!("on-one-machine.md"))]
pub mod on_one_machine {}

#[doc = include_str!("links.txt")]
#[doc = include_str!("deploying-with-terraform.md")]
pub mod deploying_with_terraform {}

#[doc = include_str!("links.txt")]
#[doc = include_str!("deploying-with-sam-and-cloudformation.md")]
pub mod deploying_with_sam_and_cloudformation {}

#[doc = include_str!("links.txt")]
#[doc = include_str!("deploying-with-the-cdk-and-pulumi.md")]
pub mod deploying_with_the_cdk_and_pulumi {}

#[doc = include_str!("links.txt")]
#[doc = include_str!("finding-what-loses-events.md")]
pub mod finding_what_loses_events {}

#[doc = include_str!("links.txt")]
#[cfg_attr(feature = "worker", doc = include_str!("a-worker-outside-lambda.md"))]
#[cfg_attr(not(feature = "worker"), doc = "This page needs the feature `worker`.")]
pub mod a_worker_outside_lambda {}

#[doc = include_str!("links.txt")]
#[cfg_attr(
    feature = "object-store",
    doc = include_str!("backfill-with-batch-operations.md")
)]
#[cfg_attr(
    not(feature = "object-store"),
    doc = "This page needs the feature `object-store`."
)]
pub mod backfill_with_batch_operations {}

#[doc = include_str!("links.txt")]
#[doc = include_str!("replaying-events.md")]
pub mod replaying_events {}

#[doc = include_str!("links.txt")]
#[doc = include_str!("backfilling-a-bucket.md")]
pub mod backfilling_a_bucket {}

#[doc = include_str!("links.txt")]
#[cfg_attr(
    all(feature = "audit", feature = "dynamodb"),
    doc = include_str!("auditing-a-bucket.md")
)]
#[cfg_attr(
    not(all(feature = "audit", feature = "dynamodb")),
    doc = "This page needs the features `audit` and `dynamodb`."
)]
pub mod auditing_a_bucket {}

#[doc = include_str!("links.txt")]
#[doc = include_str!("logs-and-metrics.md")]
pub mod logs_and_metrics {}

#[doc = include_str!("links.txt")]
#[cfg_attr(feature = "otel", doc = include_str!("traces.md"))]
#[cfg_attr(not(feature = "otel"), doc = "This page needs the feature `otel`.")]
pub mod traces {}

#[doc = include_str!("links.txt")]
#[doc = include_str!("tuning-and-cost.md")]
pub mod tuning_and_cost {}

#[doc = include_str!("links.txt")]
#[doc = include_str!("adopting-step-by-step.md")]
pub mod adopting_step_by_step {}

#[doc = include_str!("links.txt")]
#[doc = include_str!("security.md")]
pub mod security {}

#[doc = include_str!("links.txt")]
#[doc = include_str!("limits.md")]
pub mod limits {}
