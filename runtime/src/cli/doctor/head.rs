//! Which function, or which worker's queue, a program is.

use super::known::Answer;
use super::model::{Deployment, Kind, Path, QueueOf, Resource, Source};

/// Finds the resource by the name that the user gave, or else by the program's name.
pub(super) fn find<'d>(
    deployment: &'d Deployment,
    wanted: Option<&str>,
    program: Option<&str>,
) -> Result<&'d Resource, String> {
    let candidates = candidates(deployment);
    let name = wanted.or(program).unwrap_or_default();

    let exact: Vec<_> = candidates
        .iter()
        .filter(|one| is_named(one, name))
        .collect();
    if let [only] = exact[..] {
        return Ok(only);
    }
    let similar: Vec<_> = candidates
        .iter()
        .filter(|one| is_similar(one, name))
        .collect();
    if let [only] = similar[..] {
        return Ok(only);
    }

    match (&candidates[..], wanted) {
        ([only], None) => Ok(only),
        ([], _) => {
            Err("no function with a queue, and no queue that gets events, is in it".to_owned())
        }
        (several, _) => {
            let names: Vec<_> = several.iter().map(|one| one.address.as_str()).collect();
            let names = names.join(", ");
            Err(match wanted {
                Some(wanted) => format!("`{wanted}` is not one of these processors: {names}"),
                None => format!("it has several processors; name one with `--processor`: {names}"),
            })
        }
    }
}

/// The functions that read a queue, and the queues with events that no function reads.
fn candidates(deployment: &Deployment) -> Vec<&Resource> {
    let functions = deployment.all(Kind::Function).filter(|function| {
        let mut read = deployment.pointing_at(Kind::Mapping, "FunctionName", function);
        read.next().is_some()
    });
    let queues = deployment.all(Kind::Queue).filter(|queue| {
        let mut readers = deployment.all(Kind::Mapping);
        let is_read = readers.any(|one| one.names("EventSourceArn", queue) == Answer::Yes);
        !is_read
            && Path::of(deployment, queue)
                .queues
                .iter()
                .any(|one| !one.feeds.is_empty())
    });

    functions.chain(queues).collect()
}

fn is_named(resource: &Resource, name: &str) -> bool {
    resource.address == name || resource.identities.iter().any(|identity| identity == name)
}

/// Whether the name is a part of the resource's, whatever stands between the words:
/// `put-processor` and `PutProcessorFunction`.
fn is_similar(resource: &Resource, name: &str) -> bool {
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(|character| character.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    let name = plain(name);
    let mut names = resource.identities.iter().chain([&resource.address]);

    !name.is_empty() && names.any(|own| plain(own).contains(&name))
}

/// What was found on the way to the program, a line for each feed.
pub(super) fn description(path: &Path<'_>) -> Vec<String> {
    let reader = path
        .function
        .map_or("a worker", |function| &function.address);
    let lines = path.queues.iter().flat_map(|queue| {
        let feeds = queue.feeds.iter().map(|feed| {
            let source = match &feed.source {
                Source::Subscription {
                    subscription,
                    topic,
                } => {
                    let topic =
                        topic.map_or("a topic that it does not name", |topic| &topic.address);
                    format!("{} < {topic}", subscription.address)
                }
                Source::Rule { rule, .. } => rule.address.clone(),
                Source::Bucket => "its notification".to_owned(),
            };
            let buckets: Vec<_> = feed
                .buckets
                .iter()
                .map(|one| one.address.as_str())
                .collect();
            let buckets = match buckets.is_empty() {
                true => "a bucket that it does not name".to_owned(),
                false => buckets.join(", "),
            };
            format!("{reader} < {} < {source} < {buckets}", queue.queue.address)
        });
        let unknown = is_unfed(queue).then(|| {
            format!(
                "{reader} < {} < something that it does not name",
                queue.queue.address
            )
        });
        feeds.chain(unknown).collect::<Vec<_>>()
    });

    lines.collect()
}

fn is_unfed(queue: &QueueOf<'_>) -> bool {
    queue.feeds.is_empty() || queue.may_have_more
}
