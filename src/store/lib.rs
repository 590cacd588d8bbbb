//! The database: one file per noun. Only here is sqlx named.

pub mod activities;
pub mod audit;
#[cfg(any(test, feature = "testing"))]
pub mod border;
pub mod catalogue;
pub mod clocks;
pub mod disks;
pub mod environments;
mod fingerprint;
pub mod hosts;
pub mod kept;
pub mod limits;
mod migrations;
pub mod parts;
pub mod people;
mod post_mortems;
mod readers;
pub mod requests;
mod retention;
pub mod roster;
pub mod sessions;
pub mod sign_ins;
pub mod tokens;

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, Sqlite, SqliteConnection, Transaction};
use thiserror::Error;

use kept::Kept;
use migrations::MIGRATIONS;
use readers::Readers;

/// One writer and a few readers on one SQLite file in write-ahead mode: writes queue here, fairly, instead of meeting the
/// database's busy timeout. Another process (`berth apply`) may write too; its transactions are immediate as well.
#[derive(Debug, Clone)]
pub struct Store {
    readers: SqlitePool,
    writer: SqlitePool,
    direct: Readers,
    kept: Kept,
    #[cfg(any(test, feature = "testing"))]
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
    #[error("there is no database yet; `berth serve` makes it at its first start")]
    Absent,
    #[error(
        "the database has version {found} and this command needs {known}; start `berth serve` of this version once, which migrates it"
    )]
    Older { found: i64, known: i64 },
    #[error(
        "the database has version {found}, from a newer Berth; this one knows up to {known}. Use the newer Berth, or put back the copy that it made before it migrated (`berth-schema-{known}.db` beside the database)"
    )]
    Newer { found: i64, known: i64 },
    #[error("the copy of the database before its migration cannot be written to {}: {cause}", to.display())]
    Copy { to: PathBuf, cause: String },
    #[error("the file of the database: {0}")]
    File(#[from] std::io::Error),
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

/// A write transaction, with what is to happen once it is committed. It has the database's write lock from its first statement on.
pub struct Write {
    transaction: Transaction<'static, Sqlite>,
    then: Vec<Box<dyn FnOnce() + Send>>,
}

impl Write {
    /// Does this once all is committed, in the order of these calls; never if it is not.
    pub fn then(&mut self, work: impl FnOnce() + Send + 'static) {
        self.then.push(Box::new(work));
    }

    async fn commit(self) -> Result<(), StoreError> {
        self.transaction.commit().await?;
        self.then.into_iter().for_each(|work| work());
        Ok(())
    }
}

impl Deref for Write {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.transaction
    }
}

impl DerefMut for Write {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Write")
    }
}

/// A transaction that SQLite itself gave up, as it does when the disk is full, leaves a connection that believes to be in
/// it and begins no other: such a one is closed, and another is opened.
fn is_outside_transactions(connection: &SqliteConnection) -> bool {
    !connection.is_in_transaction()
}

/// What a command beside the server does with the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
}

/// Each connection has a thread, which is named after the database.
fn options(path: &Path) -> SqliteConnectOptions {
    let name = path.display().to_string();
    SqliteConnectOptions::new()
        .thread_name(move |count| format!("database {name} {count}"))
        .filename(path)
        // A kill loses nothing. A power cut may lose the last commits, and what they launched is then in quarantine; each commit
        // on the disk (FULL) took 4 ms instead of 0.03, and a launch has six.
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
}

async fn writer(options: SqliteConnectOptions) -> Result<SqlitePool, StoreError> {
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(30))
        .before_acquire(|connection, _| Box::pin(async move { Ok(is_outside_transactions(connection)) }));
    Ok(pool.connect_with(options).await?)
}

/// The version that this program brings a database to.
fn newest() -> i64 {
    MIGRATIONS.iter().map(|step| step.version).max().unwrap_or_default()
}

