//! Where the URL of a queue of SQS comes from: the program, its environment, or the messages.

use std::collections::HashMap;
use std::env::VarError;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use s3_dispatch_core::delivery::QueueArn;
use serde::Deserialize;
use tokio::sync::Mutex;

type BoxError = Box<dyn StdError + Send + Sync>;

/// A queue of which a program may not know the URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The queue that the messages come from.
    Main,
    /// The dead-letter queue of that queue.
    DeadLetters,
}

impl Wanted {
    /// The environment variable with its URL. The Terraform module sets it.
    fn variable(self) -> &'static str {
        match self {
            Self::Main => "S3_DISPATCH_QUEUE_URL",
            Self::DeadLetters => "S3_DISPATCH_DEAD_LETTERS_URL",
        }
    }
}

/// The URL of a queue, or how to find it.
///
/// A URL is never put together from an ARN, because SQS could change its components ("Queue and
/// Message Identifiers", Amazon SQS Developer Guide). SQS is asked for it.
#[derive(Debug, Clone)]
pub(crate) enum SqsUrl {
    Known(Arc<str>),
    /// The environment variable has this value, which is not a URL.
    Wrong(Wanted, String),
    /// The environment variable is not set, so the messages must name their queue.
    OfMessages(Wanted, Arc<Found>),
}

/// What was found, by the ARN of the queue that the messages come from. Clones share it, so that
/// SQS is asked once.
type Found = Mutex<HashMap<QueueArn, Arc<str>>>;

impl SqsUrl {
    pub(crate) fn known(url: impl Into<String>) -> Self {
        Self::Known(url.into().into())
    }

    /// Takes the URL from the environment, if it is there.
    pub(crate) fn from_environment(wanted: Wanted) -> Self {
        match std::env::var(wanted.variable()) {
            Ok(url) if is_url(&url) => Self::known(url),
            Ok(other) => Self::Wrong(wanted, other),
            Err(VarError::NotUnicode(other)) => {
                Self::Wrong(wanted, other.to_string_lossy().into_owned())
            }
            Err(VarError::NotPresent) => Self::OfMessages(wanted, Arc::default()),
        }
    }

    pub(crate) fn depends_on_messages(&self) -> bool {
        matches!(self, Self::OfMessages(..))
    }

    /// Checks what can be known before there are messages.
    pub(crate) fn check(&self) -> Result<(), UnknownUrl> {
        match self {
            Self::Wrong(wanted, value) => Err(UnknownUrl::wrong(*wanted, value)),
            Self::Known(_) | Self::OfMessages(..) => Ok(()),
        }
    }

    /// Returns the URL if it does not depend on messages.
    pub(crate) fn before_messages(&self) -> Result<&str, UnknownUrl> {
        match self {
            Self::Known(url) => Ok(url),
            Self::Wrong(wanted, value) => Err(UnknownUrl::wrong(*wanted, value)),
            Self::OfMessages(wanted, _) => Err(UnknownUrl::unset(*wanted)),
        }
    }

    /// Returns the URL. `arn` is that of the queue that the messages come from, if they name one.
    pub(crate) async fn find(
        &self,
        client: &Client,
        arn: Option<&QueueArn>,
    ) -> Result<Arc<str>, UnknownUrl> {
        let (wanted, found) = match self {
            Self::Known(url) => return Ok(Arc::clone(url)),
            Self::Wrong(wanted, value) => return Err(UnknownUrl::wrong(*wanted, value)),
            Self::OfMessages(wanted, found) => (*wanted, found),
        };
        let arn = arn.ok_or_else(|| UnknownUrl::nameless(wanted))?;

        // Others wait for the answer instead of asking too.
        let mut found = found.lock().await;
        if let Some(url) = found.get(arn) {
            return Ok(Arc::clone(url));
        }

        let asked = match wanted {
            Wanted::Main => url_of(client, arn).await,
            Wanted::DeadLetters => url_of_dead_letters(client, arn).await,
        };
        let url: Arc<str> = asked
            .map_err(|source| UnknownUrl::not_found(wanted, arn, source))?
            .into();
        found.insert(arn.clone(), Arc::clone(&url));

        Ok(url)
    }
}

pub(crate) fn is_url(text: &str) -> bool {
    text.parse::<http::Uri>()
        .is_ok_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.path().len() > 1)
}

async fn url_of(client: &Client, arn: &QueueArn) -> Result<String, BoxError> {
    // arn:PARTITION:sqs:REGION:ACCOUNT:NAME
    let parts: Vec<_> = arn.as_str().split(':').collect();
    let ["arn", _, "sqs", _, account, name] = parts[..] else {
        return Err(format!("`{arn}` is not the ARN of a queue").into());
    };

    let answer = client
        .get_queue_url()
        .queue_name(name)
        .queue_owner_aws_account_id(account)
        .send()
        .await?;

    answer.queue_url.ok_or("the answer has no URL".into())
}

async fn url_of_dead_letters(client: &Client, arn: &QueueArn) -> Result<String, BoxError> {
    /// `{"deadLetterTargetArn":"arn:aws:sqs:...","maxReceiveCount":5}`
    #[derive(Deserialize)]
    struct RedrivePolicy {
        #[serde(rename = "deadLetterTargetArn")]
        target: String,
    }

    let answer = client
        .get_queue_attributes()
        .queue_url(url_of(client, arn).await?)
        .attribute_names(QueueAttributeName::RedrivePolicy)
        .send()
        .await?;

    let policy = answer
        .attributes
        .and_then(|mut attributes| attributes.remove(&QueueAttributeName::RedrivePolicy))
        .ok_or("the queue has no redrive policy")?;
    let policy: RedrivePolicy = serde_json::from_str(&policy)?;

    url_of(client, &policy.target.into()).await
}

/// Why the URL of a queue is not known.
#[derive(Debug)]
pub(crate) struct UnknownUrl {
    text: String,
    source: Option<BoxError>,
}

impl UnknownUrl {
    fn wrong(wanted: Wanted, value: &str) -> Self {
        let example = match wanted {
            Wanted::Main => "uploads",
            Wanted::DeadLetters => "uploads-dead-letters",
        };

        Self {
            text: format!(
                "the environment variable `{}` is not the URL of a queue: `{value}`; a right one \
                 is `https://sqs.eu-central-1.amazonaws.com/123456789012/{example}`",
                wanted.variable()
            ),
            source: None,
        }
    }

    fn unset(wanted: Wanted) -> Self {
        let text = format!(
            "the environment variable `{}` is not set",
            wanted.variable()
        );
        Self { text, source: None }
    }

    fn nameless(wanted: Wanted) -> Self {
        Self {
            text: format!(
                "the environment variable `{}` is not set, and the messages do not name the one \
                 queue that they come from",
                wanted.variable()
            ),
            source: None,
        }
    }

    fn not_found(wanted: Wanted, arn: &QueueArn, source: BoxError) -> Self {
        let queue = match wanted {
            Wanted::Main => "the queue",
            Wanted::DeadLetters => "the dead-letter queue of",
        };

        Self {
            text: format!(
                "the environment variable `{}` is not set, and the URL of {queue} `{arn}` cannot \
                 be found",
                wanted.variable()
            ),
            source: Some(source),
        }
    }
}

impl fmt::Display for UnknownUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for UnknownUrl {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
