//! The errors of SQS.
//!
//! The codes are those of the Amazon SQS API Reference (2026), in the form of the JSON protocol
//! and, in a header, in that of the older query protocol, which SDKs still report.

use http::StatusCode;

use crate::{Error, ErrorKind};

/// An error in the form of SQS.
#[derive(Debug, Clone)]
pub(crate) struct SqsError {
    code: ErrorCode,
    message: String,
    is_lost: bool,
}

/// Declares the codes, each with its name in both protocols and its status.
macro_rules! error_codes {
    ($($name:ident, $json:literal, $query:literal, $status:ident;)*) => {
        /// What went wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum ErrorCode {
            $($name,)*
        }

        impl ErrorCode {
            /// The name of the error in the JSON protocol.
            fn json_name(self) -> &'static str {
                match self {
                    $(Self::$name => $json,)*
                }
            }

            /// The code of the error in the query protocol.
            fn query_name(self) -> &'static str {
                match self {
                    $(Self::$name => $query,)*
                }
            }

            fn status(self) -> StatusCode {
                match self {
                    $(Self::$name => StatusCode::$status,)*
                }
            }
        }
    };
}

error_codes! {
    AccessDenied, "com.amazon.coral.service#AccessDeniedException", "AccessDenied", FORBIDDEN;
    BatchEntryIdsNotDistinct, "com.amazonaws.sqs#BatchEntryIdsNotDistinct",
        "AWS.SimpleQueueService.BatchEntryIdsNotDistinct", BAD_REQUEST;
    BatchRequestTooLong, "com.amazonaws.sqs#BatchRequestTooLong",
        "AWS.SimpleQueueService.BatchRequestTooLong", BAD_REQUEST;
    EmptyBatchRequest, "com.amazonaws.sqs#EmptyBatchRequest",
        "AWS.SimpleQueueService.EmptyBatchRequest", BAD_REQUEST;
    InvalidAddress, "com.amazonaws.sqs#InvalidAddress", "InvalidAddress", BAD_REQUEST;
    InvalidAttributeName, "com.amazonaws.sqs#InvalidAttributeName",
        "InvalidAttributeName", BAD_REQUEST;
    InvalidAttributeValue, "com.amazonaws.sqs#InvalidAttributeValue",
        "InvalidAttributeValue", BAD_REQUEST;
    InvalidBatchEntryId, "com.amazonaws.sqs#InvalidBatchEntryId",
        "AWS.SimpleQueueService.InvalidBatchEntryId", BAD_REQUEST;
    InvalidMessageContents, "com.amazonaws.sqs#InvalidMessageContents",
        "InvalidMessageContents", BAD_REQUEST;
    InvalidParameterValue, "com.amazon.coral.service#InvalidParameterValueException",
        "InvalidParameterValue", BAD_REQUEST;
    MessageNotInflight, "com.amazonaws.sqs#MessageNotInflight",
        "AWS.SimpleQueueService.MessageNotInflight", BAD_REQUEST;
    MissingParameter, "com.amazon.coral.service#MissingRequiredParameterException",
        "MissingParameter", BAD_REQUEST;
    PurgeQueueInProgress, "com.amazonaws.sqs#PurgeQueueInProgress",
        "AWS.SimpleQueueService.PurgeQueueInProgress", FORBIDDEN;
    QueueDeletedRecently, "com.amazonaws.sqs#QueueDeletedRecently",
        "AWS.SimpleQueueService.QueueDeletedRecently", BAD_REQUEST;
    QueueDoesNotExist, "com.amazonaws.sqs#QueueDoesNotExist",
        "AWS.SimpleQueueService.NonExistentQueue", BAD_REQUEST;
    QueueNameExists, "com.amazonaws.sqs#QueueNameExists", "QueueAlreadyExists", BAD_REQUEST;
    ReceiptHandleIsInvalid, "com.amazonaws.sqs#ReceiptHandleIsInvalid",
        "ReceiptHandleIsInvalid", BAD_REQUEST;
    RequestThrottled, "com.amazonaws.sqs#RequestThrottled", "RequestThrottled", BAD_REQUEST;
    RequestTooLarge, "com.amazon.coral.service#RequestTooLargeException",
        "RequestTooLarge", PAYLOAD_TOO_LARGE;
    ResourceNotFound, "com.amazonaws.sqs#ResourceNotFoundException",
        "ResourceNotFoundException", NOT_FOUND;
    Serialization, "com.amazon.coral.service#SerializationException",
        "MalformedInput", BAD_REQUEST;
    ServiceUnavailable, "com.amazon.coral.service#ServiceUnavailableException",
        "ServiceUnavailable", SERVICE_UNAVAILABLE;
    TooManyEntriesInBatchRequest, "com.amazonaws.sqs#TooManyEntriesInBatchRequest",
        "AWS.SimpleQueueService.TooManyEntriesInBatchRequest", BAD_REQUEST;
    UnknownOperation, "com.amazon.coral.service#UnknownOperationException",
        "InvalidAction", NOT_FOUND;
    UnsupportedOperation, "com.amazonaws.sqs#UnsupportedOperation",
        "AWS.SimpleQueueService.UnsupportedOperation", BAD_REQUEST;
}

impl SqsError {
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            is_lost: false,
        }
    }

    /// A request or an answer that is lost on purpose. The client sees the connection closed.
    pub(super) fn lost() -> Self {
        Self {
            is_lost: true,
            ..Self::new(ErrorCode::ServiceUnavailable, "The connection was closed.")
        }
    }

    /// Whether the client gets no answer.
    pub(super) fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// A parameter that SQS does not accept.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidParameterValue, message)
    }

    /// A value that SQS does not accept for a parameter.
    pub(super) fn invalid_value(
        parameter: &str,
        value: impl std::fmt::Display,
        reason: &str,
    ) -> Self {
        Self::invalid(format!(
            "Value {value} for parameter {parameter} is invalid. Reason: {reason}"
        ))
    }

    /// A parameter that must be there.
    pub(super) fn missing(parameter: &str) -> Self {
        let message = format!("The request must contain the parameter {parameter}.");
        Self::new(ErrorCode::MissingParameter, message)
    }

    /// A failure that a fault injects. A retry may succeed.
    pub(crate) fn temporary_failure() -> Self {
        let message = "The request has failed due to a temporary failure of the server.";
        Self::new(ErrorCode::ServiceUnavailable, message)
    }

    pub(super) fn queue_does_not_exist() -> Self {
        let message = "The specified queue does not exist.";
        Self::new(ErrorCode::QueueDoesNotExist, message)
    }

    pub(super) fn status(&self) -> StatusCode {
        self.code.status()
    }

    /// The name of the error with its namespace, for the field `__type`.
    pub(super) fn json_name(&self) -> &'static str {
        self.code.json_name()
    }

    /// The code of the query protocol, which is also the code of a failed entry of a batch.
    pub(super) fn query_name(&self) -> &'static str {
        self.code.query_name()
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Whether the client made a mistake.
    pub(super) fn is_sender_fault(&self) -> bool {
        self.status().is_client_error()
    }
}

/// The errors of the pipeline as a client sees them.
impl From<Error> for SqsError {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::UnknownName => Self::queue_does_not_exist(),
            _ => Self::new(ErrorCode::ServiceUnavailable, error.to_string()),
        }
    }
}