/// The version of what is there; `None` of an empty file.
async fn version(connection: &mut SqliteConnection) -> Result<Option<i64>, StoreError> {
    let journal = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'";
    if sqlx::query(journal).fetch_optional(&mut *connection).await?.is_none() {
        return Ok(None);
    }
    Ok(sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations").fetch_one(connection).await?)
}

/// Keeps a copy of a database of this version beside it. Copies of before stay.
async fn keep_copy(writer: &SqlitePool, path: &Path, version: i64) -> Result<(), StoreError> {
    let name = |count: u32| match count {
        1 => path.with_file_name(format!("berth-schema-{version}.db")),
        _ => path.with_file_name(format!("berth-schema-{version}-{count}.db")),
    };
    let to = (1..).map(name).find(|to| !to.exists()).expect("there are more numbers than copies");
    let failed = |cause: String| StoreError::Copy { to: to.clone(), cause };
    let text = to.to_str().ok_or_else(|| failed("its path is no UTF-8".to_owned()))?;
    readable_by_nobody_else(&to)?;
    let copied = sqlx::query("VACUUM INTO $1").bind(text).execute(writer).await.map_err(StoreError::from);
    let synced = copied.and_then(|_| Ok(std::fs::File::open(&to)?.sync_all()?));
    if let Err(error) = synced {
        std::fs::remove_file(&to)?;
        return Err(failed(error.to_string()));
    }
    tracing::info!(copy = text, version, "the database is copied before it is migrated");
    Ok(())
}

/// Makes the file where there is none. It holds sessions and secrets; what SQLite makes beside it has the same mode.
fn readable_by_nobody_else(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let file = std::fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(file)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
}

impl Store {
    /// Opens the database at `path` for the one server: makes it where there is none, and brings it to this version. Before
    /// it changes what is there, it keeps a copy beside it, named after the version that it has.
    ///
    /// # Errors
    /// When the file cannot be opened, or is of a newer version.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        readable_by_nobody_else(path)?;
        let options = options(path).journal_mode(SqliteJournalMode::Wal);
        let writer = writer(options.clone()).await?;
        let found = version(&mut *writer.acquire().await?).await?;
        match found {
            Some(found) if found > newest() => return Err(StoreError::Newer { found, known: newest() }),
            Some(found) if found < newest() => keep_copy(&writer, path, found).await?,
            Some(_) | None => {}
        }
        MIGRATIONS.run(&writer).await?;
        let store = Self::of(options, writer);
        store.fold_audit().await?;
        Ok(store)
    }

    /// Opens what is there for a command beside the server: it makes nothing and migrates nothing.
    ///
    /// # Errors
    /// When there is no database, or it is of another version.
    pub async fn open_existing(path: &Path, access: Access) -> Result<Self, StoreError> {
        if !path.try_exists()? {
            return Err(StoreError::Absent);
        }
        let options = match access {
            Access::Read => options(path).read_only(true),
            Access::Write => options(path).journal_mode(SqliteJournalMode::Wal),
        };
        let writer = writer(options.clone()).await?;
        let (found, known) = (version(&mut *writer.acquire().await?).await?, newest());
        match found {
            None => Err(StoreError::Absent),
            Some(found) if found < known => Err(StoreError::Older { found, known }),
            Some(found) if found > known => Err(StoreError::Newer { found, known }),
            Some(_) => Ok(Self::of(options, writer)),
        }
    }

    fn of(options: SqliteConnectOptions, writer: SqlitePool) -> Self {
        let options = options.read_only(true);
        let readers = SqlitePoolOptions::new().max_connections(4).connect_lazy_with(options.clone());
        Self {
            readers,
            writer,
            direct: Readers::new(options),
            kept: Kept::default(),
            #[cfg(any(test, feature = "testing"))]
            border: border::Border::default(),
        }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.readers).await?;
        Ok(())
    }

    /// Writes in one transaction, which is committed where `work` succeeds and leaves no trace where it fails or is dropped.
    /// Once the commit has begun, it and what is to happen then come to their end, whether or not anybody still waits for them.
    ///
    /// # Errors
    /// As of `work`; and when the database does not give its write lock in time, or the commit fails.
    pub async fn write<T, E: From<StoreError>>(
        &self,
        work: impl AsyncFnOnce(&mut Write) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut write = self.begin().await?;
        let done = work(&mut write).await?;
        let committed = tokio::spawn(write.commit()).await;
        // The runtime is about to end, or something panicked.
        committed.unwrap_or_else(|_| Err(sqlx::Error::WorkerCrashed.into()))?;
        Ok(done)
    }

    /// The same without the commit: tells what would come of it.
    ///
    /// # Errors
    /// As of `work`; and when the database does not give its write lock in time.
    pub async fn rehearse<T, E: From<StoreError>>(
        &self,
        work: impl AsyncFnOnce(&mut Write) -> Result<T, E>,
    ) -> Result<T, E> {
        work(&mut self.begin().await?).await
    }

    async fn begin(&self) -> Result<Write, StoreError> {
        #[cfg(any(test, feature = "testing"))]
        self.border.cross().await?;
        Ok(Write { transaction: self.writer.begin_with("BEGIN IMMEDIATE").await?, then: Vec::new() })
    }

    /// Lets the database grow by so many pages from now on, and no more.
    #[cfg(any(test, feature = "testing"))]
    pub async fn may_grow_by(&self, pages: u32) {
        let mut writer = self.writer.acquire().await.expect("a connection");
        let count: u32 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut *writer).await.expect("a count");
        let limit = format!("PRAGMA max_page_count = {}", count + pages);
        sqlx::raw_sql(sqlx::AssertSqlSafe(limit)).execute(&mut *writer).await.expect("a limit");
    }

    /// How the database carries a statement out, a line for each table that it goes through.
    #[cfg(any(test, feature = "testing"))]
    pub async fn plan_of(&self, sql: &str) -> Vec<String> {
        let query = sqlx::query(sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")));
        let rows = query.fetch_all(&self.writer).await.unwrap_or_else(|error| panic!("{error}: {sql}"));
        rows.iter().map(|row| sqlx::Row::get(row, "detail")).collect()
    }

    /// What the database itself says of its soundness.
    #[cfg(any(test, feature = "testing"))]
    pub async fn soundness(&self) -> String {
        sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&self.readers).await.expect("a word")
    }

    /// Whether nobody waits for an answer of the database.
    #[cfg(any(test, feature = "testing"))]
    pub fn is_idle(&self) -> bool {
        let pools = [&self.readers, &self.writer];
        pools.iter().all(|pool| pool.num_idle() == pool.size() as usize) && self.direct.is_idle()
    }

    /// What only an admin at the database could do.
    #[cfg(any(test, feature = "testing"))]
    pub async fn sql(&self, statements: &str) {
        let written = self.write(async |write| {
            sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned())).execute(&mut **write).await?;
            Ok::<_, StoreError>(())
        });
        written.await.expect("SQL");
    }

    /// How many rows `what`, as in `FROM what`, has.
    #[cfg(any(test, feature = "testing"))]
    pub async fn count(&self, what: &str) -> i64 {
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {what}")));
        let mut write = self.begin().await.expect("a transaction");
        query.fetch_one(&mut *write).await.expect("a count")
    }

    pub async fn close(&self) {
        self.direct.close();
        self.readers.close().await;
        self.writer.close().await;
    }

    /// A value that is made once for this installation and kept: `candidate` where there is none yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn installation_value(&self, key: &str, candidate: &str) -> Result<String, StoreError> {
        self.write(async |write| {
            sqlx::query("INSERT INTO installation (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING")
                .bind(key)
                .bind(candidate)
                .execute(&mut **write)
                .await?;
            let value = sqlx::query_scalar("SELECT value FROM installation WHERE key = $1")
                .bind(key)
                .fetch_one(&mut **write)
                .await?;
            Ok(value)
        })
        .await
    }
}
