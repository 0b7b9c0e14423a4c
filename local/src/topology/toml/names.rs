//! The names that a filter policy or a pattern of EventBridge compares events with. One that no
//! event of S3 has is a mistake, because it can never match.

use s3_dispatch::__private::nearest_pattern;
use s3_dispatch::EventName;
use s3_dispatch_testing::RecordBuilder;
use serde_json::Value;

/// What is wrong with a filter policy whose `Records.eventName` lists an event that S3 does not
/// have. Records have names without `s3:`, and a star stands for itself.
pub(super) fn unknown_event(policy: &str) -> Option<String> {
    let is_known = |name: &str| EventName::KNOWN.iter().any(|known| known.as_str() == name);

    let conditions = conditions(policy, &["Records", "eventName"]);
    let mut names = conditions.iter().filter_map(Value::as_str);
    let name = names.find(|name| !is_known(name))?;
    let bare = name.strip_prefix("s3:").unwrap_or(name);

    let hint = match bare.strip_suffix('*') {
        Some(prefix) => format!("; did you mean `{{ prefix = \"{prefix}\" }}`?"),
        None if is_known(bare) => format!("; did you mean `{bare}`?"),
        None => nearest_pattern(bare)
            .filter(|nearest| is_known(nearest))
            .map_or(String::new(), |nearest| {
                format!("; did you mean `{nearest}`?")
            }),
    };

    Some(format!(
        "the filter policy names the event `{name}`, which no record has{hint}"
    ))
}

/// What is wrong with a pattern whose `detail-type` lists only types that no event of S3 has.
/// Another service may send the others.
pub(super) fn unknown_detail_type(pattern: &str) -> Option<String> {
    let known: Vec<_> = EventName::KNOWN.iter().filter_map(detail_type).collect();

    let conditions = conditions(pattern, &["detail-type"]);
    let is_unknown = |condition: &Value| {
        let text = condition.as_str();
        text.is_some_and(|text| known.iter().all(|known| known != text))
    };
    let first = conditions.first().and_then(Value::as_str)?;

    conditions.iter().all(is_unknown).then(|| {
        format!("the event pattern names the detail type `{first}`, which no event of S3 has")
    })
}

/// The type of an event in EventBridge, such as `Object Created`. `None` if it has no form there.
fn detail_type(name: &EventName) -> Option<String> {
    let event = RecordBuilder::new(name.clone()).to_eventbridge_json()?;
    let event: Value = serde_json::from_str(&event).ok()?;

    Some(event["detail-type"].as_str()?.to_owned())
}

/// What the field at this path is compared with.
fn conditions(filter: &str, path: &[&str]) -> Vec<Value> {
    let filter: Value = serde_json::from_str(filter).unwrap_or_default();
    let field = path.iter().try_fold(&filter, |value, name| value.get(name));

    field.and_then(Value::as_array).cloned().unwrap_or_default()
}
