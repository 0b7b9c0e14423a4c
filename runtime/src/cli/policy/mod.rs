//! `policy`: prints the filter or policy that the handlers need.

mod template;
mod options;
mod local_program;
mod placeholders;
mod wider;

use std::error::Error;
use std::io::{self, Write};

use s3_dispatch_core::manifest::{IamPolicy, Warning};
use s3_dispatch_core::{Manifest, Router};
use serde::Serialize;
use serde_json::Value;

use self::local_program::LocalProgram;
use self::options::{BUCKET, Format, MANIFEST_ARN, QUEUE_ARN, REPORT_ARN};
use self::placeholders::{Placeholder, placeholder_warning};
use self::template::{Flavor, Processor, Template};
use self::wider::{Joined, wider_than_routes};
use super::{FAILURE, SUCCESS};
use crate::Dispatcher;

pub(super) use options::{Options, check};

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
        // Nobody reads the rest.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => FAILURE,
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
            let wider = wider_than_routes(manifest, policy.is_close(), Joined::Never);
            Ok(Document::new(&policy, wider))
        }
        Format::S3 => {
            let notification = manifest.bucket_notification()?;
            let warnings = notification.warnings().iter();
            let warnings = warnings.filter(|warning| !warning.is_minor()).cloned();
            Ok(Document::new(&notification, warnings))
        }
        Format::Eventbridge => {
            let pattern = manifest.eventbridge_pattern()?;
            let mut warnings = pattern.warnings().to_vec();
            warnings.extend(wider_than_routes(
                manifest,
                pattern.is_close(),
                Joined::InEventBridge,
            ));

            Ok(Document::new(&pattern, warnings))
        }
        Format::Esm => {
            let criteria = manifest.filter_criteria()?;
            let mut warnings = criteria.warnings().to_vec();
            warnings.extend(wider_than_routes(
                manifest,
                criteria.is_close(),
                Joined::Never,
            ));

            Ok(Document::new(&criteria, warnings))
        }
        Format::Iam => Ok(iam(dispatcher, manifest, options)),
        Format::Terraform => terraform(manifest, program),
        Format::Cloudformation => template(manifest, program, Flavor::CloudFormation, options),
        Format::Sam => template(manifest, program, Flavor::Sam, options),
        Format::Local => {
            let (program, is_close) = LocalProgram::of(manifest, program)?;
            let wider = wider_than_routes(manifest, is_close, Joined::Never);
            Ok(Document::new(&program, wider))
        }
    }
}

fn iam<R: Router>(dispatcher: &Dispatcher<R>, manifest: &Manifest, options: &Options) -> Document {
    if let Some(function) = &options.batch_jobs {
        return role_of_jobs(function, options);
    }

    let mut policy: IamPolicy = manifest.iam_policy(&options.queue_arn, &options.bucket);
    // A worker extends what it holds, and gives back what it does not get to.
    if dispatcher.changes_visibility() || options.template.is_for_worker() {
        policy = policy.with_backoff();
    }
    if let Some(queue) = &options.dead_letters_arn {
        policy = policy.with_dead_letters(queue);
    }

    let tables = options.table_arn.iter();
    let policy = tables.fold(policy, IamPolicy::with_table);
    let policy = policy.with_kms_keys(&options.kms_key_arn);

    let mut warnings = Vec::new();
    if manifest.routes().is_empty() {
        let text = "there are no routes: add each handler to the routes with `.on::<handler>()`";
        warnings.push(Warning::from(text));
    }
    if dispatcher.has_dead_letters() && options.dead_letters_arn.is_none() {
        let text = "the policy does not allow to store dead letters; if that is a queue of SQS, \
                    name it with `--dead-letters-arn`";
        warnings.push(Warning::from(text));
    }

    let placeholders = [
        Placeholder::new("--queue-arn", QUEUE_ARN, [&options.queue_arn]),
        Placeholder::new("--bucket", BUCKET, [&options.bucket]),
    ];
    let mut document = Document::new(&policy, warnings);
    let warning = placeholder_warning(&document.text, &placeholders);
    document.warnings.extend(warning);

    document
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
    let placeholders = [
        Placeholder::new("--manifest-arn", MANIFEST_ARN, &options.manifest_arn),
        Placeholder::new("--report-arn", REPORT_ARN, [&options.report_arn]),
    ];
    let mut document = Document::new(&policy, [Warning::from(text)]);
    let warning = placeholder_warning(&document.text, &placeholders);
    document.warnings.extend(warning);

    document
}

fn terraform(manifest: &Manifest, program: &str) -> Result<Document, Box<dyn Error>> {
    let (processor, is_close) = Processor::of(manifest, program)?;
    let wider = wider_than_routes(manifest, is_close, Joined::Never);
    Ok(Document::new(&processor, wider))
}

fn template(
    manifest: &Manifest,
    program: &str,
    flavor: Flavor,
    options: &Options,
) -> Result<Document, Box<dyn Error>> {
    let template = Template::new(manifest, program, flavor, &options.template)?;
    let mut warnings = template.warnings;
    let joined = match options.template.has_event_bus() {
        true => Joined::InEventBridge,
        false => Joined::Never,
    };
    warnings.extend(wider_than_routes(manifest, template.is_close, joined));

    Ok(Document {
        text: template.yaml.trim_end().to_owned(),
        warnings,
    })
}

impl Document {
    fn new(value: &impl Serialize, warnings: impl IntoIterator<Item = Warning>) -> Self {
        Self {
            text: pretty(value),
            warnings: warnings.into_iter().collect(),
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
