//! The options of the command for templates.

use clap::{Args, ValueEnum};

/// What a template contains, apart from what the routes say.
#[derive(Args)]
#[group(id = "template")]
#[command(next_help_heading = "Options of cloudformation and sam")]
pub(in crate::cli) struct Options {
    /// Leave out the function: a worker outside Lambda processes the queue; for iam, the policy of
    /// that worker
    #[arg(long)]
    pub(super) worker: bool,
    /// Let EventBridge feed the queue instead of an SNS topic
    #[arg(long)]
    pub(super) event_bus: bool,
    /// Use a bucket that exists already, whose notifications stay as they are
    #[arg(long)]
    pub(super) existing_bucket: bool,
    /// Use a topic that exists already, whose policy stays as it is
    #[arg(long, conflicts_with = "event_bus")]
    pub(super) existing_topic: bool,
    /// Encrypt the topic with a key that exists already, whose policy stays as it is
    #[arg(long, conflicts_with_all = ["event_bus", "existing_topic"])]
    pub(super) existing_key: bool,
    /// How the key of the topic recognizes the bucket
    #[arg(
        long,
        value_enum,
        default_value_t = KeyCondition::SourceArn,
        conflicts_with_all = ["event_bus", "existing_topic"]
    )]
    pub(super) topic_key_condition: KeyCondition,
    /// Make a table of DynamoDB for `DynamoDbStore`, which the programs may use
    #[arg(long)]
    pub(super) store: bool,
    /// Give the table the index that `audit` needs, and make a policy for whoever runs it
    #[arg(long, requires = "store")]
    pub(super) audits: bool,
    /// The timeout of the function in seconds, from which the visibility timeout follows
    #[arg(
        long,
        default_value_t = 30,
        conflicts_with = "worker",
        value_parser = clap::value_parser!(u32).range(1..=900)
    )]
    pub(super) timeout_seconds: u32,
    /// The visibility timeout of a worker's queue in seconds, after which a message that failed
    /// comes back
    #[arg(
        long,
        default_value_t = 60,
        requires = "worker",
        value_parser = clap::value_parser!(u32).range(10..=43_200)
    )]
    pub(super) visibility_seconds: u32,
    /// The most messages of an invocation; above 10 with a batch window only
    #[arg(
        long,
        default_value_t = 10,
        conflicts_with = "worker",
        value_parser = clap::value_parser!(u32).range(1..=10_000)
    )]
    pub(super) batch_size: u32,
    /// How long Lambda waits to collect a batch, in seconds
    #[arg(
        long,
        default_value_t = 0,
        conflicts_with = "worker",
        value_parser = clap::value_parser!(u32).range(0..=300)
    )]
    pub(super) batch_window_seconds: u32,
    /// What another program printed with `--format terraform`, to deploy both for one bucket; may
    /// be repeated
    #[arg(long, value_name = "FILE", conflicts_with = "event_bus")]
    pub(super) with: Vec<String>,
    /// An environment variable of the functions; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable, conflicts_with = "worker")]
    pub(super) environment: Vec<(String, String)>,
    /// The folder with the packages NAME.zip, as seen from the sam template
    #[arg(
        long,
        value_name = "FOLDER",
        default_value = "target/lambda",
        conflicts_with = "worker"
    )]
    pub(super) packages: String,
}

impl Options {
    pub(in crate::cli) fn is_for_worker(&self) -> bool {
        self.worker
    }

    pub(in crate::cli) fn has_event_bus(&self) -> bool {
        self.event_bus
    }
}

/// What the policy of the topic's key demands of S3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum KeyCondition {
    /// S3 names the bucket and its account in its requests to KMS
    SourceArn,
    /// The key encrypts messages of this topic only
    EncryptionContext,
    /// S3 may use the key without a condition
    None,
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("it has no `=`")?;
    let starts_with_a_letter = name.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';

    if !starts_with_a_letter || !name.chars().all(is_name) {
        return Err("a name has letters, digits and underscores, and starts with a letter".into());
    }

    Ok((name.to_owned(), value.to_owned()))
}
