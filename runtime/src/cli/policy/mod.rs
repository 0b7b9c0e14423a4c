//! `policy`: prints the filter or policy that the handlers need.

mod template;
mod local_program;

use std::error::Error;
use std::io::{self, Write};

use clap::{Args, ValueEnum};
use s3_dispatch_core::manifest::{IamPolicy, Warning};
use s3_dispatch_core::{Manifest, Router};
use serde::Serialize;
use serde_json::Value;

use self::local_program::LocalProgram;
use self::template::{Flavor, Processor, Template};
use super::{FAILURE, SUCCESS};
use crate::Dispatcher;

/// The options of the command.
#[derive(Args)]
pub(super) struct Options {
    /// What to print
    #[arg(long, value_enum)]
    format: Format,
    /// The ARN of the queue in the iam policy
    #[arg(long, default_value = "arn:aws:sqs:REGION:ACCOUNT:QUEUE")]
    queue_arn: String,
    /// The bucket in the iam policy whose events arrive
    #[arg(long, default_value = "BUCKET")]
    bucket: String,
    /// The ARN of the queue that dead letters are sent to, for the iam policy
    #[arg(long)]
    dead_letters_arn: Option<String>,
    /// The ARN of a table that a store uses, for the iam policy; may be repeated
    #[arg(long)]
    table_arn: Vec<String>,
    /// The ARN of a KMS key that encrypts objects or queues, for the iam policy; may be repeated
    #[arg(long)]
    kms_key_arn: Vec<String>,
    /// Print the iam policy of the role of S3 Batch Operations jobs instead, which invoke the
    /// function with this ARN
    #[arg(long, value_name = "FUNCTION_ARN")]
    batch_jobs: Option<String>,
    /// The ARN of the manifest that the jobs read; may be repeated
    #[arg(
        long,
        requires = "batch_jobs",
        default_value = "arn:aws:s3:::BUCKET/MANIFEST"
    )]
    manifest_arn: Vec<String>,
    /// The ARN of the bucket, perhaps with a prefix, that the jobs write their reports to
    #[arg(
        long,
        requires = "batch_jobs",
        default_value = "arn:aws:s3:::BUCKET/REPORTS"
    )]
    report_arn: String,
    #[command(flatten)]
    template: template::Options,
}

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
    /// The policy of the function's role: its queue, and what handlers declare; with --batch-jobs
    /// that of the role of jobs
    Iam,
    /// The input of the Terraform module in infra/
    Terraform,
    /// A CloudFormation template of the whole pipeline, as YAML
    Cloudformation,
    /// The same for the AWS Serverless Application Model, as YAML
    Sam,
    /// What s3-dispatch-local runs the program with: its buckets, its events and their filter
    Local,
}

/// A document, and the warnings about it.
struct Document {
    text: String,
    warnings: Vec<Warning>,
}

/// Prints a document and its warnings, and returns the exit status.
pub(super) fn policy<R: Router>(
    dispatcher: &Dispatcher<R>,
    program: &str,
    options: &Options,
) -> i32 {
    let manifest = Manifest::new(dispatcher.router());
    // A mistake in the routes may be the cause of the error that follows.
    for warning in manifest.warnings() {
        eprintln!("warning: {warning}");
    }

    let document = match document(dispatcher, &manifest, program, options) {
        Ok(document) => document,
        Err(error) => {
            eprintln!("error: {error}");
            return FAILURE;
        }
    };

    for warning in &document.warnings {
        eprintln!("warning: {warning}");
    }

    match print(&document.text) {
        Ok(()) => SUCCESS,
        Err(error) => {
            eprintln!("error: the policy cannot be written: {error}");
            FAILURE
        }
    }
}

fn document<R: Router>(
    dispatcher: &Dispatcher<R>,
    manifest: &Manifest,
    program: &str,
    options: &Options,
) -> Result<Document, Box<dyn Error>> {
    match options.format {
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
        Format::Iam => Ok(iam(dispatcher, manifest, options)),
        Format::Terraform => terraform(manifest, program),
        Format::Cloudformation => template(manifest, program, Flavor::CloudFormation, options),
        Format::Sam => template(manifest, program, Flavor::Sam, options),
        Format::Local => {
            let (program, is_exact) = LocalProgram::of(manifest, program)?;
            Ok(Document::new(&program, wider_than_routes(is_exact)))
        }
    }
}

fn iam<R: Router>(dispatcher: &Dispatcher<R>, manifest: &Manifest, options: &Options) -> Document {
    if let Some(function) = &options.batch_jobs {
        return role_of_jobs(function, options);
    }

    let mut policy: IamPolicy = manifest.iam_policy(&options.queue_arn, &options.bucket);
    if dispatcher.changes_visibility() {
        policy = policy.with_backoff();
    }
    if let Some(queue) = &options.dead_letters_arn {
        policy = policy.with_dead_letters(queue);
    }

    let tables = options.table_arn.iter();
    let policy = tables.fold(policy, IamPolicy::with_table);
    let policy = policy.with_kms_keys(&options.kms_key_arn);

    let mut warnings = Vec::new();
    if dispatcher.has_dead_letters() && options.dead_letters_arn.is_none() {
        let text = "the policy does not allow to store dead letters; if that is a queue of SQS, \
                    name it with `--dead-letters-arn`";
        warnings.push(Warning::from(text));
    }

    Document::new(&policy, warnings)
}

/// The policy of the role of batch jobs.
fn role_of_jobs(function: &str, options: &Options) -> Document {
    let manifests = options.manifest_arn.iter();
    let policy = manifests
        .fold(
            IamPolicy::for_batch_jobs(function),
            IamPolicy::with_manifest,
        )
        .with_report(&options.report_arn)
        .with_kms_keys(&options.kms_key_arn);

    let text = "the role of the jobs must also trust the service batchoperations.s3.amazonaws.com";
    Document::new(&policy, vec![Warning::from(text)])
}

fn terraform(manifest: &Manifest, program: &str) -> Result<Document, Box<dyn Error>> {
    let (processor, is_exact) = Processor::of(manifest, program)?;
    Ok(Document::new(&processor, wider_than_routes(is_exact)))
}

fn template(
    manifest: &Manifest,
    program: &str,
    flavor: Flavor,
    options: &Options,
) -> Result<Document, Box<dyn Error>> {
    let template = Template::new(manifest, program, flavor, &options.template)?;
    let mut warnings = template.warnings;
    warnings.extend(wider_than_routes(template.is_exact));

    Ok(Document {
        text: template.yaml.trim_end().to_owned(),
        warnings,
    })
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
            text: pretty(value),
            warnings,
        }
    }
}

fn pretty(value: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(value);
    text.unwrap_or_else(|_| Value::Null.to_string())
}

fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")
}
