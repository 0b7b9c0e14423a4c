//! Sends the trace header of an invocation along with the requests that its handlers make.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use crate::lambda::trace_header;

const HEADER: &str = "x-amzn-trace-id";

/// An interceptor for clients of the AWS SDK: requests carry the trace header of the invocation
/// that they are made for.
///
/// Lambda stops functions that trigger themselves in a loop, and it knows the loop by the header
/// `X-Amzn-Trace-Id` of the requests that a function makes ("Use Lambda recursive loop detection to
/// prevent infinite loops", AWS Lambda Developer Guide, 2026). Where one invocation runs at a time,
/// the SDK finds the header in the environment variable `_X_AMZN_TRACE_ID`. On Lambda Managed
/// Instances several invocations share the environment, so that variable is not set, and **a client
/// without this interceptor sends no header**. AWS cannot stop a loop then.
///
/// Add it to each client that handlers use. What this crate sends by itself, through `SqsBackoff`,
/// `SqsDeadLetters`, `SqsQueue`, `DynamoDbStore`, `Objects` and `Object`, carries the header
/// without it. It does no harm where one invocation runs at a time.
///
/// The header is that of the invocation around the task that sends the request. A task that a
/// handler spawns has none; send from the handler itself. A request that has the header already
/// keeps it. Outside Lambda nothing is added.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "sqs")]
/// # mod example {
/// use aws_sdk_sqs::Client;
/// use aws_sdk_sqs::config::Config;
/// use s3_dispatch::TraceHeaderInterceptor;
///
/// /// A client with the settings of another, such as one from `aws_config`.
/// fn traced(client: &Client) -> Client {
///     let config = client.config().to_builder();
///     Client::from_conf(config.interceptor(TraceHeaderInterceptor::new()).build())
/// }
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct TraceHeaderInterceptor;

impl TraceHeaderInterceptor {
    /// Creates the interceptor.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

#[dyn_dispatch_hint]
impl Intercept for TraceHeaderInterceptor {
    fn name(&self) -> &'static str {
        "TraceHeaderInterceptor"
    }

    /// Adds the header before the SDK looks into the environment, which it does before signing.
    fn modify_before_retry_loop(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.request_mut().headers_mut();

        if !headers.contains_key(HEADER)
            && let Some(header) = trace_header::current()
        {
            headers.try_insert(HEADER, header.as_str().to_owned())?;
        }

        Ok(())
    }
}

/// Returns a client with the same settings whose requests carry the trace header.
#[cfg(feature = "sqs")]
pub(crate) fn traced_sqs(client: &aws_sdk_sqs::Client) -> aws_sdk_sqs::Client {
    let config = client.config().to_builder();
    let config = config.interceptor(TraceHeaderInterceptor::new());

    aws_sdk_sqs::Client::from_conf(config.build())
}
