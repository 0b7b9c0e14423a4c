//! What policies allow.

use super::super::known::{Answer, Part, Text, Tree, matches_glob};
use super::resource::Resource;

/// What somebody wants to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'r> {
    /// The service that asks, such as `sns.amazonaws.com`. `None` for the role that has the policy.
    pub(crate) service: Option<&'r str>,
    pub(crate) action: &'r str,
    /// On what. `None` in the policy of a key, which is about this key.
    pub(crate) resource: Option<Target<'r>>,
    /// On behalf of which resource the service asks.
    pub(crate) source: Option<&'r Resource>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Target<'r> {
    Resource(&'r Resource),
    /// The ARN of an object of a bucket that the program names.
    Arn(&'r Text),
    /// An object of a bucket of the file, or of one that nobody knows: `/` and its key.
    Object(Option<&'r Resource>, &'r str),
}

/// Whether a policy document allows the request. Without a document nothing is allowed.
///
/// A denial with a condition is taken for one that does not apply, such as that of requests without
/// TLS.
pub(crate) fn allows(document: &Tree, request: &Request<'_>) -> Answer {
    let document = document.document();
    match document {
        Tree::Null => return Answer::No,
        Tree::Map(_) => {}
        _ => return Answer::Maybe,
    }

    let statements = document.get("Statement");
    if statements.is_unknown() {
        return Answer::Maybe;
    }

    let mut allowed = Answer::No;
    for statement in statements.items() {
        let Tree::Map(_) = statement else {
            allowed = allowed.max(Answer::Maybe);
            continue;
        };

        let applies = applies(statement, request);
        match statement.get("Effect").as_str() {
            Some("Allow") => allowed = allowed.max(applies),
            Some("Deny") if applies == Answer::Yes && statement.get("Condition").is_null() => {
                return Answer::No;
            }
            Some("Deny") => {}
            _ => allowed = allowed.max(applies.min(Answer::Maybe)),
        }
    }

    allowed
}

fn applies(statement: &Tree, request: &Request<'_>) -> Answer {
    let negated = ["NotAction", "NotResource", "NotPrincipal"];
    if negated.iter().any(|name| !statement.get(name).is_null()) {
        return Answer::Maybe;
    }

    Answer::all([
        is_principal(statement.get("Principal"), request),
        Answer::any(
            statement
                .get("Action")
                .items()
                .iter()
                .map(|action| covers_action(action, request)),
        ),
        is_resource(statement.get("Resource"), request),
        conditions_hold(statement.get("Condition"), request),
    ])
}

fn is_principal(principal: &Tree, request: &Request<'_>) -> Answer {
    let Some(service) = request.service else {
        return Answer::Yes;
    };
    if principal.as_str() == Some("*") {
        return Answer::Yes;
    }

    match principal {
        Tree::Map(_) => {
            let services = principal.get("Service").items();
            // `"AWS": "*"` means everybody, services as well.
            let everybody = principal.get("AWS").items().iter();
            let everybody = everybody.map(|name| Answer::from(name.as_str() == Some("*")));
            Answer::any(
                services
                    .iter()
                    .map(|name| is_service(name, service))
                    .chain(everybody),
            )
        }
        Tree::Null => Answer::No,
        _ => Answer::Maybe,
    }
}

fn is_service(name: &Tree, service: &str) -> Answer {
    match name.text().map(Text::with_stars) {
        Some(name) if name == service => Answer::Yes,
        Some(pattern) if pattern.contains('*') && matches_glob(&pattern, service) => Answer::Maybe,
        Some(_) => Answer::No,
        None => Answer::Maybe,
    }
}

fn covers_action(pattern: &Tree, request: &Request<'_>) -> Answer {
    match pattern.as_str() {
        // `SQS:SendMessage` is the same as `sqs:SendMessage`.
        Some(pattern) => {
            let (pattern, action) = (pattern.to_ascii_lowercase(), request.action);
            matches_glob(&pattern, &action.to_ascii_lowercase()).into()
        }
        None => Answer::Maybe,
    }
}

fn is_resource(patterns: &Tree, request: &Request<'_>) -> Answer {
    let Some(target) = request.resource else {
        return Answer::Yes;
    };
    if patterns.is_null() {
        // Only the policies of resources may leave it out.
        return Answer::from(request.service.is_some());
    }

    let covers = |pattern: &Tree| match (pattern, target) {
        (Tree::Text(pattern), Target::Resource(resource)) => names(pattern, resource),
        (Tree::Text(pattern), Target::Arn(arn)) => pattern.bucket_and_key().matches(arn),
        (Tree::Text(pattern), Target::Object(bucket, key)) => {
            let pattern = pattern.bucket_and_key();
            pattern.matches(&object(&pattern, bucket, key))
        }
        _ => Answer::Maybe,
    };
    Answer::any(patterns.items().iter().map(covers))
}

/// An object's bucket and key, with the bucket in the form in which the pattern has it.
fn object(pattern: &Text, bucket: Option<&Resource>, key: &str) -> Text {
    let named = bucket.map(
        |bucket| match (pattern.parts().first(), bucket.get("BucketName")) {
            (Some(Part::Of(address)), _) if bucket.is(&Text::of(address)) == Answer::Yes => {
                Part::Of(address.clone())
            }
            (Some(Part::Of(_)), _) => Part::Of(bucket.address.clone()),
            (_, name) => match name.as_str() {
                Some(name) => Part::Literal(name.to_owned()),
                None => Part::Of(bucket.address.clone()),
            },
        },
    );

    let bucket = named.unwrap_or(Part::Unknown);
    Text::new(vec![bucket, Part::Literal(key.to_owned())])
}

/// Whether the pattern of an ARN covers a resource.
fn names(pattern: &Text, resource: &Resource) -> Answer {
    match pattern.as_str() {
        Some(text) if text.contains(['*', '?']) => match resource.arn() {
            Some(arn) => matches_glob(text, arn).into(),
            None if text == "*" => Answer::Yes,
            None => {
                // The last part is all that is known.
                let last = text.rsplit(':').next().unwrap_or(text);
                let mut names = resource.identities.iter();
                match resource.identities.is_empty() {
                    true => Answer::Maybe,
                    false => names.any(|name| matches_glob(last, name)).into(),
                }
            }
        },
        Some(_) => resource.is(pattern),
        None if pattern.resource().is_some() => resource.is(pattern),
        None => resource_in_part(pattern, resource),
    }
}

/// Compares an ARN with open parts, such as `arn:aws:sqs:${AWS::Region}:…:uploads`.
fn resource_in_part(pattern: &Text, resource: &Resource) -> Answer {
    let Some(Part::Literal(end)) = pattern.parts().last() else {
        return Answer::Maybe;
    };
    let Some((_, name)) = end.rsplit_once(':') else {
        return Answer::Maybe;
    };

    if resource.identities.is_empty() {
        return Answer::Maybe;
    }
    let mut own = resource.identities.iter();
    let is_named = own.any(|own| matches_glob(name, own.rsplit([':', '/']).next().unwrap_or(own)));
    if is_named { Answer::Yes } else { Answer::No }
}

/// Whether the conditions hold. What they ask besides the source is not known.
fn conditions_hold(conditions: &Tree, request: &Request<'_>) -> Answer {
    match conditions {
        Tree::Null => return Answer::Yes,
        Tree::Map(_) => {}
        _ => return Answer::Maybe,
    }
    let Tree::Map(operators) = conditions else {
        return Answer::Maybe;
    };

    let hold = operators.iter().flat_map(|(operator, keys)| match keys {
        Tree::Map(keys) => {
            let keys = keys.iter();
            keys.map(|(key, values)| condition_holds(operator, key, values, request))
                .collect()
        }
        _ => vec![Answer::Maybe],
    });
    Answer::all(hold)
}

fn condition_holds(operator: &str, key: &str, values: &Tree, request: &Request<'_>) -> Answer {
    let compares_texts = ["ArnEquals", "ArnLike", "StringEquals", "StringLike"]
        .iter()
        .any(|known| operator.trim_end_matches("IfExists") == *known);

    match (key.to_ascii_lowercase().as_str(), request.source) {
        ("aws:sourcearn", Some(source)) if compares_texts => {
            let values = values.items().iter();
            Answer::any(values.map(|value| match value {
                Tree::Text(pattern) => names(pattern, source),
                _ => Answer::Maybe,
            }))
        }
        // The account and the transport are as they should be unless proven otherwise.
        ("aws:sourceaccount" | "aws:securetransport" | "aws:sourceorgid", _) => Answer::Yes,
        _ => Answer::Maybe,
    }
}
