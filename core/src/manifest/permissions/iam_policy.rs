//! The permissions that a function needs.

use serde::{Serialize, Serializer};

use super::object_access::ObjectAccess;

/// The permissions of a function, as an IAM policy document.
///
/// Attach it to the role of the function. [`Manifest::iam_policy`](crate::Manifest::iam_policy)
/// adds what the handlers declare. Logs need their own statement.
///
/// # Examples
///
/// ```
/// use s3_dispatch_core::manifest::IamPolicy;
///
/// let policy = IamPolicy::new("arn:aws:sqs:eu-central-1:123456789012:uploads");
/// assert_eq!(
///     serde_json::to_value(&policy).unwrap(),
///     serde_json::json!({
///         "Version": "2012-10-17",
///         "Statement": [{
///             "Sid": "ReceiveFromQueue",
///             "Effect": "Allow",
///             "Action": ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
///             "Resource": "arn:aws:sqs:eu-central-1:123456789012:uploads",
///         }],
///     }),
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct IamPolicy {
    version: &'static str,
    statement: Vec<Statement>,
    #[serde(skip)]
    encrypts: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    sid: &'static str,
    effect: &'static str,
    action: Vec<&'static str>,
    resource: Resources,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Resources(Vec<String>);

/// The id of the statement about the queue of a function.
const RECEIVE_FROM_QUEUE: &str = "ReceiveFromQueue";

/// The id of the statement about keys of KMS.
const USE_KEYS: &str = "UseKeys";

impl IamPolicy {
    /// Creates the policy for the queue with this ARN: what the event source mapping needs
    /// ("Configuring permissions for an Amazon SQS event source mapping", AWS Lambda Developer
    /// Guide, 2026), and what a dispatcher with a queue needs to delete messages itself.
    pub fn new(queue_arn: impl Into<String>) -> Self {
        let policy = Self {
            version: "2012-10-17",
            statement: Vec::new(),
            encrypts: false,
        };

        policy.with(
            RECEIVE_FROM_QUEUE,
            &[
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                "sqs:ReceiveMessage",
            ],
            vec![queue_arn.into()],
        )
    }

    /// Creates the policy of the *job's* role, for S3 Batch Operations jobs that invoke the
    /// function with this ARN ("Granting permissions for Batch Operations", Amazon S3 User Guide,
    /// 2026).
    ///
    /// The role must also trust the service `batchoperations.s3.amazonaws.com`. It is not the role
    /// of the function.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::manifest::IamPolicy;
    ///
    /// let function = "arn:aws:lambda:eu-central-1:123456789012:function:thumbnailer";
    /// let policy = IamPolicy::for_batch_jobs(function)
    ///     .with_manifest("arn:aws:s3:::manifests/manifest.csv")
    ///     .with_report("arn:aws:s3:::reports");
    /// assert_eq!(
    ///     serde_json::to_value(&policy).unwrap()["Statement"][0],
    ///     serde_json::json!({
    ///         "Sid": "InvokeFunction",
    ///         "Effect": "Allow",
    ///         "Action": ["lambda:InvokeFunction"],
    ///         "Resource": function,
    ///     }),
    /// );
    /// ```
    pub fn for_batch_jobs(function_arn: impl Into<String>) -> Self {
        let policy = Self {
            version: "2012-10-17",
            statement: Vec::new(),
            encrypts: false,
        };
        let actions = &["lambda:InvokeFunction"];
        policy.with("InvokeFunction", actions, vec![function_arn.into()])
    }

    /// Adds what a job needs to read the manifest with this ARN.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::manifest::IamPolicy;
    ///
    /// let policy = IamPolicy::for_batch_jobs("arn:aws:lambda:eu-central-1:1:function:f")
    ///     .with_manifest("arn:aws:s3:::manifests/manifest.csv");
    /// let policy = serde_json::to_value(&policy).unwrap();
    /// assert_eq!(policy["Statement"][1]["Resource"], "arn:aws:s3:::manifests/manifest.csv");
    /// ```
    #[must_use]
    pub fn with_manifest(self, object_arn: impl Into<String>) -> Self {
        let actions = &["s3:GetObject", "s3:GetObjectVersion"];
        self.with("ReadManifest", actions, vec![object_arn.into()])
    }

    /// Adds what a job needs to write its completion report into the bucket with this ARN, or under
    /// the prefix that follows it: `arn:aws:s3:::reports/jobs`.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::manifest::IamPolicy;
    ///
    /// let policy = IamPolicy::for_batch_jobs("arn:aws:lambda:eu-central-1:1:function:f")
    ///     .with_report("arn:aws:s3:::reports");
    /// let policy = serde_json::to_value(&policy).unwrap();
    /// assert_eq!(policy["Statement"][1]["Resource"], "arn:aws:s3:::reports/*");
    /// ```
    #[must_use]
    pub fn with_report(self, bucket_arn: impl Into<String>) -> Self {
        let bucket = bucket_arn.into();
        let objects = format!("{}/*", bucket.trim_end_matches('/'));
        self.with("WriteReport", &["s3:PutObject"], vec![objects])
    }

    /// Adds what a dispatcher with a backoff needs, or one that gives messages back: changing when
    /// a message of the queue is visible again.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::manifest::IamPolicy;
    ///
    /// let policy = IamPolicy::new("arn:aws:sqs:eu-central-1:123456789012:uploads").with_backoff();
    /// let policy = serde_json::to_value(&policy).unwrap();
    /// assert_eq!(policy["Statement"][0]["Action"][3], "sqs:ChangeMessageVisibility");
    /// ```
    #[must_use]
    pub fn with_backoff(mut self) -> Self {
        let is_queue = |statement: &&mut Statement| statement.sid == RECEIVE_FROM_QUEUE;
        if let Some(queue) = self.statement.iter_mut().find(is_queue) {
            queue.action.push("sqs:ChangeMessageVisibility");
        }

        self
    }

    /// Adds what a sink of dead letters in the queue with this ARN needs.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::manifest::IamPolicy;
    ///
    /// let policy = IamPolicy::new("arn:aws:sqs:eu-central-1:123456789012:uploads")
    ///     .with_dead_letters("arn:aws:sqs:eu-central-1:123456789012:rejected");
    /// let policy = serde_json::to_value(&policy).unwrap();
    /// assert_eq!(policy["Statement"][1]["Action"], serde_json::json!(["sqs:SendMessage"]));
    /// ```
    #[must_use]
    pub fn with_dead_letters(self, queue_arn: impl Into<String>) -> Self {
        let policy = Self {
            encrypts: true,
            ..self
        };
        policy
            .with(
                "SendDeadLetters",
                &["sqs:SendMessage"],
                vec![queue_arn.into()],
            )
            .with_encryption()
    }

    /// Adds what a store in the table of DynamoDB with this ARN needs.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::manifest::IamPolicy;
    ///
    /// let policy = IamPolicy::new("arn:aws:sqs:eu-central-1:123456789012:uploads")
    ///     .with_table("arn:aws:dynamodb:eu-central-1:123456789012:table/claims");
    /// let policy = serde_json::to_value(&policy).unwrap();
    /// assert_eq!(policy["Statement"][1]["Sid"], "KeepClaims");
    /// ```
    #[must_use]
    pub fn with_table(self, table_arn: impl Into<String>) -> Self {
        let actions = &[
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:DeleteItem",
        ];
        self.with("KeepClaims", actions, vec![table_arn.into()])
    }

    /// Adds what is needed if keys of KMS encrypt the queues or the objects: to decrypt, and to
    /// encrypt if the policy allows to write objects or to send dead letters.
    ///
    /// # Examples
    ///
    /// ```
    /// use s3_dispatch_core::manifest::IamPolicy;
    ///
    /// let policy = IamPolicy::new("arn:aws:sqs:eu-central-1:123456789012:uploads")
    ///     .with_kms_keys(["arn:aws:kms:eu-central-1:123456789012:key/1234abcd"]);
    /// let policy = serde_json::to_value(&policy).unwrap();
    /// assert_eq!(policy["Statement"][1]["Action"], serde_json::json!(["kms:Decrypt"]));
    /// ```
    #[must_use]
    pub fn with_kms_keys<K: Into<String>>(self, key_arns: impl IntoIterator<Item = K>) -> Self {
        let keys: Vec<_> = key_arns.into_iter().map(Into::into).collect();
        if keys.is_empty() {
            return self;
        }

        self.with(USE_KEYS, &["kms:Decrypt"], keys)
            .with_encryption()
    }

    /// Adds what handlers do with objects. The partition is that of the queue.
    pub(in crate::manifest) fn with_objects(mut self, access: &ObjectAccess, bucket: &str) -> Self {
        let partition = self.partition().to_owned();
        self.encrypts |= access.has_writes();

        let policy = access.grants.iter().fold(self, |policy, grant| {
            let mut arns: Vec<String> = Vec::new();
            for resource in &grant.resources {
                let arn = resource.arn(&partition, bucket);
                // A route may name the bucket that stands for others too.
                if !arns.contains(&arn) {
                    arns.push(arn);
                }
            }
            policy.with(grant.sid, grant.actions, arns)
        });

        policy.with_encryption()
    }

    /// The part of AWS that the queue is in, such as `aws-cn`.
    fn partition(&self) -> &str {
        let queue = self.statement.first();
        let arn = queue.and_then(|statement| statement.resource.0.first());
        let queue = arn.and_then(|arn| arn.split(':').nth(1));
        queue
            .filter(|partition| !partition.is_empty())
            .unwrap_or("aws")
    }

    /// Adds a statement, or resources to the one that has this id.
    fn with(mut self, sid: &'static str, actions: &[&'static str], resources: Vec<String>) -> Self {
        match self.statement.iter_mut().find(|known| known.sid == sid) {
            Some(known) => known.resource.0.extend(resources),
            None => self.statement.push(Statement {
                sid,
                effect: "Allow",
                action: actions.to_vec(),
                resource: Resources(resources),
            }),
        }

        self
    }

    /// Lets the keys encrypt if something has to be encrypted.
    fn with_encryption(mut self) -> Self {
        const ENCRYPT: &str = "kms:GenerateDataKey";

        let keys = self
            .statement
            .iter_mut()
            .find(|known| known.sid == USE_KEYS);
        if let Some(keys) = keys.filter(|keys| self.encrypts && !keys.action.contains(&ENCRYPT)) {
            keys.action.push(ENCRYPT);
        }

        self
    }
}

/// Writes one resource as a text, and several as a list.
impl Serialize for Resources {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0[..] {
            [only] => serializer.serialize_str(only),
            all => all.serialize(serializer),
        }
    }
}
