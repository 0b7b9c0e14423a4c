//! The options of `backfill`.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::primitives::DateTime;
use clap::Args;
use clap::builder::RangedU64ValueParser;
use s3_dispatch_core::EventName;

use crate::cli::catch_up::objects::{Origin, Scope};
use crate::cli::catch_up::progress::Run;
use crate::cli::catch_up::selection::time;
use crate::cli::environment::arguments::{bucket_name, check_times, queue_url};

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("origin").args(["inventory", "keys", "manifest"]))]
pub(in crate::cli) struct Options {
    /// The bucket
    #[arg(long, value_name = "BUCKET", value_parser = bucket_name)]
    bucket: String,

    /// Only keys that begin with this
    #[arg(long, value_name = "PREFIX")]
    prefix: Option<String>,

    /// Only objects that were last modified at this time or later: 2026-04-07T14:30:00Z,
    /// 2026-04-07 (UTC), or 2d, 6h, 30m for that long ago
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Moment>,

    /// Only objects that were last modified before this time
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<Moment>,

    /// The event of every object, instead of ObjectCreated:CompleteMultipartUpload for objects that
    /// were uploaded in parts, and ObjectCreated:Put for all others
    #[arg(long, value_name = "NAME", value_parser = event)]
    event: Option<EventName>,

    /// Older versions and delete markers as well, the oldest of each key first
    #[arg(long, conflicts_with_all = ["keys", "manifest"])]
    versions: bool,

    /// Read the objects from a report of S3 Inventory in CSV: the path or the s3:// URL of its
    /// manifest.json
    #[arg(long, value_name = "MANIFEST")]
    inventory: Option<String>,

    /// Read the objects from a file of keys, one on each line, not encoded; - for standard input
    #[arg(long, value_name = "FILE")]
    keys: Option<String>,

    /// Read the objects from a manifest of S3 Batch Operations: lines of bucket,key or
    /// bucket,key,version, encoded; - for standard input
    #[arg(long, value_name = "FILE")]
    manifest: Option<String>,

    /// Ask S3 about each object of --keys or --manifest: its size, ETag and time, and whether it is
    /// there
    #[arg(long, requires = "origin", conflicts_with = "inventory")]
    head: bool,

    /// Handle the events here
    #[arg(long)]
    pub(super) here: bool,

    /// Send the events to the queue with this URL
    #[arg(long, value_name = "URL", value_parser = queue_url, conflicts_with = "here")]
    pub(super) to: Option<String>,

    /// Only count: handle and send nothing
    #[arg(long)]
    pub(super) dry_run: bool,

    /// How many handlers may run at once with --here [default: what the program sets, or 10]
    #[arg(long, value_name = "HANDLERS", requires = "here", value_parser = number(1, 100_000))]
    pub(super) concurrency: Option<u64>,

    /// How long handlers may go on with --here after SIGTERM or Ctrl-C [default: 25]
    #[arg(long, value_name = "SECONDS", requires = "here", value_parser = number(0, 43_200))]
    drain: Option<u64>,

    /// How often an event is tried with --here, if it fails and a retry may help
    #[arg(long, value_name = "TIMES", default_value = "3", value_parser = number(1, 100))]
    pub(super) attempts: u64,

    /// How many events may be begun in a second, at most
    #[arg(long, value_name = "EVENTS", value_parser = number(1, 1_000_000))]
    rate: Option<u64>,

    /// Keep in this file what is done, and go on from there if it exists
    #[arg(long, value_name = "FILE")]
    pub(super) resume: Option<PathBuf>,

    /// End after this many events
    #[arg(long, value_name = "EVENTS", value_parser = number(1, u64::MAX))]
    pub(super) limit: Option<u64>,
}

/// A time, and how it was written.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    text: String,
    pub(super) time: DateTime,
}

