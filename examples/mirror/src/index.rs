//! The index: a table of objects in SQLite.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, params};

/// How long a connection waits while another process writes.
const BUSY: Duration = Duration::from_secs(10);

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS objects (
        bucket TEXT NOT NULL,
        key TEXT NOT NULL,
        size INTEGER NOT NULL,
        e_tag TEXT,
        version_id TEXT,
        PRIMARY KEY (bucket, key)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS leases (
        identity TEXT PRIMARY KEY,
        lease TEXT NOT NULL,
        is_completed INTEGER NOT NULL,
        expires_at INTEGER NOT NULL
    ) WITHOUT ROWID;
";

/// The index, in a file that several processes may open. Its clones share one connection.
#[derive(Clone)]
pub struct Index(Arc<Mutex<Connection>>);

/// What the index knows about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The size in bytes.
    pub size: u64,
    /// The entity tag, without quotes. `None` from stores that have none.
    pub e_tag: Option<String>,
    /// The version. `None` in buckets without versioning.
    pub version_id: Option<String>,
}

/// The reason why the index cannot be read or written. A retry may help.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// SQLite reports an error.
    #[error("the index cannot be read or written")]
    Sqlite(#[from] rusqlite::Error),
    /// The runtime is shutting down.
    #[error("the access to the index was cancelled")]
    Cancelled(#[from] tokio::task::JoinError),
}

/// Opens the file, and creates its tables if it is new.
pub(crate) fn connect(file: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(BUSY)?;
    connection.execute_batch(SCHEMA)?;
    Ok(connection)
}

impl Index {
    /// Opens the index in this file, and creates it if it does not exist. `:memory:` is an index
    /// without a file.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be opened, or is not a database of SQLite.
    pub fn open(file: impl AsRef<Path>) -> Result<Self, IndexError> {
        Ok(Self(Arc::new(Mutex::new(connect(file.as_ref())?))))
    }

    /// Writes the entry of an object, over an earlier one.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be written. A retry may help.
    pub async fn set(&self, bucket: &str, key: &str, entry: Entry) -> Result<(), IndexError> {
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        self.call(move |connection| {
            let Entry {
                size,
                e_tag,
                version_id,
            } = entry;
            connection.execute(
                "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)",
                params![bucket, key, size as i64, e_tag, version_id],
            )
        })
        .await?;
        Ok(())
    }

    /// Removes the entry of an object, if there is one.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be written. A retry may help.
    pub async fn remove(&self, bucket: &str, key: &str) -> Result<(), IndexError> {
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        self.call(move |connection| {
            let delete = "DELETE FROM objects WHERE bucket = ? AND key = ?";
            connection.execute(delete, params![bucket, key])
        })
        .await?;
        Ok(())
    }

    /// The objects of a bucket, by key.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read. A retry may help.
    pub async fn entries(&self, bucket: &str) -> Result<BTreeMap<String, Entry>, IndexError> {
        let bucket = bucket.to_owned();
        self.call(move |connection| {
            let select = "SELECT key, size, e_tag, version_id FROM objects WHERE bucket = ?";
            let mut statement = connection.prepare(select)?;
            let rows = statement.query_map([bucket], |row| {
                let entry = Entry {
                    size: row.get::<_, i64>(1)? as u64,
                    e_tag: row.get(2)?,
                    version_id: row.get(3)?,
                };
                Ok((row.get(0)?, entry))
            })?;
            rows.collect()
        })
        .await
    }

    /// Calls SQLite on a thread where it may wait for the disk and for other processes.
    async fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, IndexError> {
        let connection = Arc::clone(&self.0);
        let called = tokio::task::spawn_blocking(move || {
            call(&connection.lock().unwrap_or_else(PoisonError::into_inner))
        });
        Ok(called.await??)
    }
}
