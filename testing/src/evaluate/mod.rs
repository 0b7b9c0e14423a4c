//! Evaluates SNS filter policies, EventBridge patterns and IAM policies without AWS.
//!
//! Tests ask it which events the infrastructure lets through to a handler, and the topics of
//! `s3-dispatch-local` filter with it.

mod filter_error;
mod wildcard;
mod field_condition;
mod content_filter;
mod sns_filter_policy;
mod eventbridge_rule;
mod iam_policy;

pub use eventbridge_rule::EventBridgeRule;
pub use filter_error::{FilterError, FilterErrorKind};
pub use iam_policy::IamPolicyDocument;
pub use sns_filter_policy::SnsFilterPolicy;
