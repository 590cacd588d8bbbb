//! The database: one file per noun. Only here is sqlx named.

pub mod audit;
#[cfg(test)]
pub mod border;
pub mod catalogue;
pub mod clocks;
pub mod environments;
mod fingerprint;
pub mod limits;
pub mod people;
mod post_mortems;
pub mod requests;
pub mod roster;
pub mod sessions;
pub mod sign_ins;
pub mod tokens;

use std::path::Path;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, Sqlite, SqliteConnection, Transaction};
use thiserror::Error;

static MIGRATIONS: Migrator = sqlx::migrate!("src/store/migrations");

/// One writer and a few readers on one SQLite file in write-ahead mode: writes queue here, fairly, instead of meeting the
/// database's busy timeout. Another process (`berth apply`) may write too; its transactions are immediate as well.
#[derive(Debug, Clone)]
pub struct Store {
    readers: SqlitePool,
    writer: SqlitePool,
    #[cfg(test)]
    pub border: border::Border,
}

#[derive(Debug, Error)]
pub enum StoreError {
    /// A unique index refused the row: somebody was first.
    #[error("already there")]
    Taken,
    /// The disk, or what the database may grow to, is full: nothing was written.
    #[error("the disk of the server is full")]
    Full,
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
            // SQLITE_FULL; and where the file beside a database that is shared memory cannot grow, SQLITE_IOERR_SHMSIZE.
            sqlx::Error::Database(cause) if matches!(cause.code().as_deref(), Some("13" | "4874")) => Self::Full,
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

/// A transaction that SQLite itself gave up, as it does when the disk is full, leaves a connection that believes to be in
/// it and begins no other: such a one is closed, and another is opened.
fn is_outside_transactions(connection: &SqliteConnection) -> bool {
    !connection.is_in_transaction()
}

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
            .before_acquire(|connection, _| Box::pin(async move { Ok(is_outside_transactions(connection)) }))
            .connect_with(options.clone())
            .await?;
        MIGRATIONS.run(&writer).await?;
        let readers = SqlitePoolOptions::new().max_connections(4).connect_lazy_with(options.read_only(true));
        Ok(Self {
            readers,
            writer,
            #[cfg(test)]
            border: border::Border::default(),
        })
    }

    /// Begins a write transaction; dropped without a commit, it leaves no trace.
    ///
    /// # Errors
    /// When the database does not give its write lock in time.
    pub async fn write(&self) -> Result<Write, StoreError> {
        #[cfg(test)]
        self.border.cross().await?;
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// Lets the database grow by so many pages from now on, and no more.
    #[cfg(test)]
    pub async fn may_grow_by(&self, pages: u32) {
        let mut writer = self.writer.acquire().await.expect("a connection");
        let count: u32 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut *writer).await.expect("a count");
        let limit = format!("PRAGMA max_page_count = {}", count + pages);
        sqlx::raw_sql(sqlx::AssertSqlSafe(limit)).execute(&mut *writer).await.expect("a limit");
    }

    /// What the database itself says of its soundness.
    #[cfg(test)]
    pub async fn soundness(&self) -> String {
        sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&self.readers).await.expect("a word")
    }

    /// Whether nobody waits for an answer of the database.
    #[cfg(test)]
    pub fn is_idle(&self) -> bool {
        [&self.readers, &self.writer].iter().all(|pool| pool.num_idle() == pool.size() as usize)
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
