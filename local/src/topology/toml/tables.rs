//! The tables of a topology file, and the parts that they become.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::super::{FunctionSpec, MappingSpec, QueueSpec, RuleSpec, SubscriptionSpec};
use super::values::{CommandWords, EventType, PolicyValue, RuleValue, Seconds, UrlText};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TopologyFile {
    #[serde(default)]
    pub(super) bucket: Vec<BucketTable>,
    #[serde(default)]
    pub(super) topic: Vec<TopicTable>,
    #[serde(default)]
    pub(super) subscription: Vec<SubscriptionTable>,
    #[serde(default)]
    pub(super) rule: Vec<RuleTable>,
    #[serde(default)]
    pub(super) queue: Vec<QueueTable>,
    #[serde(default)]
    pub(super) function: Vec<Spanned<FunctionTable>>,
    #[serde(default)]
    pub(super) mapping: Vec<MappingTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BucketTable {
    pub(super) name: String,
    #[serde(default)]
    pub(super) eventbridge: bool,
    #[serde(default)]
    pub(super) notification: Vec<Spanned<NotificationTable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NotificationTable {
    pub(super) id: Option<String>,
    pub(super) events: Vec<EventType>,
    #[serde(default)]
    pub(super) prefix: String,
    #[serde(default)]
    pub(super) suffix: String,
    pub(super) topic: Option<String>,
    pub(super) queue: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TopicTable {
    pub(super) name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SubscriptionTable {
    topic: String,
    queue: String,
    filter_policy: Option<PolicyValue>,
    raw_delivery: Option<bool>,
    dead_letter_queue: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleTable {
    name: String,
    pattern: RuleValue,
    queue: String,
    dead_letter_queue: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QueueTable {
    name: String,
    visibility_timeout: Option<Seconds>,
    delay: Option<Seconds>,
    retention: Option<Seconds>,
    max_message_size: Option<usize>,
    receive_wait: Option<Seconds>,
    capacity: Option<usize>,
    pub(super) dead_letter_queue: Option<Spanned<String>>,
    pub(super) max_receive_count: Option<Spanned<u32>>,
    content_based_deduplication: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FunctionTable {
    name: String,
    pub(super) command: Option<Spanned<CommandWords>>,
    pub(super) url: Option<Spanned<UrlText>>,
    timeout: Option<Seconds>,
    memory: Option<u32>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    #[serde(default)]
    inherit_environment: bool,
    reserved_concurrency: Option<usize>,
    #[serde(default)]
    may_recur: bool,
    #[serde(default)]
    worker: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MappingTable {
    queue: String,
    function: String,
    batch_size: Option<usize>,
    batch_window: Option<Seconds>,
    maximum_concurrency: Option<usize>,
    report_batch_item_failures: Option<bool>,
}

impl SubscriptionTable {
    pub(super) fn into_spec(self) -> SubscriptionSpec {
        let mut spec = SubscriptionSpec::new(self.topic, self.queue);
        spec.filter_policy = self.filter_policy.map(|PolicyValue(policy)| policy);
        set(&mut spec.raw_delivery, self.raw_delivery);
        spec.dead_letter_queue = self.dead_letter_queue;

        spec
    }
}

impl RuleTable {
    pub(super) fn into_spec(self) -> RuleSpec {
        let mut spec = RuleSpec::new(self.name, self.pattern.0, self.queue);
        spec.dead_letter_queue = self.dead_letter_queue;

        spec
    }
}

impl QueueTable {
    /// The queue. A redrive policy needs both of its fields.
    pub(super) fn into_spec(self) -> QueueSpec {
        let mut spec = QueueSpec::new(self.name);
        if let (Some(target), Some(count)) = (self.dead_letter_queue, self.max_receive_count) {
            spec = spec.with_redrive(target.into_inner(), count.into_inner());
        }

        set(
            &mut spec.visibility_timeout,
            self.visibility_timeout.map(Seconds::duration),
        );
        set(&mut spec.delay, self.delay.map(Seconds::duration));
        set(&mut spec.retention, self.retention.map(Seconds::duration));
        set(&mut spec.max_message_size, self.max_message_size);
        set(
            &mut spec.receive_wait,
            self.receive_wait.map(Seconds::duration),
        );
        set(&mut spec.capacity, self.capacity);
        set(
            &mut spec.content_based_deduplication,
            self.content_based_deduplication,
        );

        spec
    }
}

impl FunctionTable {
    /// The function; `folder` is the folder of the topology file.
    pub(super) fn into_spec(self, folder: &Path) -> FunctionSpec {
        let mut spec = FunctionSpec::new(self.name);
        if let Some(CommandWords(words)) = self.command.map(Spanned::into_inner) {
            let mut words = words.into_iter();
            spec.program = words.next().map(|program| locate(&program, folder));
            spec.arguments = words.collect();
        }

        spec.invoke_url = self.url.map(|url| url.into_inner().0);
        set(&mut spec.timeout, self.timeout.map(Seconds::duration));
        set(&mut spec.memory, self.memory);
        spec.environment = self.environment;
        spec.inherits_environment = self.inherit_environment;
        spec.reserved_concurrency = self.reserved_concurrency;
        spec.may_recur = self.may_recur;
        spec.is_worker = self.worker;

        spec
    }
}

impl MappingTable {
    pub(super) fn into_spec(self) -> MappingSpec {
        let mut spec = MappingSpec::new(self.queue, self.function);
        set(&mut spec.batch_size, self.batch_size);
        set(
            &mut spec.batch_window,
            self.batch_window.map(Seconds::duration),
        );
        set(&mut spec.maximum_concurrency, self.maximum_concurrency);
        set(
            &mut spec.report_batch_item_failures,
            self.report_batch_item_failures,
        );

        spec
    }
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

/// Finds a program in the folder or, if it is a bare name, in the search path.
fn locate(program: &str, folder: &Path) -> PathBuf {
    let in_folder = folder.join(program);
    if in_folder.exists() || Path::new(program).components().count() > 1 {
        return in_folder;
    }

    let search_path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&search_path)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file());
    found.unwrap_or(in_folder)
}