impl Options {
    /// Says what is wrong with the options as a whole.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        if !self.here && self.to.is_none() && !self.dry_run {
            return Err(
                "say what to do with the events: `--here` handles them in this process, \
                        `--to URL` sends them to a queue, and `--dry-run` only counts them",
            );
        }
        check_times(self.since(), self.until())?;
        let is_a_list = self.keys.is_some() || self.manifest.is_some();
        if (self.since.is_some() || self.until.is_some()) && is_a_list && !self.head {
            return Err(
                "a list of keys does not say when objects were last modified: add `--head` \
                        to use `--since` and `--until`",
            );
        }
        let is_stdin = [&self.keys, &self.manifest]
            .iter()
            .any(|file| file.as_deref() == Some("-"));
        if self.resume.is_some() && is_stdin {
            return Err("standard input cannot be read again, so `--resume` needs a file of keys");
        }

        Ok(())
    }

    pub(super) fn bucket(&self) -> &str {
        &self.bucket
    }

    pub(super) fn prefix(&self) -> Option<&str> {
        self.prefix.as_deref()
    }

    pub(super) fn scope(&self) -> Scope {
        Scope {
            bucket: self.bucket.clone(),
            prefix: self.prefix.clone(),
        }
    }

    pub(super) fn since(&self) -> Option<DateTime> {
        self.since.as_ref().map(|moment| moment.time)
    }

    pub(super) fn until(&self) -> Option<DateTime> {
        self.until.as_ref().map(|moment| moment.time)
    }

    pub(super) fn event(&self) -> Option<&EventName> {
        self.event.as_ref()
    }

    pub(super) fn versions(&self) -> bool {
        self.versions
    }

    pub(super) fn drain(&self) -> Duration {
        Duration::from_secs(self.drain.unwrap_or(25))
    }

    pub(super) fn head(&self) -> bool {
        self.head
    }

    /// Events a second.
    pub(super) fn rate(&self) -> Option<u32> {
        // At most a million, as its parser says.
        self.rate.map(|rate| rate as u32)
    }

    pub(super) fn origin(&self) -> Origin {
        if let Some(manifest) = &self.inventory {
            Origin::Inventory(manifest.clone())
        } else if let Some(file) = &self.keys {
            Origin::Keys(file.clone())
        } else if let Some(file) = &self.manifest {
            Origin::Manifest(file.clone())
        } else if self.versions {
            Origin::Versions
        } else {
            Origin::Listing
        }
    }

    /// What a run with these options is. How fast it is, and how long, makes no difference.
    pub(super) fn run(&self) -> Run {
        let text = |text: &Option<String>| text.clone();
        let moment = |moment: &Option<Moment>| moment.as_ref().map(|moment| moment.text.clone());
        let flag = |is_set: bool| is_set.then(|| "yes".to_owned());

        let options = [
            ("--bucket", Some(self.bucket.clone())),
            ("--prefix", text(&self.prefix)),
            ("--since", moment(&self.since)),
            ("--until", moment(&self.until)),
            ("--event", self.event.as_ref().map(ToString::to_string)),
            ("--versions", flag(self.versions)),
            ("--inventory", text(&self.inventory)),
            ("--keys", text(&self.keys)),
            ("--manifest", text(&self.manifest)),
            ("--head", flag(self.head)),
            ("--here", flag(self.here)),
            ("--to", text(&self.to)),
        ];
        let given = options
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)));

        Run(given.collect())
    }
}

fn moment(text: &str) -> Result<Moment, &'static str> {
    let time = time(text, SystemTime::now())?;
    Ok(Moment {
        text: text.to_owned(),
        time,
    })
}

fn event(text: &str) -> Result<EventName, String> {
    let name = EventName::parse(text);
    if name.is_known() {
        Ok(name)
    } else {
        Err("not an event of S3, such as ObjectCreated:Put".to_owned())
    }
}

fn number(smallest: u64, largest: u64) -> RangedU64ValueParser<u64> {
    RangedU64ValueParser::new().range(smallest..=largest)
}
