//! A store in a DynamoDB table.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use s3_dispatch_core::Sequencer;

use crate::lambda::trace_interceptor::TraceHeaderInterceptor;
use crate::once::identity::Identity;
use crate::once::stores::dynamodb_item::{
    Item, Kind, expires_at, has_expired, now, number, partition_key, sortable, state_key, string,
    text,
};
use crate::once::stores::dynamodb_states;
use crate::once::stores::store::{Claim, Lease, StoreError};
use crate::{ClaimStore, LeaseStore, SequencerStore};

/// Keeps claims and sequencers in a DynamoDB table that several processes share.
///
/// # Table
///
/// The table has a partition key `pk` of type string, no sort key, and the time-to-live attribute
/// `ttl`. In Terraform, with on-demand capacity:
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
/// the table.
///
/// # Items
///
/// | attribute | of a record | of an object |
/// |---|---|---|
/// | `pk` | `record#<identity>` | `object#<identity>` |
/// | `status` | `in-progress` or `completed` | - |
/// | `lease` | the token of the claim | - |
/// | `state` | `sha256:<hash>` of the object's state, if completed | - |
/// | `sequencer` | - | the sequencer as it was sent |
/// | `order` | - | the sequencer in a form that sorts |
/// | `expires_at` | milliseconds since the Unix epoch | the same |
/// | `ttl` | `expires_at` in seconds, rounded up | the same |
///
/// An identity of more than 1,900 bytes is replaced by `sha256:<its hash>`.
///
/// DynamoDB deletes an item only within days of its `ttl` ("Using time to live (TTL) in DynamoDB",
/// Amazon DynamoDB Developer Guide, 2026), so the store checks `expires_at` as well. The clocks of
/// the processes must agree to well within a lease.
///
/// # Index for audits
///
/// A completed record of an object's creation has the attribute `state`. `audit` finds it through a
/// global secondary index, which the table needs only for that. In Terraform, inside the table:
///
/// ```hcl
///   attribute {
///     name = "state"
///     type = "S"
///   }
///   global_secondary_index {
///     name               = "states"
///     hash_key           = "state"
///     projection_type    = "INCLUDE"
///     non_key_attributes = ["expires_at"]
///   }
/// ```
///
/// Or for a table that exists:
///
/// ```sh
/// aws dynamodb update-table --table-name s3-dispatch \
///   --attribute-definitions AttributeName=state,AttributeType=S \
///   --global-secondary-index-updates '[{"Create": {"IndexName": "states",
///     "KeySchema": [{"AttributeName": "state", "KeyType": "HASH"}],
///     "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["expires_at"]}}}]'
/// ```
///
/// The attribute is written without the index, too, so an index that is added later has everything
/// that is still remembered. Whoever runs `audit` needs `dynamodb:Query` on `<table>/index/states`.
///
/// # Cost and retries
///
/// A claim costs one write, and so does its renewal, completion or release. Writes are conditional,
/// so exactly one of several simultaneous claims wins. If the SDK repeats a write that has already
/// arrived, the store recognises its own lease.
///
/// With on-demand capacity, in units of "DynamoDB read and write operations", Amazon DynamoDB
/// Developer Guide, 2026, for items of at most 1 KB:
///
/// | call | write units | with the index | read units |
/// |---|---|---|---|
/// | claim, renewal | 1 | 1 | - |
/// | completion of an event that creates an object | 1 | 2 | - |
/// | other completion, release | 1 | 1 | - |
/// | claim of what is completed, refused | 1 | 1 | - |
/// | look-up of a state | - | - | 0.5 |
/// | look-up of a sequencer | - | - | 1 |
/// | advance of a sequencer | 1 | 1 | - |
///
/// An item is larger than 1 KB only if its key is: the state adds 76 bytes, whatever it is. A claim
/// that replaces an expired completion takes it out of the index, which is one more unit; what
/// DynamoDB deletes after its `ttl` costs nothing.
#[derive(Debug, Clone)]
pub struct DynamoDbStore {
    client: Client,
    table: String,
}

