//! The region and account of the simulated AWS, and the ARNs of the pipeline's parts.

/// The region of every part of the pipeline.
pub(crate) const REGION: &str = "us-east-1";

/// The account that AWS uses in its own examples.
pub(crate) const ACCOUNT: &str = "123456789012";

pub(crate) fn queue_arn(name: &str) -> String {
    arn("sqs", name)
}

/// The name of the queue that has this ARN. `None` if the ARN is not that of a queue here.
pub(crate) fn queue_of_arn(arn: &str) -> Option<&str> {
    let name = arn.strip_prefix(&queue_arn(""))?;
    (!name.is_empty() && !name.contains(':')).then_some(name)
}

pub(crate) fn topic_arn(name: &str) -> String {
    arn("sns", name)
}

pub(crate) fn function_arn(name: &str) -> String {
    arn("lambda", &format!("function:{name}"))
}

fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}
