//! What the errors of SQS mean for a queue.

use std::error::Error as StdError;
use std::iter::successors;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sqs::config::Region;
use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ErrorMetadata, ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::result::DispatchFailure;

use crate::queue::access::QueueError;
use crate::telemetry::errors::with_causes;

/// Where a call went, and how far it came.
pub(crate) struct Call<'c> {
    pub(crate) url: &'c str,
    pub(crate) region: Option<&'c Region>,
    /// Whether a request was sent. If none was, its address or its signature could not be made.
    pub(crate) was_sent: bool,
}

/// Why a queue cannot be used until somebody changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Obstacle {
    NoQueue,
    Credentials,
    Denied,
    Key,
    Unsupported,
}

/// The codes of errors that do not pass by themselves ("ReceiveMessage" and "Common Errors", Amazon
/// SQS API Reference, 2026), without the name of a service before them.
///
/// Credentials that have expired are among them: the SDK renews what can be renewed before it
/// expires, so what SQS calls expired stays so for as long as the process runs.
const OBSTACLES: &[(&str, Obstacle)] = &[
    ("AccessDenied", Obstacle::Denied),
    ("AccessDeniedException", Obstacle::Denied),
    ("DisabledException", Obstacle::Key),
    ("ExpiredToken", Obstacle::Credentials),
    ("ExpiredTokenException", Obstacle::Credentials),
    ("IncompleteSignature", Obstacle::Credentials),
    ("IncompleteSignatureException", Obstacle::Credentials),
    ("InvalidAccessKeyId", Obstacle::Credentials),
    ("InvalidAddress", Obstacle::NoQueue),
    ("InvalidClientTokenId", Obstacle::Credentials),
    ("InvalidIdentityToken", Obstacle::Credentials),
    ("InvalidKeyUsageException", Obstacle::Key),
    ("InvalidSecurity", Obstacle::Credentials),
    ("InvalidSignatureException", Obstacle::Credentials),
    ("InvalidStateException", Obstacle::Key),
    ("InvalidToken", Obstacle::Credentials),
    ("KmsAccessDenied", Obstacle::Denied),
    ("KmsDisabled", Obstacle::Key),
    ("KmsInvalidKeyUsage", Obstacle::Key),
    ("KmsInvalidState", Obstacle::Key),
    ("KmsNotFound", Obstacle::Key),
    ("KmsOptInRequired", Obstacle::Key),
    ("MissingAuthenticationToken", Obstacle::Credentials),
    ("MissingAuthenticationTokenException", Obstacle::Credentials),
    ("NonExistentQueue", Obstacle::NoQueue),
    ("NotAuthorized", Obstacle::Denied),
    ("NotFoundException", Obstacle::Key),
    ("OptInRequired", Obstacle::Credentials),
    ("QueueDoesNotExist", Obstacle::NoQueue),
    ("SignatureDoesNotMatch", Obstacle::Credentials),
    ("UnauthorizedOperation", Obstacle::Denied),
    ("UnrecognizedClientException", Obstacle::Credentials),
    ("UnsupportedOperation", Obstacle::Unsupported),
];

/// Returns the error of a call that failed as a whole.
pub(crate) fn of_call<E>(error: &SdkError<E, HttpResponse>, call: &Call<'_>) -> QueueError
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    let cannot_be_sent = |reason: &str| Some(format!("{reason}: {}", with_causes(error)));
    let unusable = match error {
        SdkError::ServiceError(_) => error.code().and_then(obstacle).map(|obstacle| {
            let code = error.code().unwrap_or_default();
            let message = error.message().unwrap_or_default();
            format!("{}: {code}: {message}", call.text(obstacle))
        }),
        SdkError::ConstructionFailure(_) => cannot_be_sent("no request can be made"),
        SdkError::DispatchFailure(failure) => match credentials(error) {
            Some(Credentials::Unusable) => {
                cannot_be_sent("there are no credentials that can be used")
            }
            Some(Credentials::NotLoaded) => {
                let reason = format!("no credentials can be loaded: {}", with_causes(error));
                return QueueError::without_credentials(reason);
            }
            Some(Credentials::Late) => None,
            None if call.region.is_none() => cannot_be_sent("the client has no region"),
            None if failure.is_user() || !call.was_sent && is_unexplained(failure) => {
                cannot_be_sent("no request can be sent")
            }
            None => None,
        },
        _ => None,
    };

    match unusable {
        Some(reason) => QueueError::unusable(reason),
        None => QueueError::failed(with_causes(error)),
    }
}

impl Call<'_> {
    fn text(&self, obstacle: Obstacle) -> String {
        let url = self.url;

        match obstacle {
            Obstacle::NoQueue => match self.region {
                Some(region) => format!("there is no queue `{url}` in the region `{region}`"),
                None => format!("there is no queue `{url}`"),
            },
            Obstacle::Credentials => "the credentials are refused".to_owned(),
            Obstacle::Denied => format!("access to the queue `{url}` is denied"),
            Obstacle::Key => format!("the key of the queue `{url}` cannot be used"),
            Obstacle::Unsupported => format!("the queue `{url}` does not support the call"),
        }
    }
}

fn obstacle(code: &str) -> Option<Obstacle> {
    let name = code.rsplit(['.', '#']).next().unwrap_or(code);
    let (_, obstacle) = OBSTACLES.iter().find(|(known, _)| *known == name)?;

    Some(*obstacle)
}

/// What an error says about the credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Credentials {
    /// They are missing or refused.
    Unusable,
    /// Whoever has them did not give them: it refused, or could not be reached. The SDK says which
    /// for a few sources only, and otherwise in a text.
    NotLoaded,
    /// They did not come in time, or another service asked for patience.
    Late,
}

/// How the error begins of a source of credentials that did not answer in time. The SDK has no
/// public type for it.
const TIMED_OUT: &str = "identity resolver timed out";

/// Returns what an error says about the credentials. `None` if it is not about them.
fn credentials(error: &(dyn StdError + 'static)) -> Option<Credentials> {
    let mut causes = successors(Some(error), |&cause| cause.source());
    if causes
        .clone()
        .any(|cause| cause.to_string().starts_with(TIMED_OUT))
    {
        return Some(Credentials::Late);
    }

    let about = causes.find_map(|cause| cause.downcast_ref::<CredentialsError>())?;
    if let CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_) =
        about
    {
        return Some(Credentials::Unusable);
    }
    if let CredentialsError::ProviderTimedOut(_) = about {
        return Some(Credentials::Late);
    }

    // Another service may have refused to give some, such as STS with a token of Kubernetes.
    let mut answers = causes.filter_map(|cause| cause.downcast_ref::<ErrorMetadata>()?.code());
    Some(match answers.next() {
        None => Credentials::NotLoaded,
        Some(first) if answers.chain([first]).any(|code| obstacle(code).is_some()) => {
            Credentials::Unusable
        }
        Some(_) => Credentials::Late,
    })
}

/// Whether the SDK gives no kind of failure that may pass.
fn is_unexplained(failure: &DispatchFailure) -> bool {
    !failure.is_io() && !failure.is_timeout() && failure.as_other().is_none()
}
