//! Hosts: which the configuration has, by which id the engine of each is known, and which of them drain.

use model::name::HostName;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::{Store, StoreError, Write};

/// What is kept of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRecord {
    pub name: HostName,
    /// Whether the configuration has it, as of the last start of the server.
    pub configured: bool,
    /// Of its engine; `None` until that has answered once.
    pub engine_id: Option<String>,
    /// Whether nothing new is placed on it.
    pub draining: bool,
}

/// What an engine that has answered is to a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Met {
    /// It is the host's own: known before, or met for the first time and known from now on.
    Own,
    /// The host has had another one so far.
    Another,
    /// It is the engine of this host of the configuration already.
    SharedWith(HostName),
}

impl Store {
    /// Takes note of which hosts the configuration has, and gives what is known of each.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn configure_hosts(&self, names: &[HostName]) -> Result<Vec<HostRecord>, StoreError> {
        self.write(async |write| {
            let known = hosts(write).await?;
            for gone in known.iter().filter(|host| host.configured && !names.contains(&host.name)) {
                configure(write, &gone.name, false).await?;
            }
            for name in names {
                if !known.iter().any(|host| host.name == *name && host.configured) {
                    configure(write, name, true).await?;
                }
            }
            hosts(write).await
        })
        .await
    }

    /// Takes note of the engine that answers for a host, where it has none yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn meet_engine(&self, host: &HostName, id: &str) -> Result<Met, StoreError> {
        // What is known needs no write, so that a full disk keeps no engine away.
        let known = hosts(&mut *self.readers.acquire().await?).await?;
        if let Some(met) = met(&known, host, id) {
            return Ok(met);
        }
        self.write(async |write| match met(&hosts(write).await?, host, id) {
            Some(met) => Ok(met),
            None => {
                accept_engine(write, host, id).await?;
                Ok(Met::Own)
            }
        })
        .await
    }
}

/// What the engine with this id is to `host`; `None` where it is met for the first time.
fn met(known: &[HostRecord], host: &HostName, id: &str) -> Option<Met> {
    let has_it = |record: &&HostRecord| record.configured && record.engine_id.as_deref() == Some(id);
    let own = known.iter().find(|record| record.name == *host).and_then(|record| record.engine_id.as_deref());
    let other = known.iter().filter(has_it).find(|record| record.name != *host);
    match (own, other) {
        (Some(own), _) if own == id => Some(Met::Own),
        (_, Some(other)) => Some(Met::SharedWith(other.name.clone())),
        (Some(_), None) => Some(Met::Another),
        (None, None) => None,
    }
}

/// All that there ever were, by name.
pub async fn hosts(connection: &mut SqliteConnection) -> Result<Vec<HostRecord>, StoreError> {
    let rows = sqlx::query("SELECT * FROM hosts ORDER BY name").fetch_all(connection).await?;
    rows.iter().map(host).collect()
}

fn host(row: &SqliteRow) -> Result<HostRecord, StoreError> {
    Ok(HostRecord {
        name: HostName::parse(row.try_get("name")?).map_err(StoreError::unreadable)?,
        configured: row.try_get("configured")?,
        engine_id: row.try_get("engine_id")?,
        draining: row.try_get("draining")?,
    })
}

async fn configure(write: &mut Write, name: &HostName, configured: bool) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO hosts (name, configured) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET configured = excluded.configured",
    )
    .bind(name.as_str())
    .bind(configured)
    .execute(&mut **write)
    .await?;
    Ok(())
}

/// From now on this is the engine of the host.
pub async fn accept_engine(write: &mut Write, host: &HostName, id: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE hosts SET engine_id = $2 WHERE name = $1")
        .bind(host.as_str())
        .bind(id)
        .execute(&mut **write)
        .await?;
    Ok(())
}

/// Whether nothing new is placed on the host from now on.
pub async fn set_draining(write: &mut Write, host: &HostName, draining: bool) -> Result<(), StoreError> {
    sqlx::query("UPDATE hosts SET draining = $2 WHERE name = $1")
        .bind(host.as_str())
        .bind(draining)
        .execute(&mut **write)
        .await?;
    Ok(())
}