const IN_PROGRESS: &str = "in-progress";
const COMPLETED: &str = "completed";

impl DynamoDbStore {
    /// Creates a store that uses the table with this name. It does not check that the table exists.
    ///
    /// # Examples
    ///
    /// ```
    /// use aws_sdk_dynamodb::Client;
    /// use s3_dispatch::{Deduplicated, DynamoDbStore, Routes};
    ///
    /// fn router(client: Client, routes: Routes<()>) -> Deduplicated<Routes<()>, DynamoDbStore> {
    ///     Deduplicated::new(routes, DynamoDbStore::new(client, "s3-dispatch"))
    /// }
    /// ```
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        let config = client.config().to_builder();
        let config = config.interceptor(TraceHeaderInterceptor::new());

        Self {
            client: Client::from_conf(config.build()),
            table: table.into(),
        }
    }

    fn put(
        &self,
        kind: Kind,
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
            // Rounded up, so that DynamoDB never deletes an item before it expires.
            .item("ttl", number(expires_at.div_ceil(1000)))
    }

    /// Marks a record as completed, and remembers a state in the same write.
    async fn put_completed(
        &self,
        identity: &Identity,
        lease: &Lease,
        keep: Duration,
        state: Option<&Identity>,
    ) -> Result<bool, StoreError> {
        let now = now();
        let put = self
            .put(Kind::Record, identity, now, keep)
            .item("status", text(COMPLETED))
            .item("lease", text(lease.as_str()))
            .condition_expression(
                "attribute_not_exists(pk) OR lease = :lease OR expires_at <= :now",
            )
            .expression_attribute_values(":lease", text(lease.as_str()))
            .expression_attribute_values(":now", number(now));

        let put = match state {
            Some(state) => put.item("state", state_key(state)),
            None => put,
        };

        Ok(matches!(written(put.send().await)?, Written::Yes))
    }

    /// Returns an item that has not expired.
    async fn get(&self, kind: Kind, identity: &Identity) -> Result<Option<Item>, StoreError> {
        let get = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", partition_key(kind, identity));

        let got = get
            .consistent_read(true)
            .send()
            .await
            .map_err(StoreError::new)?;
        Ok(got.item.filter(|item| !has_expired(item, now())))
    }
}

#[async_trait]
impl ClaimStore for DynamoDbStore {
    async fn claim(&self, identity: &Identity, lease: Duration) -> Result<Claim, StoreError> {
        let token = uuid::Uuid::new_v4().to_string();
        let now = now();

        let put = self
            .put(Kind::Record, identity, now, lease)
            .item("status", text(IN_PROGRESS))
            .item("lease", text(&token))
            .condition_expression("attribute_not_exists(pk) OR expires_at <= :now")
            .expression_attribute_values(":now", number(now))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);

        let existing = match written(put.send().await)? {
            Written::Yes => return Ok(Claim::Acquired(Lease::new(token))),
            Written::Refused(Some(item)) => Some(item),
            // Some emulators do not return the item.
            Written::Refused(None) => self.get(Kind::Record, identity).await?,
        };

        let existing = existing.as_ref();
        let attribute = |name: &str| existing.and_then(|item| string(item, name));
        if attribute("status") == Some(COMPLETED) {
            return Ok(Claim::Completed);
        }

        // The SDK has repeated a write that had arrived.
        if attribute("lease") == Some(&*token) {
            return Ok(Claim::Acquired(Lease::new(token)));
        }

        let left = existing.and_then(expires_at).map(|time| {
            let milliseconds = u64::try_from(time.saturating_sub(now)).unwrap_or(u64::MAX);
            Duration::from_millis(milliseconds)
        });

