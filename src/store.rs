//! The database: one file per noun. Only here is sqlx named.

pub mod catalogue;
pub mod environments;
mod fingerprint;
pub mod people;
pub mod roster;
pub mod sessions;
pub mod sign_ins;
pub mod tokens;

use std::path::Path;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, Transaction};
use thiserror::Error;

static MIGRATIONS: Migrator = sqlx::migrate!("src/store/migrations");

/// One writer and a few readers on one SQLite file in write-ahead mode: writes queue here, fairly, instead of meeting the
/// database's busy timeout. Another process (`berth apply`) may write too; its transactions are immediate as well.
#[derive(Debug, Clone)]
pub struct Store {
    readers: SqlitePool,
    writer: SqlitePool,
}

#[derive(Debug, Error)]
pub enum StoreError {
    /// A unique index refused the row: somebody was first.
    #[error("already there")]
    Taken,
    /// What is stored cannot be read as what it should be.
    #[error("the database holds a value that cannot be read: {0}")]
    Unreadable(String),
    #[error("the database: {0}")]
    Database(sqlx::Error),
    #[error("the database cannot be brought to this version: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(cause) if cause.is_unique_violation() => Self::Taken,
            _ => Self::Database(error),
        }
    }
}

impl StoreError {
    /// For a value that failed to parse on its way out of the database.
    pub fn unreadable(what: impl std::fmt::Display) -> Self {
        Self::Unreadable(what.to_string())
    }
}

/// A write transaction. It has the database's write lock from its first statement on.
pub type Write = Transaction<'static, Sqlite>;

impl Store {
    /// Opens the database at `path`, making it where there is none, and brings it to this version.
    ///
    /// # Errors
    /// When the file cannot be opened or is of a newer version.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5));
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(30))
            .connect_with(options.clone())
            .await?;
        MIGRATIONS.run(&writer).await?;
        let readers = SqlitePoolOptions::new().max_connections(4).connect_lazy_with(options.read_only(true));
        Ok(Self { readers, writer })
    }

    /// Begins a write transaction; dropped without a commit, it leaves no trace.
    ///
    /// # Errors
    /// When the database does not give its write lock in time.
    pub async fn write(&self) -> Result<Write, StoreError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// A value that is made once for this installation and kept: `candidate` where there is none yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn installation_value(&self, key: &str, candidate: &str) -> Result<String, StoreError> {
        let mut write = self.write().await?;
        sqlx::query("INSERT INTO installation (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING")
            .bind(key)
            .bind(candidate)
            .execute(&mut *write)
            .await?;
        let value = sqlx::query_scalar("SELECT value FROM installation WHERE key = $1")
            .bind(key)
            .fetch_one(&mut *write)
            .await?;
        write.commit().await?;
        Ok(value)
    }
}
