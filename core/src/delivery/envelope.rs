//! The envelopes around a notification.

use std::fmt;

/// One envelope around a notification.
///
/// [`Message::envelopes`](super::Message::envelopes) lists those of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Envelope {
    /// A message of an SQS batch.
    Sqs,
    /// An SNS message: in a batch that SNS sent to Lambda, or as the JSON that SNS writes without
    /// raw delivery.
    Sns,
    /// S3's notification itself.
    S3,
    /// An S3 event as EventBridge sends it.
    EventBridge,
    /// A task of an S3 Batch Operations job.
    BatchOperations,
}

impl Envelope {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Sqs => "sqs",
            Self::Sns => "sns",
            Self::S3 => "s3",
            Self::EventBridge => "eventbridge",
            Self::BatchOperations => "batchoperations",
        }
    }
}

/// The envelopes of one notification, outermost first. Displayed as `sqs>sns>s3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Envelopes {
    layers: [Option<Envelope>; Self::CAPACITY],
}

impl Envelopes {
    /// How many SNS messages inside each other are opened.
    pub(crate) const MAX_NESTING: usize = 4;
    const CAPACITY: usize = Self::MAX_NESTING + 2;

    /// The envelopes, outermost first.
    pub fn iter(&self) -> impl Iterator<Item = Envelope> + use<> {
        self.layers.into_iter().flatten()
    }

    /// The outermost envelope: what invoked Lambda. `None` when nothing was recognized.
    #[must_use]
    pub fn outermost(&self) -> Option<Envelope> {
        self.layers[0]
    }

    /// Adds an envelope inside the others.
    pub(crate) fn and(mut self, envelope: Envelope) -> Self {
        if let Some(free) = self.layers.iter_mut().find(|layer| layer.is_none()) {
            *free = Some(envelope);
        }
        self
    }
}

impl fmt::Display for Envelopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, envelope) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(">")?;
            }
            f.write_str(envelope.as_str())?;
        }

        Ok(())
    }
}
