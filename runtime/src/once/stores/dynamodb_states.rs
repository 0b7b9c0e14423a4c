//! Finds completed records by the state of their object, through an index of the table.

use std::error::Error as StdError;
use std::fmt;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::query::QueryError;

use crate::once::identity::Identity;
use crate::once::stores::dynamodb_item::{has_expired, now, state_key};
use crate::once::stores::store::StoreError;

/// The name of the global secondary index over the attribute `state`.
const INDEX: &str = "states";

/// Returns whether a record that has this state is completed.
///
/// Only completed records have the attribute, so each item in the index is one. The index has what
/// was written a moment ago, or will have it soon.
///
/// # Errors
///
/// If DynamoDB is unavailable, or the table does not have the index.
pub(super) async fn has_state(
    client: &Client,
    table: &str,
    state: &Identity,
) -> Result<bool, StoreError> {
    let query = client
        .query()
        .table_name(table)
        .index_name(INDEX)
        // `state` is a reserved word of DynamoDB's expressions.
        .key_condition_expression("#state = :state")
        .expression_attribute_names("#state", "state")
        .expression_attribute_values(":state", state_key(state));

    // One page has all, unless a state was handled thousands of times.
    let found = query.send().await.map_err(|error| failed(error, table))?;
    let now = now();

    Ok(found.items().iter().any(|item| !has_expired(item, now)))
}

/// The query is always valid, so whatever DynamoDB says about its validity is about the index.
fn failed<R>(error: SdkError<QueryError, R>, table: &str) -> StoreError
where
    R: fmt::Debug + Send + Sync + 'static,
{
    if error.code() != Some("ValidationException") {
        return StoreError::new(error);
    }

    StoreError::new(NoIndex {
        table: table.to_owned(),
        source: Box::new(error),
    })
}

/// The table has no index in which states can be found, or DynamoDB still builds it.
#[derive(Debug)]
struct NoIndex {
    table: String,
    source: Box<dyn StdError + Send + Sync>,
}

impl fmt::Display for NoIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, .. } = self;

        write!(
            f,
            "the table `{table}` has no index `{INDEX}` that can be read; add it with `aws \
             dynamodb update-table --table-name {table} --attribute-definitions \
             AttributeName=state,AttributeType=S --global-secondary-index-updates \
             '[{{\"Create\": {{\"IndexName\": \"{INDEX}\", \"KeySchema\": [{{\"AttributeName\": \
             \"state\", \"KeyType\": \"HASH\"}}], \"Projection\": {{\"ProjectionType\": \
             \"INCLUDE\", \"NonKeyAttributes\": [\"expires_at\"]}}}}}}]'` and wait until it is \
             active"
        )
    }
}

impl StdError for NoIndex {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}
