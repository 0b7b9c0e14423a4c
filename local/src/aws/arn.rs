//! What AWS would call the parts.

/// Where the pipeline pretends to be.
pub(crate) const REGION: &str = "us-east-1";

/// The account of AWS's own examples.
const ACCOUNT: &str = "123456789012";

pub(crate) fn queue_arn(name: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
}

pub(crate) fn topic_arn(name: &str) -> String {
    format!("arn:aws:sns:{REGION}:{ACCOUNT}:{name}")
}
