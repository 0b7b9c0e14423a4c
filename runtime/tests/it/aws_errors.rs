//! Errors of the AWS SDK: what is throttled comes back later by itself.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use aws_sdk_sqs::error::{ConnectorError, ErrorMetadata, SdkError};
use aws_sdk_sqs::operation::send_message::SendMessageError;
use aws_sdk_sqs::types::error::{KmsThrottled, RequestThrottled};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use s3_dispatch::failure::{aws_error, aws_operation_error};
use s3_dispatch::{Class, Dispatcher, HandlerError, Routes};
use s3_dispatch_testing::SqsBatchBuilder;

use crate::script::put;

type SendError = SdkError<SendMessageError>;

/// An operation of a service that this crate knows nothing about.
#[derive(Debug)]
struct OtherOperationError(ErrorMetadata);

impl fmt::Display for OtherOperationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unhandled error")
    }
}

impl Error for OtherOperationError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

fn metadata(code: &str) -> ErrorMetadata {
    ErrorMetadata::builder().code(code).build()
}

fn response(status: u16, headers: &[(&'static str, &'static str)]) -> HttpResponse {
    let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
    for (name, value) in headers {
        response.headers_mut().insert(*name, *value);
    }
    response
}

fn service_error(error: SendMessageError) -> SendError {
    SdkError::service_error(error, response(400, &[]))
}

/// The delay in whole seconds, rounded down, that the default classifier finds in the chain.
fn delay(error: &(dyn Error + 'static)) -> Option<u64> {
    let chain = std::iter::successors(Some(error), |&error| error.source());
    chain.into_iter().find_map(aws_error).map(seconds)
}

fn seconds(class: Class) -> u64 {
    match class {
        Class::RetryAfter(delay) => delay.as_secs(),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn check_is_throttled(error: impl Error + 'static) {
    let delay = delay(&error).unwrap();
    assert!((10..=20).contains(&delay), "{delay}");
}

#[track_caller]
fn check_is_transient(error: impl Error + 'static) {
    let delay = delay(&error).unwrap();
    assert!((2..=4).contains(&delay), "{delay}");
}

#[test]
fn throttled_requests_wait_whatever_the_operation_is() {
    check_is_throttled(service_error(SendMessageError::generic(metadata(
        "SlowDown",
    ))));
    check_is_throttled(service_error(SendMessageError::generic(metadata(
        "KMS.ThrottlingException",
    ))));
    check_is_throttled(service_error(SendMessageError::RequestThrottled(
        RequestThrottled::builder().build(),
    )));
    check_is_throttled(service_error(SendMessageError::KmsThrottled(
        KmsThrottled::builder().build(),
    )));
    check_is_throttled(SdkError::<_>::service_error(
        OtherOperationError(metadata("TooManyRequestsException")),
        response(429, &[]),
    ));
    check_is_throttled(aws_sdk_sqs::Error::from(service_error(
        SendMessageError::generic(metadata("Throttling")),
    )));
}

#[cfg(feature = "dynamodb")]
#[test]
fn throttled_requests_to_dynamodb_wait() {
    use aws_sdk_dynamodb::operation::put_item::PutItemError;
    use aws_sdk_dynamodb::types::error::{
        ProvisionedThroughputExceededException, RequestLimitExceeded,
    };

    let of = |error| aws_sdk_dynamodb::error::SdkError::service_error(error, response(400, &[]));

    check_is_throttled(of(PutItemError::ProvisionedThroughputExceededException(
        ProvisionedThroughputExceededException::builder().build(),
    )));
    check_is_throttled(of(PutItemError::RequestLimitExceeded(
        RequestLimitExceeded::builder().build(),
    )));
}

#[test]
fn failures_that_pass_wait_a_little() {
    check_is_transient(service_error(SendMessageError::generic(metadata(
        "InternalError",
    ))));
    check_is_transient(SendError::dispatch_failure(ConnectorError::timeout(
        "no answer".into(),
    )));
    check_is_transient(SendError::dispatch_failure(ConnectorError::io(
        "connection reset".into(),
    )));
}

#[test]
fn other_errors_are_left_to_others() {
    let denied = service_error(SendMessageError::generic(metadata("AccessDenied")));
    assert_eq!(delay(&denied), None);

    let wrong = SendError::dispatch_failure(ConnectorError::user("not a url".into()));
    assert_eq!(delay(&wrong), None);

    let unsent = SendError::construction_failure("no region");
    assert_eq!(delay(&unsent), None);
}

#[test]
fn the_delay_of_the_service_is_found_where_the_operation_is_named() {
    let of = |status, headers: &[_], code: Option<&str>| {
        let metadata = code.map_or_else(ErrorMetadata::default, metadata);
        let error = SdkError::service_error(
            SendMessageError::generic(metadata),
            response(status, headers),
        );
        aws_operation_error::<SendMessageError>(&error)
    };
    let after = |milliseconds| Some(Class::RetryAfter(Duration::from_millis(milliseconds)));
    let slow_down = Some("SlowDown");

    assert_eq!(
        of(503, &[("x-amz-retry-after", "1500")], slow_down),
        after(1_500)
    );
    assert_eq!(of(429, &[("retry-after", "7")], None), after(7_000));
    assert_eq!(
        of(
            503,
            &[("x-amz-retry-after", "1500"), ("retry-after", "7")],
            None
        ),
        after(1_500)
    );

    // A date is another form of the header, which no service of AWS sends.
    let date = [("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")];
    assert!((10..=20).contains(&seconds(of(503, &date, None).unwrap())));
    assert!((2..=4).contains(&seconds(of(500, &[], None).unwrap())));
    assert_eq!(of(403, &[("retry-after", "7")], Some("AccessDenied")), None);

    let late = SendError::timeout_error("the operation took too long");
    let class = aws_operation_error::<SendMessageError>(&late).unwrap();
    assert!((2..=4).contains(&seconds(class)));

    let other: SdkError<OtherOperationError> = SdkError::timeout_error("late");
    assert_eq!(aws_operation_error::<SendMessageError>(&other), None);
}

/// No classifier is set, so the default one is asked.
#[tokio::test]
async fn a_handler_whose_request_was_throttled_asks_for_a_delay_by_itself() {
    let routes = Routes::new(()).on_fn("ObjectCreated:*", async || -> Result<(), HandlerError> {
        Err(service_error(SendMessageError::generic(metadata(
            "SlowDown",
        ))))?
    });
    let backoff = crate::backoff::Delays::default();
    let dispatcher = Dispatcher::new(routes).with_backoff(backoff.clone());
    let batch = SqsBatchBuilder::new().with_record("1", put("a"));
    let report = dispatcher.dispatch(batch.to_bytes(), None).await.unwrap();
    assert_eq!(report.failed(), 1);

    let delays = backoff.taken();
    assert!(
        matches!(delays[..], [Some(delay)] if (10..=20).contains(&delay.as_secs())),
        "{delays:?}"
    );
}
