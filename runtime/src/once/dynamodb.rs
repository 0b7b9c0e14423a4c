//! A store in a DynamoDB table.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use s3_dispatch_core::Sequencer;
use sha2::{Digest, Sha256};

use crate::once::identity::Identity;
use crate::once::store::{Claim, Lease, StoreError};
use crate::{ClaimStore, SequencerStore};

/// Remembers in one DynamoDB table, for all processes that share it.
///
/// The table has a partition key `pk` (string) and no sort key, and `ttl` as its time-to-live
/// attribute; give it on-demand capacity. In Terraform:
///
/// ```hcl
/// resource "aws_dynamodb_table" "s3_dispatch" {
///   name         = "s3-dispatch"
///   billing_mode = "PAY_PER_REQUEST"
///   hash_key     = "pk"
///   attribute {
///     name = "pk"
///     type = "S"
///   }
///   ttl {
///     attribute_name = "ttl"
///     enabled        = true
///   }
/// }
/// ```
///
/// The function's role needs `dynamodb:PutItem`, `dynamodb:GetItem` and `dynamodb:DeleteItem` on
/// it.
///
/// An item is `{pk: "record#<identity>", status: "in-progress" | "completed", lease, expires_at,
/// ttl}` or `{pk: "object#<identity>", sequencer, order, expires_at, ttl}`. `expires_at` is in
/// milliseconds and `ttl` in seconds since the Unix epoch. DynamoDB deletes expired items within
/// days ("Using time to live (TTL) in DynamoDB", Amazon DynamoDB Developer Guide, 2026), so every
/// condition looks at `expires_at` too. The clocks of the processes should agree to well within a
/// lease.
///
/// Writes are conditional, so that of simultaneous claims one wins; the SDK's own retry of a write
/// that did arrive is recognised by its lease. A claim costs one write, and so does its end.
#[derive(Debug, Clone)]
pub struct DynamoDbStore {
    client: Client,
    table: String,
}

const IN_PROGRESS: &str = "in-progress";
const COMPLETED: &str = "completed";
/// A partition key has at most 2,048 bytes ("Quotas in Amazon DynamoDB", Amazon DynamoDB Developer
/// Guide, 2026).
const LONGEST_READABLE_KEY: usize = 1_900;

impl DynamoDbStore {
    /// The store in this table.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self {
            client,
            table: table.into(),
        }
    }

    fn put(
        &self,
        kind: &str,
        identity: &Identity,
        now: u128,
        keep: Duration,
    ) -> PutItemFluentBuilder {
        let expires_at = now.saturating_add(keep.as_millis());
        self.client
            .put_item()
            .table_name(&self.table)
            .item("pk", partition_key(kind, identity))
            .item("expires_at", number(expires_at))
            // Rounded up, so that DynamoDB never deletes what still counts.
            .item("ttl", number(expires_at.div_ceil(1000)))
    }

    async fn get(&self, kind: &str, identity: &Identity) -> Result<Option<Item>, StoreError> {
        let get = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", partition_key(kind, identity));

        let got = get
            .consistent_read(true)
            .send()
            .await
            .map_err(store_error)?;

        Ok(got.item.filter(|item| !has_run_out(item, now())))
    }
}

type Item = HashMap<String, AttributeValue>;

#[async_trait]
impl ClaimStore for DynamoDbStore {
    async fn claim(&self, identity: &Identity, lease: Duration) -> Result<Claim, StoreError> {
        let token = uuid::Uuid::new_v4().to_string();
        let now = now();

        let put = self
            .put("record", identity, now, lease)
            .item("status", text(IN_PROGRESS))
            .item("lease", text(&token))
            .condition_expression("attribute_not_exists(pk) OR expires_at <= :now")
            .expression_attribute_values(":now", number(now))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);

        let item = match refused(put.send().await)? {
            None => return Ok(Claim::Acquired(Lease::new(token))),
            Some(Some(item)) => Some(item),
            // An emulator may not send it along.
            Some(None) => self.get("record", identity).await?,
        };

        let attribute = |name: &str| {
            item.as_ref()
                .and_then(|item| item.get(name))
                .and_then(|value| value.as_s().ok())
        };

