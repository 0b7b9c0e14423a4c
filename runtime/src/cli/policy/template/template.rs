//! The template: its pieces, put together.

use std::error::Error;

use s3_dispatch_core::Manifest;
use s3_dispatch_core::manifest::Warning;
use serde_json::json;

use super::member::{Member, other_member, own_member};
use super::options::Options;
use super::piece::Filling;
use super::settings::{Flavor, shared};
use super::yaml::block;

/// A template as YAML, and the warnings about it.
pub(in crate::cli) struct Template {
    pub(in crate::cli) yaml: String,
    pub(in crate::cli) warnings: Vec<Warning>,
    /// Whether the filters let through hardly more than the routes take.
    pub(in crate::cli) is_close: bool,
}

impl Template {
    /// Writes the template for a program, and for those whose files the options name.
    pub(in crate::cli) fn new(
        manifest: &Manifest,
        program: &str,
        flavor: Flavor,
        options: &Options,
    ) -> Result<Self, Box<dyn Error>> {
        if options.batch_size > 10 && options.batch_window_seconds == 0 {
            return Err("a `--batch-size` above 10 needs a `--batch-window-seconds`".into());
        }
        refuse_own_variables(options)?;

        let (own, warnings, is_close) = own_member(manifest, program, options)?;
        let mut members = vec![own];
        for file in &options.with {
            members.push(other_member(file)?);
        }

        let mut filling = shared(flavor, options);
        set_members(&mut filling, &members);
        let fillings: Vec<_> = members
            .iter()
            .map(|member| member.filling(&filling, options))
            .collect();

        let resources = resources(&filling, &fillings);
        refuse_duplicates(&resources)?;
        let mut yaml = head_comment(&members);
        yaml += &filling.fill(include_str!("pieces/head.yaml"));
        yaml += &resources;
        yaml += &filling.fill(include_str!("pieces/outputs.yaml"));
        for filling in &fillings {
            yaml += &filling.fill(include_str!("pieces/processor-outputs.yaml"));
        }

        Ok(Self {
            yaml,
            warnings,
            is_close,
        })
    }
}

/// What is written about all members together.
fn set_members(filling: &mut Filling, members: &[Member]) {
    let names: Vec<_> = members.iter().map(|member| &*member.name).collect();
    filling.set("programs", names.join(", "));

    let keys: Vec<_> = members.iter().map(package_key).collect();
    filling.set("package-keys", keys.join("\n"));

    let fed = if filling.has("topic") {
        "Subscription"
    } else {
        "Rule"
    };
    let mut deliveries: Vec<_> = members
        .iter()
        .map(|member| format!("{}{fed}", member.id))
        .collect();
    if filling.has("own-topic") {
        deliveries.insert(0, String::from("TopicPolicy"));
    }
    filling.set("deliveries", block(&json!(deliveries)));

    let events = bucket_events(members);
    let topic = if filling.has("existing-topic") {
        "TopicArn"
    } else {
        "Topic"
    };
    let configurations = events
        .iter()
        .map(|event| json!({"Event": event, "Topic": {"Ref": topic}}));
    filling.set("topic-configurations", block(&configurations.collect()));

    let notification = if filling.has("topic") {
        let topic = format!("${{{topic}}}");
        json!({"TopicConfigurations": [{"TopicArn": topic, "Events": events}]})
    } else {
        json!({"EventBridgeConfiguration": {}})
    };
    filling.set("notification", notification.to_string());
    // cfn-lint objects to `!Sub` without a variable.
    let folded = if filling.has("topic") {
        "!Sub >-"
    } else {
        ">-"
    };
    filling.set("folded", folded);
}

fn package_key(member: &Member) -> String {
    let id = &member.id;
    let name = &member.name;
    format!(
        "{id}PackageKey:\n  Type: String\n  Description: The key of the package of {name}, as \
         `scripts/package` builds it."
    )
}

/// The event types of all programs. S3 rejects types that overlap, so a category such as
/// `s3:ObjectCreated:*` replaces the types inside it.
fn bucket_events(members: &[Member]) -> Vec<String> {
    let mut wanted: Vec<_> = members
        .iter()
        .flat_map(|member| member.events.clone())
        .collect();
    wanted.sort();
    wanted.dedup();

    let all = wanted.clone();
    wanted.retain(|event| {
        let category = event
            .rsplit_once(':')
            .map(|(category, _)| format!("{category}:*"));
        event.ends_with(":*") || category.is_none_or(|category| !all.contains(&category))
    });

    wanted
}

fn resources(shared: &Filling, fillings: &[Filling]) -> String {
    let mut resources = shared.fill(include_str!("pieces/topic.yaml"));
    if !shared.has("existing-bucket") {
        resources += &shared.fill(include_str!("pieces/bucket.yaml"));
    }

    if shared.has("store") {
        resources += &shared.fill(include_str!("pieces/store.yaml"));
    }

    let consumer = if shared.has("worker") {
        include_str!("pieces/worker.yaml")
    } else {
        include_str!("pieces/function.yaml")
    };

    for filling in fillings {
        for piece in [
            include_str!("pieces/queues.yaml"),
            include_str!("pieces/feed.yaml"),
            consumer,
            include_str!("pieces/alarms.yaml"),
        ] {
            resources += &filling.fill(piece);
        }
    }

    resources
}

/// Refuses variables that the functions have already: a name that is there twice is no YAML.
fn refuse_own_variables(options: &Options) -> Result<(), Box<dyn Error>> {
    let own = [
        ("S3_DISPATCH_QUEUE_URL", true),
        ("S3_DISPATCH_DEAD_LETTERS_URL", true),
        ("S3_DISPATCH_STORE_TABLE", options.store),
    ];
    let mut names = own.into_iter().filter(|(_, is_set)| *is_set);
    let is_given = |name: &str| options.environment.iter().any(|(given, _)| given == name);

    match names.find(|(name, _)| is_given(name)) {
        Some((name, _)) => Err(format!("the template sets `{name}` itself").into()),
        None => Ok(()),
    }
}

fn refuse_duplicates(resources: &str) -> Result<(), Box<dyn Error>> {
    let mut seen = Vec::new();
    for line in resources.lines() {
        let is_resource = line.starts_with("  ") && !line.starts_with("   ") && line.ends_with(':');
        if is_resource && seen.contains(&line) {
            let id = line.trim().trim_end_matches(':');
            return Err(format!("two programs would have the same resource `{id}`").into());
        }
        if is_resource {
            seen.push(line);
        }
    }

    Ok(())
}

fn head_comment(members: &[Member]) -> String {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let mut command = arguments.join(" ");
    command.retain(|character| !character.is_control());
    let program = members.first().map_or("", |member| &*member.name);

    format!(
        "# Derived from the routes of the programs. Write it again when they change:\n#\n#     \
         {program} {command}\n#\n# The stack's name is a part of all names: with that of a program \
         it may have 64 characters.\n"
    )
}
