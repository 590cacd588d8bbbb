//! Connections for what every request reads. The library's pool asks a connection's thread whether it is alive before and
//! after each use: three exchanges between threads for one statement, where these need one.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteRow};
use sqlx::{ConnectOptions, Sqlite, SqliteConnection};
use tokio::sync::Semaphore;

use super::StoreError;

/// How many read at the same time; more wait for their turn.
const AT_ONCE: usize = 4;

/// Read-only connections, made when they are needed. Clones are the same ones.
#[derive(Clone)]
pub struct Readers(Arc<Inner>);

struct Inner {
    options: SqliteConnectOptions,
    idle: Mutex<Vec<SqliteConnection>>,
    turns: Semaphore,
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Readers")
    }
}

impl Readers {
    pub fn new(options: SqliteConnectOptions) -> Self {
        Self(Arc::new(Inner { options, idle: Mutex::default(), turns: Semaphore::new(AT_ONCE) }))
    }

    /// All rows of one statement. A connection is used again only after a statement that was read to its end: one that
    /// failed, or whose reader went away, is closed.
    pub async fn all(&self, query: Query<'_, Sqlite, SqliteArguments>) -> Result<Vec<SqliteRow>, StoreError> {
        let Ok(_turn) = self.0.turns.acquire().await else { return Err(sqlx::Error::PoolClosed.into()) };
        let idle = self.idle().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.0.options.connect().await?,
        };
        let rows = query.fetch_all(&mut connection).await?;
        self.idle().push(connection);
        Ok(rows)
    }

    /// Whether nobody reads.
    #[cfg(any(test, feature = "testing"))]
    pub fn is_idle(&self) -> bool {
        self.0.turns.available_permits() == AT_ONCE
    }

    /// Nobody reads from now on.
    pub fn close(&self) {
        self.0.turns.close();
        self.idle().clear();
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<SqliteConnection>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
