//! What containers write to disk, as far as their sizes limit it.

use model::name::{EnvironmentId, HostName};
use model::time::Timestamp;
use model::units::Memory;
use sqlx::Row;

use super::environments::{bytes, host, small};
use super::{Store, StoreError};

/// One that runs and whose size limits what it writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limited {
    pub id: EnvironmentId,
    pub host: HostName,
    /// The activity it is in: what is seen of an earlier one counts no more.
    pub activity: u32,
    pub container_id: String,
    pub limit: Memory,
    /// Whether it was stopped for having written more, and has not been seen below its limit since.
    pub was_over: bool,
    pub started_at: Option<Timestamp>,
}

impl Store {
    pub async fn limited_on_disk(&self) -> Result<Vec<Limited>, StoreError> {
        let rows = sqlx::query(
            "SELECT e.id, e.host, e.activity, e.disk, p.container_id, p.over_disk, p.started_at
             FROM environments e JOIN parts p ON p.environment_id = e.id
             WHERE e.state = 'running' AND e.disk IS NOT NULL AND p.container_id IS NOT NULL ORDER BY e.id",
        )
        .fetch_all(&self.readers)
        .await?;
        let limited = rows.iter().map(|row| {
            Ok(Limited {
                id: EnvironmentId::parse(row.try_get("id")?).map_err(StoreError::unreadable)?,
                host: host(row)?,
                activity: small(row, "activity")?,
                container_id: row.try_get("container_id")?,
                limit: bytes(row, "disk")?.unwrap_or_default(),
                was_over: row.try_get("over_disk")?,
                started_at: row.try_get::<Option<i64>, _>("started_at")?.map(Timestamp::from_millis),
            })
        });
        limited.collect()
    }
}
