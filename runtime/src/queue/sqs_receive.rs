//! Receives messages from SQS.

#[cfg(feature = "replay")]
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::config::{Builder, ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_sqs::error::BoxError;
#[cfg(feature = "replay")]
use aws_sdk_sqs::types::MessageAttributeValue;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use s3_dispatch_core::__private::parse_receive_count;
use s3_dispatch_core::MessageContext;
use s3_dispatch_core::delivery::QueueArn;

use crate::queue::access::QueueError;
use crate::queue::receive::{Receive, ReceiveRequest, Received};
use crate::queue::sqs::{SqsQueue, whole_seconds};
use crate::queue::sqs_error::{Call, of_call};
use crate::queue::sqs_url::is_url;

/// The attribute in which producers send a W3C trace context.
const TRACE_PARENT: &str = "traceparent";

/// Receives by long polling. The client's own retries apply, and its timeouts, made longer by the
/// time that a receive waits.
///
/// The program's role needs `sqs:ReceiveMessage`, `sqs:DeleteMessage`,
/// `sqs:ChangeMessageVisibility` and `sqs:GetQueueAttributes` on the queue: the first receive asks
/// for the queue's ARN.
#[async_trait]
impl Receive for SqsQueue {
    async fn receive(&self, request: ReceiveRequest) -> Result<Vec<Received>, QueueError> {
        let (messages, arn) = self.receive_messages(request, false).await?;
        let messages = messages.into_iter();

        Ok(messages.filter_map(|message| read(message, arn)).collect())
    }
}

impl SqsQueue {
    /// Receives messages, with the attributes that their senders have set if they are wanted.
    async fn receive_messages(
        &self,
        request: ReceiveRequest,
        with_attributes: bool,
    ) -> Result<(Vec<Message>, &QueueArn), QueueError> {
        let url = self.url.before_messages().map_err(QueueError::unusable)?;
        let arn = self.known_arn().await?;
        let sent = Sent::default();

        let attributes = if with_attributes { "All" } else { TRACE_PARENT };
        let mut receive = self
            .client
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(i32::try_from(request.most()).unwrap_or(1))
            .wait_time_seconds(whole_seconds(request.wait()))
            .visibility_timeout(whole_seconds(request.visibility()))
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .message_system_attribute_names(MessageSystemAttributeName::AwsTraceHeader)
            .message_system_attribute_names(MessageSystemAttributeName::MessageGroupId)
            .message_attribute_names(attributes)
            .customize()
            .interceptor(sent.clone());
        if let Some(longer) = longer_timeouts(&self.client, request.wait()) {
            receive = receive.config_override(longer);
        }

        match receive.send().await {
            Ok(received) => Ok((received.messages.unwrap_or_default(), arn)),
            Err(error) => Err(of_call(&error, &self.call(url, &sent))),
        }
    }

    /// The queue's own ARN. SQS is asked for it once.
    pub(crate) async fn known_arn(&self) -> Result<&QueueArn, QueueError> {
        let url = self.url.before_messages().map_err(QueueError::unusable)?;
        self.arn.get_or_try_init(|| self.ask_for_arn(url)).await
    }

    /// Asks SQS for the ARN, which messages do not carry. It tells a FIFO queue from others.
    async fn ask_for_arn(&self, url: &str) -> Result<QueueArn, QueueError> {
        let arn = self.ask(url, QueueAttributeName::QueueArn).await?;
        let arn = arn.ok_or_else(|| QueueError::failed("SQS did not say which ARN the queue has"));

        Ok(arn?.into())
    }

    /// Asks SQS for an attribute of the queue. `None` if SQS does not say it.
    async fn ask(
        &self,
        url: &str,
        attribute: QueueAttributeName,
    ) -> Result<Option<String>, QueueError> {
        if !is_url(url) {
            return Err(QueueError::unusable(format!(
                "`{url}` is not the URL of a queue"
            )));
        }

        let sent = Sent::default();
        let ask = self
            .client
            .get_queue_attributes()
            .queue_url(url)
            .attribute_names(attribute.clone())
            .customize()
            .interceptor(sent.clone());
        let answer = match ask.send().await {
            Ok(answer) => answer,
            Err(error) => return Err(of_call(&error, &self.call(url, &sent))),
        };

        let attributes = answer.attributes;
        Ok(attributes.and_then(|mut attributes| attributes.remove(&attribute)))
    }

    fn call<'c>(&'c self, url: &'c str, sent: &Sent) -> Call<'c> {
        Call {
            url,
            region: self.client.config().region(),
            was_sent: sent.0.load(Ordering::Relaxed),
        }
    }
}

/// What only commands need that catch up.
#[cfg(feature = "replay")]
impl SqsQueue {
    /// Receives messages with the attributes that their senders have set.
    pub(crate) async fn receive_with_attributes(
        &self,
        request: ReceiveRequest,
    ) -> Result<Vec<(Received, HashMap<String, MessageAttributeValue>)>, QueueError> {
        let (messages, arn) = self.receive_messages(request, true).await?;
        let messages = messages.into_iter().filter_map(|message| {
            let attributes = message.message_attributes.clone().unwrap_or_default();
            Some((read(message, arn)?, attributes))
        });

        Ok(messages.collect())
    }

    /// Asks SQS how many messages are hidden, because somebody has received them. It is a little
    /// behind the truth.
    pub(crate) async fn hidden(&self) -> Result<u64, QueueError> {
        let url = self.url.before_messages().map_err(QueueError::unusable)?;
        let attribute = QueueAttributeName::ApproximateNumberOfMessagesNotVisible;
        let number = self.ask(url, attribute).await?;

        Ok(number.and_then(|number| number.parse().ok()).unwrap_or(0))
    }
}

/// Notes that a request was made and signed.
#[derive(Debug, Clone, Default)]
struct Sent(Arc<AtomicBool>);

impl Intercept for Sent {
    fn name(&self) -> &'static str {
        "Sent"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _settings: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.store(true, Ordering::Relaxed);
        Ok(())
    }
}

