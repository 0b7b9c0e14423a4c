//! `policy`: prints the filter or policy that the handlers need.

use std::io::{self, Write};

use clap::ValueEnum;
use s3_dispatch_core::manifest::{FilterPolicy, IamPolicy, Warning};
use s3_dispatch_core::{Error, Manifest, Router};
use serde::Serialize;
use serde_json::Value;

use super::{FAILURE, SUCCESS};

/// The document to print.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Format {
    /// The filter policy of the SNS subscription, with the scope MessageBody
    Sns,
    /// The bucket's notification configurations, without their destinations
    S3,
    /// The event pattern of an EventBridge rule
    Eventbridge,
    /// The filter criteria of the event source mapping, for every form of a body
    Esm,
    /// The policy that lets the function's role read its queue
    Iam,
    /// The input of the Terraform module in infra/
    Terraform,
}

/// A processor in the form that the Terraform module reads.
#[derive(Serialize)]
struct Processor<'p> {
    name: &'p str,
    events: Vec<&'p str>,
    filter_policy: &'p FilterPolicy,
    filter_policy_scope: &'static str,
}

/// A document as JSON, and the warnings about it.
struct Document {
    json: String,
    warnings: Vec<Warning>,
}

/// Prints a document and its warnings, and returns the exit status.
pub(super) fn policy(router: &impl Router, program: &str, format: Format, queue_arn: &str) -> i32 {
    let manifest = Manifest::new(router);
    // A mistake in the routes may be the cause of the error that follows.
    for warning in manifest.warnings() {
        eprintln!("warning: {warning}");
    }

    let document = match document(&manifest, program, format, queue_arn) {
        Ok(document) => document,
        Err(error) => {
            eprintln!("error: {error}");
            return FAILURE;
        }
    };

    for warning in &document.warnings {
        eprintln!("warning: {warning}");
    }

    match print(&document.json) {
        Ok(()) => SUCCESS,
        Err(error) => {
            eprintln!("error: the policy cannot be written: {error}");
            FAILURE
        }
    }
}

fn document(
    manifest: &Manifest,
    program: &str,
    format: Format,
    queue_arn: &str,
) -> Result<Document, Error> {
    match format {
        Format::Sns => {
            let policy = manifest.filter_policy()?;
            Ok(Document::new(&policy, wider_than_routes(policy.is_exact())))
        }
        Format::S3 => {
            let notification = manifest.bucket_notification()?;
            Ok(Document::new(
                &notification,
                notification.warnings().to_vec(),
            ))
        }
        Format::Eventbridge => {
            let pattern = manifest.eventbridge_pattern()?;
            let mut warnings = pattern.warnings().to_vec();
            warnings.extend(wider_than_routes(pattern.is_exact()));

            Ok(Document::new(&pattern, warnings))
        }
        Format::Esm => {
            let criteria = manifest.filter_criteria()?;
            let mut warnings = criteria.warnings().to_vec();
            warnings.extend(wider_than_routes(criteria.is_exact()));

            Ok(Document::new(&criteria, warnings))
        }
        Format::Iam => Ok(Document::new(&IamPolicy::new(queue_arn), Vec::new())),
        Format::Terraform => terraform(manifest, program),
    }
}

fn terraform(manifest: &Manifest, program: &str) -> Result<Document, Error> {
    let notification = manifest.bucket_notification()?;
    let filter_policy = manifest.filter_policy()?;

    let processor = Processor {
        name: program,
        events: notification.events().collect(),
        filter_policy: &filter_policy,
        filter_policy_scope: "MessageBody",
    };

    Ok(Document::new(
        &processor,
        wider_than_routes(filter_policy.is_exact()),
    ))
}

fn wider_than_routes(is_exact: bool) -> Vec<Warning> {
    if is_exact {
        return Vec::new();
    }

    let text = "the filter lets more through than the routes handle, because the service cannot \
                express them exactly";
    vec![Warning::from(text)]
}

impl Document {
    fn new(value: &impl Serialize, warnings: Vec<Warning>) -> Self {
        Self {
            json: pretty(value),
            warnings,
        }
    }
}

fn pretty(value: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(value);
    text.unwrap_or_else(|_| Value::Null.to_string())
}

fn print(json: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{json}")
}
