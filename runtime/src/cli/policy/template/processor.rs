//! What a program says about its routes.

use std::error::Error;

use s3_dispatch_core::Manifest;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A processor in the form that the Terraform module reads:
///
/// ```json
/// {"name": "put-processor", "events": ["s3:ObjectCreated:Put"],
///  "filter_policy": {"Records": {"eventName": ["ObjectCreated:Put"]}},
///  "filter_policy_scope": "MessageBody"}
/// ```
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::cli) struct Processor {
    pub(super) name: String,
    /// As a bucket's configuration spells them.
    pub(super) events: Vec<String>,
    /// Null if every event is handled.
    pub(super) filter_policy: Value,
    filter_policy_scope: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) object_access: Vec<ObjectStatement>,
}

/// What handlers do with objects.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ObjectStatement {
    sid: String,
    actions: Vec<String>,
    resources: Vec<ObjectResource>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ObjectResource {
    /// `None` for the bucket whose events are handled.
    bucket: Option<String>,
    /// `None` for the bucket itself.
    key: Option<String>,
}

impl Processor {
    /// Describes a program. Also returns whether its filter lets through hardly more.
    pub(in crate::cli) fn of(
        manifest: &Manifest,
        name: &str,
    ) -> Result<(Self, bool), Box<dyn Error>> {
        let filter_policy = manifest.filter_policy()?;
        let notification = manifest.bucket_notification()?;

        let processor = Self {
            name: name.to_owned(),
            events: notification.events().map(str::to_owned).collect(),
            filter_policy: serde_json::to_value(&filter_policy)?,
            filter_policy_scope: String::from("MessageBody"),
            object_access: object_access(manifest)?,
        };

        Ok((processor, filter_policy.is_close()))
    }

    /// Reads what another program printed.
    pub(super) fn parse(json: &[u8]) -> Result<Self, Box<dyn Error>> {
        let processor: Self = serde_json::from_slice(json)?;
        let is_type = |event: &String| event.starts_with("s3:");

        if processor.events.is_empty() || !processor.events.iter().all(is_type) {
            return Err("`events` must be S3's event types, such as s3:ObjectCreated:Put".into());
        }
        let mut accesses = processor.object_access.iter();
        if !accesses.all(|access| access.actions.iter().all(|action| is_declared(action))) {
            return Err("`object_access` must have actions that handlers declare".into());
        }
        if processor.filter_policy_scope != "MessageBody" {
            return Err("`filter_policy_scope` must be MessageBody".into());
        }

        Ok(processor)
    }
}

/// Whether this follows from what a handler can declare. A file must not grant anything else.
fn is_declared(action: &str) -> bool {
    const ACTIONS: [&str; 5] = [
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:ListBucket",
    ];

    ACTIONS.contains(&action)
}

/// What the handlers of a program do with objects.
pub(super) fn object_access(manifest: &Manifest) -> Result<Vec<ObjectStatement>, Box<dyn Error>> {
    let access = serde_json::to_value(manifest.object_access())?;
    Ok(serde_json::from_value(access)?)
}

impl ObjectStatement {
    /// The statement of a policy in a template with the parameter `BucketName`.
    pub(super) fn to_policy(&self) -> Value {
        let mut resources: Vec<Value> = Vec::new();
        for resource in &self.resources {
            let arn = resource.arn();
            if !resources.contains(&arn) {
                resources.push(arn);
            }
        }

        json!({
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": self.actions,
            "Resource": resources,
        })
    }
}

impl ObjectResource {
    fn arn(&self) -> Value {
        let key = self.key.as_ref().map(|key| format!("/{key}"));
        let key = key.unwrap_or_default();
        let texts = [self.bucket.as_deref().unwrap_or_default(), &key];

        // `Fn::Sub` takes what IAM writes for a literal `*`, `${*}`, for a name.
        if texts.iter().any(|text| text.contains("${")) {
            let bucket = match &self.bucket {
                Some(bucket) => json!(bucket),
                None => json!({"Ref": "BucketName"}),
            };
            let parts = json!(["arn:", {"Ref": "AWS::Partition"}, ":s3:::", bucket, key]);
            return json!({"Fn::Join": ["", parts]});
        }

        let bucket = self.bucket.as_deref().unwrap_or("${BucketName}");
        json!({"Fn::Sub": format!("arn:${{AWS::Partition}}:s3:::{bucket}{key}")})
    }
}
