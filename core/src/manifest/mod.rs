//! The filters that infrastructure needs, derived from the routes of a program.
//!
//! Event names that are written in the code and again in a filter policy drift apart, and a message
//! that a filter drops is lost without a trace. So [`Manifest`](crate::Manifest) derives the
//! filters from the routes, for the command `policy`, for Terraform, and for tests. Each filter
//! serializes to the JSON that AWS expects:
//!
//! | filter | where it belongs |
//! |---|---|
//! | [`BucketNotification`] | the notification configuration of the bucket |
//! | [`FilterPolicy`] | the subscription of the queue to the SNS topic |
//! | [`EventBridgePattern`] | the EventBridge rule |
//! | [`FilterCriteria`] | the event source mapping from the queue to the function |
//! | [`IamPolicy`] | the role of the function |
//!
//! A filter is never narrower than the routes. Where a service cannot express a condition, the
//! filter is wider, and the router, which checks every record again, skips the rest.

mod conditions;
pub(crate) mod key;
mod warnings;
mod event_types;
mod bucket;
mod sns;
mod eventbridge_events;
mod eventbridge;
mod filter_criteria;
mod permissions;
#[expect(
    clippy::module_inception,
    reason = "a file is named after its main type"
)]
pub(crate) mod manifest;

pub use bucket::BucketNotification;
pub use eventbridge::EventBridgePattern;
pub use filter_criteria::FilterCriteria;
pub use permissions::{IamPolicy, ObjectAccess};
pub use sns::FilterPolicy;
pub use warnings::Warning;
