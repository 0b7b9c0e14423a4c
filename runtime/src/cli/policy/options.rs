//! The options of the command, and which of them belong to which formats.

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, ValueEnum};

use super::template;

/// The formats, as the error for a missing one lists them.
const FORMATS: &str = "sns|s3|eventbridge|esm|iam|terraform|cloudformation|sam|local";

/// What stands for the names that are not given.
pub(super) const QUEUE_ARN: &str = "arn:aws:sqs:REGION:ACCOUNT:QUEUE";
pub(super) const BUCKET: &str = "BUCKET";
pub(super) const MANIFEST_ARN: &str = "arn:aws:s3:::BUCKET/MANIFEST";
pub(super) const REPORT_ARN: &str = "arn:aws:s3:::BUCKET/REPORTS";

/// The options that only some formats know.
const BELONGING: [(&[&str], &[Format]); 4] = [
    (
        &[
            "queue_arn",
            "bucket",
            "dead_letters_arn",
            "table_arn",
            "kms_key_arn",
            "batch_jobs",
            "manifest_arn",
            "report_arn",
        ],
        &[Format::Iam],
    ),
    (
        &["worker"],
        &[Format::Cloudformation, Format::Sam, Format::Iam],
    ),
    (
        &[
            "event_bus",
            "existing_bucket",
            "existing_topic",
            "existing_key",
            "topic_key_condition",
            "store",
            "audits",
            "timeout_seconds",
            "visibility_seconds",
            "batch_size",
            "batch_window_seconds",
            "with",
            "environment",
        ],
        &[Format::Cloudformation, Format::Sam],
    ),
    (&["packages"], &[Format::Sam]),
];

/// The options of the command.
#[derive(Args)]
pub(in crate::cli) struct Options {
    /// What to print
    #[arg(long, value_enum, value_name = FORMATS)]
    pub(super) format: Format,
    /// The ARN of the queue in the iam policy
    #[arg(long, default_value = QUEUE_ARN)]
    pub(super) queue_arn: String,
    /// The bucket in the iam policy whose events arrive
    #[arg(long, default_value = BUCKET)]
    pub(super) bucket: String,
    /// The ARN of the queue that dead letters are sent to, for the iam policy
    #[arg(long)]
    pub(super) dead_letters_arn: Option<String>,
    /// The ARN of a table that a store uses, for the iam policy; may be repeated
    #[arg(long)]
    pub(super) table_arn: Vec<String>,
    /// The ARN of a KMS key that encrypts objects or queues, for the iam policy; may be repeated
    #[arg(long)]
    pub(super) kms_key_arn: Vec<String>,
    /// Print the iam policy of the role of S3 Batch Operations jobs instead, which invoke the
    /// function with this ARN
    #[arg(
        long,
        value_name = "FUNCTION_ARN",
        conflicts_with_all = ["queue_arn", "bucket", "dead_letters_arn", "table_arn", "worker"]
    )]
    pub(super) batch_jobs: Option<String>,
    /// The ARN of the manifest that the jobs read; may be repeated
    #[arg(long, requires = "batch_jobs", default_value = MANIFEST_ARN)]
    pub(super) manifest_arn: Vec<String>,
    /// The ARN of the bucket, perhaps with a prefix, that the jobs write their reports to
    #[arg(long, requires = "batch_jobs", default_value = REPORT_ARN)]
    pub(super) report_arn: String,
    #[command(flatten)]
    pub(super) template: template::Options,
}

/// The document to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
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

/// Checks that the options belong to the format.
///
/// # Errors
///
/// Says which option the format would ignore, and which formats it belongs to.
pub(in crate::cli) fn check(matches: &ArgMatches) -> Result<(), String> {
    let Some(format) = matches.get_one::<Format>("format") else {
        return Ok(());
    };

    let strangers = BELONGING
        .iter()
        .filter(|(_, formats)| !formats.contains(format));
    for (options, formats) in strangers {
        let is_given = |id: &&&str| matches.value_source(id) == Some(ValueSource::CommandLine);
        if let Some(option) = options.iter().find(is_given) {
            let names: Vec<_> = formats.iter().map(Format::name).collect();
            return Err(format!(
                "`--{}` is an option of the format {}; {} would ignore it",
                option.replace('_', "-"),
                names.join(" or "),
                format.name()
            ));
        }
    }

    Ok(())
}

impl Format {
    /// As it is written on the command line, in backticks.
    fn name(&self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| format!("`{}`", value.get_name()))
    }
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::*;

    #[test]
    fn the_list_of_formats_has_each_of_them() {
        let values = Format::value_variants().iter();
        let names =
            values.filter_map(|format| Some(format.to_possible_value()?.get_name().to_owned()));
        assert_eq!(names.collect::<Vec<_>>().join("|"), FORMATS);
    }

    #[test]
    fn every_option_belongs_to_a_format() {
        let command = Options::augment_args(Command::new("policy"));
        let options = command
            .get_arguments()
            .map(|option| option.get_id().as_str());
        let mut options: Vec<_> = options.filter(|id| *id != "format").collect();
        let mut listed: Vec<_> = BELONGING
            .iter()
            .flat_map(|(ids, _)| ids.iter().copied())
            .collect();

        options.sort_unstable();
        listed.sort_unstable();
        assert_eq!(options, listed);
    }
}
