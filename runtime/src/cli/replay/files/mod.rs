//! Messages in files.

mod structure;
mod documents;
mod payload;

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use s3_dispatch_core::EventName;
use tokio::sync::{Mutex, Notify, mpsc};

use self::documents::{Documents, Found};
use self::payload::{Payload, Readable};
use super::Selection;
use crate::cli::catch_up::{Item, Settled, Source, SourceError};

/// How many messages are read ahead.
const AHEAD: usize = 256;

/// The messages of files. A thread of its own reads them, because a file may keep it waiting, such
/// as standard input.
pub(super) struct Files {
    messages: Mutex<mpsc::Receiver<Item>>,
    stopped: Notify,
    is_stopped: AtomicBool,
}

impl Files {
    /// Begins to read files, one after the other. `-` is standard input.
    ///
    /// # Errors
    ///
    /// One of the files cannot be opened.
    pub(super) fn open(
        names: &[String],
        batch_event: Option<EventName>,
        selection: Selection,
    ) -> Result<Self, String> {
        let open = |name: &String| match open(name) {
            Ok(file) => Ok((name.clone(), file)),
            Err(error) => Err(format!("the file `{name}` cannot be read: {error}")),
        };
        let files = names.iter().map(open).collect::<Result<Vec<_>, _>>()?;

        let (out, messages) = mpsc::channel(AHEAD);
        let reader = Reader {
            out,
            batch_event,
            selection,
            next: 0,
        };
        let thread = std::thread::Builder::new().name("s3-dispatch-files".to_owned());
        let started = thread.spawn(move || reader.read_all(files));
        started.map_err(|error| format!("no thread can be started: {error}"))?;

        Ok(Self {
            messages: Mutex::new(messages),
            stopped: Notify::new(),
            is_stopped: AtomicBool::new(false),
        })
    }
}

/// A file that is opened when it is its turn, so that any number of them can be given.
type Open = Box<dyn FnOnce() -> io::Result<Box<dyn BufRead>> + Send>;

fn open(name: &str) -> io::Result<Open> {
    if name == "-" {
        return Ok(Box::new(|| Ok(Box::new(BufReader::new(io::stdin())))));
    }

    if File::open(name)?.metadata()?.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::IsADirectory,
            "it is a folder",
        ));
    }
    let name = name.to_owned();
    Ok(Box::new(move || {
        Ok(Box::new(BufReader::new(File::open(name)?)))
    }))
}

#[async_trait]
impl Source for Files {
    async fn next(&self, most: usize) -> Result<Vec<Item>, SourceError> {
        if self.is_stopped.load(Ordering::SeqCst) {
            return Ok(Vec::new());
        }

        let mut items = Vec::new();
        let mut messages = self.messages.lock().await;
        tokio::select! {
            biased;
            () = self.stopped.notified() => {}
            _ = messages.recv_many(&mut items, most) => {}
        }

        Ok(items)
    }

    fn settled(&self, _: u64, _: Settled) {}

    fn stop(&self) {
        self.is_stopped.store(true, Ordering::SeqCst);
        self.stopped.notify_one();
    }
}

/// Reads files in its thread.
struct Reader {
    out: mpsc::Sender<Item>,
    batch_event: Option<EventName>,
    selection: Selection,
    /// The number of the next message.
    next: u64,
}

/// Nobody wants more messages.
struct Enough;

impl Reader {
    fn read_all(mut self, files: Vec<(String, Open)>) {
        for (name, open) in files {
            if self.read(&name, open).is_err() {
                return;
            }
        }
    }

    fn read(&mut self, name: &str, open: Open) -> Result<(), Enough> {
        let mut documents = match open() {
            Ok(file) => Documents::new(file),
            Err(error) => {
                self.unreadable(name, &error);
                return Ok(());
            }
        };

        loop {
            match documents.next() {
                Ok(None) => return Ok(()),
                Ok(Some(Found::Document { line, json })) => self.payload(name, line, json)?,
                Ok(Some(Found::Damage {
                    first,
                    last,
                    reason,
                })) => {
                    let place = match last {
                        last if last == first => format!("{name}:{first}"),
                        last => format!("{name}:{first}-{last}"),
                    };
                    self.unreadable(&place, &reason);
                }
                Err(error) => {
                    let place = format!("{name}:{}", documents.lines() + 1);
                    self.unreadable(&place, &error);
                    return Ok(());
                }
            }
        }
    }

    /// Gives out the messages of a payload.
    fn payload(&mut self, name: &str, line: u64, json: Vec<u8>) -> Result<(), Enough> {
        let place = format!("{name}:{line}");
        let payload = match Payload::parse(json, self.batch_event.as_ref()) {
            Ok(payload) => payload,
            Err(error) => {
                self.unreadable(&place, &error);
                return Ok(());
            }
        };

        for message in payload.messages(&place) {
            match message {
                Ok(message) => self.message(message)?,
                Err(error) => self.unreadable(&place, error),
            }
        }

        Ok(())
    }

    fn message(&mut self, message: Readable<'_>) -> Result<(), Enough> {
        if !self.selection.passes(message.records, message.error) {
            return Ok(());
        }
        if self.selection.limit == Some(self.next) {
            return Err(Enough);
        }

        let mut item = Item::new(self.next, message.context, message.body);
        item.error = message.error.map(str::to_owned);
        self.next += 1;

        self.out.blocking_send(item).map_err(|_| Enough)
    }

    fn unreadable(&self, place: &str, error: &dyn Display) {
        let error = error.to_string();
        tracing::error!(place, error, "something in a file cannot be read");
        self.selection.tally.note(|counts| counts.unreadable += 1);
    }
}
