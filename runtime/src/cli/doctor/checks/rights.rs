//! What the role of the function does not allow.

use serde_json::Value;

use super::super::known::{Answer, Text, Tree};
use super::super::model::{Kind, Request, Resource, Target, allows};
use super::mappings::role;
use super::{Case, Fault};

/// Stand-ins that the policy of the manifest names, in place of what the file knows better.
const QUEUE: &str = "arn:aws:sqs:region:account:queue";
const BUCKET: &str = "BUCKET-OF-THE-EVENTS";

/// What a role must allow.
struct Need {
    action: String,
    /// `None` for the queue.
    object: Option<String>,
}

pub(super) fn missing_rights<'d>(case: &Case<'d>) -> Vec<Fault<'d>> {
    let Some(role) = role(case) else {
        return Vec::new();
    };
    let Tree::List(documents) = role.get("Policies") else {
        return Vec::new();
    };

    let is_missing = |action: &str, target: Target<'_>| {
        let request = Request {
            service: None,
            action,
            resource: Some(target),
            source: None,
        };
        Answer::any(documents.iter().map(|document| allows(document, &request))) == Answer::No
    };

    let mut missing: Vec<String> = Vec::new();
    for need in needs(case) {
        let on = match &need.object {
            None => {
                let queues = case.path.queues.iter().map(|one| one.queue);
                let mut refused =
                    queues.filter(|queue| is_missing(&need.action, Target::Resource(queue)));
                refused.next().map(|queue| queue.address.clone())
            }
            Some(object) => {
                let mut refused = targets(case, object)
                    .into_iter()
                    .filter(|target| is_missing(&need.action, target.as_target()));
                refused.next().map(|_| object.replace(BUCKET, "BUCKET"))
            }
        };
        missing.extend(on.map(|on| format!("`{}` on {on}", need.action)));
    }

    for key in case
        .path
        .queues
        .iter()
        .filter_map(|one| own_key(case, one.queue))
    {
        let is_refused = is_missing("kms:Decrypt", Target::Resource(key));
        if is_refused && admits(key, role) == Answer::No {
            missing.push(format!("`kms:Decrypt` with {}", key.address));
        }
    }

    if missing.is_empty() {
        return Vec::new();
    }
    let what = format!("the role does not allow {}", missing.join(", "));
    vec![Fault::new(
        role,
        what,
        "give the role what `policy --format iam` prints",
    )]
}

/// The key of a queue, if it is in the files.
fn own_key<'d>(case: &Case<'d>, queue: &Resource) -> Option<&'d Resource> {
    let key = case
        .deployment
        .find(Kind::Key, queue.get("KmsMasterKeyId").text())?;
    (key.get("Manager").as_str() != Some("AWS")).then_some(key)
}

/// Whether the policy of a key names the role. That of the account only allows the role's policies.
fn admits(key: &Resource, role: &Resource) -> Answer {
    let policy = key.get("KeyPolicy").document();
    let statements = policy.get("Statement");
    if policy.is_unknown() || statements.is_unknown() {
        return Answer::Maybe;
    }

    let named = statements
        .items()
        .iter()
        .flat_map(|one| one.at(&["Principal", "AWS"]).items());
    Answer::any(named.map(|principal| match principal {
        Tree::Text(text) if text.with_stars().ends_with(":root") => Answer::No,
        Tree::Text(text) => role.is(text).max(Answer::Maybe.min(is_open(text))),
        _ => Answer::Maybe,
    }))
}

/// Whether a principal may be any role.
fn is_open(principal: &Text) -> Answer {
    Answer::from(principal.with_stars().contains('*') && principal.resource().is_none())
}

/// What the routes and the dispatcher need.
fn needs(case: &Case<'_>) -> Vec<Need> {
    let mut policy = case.program.manifest.iam_policy(QUEUE, BUCKET);
    if case.program.changes_visibility {
        policy = policy.with_backoff();
    }
    let policy = serde_json::to_value(&policy).unwrap_or(Value::Null);

    let mut needs = Vec::new();
    let statements = Tree::of_json(&policy);
    for statement in statements.get("Statement").items() {
        for action in statement
            .get("Action")
            .items()
            .iter()
            .filter_map(Tree::as_str)
        {
            for resource in statement
                .get("Resource")
                .items()
                .iter()
                .filter_map(Tree::as_str)
            {
                needs.push(Need {
                    action: action.to_owned(),
                    object: (resource != QUEUE).then(|| resource.to_owned()),
                });
            }
        }
    }

    needs
}

/// An object that a role must reach.
enum Object<'d> {
    /// In a bucket that the program names.
    Named(Text),
    /// In a bucket whose events arrive, with `/` and its key.
    OfEvents(Option<&'d Resource>, String),
}

impl Object<'_> {
    fn as_target(&self) -> Target<'_> {
        match self {
            Self::Named(arn) => Target::Arn(arn),
            Self::OfEvents(bucket, key) => Target::Object(*bucket, key),
        }
    }
}

/// An object for an ARN of the manifest, in each bucket whose events arrive.
fn targets<'d>(case: &Case<'d>, arn: &str) -> Vec<Object<'d>> {
    let object = Text::literal(arn).bucket_and_key();
    let sample = sample(object.as_str().unwrap_or_default());
    let Some(key) = sample.strip_prefix(BUCKET) else {
        return vec![Object::Named(Text::literal(sample))];
    };

    let buckets = case.buckets();
    match buckets.is_empty() {
        true => vec![Object::OfEvents(None, key.to_owned())],
        false => {
            let buckets = buckets.into_iter().map(Some);
            buckets
                .map(|bucket| Object::OfEvents(bucket, key.to_owned()))
                .collect()
        }
    }
}

/// A text that the pattern of IAM matches.
fn sample(pattern: &str) -> String {
    const MARK: char = '\u{0}';

    // `${*}` is the character, and `*` any text.
    let mut sample = pattern.to_owned();
    for literal in ['*', '?', '$'] {
        sample = sample.replace(
            &format!("${{{literal}}}"),
            &format!("{MARK}{}", literal as u32),
        );
    }
    sample = sample.replace('*', "example").replace('?', "e");
    for literal in ['*', '?', '$'] {
        sample = sample.replace(&format!("{MARK}{}", literal as u32), &literal.to_string());
    }

    sample
}
