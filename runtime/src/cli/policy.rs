//! `policy`: what infrastructure must let through.

use std::io::{self, Write};

use clap::ValueEnum;
use s3_dispatch_core::{Error, FilterPolicy, IamPolicy, Manifest, Router, Warning};
use serde::Serialize;
use serde_json::Value;

use super::{FAILURE, SUCCESS};

/// Which part of the infrastructure is asked about.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Format {
    /// The filter policy of the subscription, for the scope MessageBody
    Sns,
    /// The bucket's notification configurations, without their destination
    S3,
    /// The event pattern of an EventBridge rule
    Eventbridge,
    /// The filter criteria of the event source mapping
    Esm,
    /// The policy of the function's role for its queue
    Iam,
    /// What the Terraform module in infra/ reads
    Terraform,
}

/// A processor, as the Terraform module takes it.
#[derive(Serialize)]
struct Processor<'p> {
    name: &'p str,
    events: Vec<&'p str>,
    filter_policy: &'p FilterPolicy,
    filter_policy_scope: &'static str,
}

pub(super) fn policy(router: &impl Router, program: &str, format: Format, queue_arn: &str) -> i32 {
    let manifest = Manifest::new(router);
    match json(&manifest, program, format, queue_arn) {
        Ok((json, warnings)) => {
            for warning in manifest.warnings().iter().chain(&warnings) {
                eprintln!("warning: {warning}");
            }

            match print(&json) {
                Ok(()) => SUCCESS,
                Err(error) => {
                    eprintln!("error: the policy cannot be written: {error}");
                    FAILURE
                }
            }
        }
        Err(error) => {
            eprintln!("error: {error}");
            FAILURE
        }
    }
}

fn json(
    manifest: &Manifest,
    program: &str,
    format: Format,
    queue_arn: &str,
) -> Result<(String, Vec<Warning>), Error> {
    let notification = manifest.bucket_notification();
    let wider = |is_exact: bool| {
        let text = "the filter lets through more than the routes handle, since it cannot be said more narrowly";
        if is_exact {
            Vec::new()
        } else {
            vec![Warning::from(text)]
        }
    };

    Ok(match format {
        Format::Sns => {
            let policy = manifest.filter_policy()?;
            (pretty(&policy), wider(policy.is_exact()))
        }
        Format::S3 => {
            let notification = notification?;
            (pretty(&notification), notification.warnings().to_vec())
        }
        Format::Eventbridge => {
            let pattern = manifest.eventbridge_pattern()?;
            let warnings = pattern
                .warnings()
                .iter()
                .cloned()
                .chain(wider(pattern.is_exact()))
                .collect();

            (pretty(&pattern), warnings)
        }
        Format::Esm => {
            let criteria = manifest.filter_criteria()?;
            (pretty(&criteria), wider(criteria.is_exact()))
        }
        Format::Iam => (pretty(&IamPolicy::new(queue_arn)), Vec::new()),
        Format::Terraform => {
            let (notification, filter_policy) = (notification?, manifest.filter_policy()?);
            let events = notification.events().collect();
            let filter_policy_scope = "MessageBody";

            let processor = Processor {
                name: program,
                events,
                filter_policy: &filter_policy,
                filter_policy_scope,
            };

            (pretty(&processor), wider(filter_policy.is_exact()))
        }
    })
}

fn pretty(value: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(value);
    text.unwrap_or_else(|_| Value::Null.to_string())
}

fn print(json: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{json}")
}