        Ok(
            if attribute("status").is_some_and(|status| status == COMPLETED) {
                Claim::Completed
            } else if attribute("lease") == Some(&token) {
                Claim::Acquired(Lease::new(token))
            } else {
                let expires_at = item.as_ref().and_then(expires_at);
                let left = expires_at
                    .map(|time| u64::try_from(time.saturating_sub(now)).unwrap_or(u64::MAX));

                Claim::InProgress {
                    left: left.map(Duration::from_millis),
                }
            },
        )
    }

    async fn complete(
        &self,
        identity: &Identity,
        lease: &Lease,
        keep: Duration,
    ) -> Result<bool, StoreError> {
        let now = now();
        let put = self
            .put("record", identity, now, keep)
            .item("status", text(COMPLETED))
            .item("lease", text(lease.as_str()))
            .condition_expression(
                "attribute_not_exists(pk) OR lease = :lease OR expires_at <= :now",
            )
            .expression_attribute_values(":lease", text(lease.as_str()))
            .expression_attribute_values(":now", number(now));

        Ok(refused(put.send().await)?.is_none())
    }

    async fn release(&self, identity: &Identity, lease: &Lease) -> Result<bool, StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .key("pk", partition_key("record", identity))
            // What is gone was released: the SDK may ask again after a first answer got lost.
            .condition_expression(
                "attribute_not_exists(pk) OR (lease = :lease AND #status = :in_progress)",
            )
            // A reserved word of DynamoDB's expressions.
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":lease", text(lease.as_str()))
            .expression_attribute_values(":in_progress", text(IN_PROGRESS));

        match delete.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error))
                if error.err().is_conditional_check_failed_exception() =>
            {
                Ok(false)
            }
            Err(error) => Err(store_error(error)),
        }
    }
}

#[async_trait]
impl SequencerStore for DynamoDbStore {
    async fn latest(&self, object: &Identity) -> Result<Option<Sequencer>, StoreError> {
        let item = self.get("object", object).await?;
        let sequencer = item
            .as_ref()
            .and_then(|item| item.get("sequencer"))
            .and_then(|value| value.as_s().ok());

        Ok(sequencer.map(|sequencer| Sequencer::from(sequencer.as_str())))
    }

    async fn advance(
        &self,
        object: &Identity,
        sequencer: &Sequencer,
        keep: Duration,
    ) -> Result<(), StoreError> {
        let now = now();
        let put = self
            .put("object", object, now, keep)
            .item("sequencer", text(sequencer.as_str()))
            .item("order", text(&sortable(sequencer)?))
            .condition_expression(
                "attribute_not_exists(pk) OR #order <= :order OR expires_at <= :now",
            )
            .expression_attribute_names("#order", "order")
            .expression_attribute_values(":order", text(&sortable(sequencer)?))
            .expression_attribute_values(":now", number(now));

        // Refused means that a newer one is remembered.
        refused(put.send().await).map(drop)
    }
}

/// `None` when the item was written; else the item that stands in its way, if DynamoDB sent it
/// along.
fn refused<T, R>(
    put: Result<T, SdkError<PutItemError, R>>,
) -> Result<Option<Option<Item>>, StoreError>
where
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match put {
        Ok(_) => Ok(None),
        Err(SdkError::ServiceError(error))
            if error.err().is_conditional_check_failed_exception() =>
        {
            match error.into_err() {
                PutItemError::ConditionalCheckFailedException(failed) => Ok(Some(failed.item)),
                _ => Ok(Some(None)),
            }
        }
        Err(error) => Err(store_error(error)),
    }
}

fn store_error<E, R>(error: SdkError<E, R>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    StoreError::new(error)
}

/// Texts of equal length compare as the numbers do; the length stands in front, since sequencers
/// may differ in it.
fn sortable(sequencer: &Sequencer) -> Result<String, StoreError> {
    let digits = sequencer.to_canonical();
    let digits = digits.ok_or_else(|| {
        StoreError::new(format!("the sequencer `{sequencer}` is not hexadecimal"))
    })?;

    Ok(format!("{:05}{digits}", digits.len()))
}

fn partition_key(kind: &str, identity: &Identity) -> AttributeValue {
    if identity.as_str().len() <= LONGEST_READABLE_KEY {
        return text(&format!("{kind}#{identity}"));
    }

    let mut key = format!("{kind}#sha256:");
    for byte in Sha256::digest(identity.as_str()) {
        write!(key, "{byte:02x}").expect("a string takes any text");
    }

    text(&key)
}

fn has_run_out(item: &Item, now: u128) -> bool {
    expires_at(item).is_some_and(|time| time <= now)
}

fn expires_at(item: &Item) -> Option<u128> {
    item.get("expires_at")?.as_n().ok()?.parse().ok()
}

fn now() -> u128 {
    // Before 1970 there was no DynamoDB.
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis()
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn number(number: u128) -> AttributeValue {
    AttributeValue::N(number.to_string())
}