/// The timeouts of a client are about answers that come at once. A long poll takes longer.
fn longer_timeouts(client: &Client, wait: Duration) -> Option<Builder> {
    let own = client.config().timeout_config()?;
    let longer = |timeout: Option<Duration>| timeout.map(|timeout| timeout.saturating_add(wait));

    let mut timeouts = TimeoutConfig::builder();
    timeouts
        .set_read_timeout(longer(own.read_timeout()))
        .set_operation_attempt_timeout(longer(own.operation_attempt_timeout()))
        .set_operation_timeout(longer(own.operation_timeout()));
    let timeouts = timeouts.build();

    let has_any = timeouts.has_timeouts() || timeouts.read_timeout().is_some();
    has_any.then(|| Builder::new().timeout_config(timeouts))
}

/// What cannot be read of a message is left out. Only without a receipt handle there is nothing
/// that could be done with it.
fn read(message: Message, arn: &QueueArn) -> Option<Received> {
    let Some(handle) = message.receipt_handle.filter(|handle| !handle.is_empty()) else {
        tracing::warn!(
            message_id = message.message_id,
            "a message came without a receipt handle: it returns when its visibility timeout ends"
        );
        return None;
    };

    let mut context = MessageContext::new()
        .with_receipt_handle(handle)
        .with_queue_arn(arn.clone());
    if let Some(id) = message.message_id {
        context = context.with_message_id(id);
    }

    let mut attributes = message.attributes.unwrap_or_default();
    let mut attribute = |name| attributes.remove(&name).filter(|value| !value.is_empty());

    let count = attribute(MessageSystemAttributeName::ApproximateReceiveCount);
    if let Some(count) = count.and_then(|count| parse_receive_count(&count)) {
        context = context.with_receive_count(count);
    }

    if let Some(group) = attribute(MessageSystemAttributeName::MessageGroupId) {
        context = context.with_group_id(group);
    }

    if let Some(header) = attribute(MessageSystemAttributeName::AwsTraceHeader) {
        context = context.with_trace_header(header);
    }

    let mut sent = message.message_attributes.unwrap_or_default();
    let parent = sent.remove(TRACE_PARENT);
    if let Some(parent) = parent.and_then(|parent| parent.string_value) {
        context = context.with_trace_parent(parent);
    }

    Some(Received::new(context, message.body.unwrap_or_default()))
}
