//! The leases of keys, in the file of the index.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use s3_dispatch::once::{Claim, Identity, Lease, StoreError};
use s3_dispatch::{ClaimStore, LeaseStore};
use tokio::time::Instant;

use crate::index::connect;

/// Leases that all processes on one machine share. The file is opened by the first call.
pub struct Leases {
    connection: Arc<Mutex<Option<Connection>>>,
    file: PathBuf,
    clock: Clock,
}

/// The time since 1970, by the system when it started, and since then by Tokio, which tests pause.
#[derive(Clone, Copy)]
struct Clock {
    began: Duration,
    start: Instant,
}

/// One row of the table.
struct Row {
    lease: String,
    is_completed: bool,
    /// In milliseconds since 1970.
    expires_at: i64,
}

impl Leases {
    /// Keeps the leases in this file.
    pub fn new(file: impl Into<PathBuf>) -> Self {
        let began = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            connection: Arc::default(),
            file: file.into(),
            clock: Clock {
                began: began.unwrap_or_default(),
                start: Instant::now(),
            },
        }
    }

    /// Runs a transaction on a thread where it may wait. No other process writes meanwhile.
    async fn transaction<T: Send + 'static>(
        &self,
        run: impl FnOnce(&Transaction<'_>, i64) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (connection, file) = (Arc::clone(&self.connection), self.file.clone());
        let clock = self.clock;

        let called = tokio::task::spawn_blocking(move || {
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let connection = match &mut *connection {
                Some(open) => open,
                closed => closed.insert(connect(&file)?),
            };

            let behavior = TransactionBehavior::Immediate;
            let transaction = connection.transaction_with_behavior(behavior)?;
            let result = run(&transaction, clock.now())?;
            transaction.commit()?;
            Ok::<_, rusqlite::Error>(result)
        });
        called
            .await
            .map_err(StoreError::new)?
            .map_err(StoreError::new)
    }
}

impl Clock {
    fn now(self) -> i64 {
        milliseconds(self.began + self.start.elapsed())
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Finds the row of an identity, expired or not.
fn find(transaction: &Transaction<'_>, identity: &str) -> Result<Option<Row>, rusqlite::Error> {
    let select = "SELECT lease, is_completed, expires_at FROM leases WHERE identity = ?";
    let row = transaction.query_row(select, [identity], |row| {
        Ok(Row {
            lease: row.get(0)?,
            is_completed: row.get(1)?,
            expires_at: row.get(2)?,
        })
    });
    row.optional()
}

fn write(
    transaction: &Transaction<'_>,
    identity: &str,
    row: &Row,
) -> Result<usize, rusqlite::Error> {
    transaction.execute(
        "INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?)",
        params![identity, row.lease, row.is_completed, row.expires_at],
    )
}

#[async_trait]
impl ClaimStore for Leases {
    async fn claim(&self, identity: &Identity, lease: Duration) -> Result<Claim, StoreError> {
        let identity = identity.as_str().to_owned();
        self.transaction(move |transaction, now| {
            match find(transaction, &identity)? {
                Some(row) if row.expires_at > now && row.is_completed => {
                    return Ok(Claim::Completed);
                }
                Some(row) if row.expires_at > now => {
                    let left = Duration::from_millis(row.expires_at.abs_diff(now));
                    return Ok(Claim::InProgress { left: Some(left) });
                }
                _ => {}
            }

            // No two leases are the same, of whichever process.
            let random = "SELECT hex(randomblob(16))";
            let row = Row {
                lease: transaction.query_row(random, [], |row| row.get(0))?,
                is_completed: false,
                expires_at: now.saturating_add(milliseconds(lease)),
            };
            transaction.execute("DELETE FROM leases WHERE expires_at <= ?", [now])?;
            write(transaction, &identity, &row)?;
            Ok(Claim::Acquired(Lease::new(row.lease)))
        })
        .await
    }

    async fn complete(
        &self,
        identity: &Identity,
        lease: &Lease,
        keep: Duration,
    ) -> Result<bool, StoreError> {
        let (identity, lease) = (identity.as_str().to_owned(), lease.as_str().to_owned());
        self.transaction(move |transaction, now| {
            let other = find(transaction, &identity)?
                .filter(|row| row.expires_at > now && row.lease != lease);
            if other.is_some() {
                return Ok(false);
            }

            let row = Row {
                lease,
                is_completed: true,
                expires_at: now.saturating_add(milliseconds(keep)),
            };
            write(transaction, &identity, &row)?;
            Ok(true)
        })
        .await
    }

    async fn release(&self, identity: &Identity, lease: &Lease) -> Result<bool, StoreError> {
        let (identity, lease) = (identity.as_str().to_owned(), lease.as_str().to_owned());
        self.transaction(move |transaction, now| {
            let delete = "DELETE FROM leases WHERE identity = ? AND lease = ? AND NOT is_completed";
            transaction.execute(delete, [&identity, &lease])?;
            let left = find(transaction, &identity)?;
            Ok(left.is_none_or(|row| row.expires_at <= now))
        })
        .await
    }
}

#[async_trait]
impl LeaseStore for Leases {
    async fn renew(
        &self,
        identity: &Identity,
        lease: &Lease,
        duration: Duration,
    ) -> Result<bool, StoreError> {
        let (identity, lease) = (identity.as_str().to_owned(), lease.as_str().to_owned());
        self.transaction(move |transaction, now| {
            let renewed = transaction.execute(
                "UPDATE leases SET expires_at = max(expires_at, ?)
                 WHERE identity = ? AND lease = ? AND NOT is_completed",
                params![now.saturating_add(milliseconds(duration)), identity, lease],
            )?;
            Ok(renewed == 1)
        })
        .await
    }
}
