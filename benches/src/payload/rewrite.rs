//! Rewrites a notification: other orders, and additional members.

use super::json::Json;

pub(crate) fn reversed(json: Json) -> Json {
    match json {
        Json::Object(members) => Json::Object(
            members
                .into_iter()
                .rev()
                .map(|(name, value)| (name, reversed(value)))
                .collect(),
        ),
        Json::Array(items) => Json::Array(items.into_iter().map(reversed).collect()),
        other => other,
    }
}

pub(crate) fn repeated(json: Json) -> Json {
    match json {
        Json::Object(members) => {
            let twice = |(name, value): (String, Json)| {
                [
                    (name.clone(), altered(value.clone())),
                    (name, repeated(value)),
                ]
            };
            Json::Object(members.into_iter().flat_map(twice).collect())
        }
        Json::Array(items) => Json::Array(items.into_iter().map(repeated).collect()),
        other => other,
    }
}

/// Replaces bucket names, keys and sizes, so that a test notices if they are read.
fn altered(json: Json) -> Json {
    match json {
        Json::Object(members) => {
            let alter = |(name, value): (String, Json)| match (&*name, value) {
                ("name" | "key", Json::Text(_)) => (name, Json::Text("superseded".to_owned())),
                ("size", _) => (name, Json::Word("1".to_owned())),
                (_, value) => (name, altered(value)),
            };
            Json::Object(members.into_iter().map(alter).collect())
        }
        Json::Array(items) => Json::Array(items.into_iter().map(altered).collect()),
        other => other,
    }
}

/// Adds members at the start of every object, except `responseElements`, which has only strings.
pub(crate) fn with_first(json: Json, members: &[(String, Json)]) -> Json {
    match json {
        Json::Object(own) => {
            let own = own.into_iter().map(|(name, value)| match &*name {
                "responseElements" => (name, value),
                _ => (name.clone(), with_first(value, members)),
            });
            Json::Object(members.iter().cloned().chain(own).collect())
        }
        Json::Array(items) => Json::Array(
            items
                .into_iter()
                .map(|item| with_first(item, members))
                .collect(),
        ),
        other => other,
    }
}

pub(crate) fn unknown_members() -> Vec<(String, Json)> {
    let value = concat!(
        r#"{"enabled":true,"previous":null,"limits":[1,25,30000],"#,
        r#""note":"not of this version: \"\\\""}"#,
    );

    [
        "objectLockEventData",
        "keyring",
        "s3Extension",
        "nameOfOwner",
    ]
    .map(|name| (name.to_owned(), Json::read(value)))
    .to_vec()
}

pub(crate) fn foreign_members() -> Vec<(String, Json)> {
    ["Event", "Type", "Sns", "Message"]
        .map(|name| (name.to_owned(), Json::read(r#""s3:Other""#)))
        .to_vec()
}

/// Adds the extra data of every event.
pub(crate) fn with_rare_members(json: Json) -> Json {
    let of_record = r#"{
        "glacierEventData":{"restoreEventData":{
            "lifecycleRestorationExpiryTime":"2026-04-08T00:00:00.000Z",
            "lifecycleRestoreStorageClass":"GLACIER"}},
        "replicationEventData":{"replicationRuleId":"to-backup",
            "destinationBucket":"arn:aws:s3:::amzn-s3-demo-backup",
            "s3Operation":"OBJECT_PUT","requestTime":"2026-04-07T00:00:00.000Z"},
        "intelligentTieringEventData":{"destinationAccessTier":"ARCHIVE_ACCESS"},
        "lifecycleEventData":{"transitionEventData":{"destinationStorageClass":"GLACIER"}},
        "objectAnnotation":[{"name":"label","size":7,"eTag":"d41d8cd98f00b204e9800998ecf8427e"}],
        "objectRetentionEventData":{"mode":"GOVERNANCE",
            "retainUntilDate":"2027-04-07T00:00:00.000Z"}
    }"#;

    let of_bucket = r#"{"awsGeneratedTags":{"aws:cloudformation:stack-name":"storage"}}"#;
    let of_object = r#"{"hasObjectAnnotation":true}"#;

    let places = [
        ("eventName", of_record),
        ("ownerIdentity", of_bucket),
        ("key", of_object),
    ];

    places.into_iter().fold(json, |json, (name, members)| {
        with_last(json, name, &Json::read(members))
    })
}

/// Adds members at the end of every object that has a member with this name.
fn with_last(json: Json, name: &str, members: &Json) -> Json {
    match json {
        Json::Object(own) => {
            let is_meant = own.iter().any(|(own, _)| own == name);
            let more = if let (true, Json::Object(more)) = (is_meant, members) {
                more.clone()
            } else {
                Vec::new()
            };

            let own = own
                .into_iter()
                .map(|(own, value)| (own, with_last(value, name, members)));

            Json::Object(own.chain(more).collect())
        }
        Json::Array(items) => Json::Array(
            items
                .into_iter()
                .map(|item| with_last(item, name, members))
                .collect(),
        ),
        other => other,
    }
}

pub(crate) fn nested_member(depth: usize) -> (String, Json) {
    (
        "extension".to_owned(),
        Json::read(&format!("{}{}", "[".repeat(depth), "]".repeat(depth))),
    )
}

pub(crate) fn minio(json: Json, bucket: &str) -> Json {
    let text = |text: &str| Json::Text(text.to_owned());
    let mut json = changed(json, "eventName", &|name| {
        Json::Text(format!("s3:{}", as_text(&name)))
    });

    if let Json::Object(members) = &mut json {
        members.insert(0, ("EventName".to_owned(), text("s3:ObjectCreated:Put")));
        members.insert(
            1,
            ("Key".to_owned(), text(&format!("{bucket}/uploads/file"))),
        );
    }

    json
}

pub(crate) fn size_as_text(json: Json) -> Json {
    changed(json, "size", &|size| Json::Text(as_text(&size).to_owned()))
}

pub(crate) fn key_as_number(json: Json) -> Json {
    changed(json, "key", &|_| Json::Word("7".to_owned()))
}

pub(crate) fn without_key(json: Json) -> Json {
    match json {
        Json::Object(members) => {
            let others = members.into_iter().filter(|(name, _)| name != "key");
            Json::Object(
                others
                    .map(|(name, value)| (name, without_key(value)))
                    .collect(),
            )
        }
        Json::Array(items) => Json::Array(items.into_iter().map(without_key).collect()),
        other => other,
    }
}

/// Replaces the value of each member with this name.
fn changed(json: Json, member: &str, change: &dyn Fn(Json) -> Json) -> Json {
    match json {
        Json::Object(members) => {
            let of_member = |(name, value): (String, Json)| match name == member {
                true => (name, change(value)),
                false => (name, changed(value, member, change)),
            };
            Json::Object(members.into_iter().map(of_member).collect())
        }
        Json::Array(items) => Json::Array(
            items
                .into_iter()
                .map(|item| changed(item, member, change))
                .collect(),
        ),
        other => other,
    }
}

fn as_text(json: &Json) -> &str {
    match json {
        Json::Text(text) | Json::Word(text) => text,
        Json::Object(_) | Json::Array(_) => "",
    }
}
