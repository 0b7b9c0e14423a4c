//! Evaluators of SNS filter policies and EventBridge patterns, which run without AWS.
//!
//! A test can ask which events the infrastructure lets through to a handler.
//! Tests of policies call them, and so does the topic of `s3-dispatch-local`.

mod filter_error;
mod field_condition;
mod content_filter;
mod sns_filter_policy;
mod eventbridge_rule;

pub use eventbridge_rule::EventBridgeRule;
pub use filter_error::{FilterError, FilterErrorKind};
pub use sns_filter_policy::SnsFilterPolicy;