        Ok(Claim::InProgress { left })
    }

    async fn complete(
        &self,
        identity: &Identity,
        lease: &Lease,
        keep: Duration,
    ) -> Result<bool, StoreError> {
        self.put_completed(identity, lease, keep, None).await
    }

    async fn release(&self, identity: &Identity, lease: &Lease) -> Result<bool, StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .key("pk", partition_key(Kind::Record, identity))
            // An absent item is released: the SDK may repeat a deletion whose answer got lost.
            .condition_expression(
                "attribute_not_exists(pk) OR (lease = :lease AND #status = :in_progress)",
            )
            // `status` is a reserved word of DynamoDB's expressions.
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
            Err(error) => Err(StoreError::new(error)),
        }
    }

    fn remembers_states(&self) -> bool {
        true
    }

    async fn complete_state(
        &self,
        identity: &Identity,
        lease: &Lease,
        keep: Duration,
        state: &Identity,
    ) -> Result<bool, StoreError> {
        self.put_completed(identity, lease, keep, Some(state)).await
    }

    async fn has_state(&self, state: &Identity) -> Result<bool, StoreError> {
        dynamodb_states::has_state(&self.client, &self.table, state).await
    }
}

#[async_trait]
impl LeaseStore for DynamoDbStore {
    async fn renew(
        &self,
        identity: &Identity,
        lease: &Lease,
        duration: Duration,
    ) -> Result<bool, StoreError> {
        let now = now();
        let expires_at = now.saturating_add(duration.as_millis());
        let put = self
            .put(Kind::Record, identity, now, duration)
            .item("status", text(IN_PROGRESS))
            .item("lease", text(lease.as_str()))
            // A request that is overtaken by a later one must not shorten the lease.
            .condition_expression(
                "lease = :lease AND #status = :in_progress AND expires_at <= :expires_at",
            )
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":lease", text(lease.as_str()))
            .expression_attribute_values(":in_progress", text(IN_PROGRESS))
            .expression_attribute_values(":expires_at", number(expires_at))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);

        let existing = match written(put.send().await)? {
            Written::Yes => return Ok(true),
            Written::Refused(Some(item)) => Some(item),
            // Some emulators do not return the item.
            Written::Refused(None) => self.get(Kind::Record, identity).await?,
        };

        let existing = existing.as_ref();
        let attribute = |name: &str| existing.and_then(|item| string(item, name));
        Ok(attribute("lease") == Some(lease.as_str()) && attribute("status") == Some(IN_PROGRESS))
    }
}

#[async_trait]
impl SequencerStore for DynamoDbStore {
    async fn latest(&self, object: &Identity) -> Result<Option<Sequencer>, StoreError> {
        let item = self.get(Kind::Object, object).await?;
        let sequencer = item.as_ref().and_then(|item| string(item, "sequencer"));
        Ok(sequencer.map(Sequencer::from))
    }

    async fn advance(
        &self,
        object: &Identity,
        sequencer: &Sequencer,
        keep: Duration,
    ) -> Result<(), StoreError> {
        let now = now();
        let order = sortable(sequencer)?;

        let put = self
            .put(Kind::Object, object, now, keep)
            .item("sequencer", text(sequencer.as_str()))
            .item("order", text(&order))
            .condition_expression(
                "attribute_not_exists(pk) OR #order <= :order OR expires_at <= :now",
            )
            // `order` is a reserved word, too.
            .expression_attribute_names("#order", "order")
            .expression_attribute_values(":order", text(&order))
            .expression_attribute_values(":now", number(now));

        // If the write is refused, a newer sequencer is stored.
        written(put.send().await).map(drop)
    }
}

/// The result of a conditional write.
enum Written {
    Yes,
    /// The condition does not hold for the existing item. DynamoDB may return that item.
    Refused(Option<Item>),
}

fn written<T, R>(put: Result<T, SdkError<PutItemError, R>>) -> Result<Written, StoreError>
where
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match put {
        Ok(_) => Ok(Written::Yes),
        Err(SdkError::ServiceError(error))
            if error.err().is_conditional_check_failed_exception() =>
        {
            match error.into_err() {
                PutItemError::ConditionalCheckFailedException(failed) => {
                    Ok(Written::Refused(failed.item))
                }
                _ => Ok(Written::Refused(None)),
            }
        }
        Err(error) => Err(StoreError::new(error)),
    }
}
