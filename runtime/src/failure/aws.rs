//! What errors of the AWS SDK mean.

use std::error::Error as StdError;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use s3_dispatch_core::Class;

/// The codes with which services ask for fewer requests, and that the SDK itself retries
/// (`aws-runtime` 1.10).
const THROTTLED: &[&str] = &[
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "KmsThrottled",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
];

/// The codes of failures that pass by themselves.
const TRANSIENT: &[&str] = &[
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "InternalServerException",
    "ReplicatedWriteConflictException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "TransactionConflictException",
];

/// A classifier for errors of the AWS SDK for Rust, of every service.
///
/// Every dispatcher asks it after the [classifiers](crate::Dispatcher::classify) of the program, if
/// a feature is on that brings in the SDK. By the time that a handler gets such an error, the SDK
/// itself has tried several times. Trying again at once would only add to the load:
///
/// | error | class |
/// |---|---|
/// | throttled: `SlowDown`, `ThrottlingException` and the like | retry after 10 to 20 seconds |
/// | internal errors, unavailable services, broken connections | retry after 2 to 4 seconds |
/// | all others | `None`, so they are retried as other errors are |
///
/// The time is random, so that messages that failed together do not come back together. It has an
/// effect only with a [backoff](crate::Backoff).
///
/// It recognizes the errors that do not depend on the operation: the code of an error that the SDK
/// has no type for, the modeled errors of the services whose feature is on, and failures of the
/// connection. Only [`aws_operation_error`] sees a delay that the service asked for.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use aws_sdk_sqs::error::ErrorMetadata;
/// use s3_dispatch::Class;
/// use s3_dispatch::failure::aws_error;
///
/// let error = ErrorMetadata::builder().code("SlowDown").build();
/// let Some(Class::RetryAfter(delay)) = aws_error(&error) else { panic!() };
/// assert!(delay >= Duration::from_secs(10));
///
/// let error = ErrorMetadata::builder().code("AccessDenied").build();
/// assert_eq!(aws_error(&error), None);
/// ```
#[must_use]
pub fn aws_error(error: &(dyn StdError + 'static)) -> Option<Class> {
    if let Some(metadata) = error.downcast_ref::<ErrorMetadata>() {
        return of_code(metadata.code()?);
    }

    if let Some(connection) = error.downcast_ref::<ConnectorError>() {
        return (!connection.is_user()).then(transient);
    }

    modeled(error)
}

/// A classifier for the errors of one operation of an AWS service, such as `GetObjectError`.
///
/// It knows what [`aws_error`] knows, for every service and every error of the operation. It also
/// sees the response: its status, and the delay that the service asks for with `x-amz-retry-after`
/// or `Retry-After`. Give it to [`Dispatcher::classify`](crate::Dispatcher::classify).
///
/// # Examples
///
/// ```
/// use aws_sdk_sqs::operation::send_message::SendMessageError;
/// use s3_dispatch::failure::aws_operation_error;
/// use s3_dispatch::{Dispatcher, Routes};
///
/// let dispatcher = Dispatcher::new(Routes::new(()))
///     .classify(aws_operation_error::<SendMessageError>);
/// ```
#[must_use]
pub fn aws_operation_error<E>(error: &(dyn StdError + 'static)) -> Option<Class>
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let error = error.downcast_ref::<SdkError<E, HttpResponse>>()?;
    let response = error.raw_response();

    let class = match error {
        SdkError::TimeoutError(_) => Some(transient()),
        SdkError::DispatchFailure(failure) => (!failure.is_user()).then(transient),
        SdkError::ServiceError(_) | SdkError::ResponseError(_) => error
            .code()
            .and_then(of_code)
            .or_else(|| of_status(response?.status().as_u16())),
        _ => None,
    }?;

    let asked = response.and_then(delay_of);
    Some(asked.map_or(class, Class::RetryAfter))
}

/// The class of a service's error code. Some services put a name before it: `KMS.SlowDown`.
fn of_code(code: &str) -> Option<Class> {
    let name = code.rsplit(['.', '#']).next().unwrap_or(code);

    if THROTTLED.contains(&name) {
        Some(throttled())
    } else if TRANSIENT.contains(&name) {
        Some(transient())
    } else {
        None
    }
}

fn of_status(status: u16) -> Option<Class> {
    match status {
        429 | 503 => Some(throttled()),
        500.. => Some(transient()),
        _ => None,
    }
}

/// The delay that a response asks for: milliseconds in AWS's own header, seconds in HTTP's.
fn delay_of(response: &HttpResponse) -> Option<Duration> {
    let header = |name: &str| response.headers().get(name)?.parse::<u64>().ok();

    let own = header("x-amz-retry-after").map(Duration::from_millis);
    own.or_else(|| header("retry-after").map(Duration::from_secs))
}

fn throttled() -> Class {
    after_about(Duration::from_secs(10))
}

fn transient() -> Class {
    after_about(Duration::from_secs(2))
}

/// A random time between this one and twice as long.
fn after_about(least: Duration) -> Class {
    Class::RetryAfter(least.mul_f64(1.0 + fastrand::f64()))
}

/// The class of a modeled error. Its type does not depend on the operation.
#[cfg_attr(
    not(any(feature = "dynamodb", feature = "sqs")),
    expect(
        unused_macros,
        unused_variables,
        reason = "S3's own errors say nothing about a retry"
    )
)]
fn modeled(error: &(dyn StdError + 'static)) -> Option<Class> {
    macro_rules! is_any {
        ($($ty:ty),* $(,)?) => {
            false $(|| error.is::<$ty>())*
        };
    }

    #[cfg(feature = "dynamodb")]
    {
        use aws_sdk_dynamodb::types::error::{
            InternalServerError, LimitExceededException, ProvisionedThroughputExceededException,
            ReplicatedWriteConflictException, RequestLimitExceeded, ThrottlingException,
            TransactionConflictException, TransactionInProgressException,
        };

        if is_any!(
            LimitExceededException,
            ProvisionedThroughputExceededException,
            RequestLimitExceeded,
            ThrottlingException,
            TransactionInProgressException,
        ) {
            return Some(throttled());
        }

        if is_any!(
            InternalServerError,
            ReplicatedWriteConflictException,
            TransactionConflictException,
        ) {
            return Some(transient());
        }
    }

    #[cfg(feature = "sqs")]
    {
        use aws_sdk_sqs::types::error::{KmsThrottled, RequestThrottled};

        if is_any!(KmsThrottled, RequestThrottled) {
            return Some(throttled());
        }
    }

    None
}
