//! Reads a file on a thread of its own, which is never far ahead of whoever uses what it found.

use std::io;

use tokio::sync::mpsc;

use super::error::OriginError;
use super::found::Found;

type Part = Result<Vec<Found>, OriginError>;

/// What the thread found, in parts.
pub(super) struct Reading(mpsc::Receiver<Part>);

/// Where the thread puts what it finds.
pub(super) struct Sink {
    parts: mpsc::Sender<Part>,
    part: Vec<Found>,
}

/// Nobody waits for more, so the thread ends.
pub(super) struct Closed;

/// Why a reading ends early: nobody waits, or the input is wrong.
pub(super) enum End {
    Closed,
    Error(OriginError),
}

impl Reading {
    const PART: usize = 1_000;
    const PARTS: usize = 2;

    /// Starts the thread.
    pub(super) fn start(
        read: impl FnOnce(&mut Sink) -> Result<(), End> + Send + 'static,
    ) -> io::Result<Self> {
        let (parts, receiver) = mpsc::channel(Self::PARTS);
        let mut sink = Sink {
            parts,
            part: Vec::with_capacity(Self::PART),
        };

        let thread = std::thread::Builder::new().name("s3-dispatch-source".to_owned());
        thread.spawn(move || {
            let ended = read(&mut sink);
            // What was found before a mistake is used.
            if sink.flush().is_err() {
                return;
            }
            if let Err(End::Error(error)) = ended {
                drop(sink.parts.blocking_send(Err(error)));
            }
        })?;

        Ok(Self(receiver))
    }

    /// The next objects. Empty at the end.
    pub(super) async fn next(&mut self) -> Part {
        self.0.recv().await.unwrap_or_else(|| Ok(Vec::new()))
    }
}

impl Sink {
    pub(super) fn push(&mut self, found: Found) -> Result<(), Closed> {
        self.part.push(found);
        if self.part.len() < Reading::PART {
            return Ok(());
        }

        self.flush()
    }

    fn flush(&mut self) -> Result<(), Closed> {
        if self.part.is_empty() {
            return Ok(());
        }

        let part = std::mem::replace(&mut self.part, Vec::with_capacity(Reading::PART));
        self.parts.blocking_send(Ok(part)).map_err(|_| Closed)
    }
}

impl From<Closed> for End {
    fn from(_: Closed) -> Self {
        Self::Closed
    }
}

impl From<OriginError> for End {
    fn from(error: OriginError) -> Self {
        Self::Error(error)
    }
}
