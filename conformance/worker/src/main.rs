//! A worker whose handlers write down what they do, so that it survives the process.
//!
//! The key of an object says what its handler does: `wait/MILLISECONDS/NAME` waits, and
//! `block/MILLISECONDS/NAME` blocks its thread. Each handler appends a line before and one after
//! that to the file `JOURNAL`: the process, `begin` or `end`, the milliseconds since 1970, and the
//! key as it was sent. `FLAVOR=current_thread` chooses the other runtime of Tokio.

use std::env;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use s3_dispatch::{HandlerError, Key, ObjectKey, Routes, State, s3_handler};
use serde::Deserialize;
use tokio::runtime::Builder;

/// The file that all workers append to.
#[derive(Clone)]
struct Journal(Arc<File>);

impl Journal {
    async fn open() -> Result<Self, io::Error> {
        let name =
            env::var_os("JOURNAL").ok_or_else(|| io::Error::other("`JOURNAL` is not set"))?;

        let file = OpenOptions::new().create(true).append(true).open(name)?;
        Ok(Self(Arc::new(file)))
    }

    /// Appends one line with one call, which the system does not mix with those of others.
    fn note(&self, what: &str, key: &ObjectKey) -> io::Result<()> {
        let process = std::process::id();
        let since = SystemTime::UNIX_EPOCH.elapsed().map_err(io::Error::other)?;
        let line = format!("{process} {what} {} {}\n", since.as_millis(), key.as_sent());

        (&*self.0).write_all(line.as_bytes())
    }
}

/// What a handler does, and for how long.
#[derive(Deserialize)]
struct Work {
    how: String,
    milliseconds: u64,
}

#[s3_handler("ObjectCreated:*", key = "{how}/{milliseconds}/{name*}", state = Journal)]
async fn work(
    key: ObjectKey,
    Key(work): Key<Work>,
    State(journal): State<Journal>,
) -> Result<(), HandlerError> {
    journal.note("begin", &key)?;

    let time = Duration::from_millis(work.milliseconds);
    match &*work.how {
        "block" => std::thread::sleep(time),
        _ => tokio::time::sleep(time).await,
    }

    journal.note("end", &key)?;
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let is_current_thread = env::var("FLAVOR").is_ok_and(|flavor| flavor == "current_thread");
    let mut builder = match is_current_thread {
        true => Builder::new_current_thread(),
        false => Builder::new_multi_thread(),
    };
    let runtime = builder.enable_all().build()?;

    let routes = Routes::prepared_by(Journal::open).on::<work>();
    runtime.block_on(s3_dispatch::start(routes))?;

    Ok(())
}
