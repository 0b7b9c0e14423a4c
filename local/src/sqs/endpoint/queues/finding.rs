//! `GetQueueUrl`, `ListQueues` and `ListDeadLetterSourceQueues`.

use serde::{Deserialize, Serialize};

use crate::aws::arn::ACCOUNT;
use crate::sqs::endpoint::error::SqsError;
use crate::sqs::endpoint::service::SqsService;

/// How many queues a page has at most (`ListQueues`, Amazon SQS API Reference, 2026).
const MAX_RESULTS: usize = 1000;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs::endpoint) struct GetQueueUrlInput {
    queue_name: Option<String>,
    #[serde(rename = "QueueOwnerAWSAccountId")]
    owner: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs::endpoint) struct QueueUrlOutput {
    pub(super) queue_url: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs::endpoint) struct ListQueuesInput {
    queue_name_prefix: Option<String>,
    #[serde(flatten)]
    page: PageInput,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in crate::sqs::endpoint) struct ListSourcesInput {
    queue_url: Option<String>,
    #[serde(flatten)]
    page: PageInput,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct PageInput {
    next_token: Option<String>,
    max_results: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs::endpoint) struct ListQueuesOutput {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    queue_urls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
pub(in crate::sqs::endpoint) struct ListSourcesOutput {
    /// SQS writes this name in lower case.
    #[serde(rename = "queueUrls")]
    queue_urls: Vec<String>,
    #[serde(rename = "NextToken", skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// Finds the URL of a queue.
pub(in crate::sqs::endpoint) async fn get_queue_url(
    service: &SqsService,
    input: GetQueueUrlInput,
) -> Result<QueueUrlOutput, SqsError> {
    let name = input
        .queue_name
        .ok_or_else(|| SqsError::missing("QueueName"))?;

    let is_own = input.owner.is_none_or(|owner| owner == ACCOUNT);
    if !is_own || !service.engine.has_queue(&name) {
        return Err(SqsError::queue_does_not_exist());
    }

    Ok(QueueUrlOutput {
        queue_url: service.queue_url(&name),
    })
}

/// Lists the queues whose names have a prefix.
pub(in crate::sqs::endpoint) async fn list_queues(
    service: &SqsService,
    input: ListQueuesInput,
) -> Result<ListQueuesOutput, SqsError> {
    let prefix = input.queue_name_prefix.unwrap_or_default();
    let names = service.engine.queue_names().into_iter();
    let names = names.filter(|name| name.starts_with(&prefix));
    let (queue_urls, next_token) = input.page.take(service, names)?;

    Ok(ListQueuesOutput {
        queue_urls,
        next_token,
    })
}

/// Lists the queues that a queue is the dead-letter queue of.
pub(in crate::sqs::endpoint) async fn list_dead_letter_source_queues(
    service: &SqsService,
    input: ListSourcesInput,
) -> Result<ListSourcesOutput, SqsError> {
    let target = service.queue(input.queue_url.as_deref())?.name;
    let names = service.engine.sources_of(&target).into_iter();
    let (queue_urls, next_token) = input.page.take(service, names)?;

    Ok(ListSourcesOutput {
        queue_urls,
        next_token,
    })
}

impl PageInput {
    /// The URLs of one page of queues, and the token of the next page. Without a number of results
    /// there is only one page.
    fn take(
        self,
        service: &SqsService,
        names: impl Iterator<Item = std::sync::Arc<str>>,
    ) -> Result<(Vec<String>, Option<String>), SqsError> {
        let most = match self.max_results {
            None => MAX_RESULTS,
            Some(count @ 1..) if count as usize <= MAX_RESULTS => count as usize,
            Some(count) => {
                let reason = format!("Value must be between 1 and {MAX_RESULTS}.");
                return Err(SqsError::invalid_value("MaxResults", count, &reason));
            }
        };

        // The token is the name of the last queue of the page before.
        let after = self.next_token.unwrap_or_default();
        let mut names = names.filter(|name| **name > *after);
        let page: Vec<_> = names.by_ref().take(most).collect();
        let has_more = self.max_results.is_some() && names.next().is_some();
        let next_token = page.last().filter(|_| has_more).map(ToString::to_string);

        Ok((
            page.iter().map(|name| service.queue_url(name)).collect(),
            next_token,
        ))
    }
}
