//! What time does to environments: which of them something may be due for, which are watched for use, and the teams' rules.

use model::idle::Watch;
use model::lifetime::TeamLifetime;
use model::name::{EnvironmentId, HostName, TeamName};
use model::time::Timestamp;
use sqlx::{Row, SqliteConnection};

use super::environments::{host, json, read_json, small};
use super::{Store, StoreError, Write};

/// One that runs and is watched for use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    pub id: EnvironmentId,
    pub host: HostName,
    /// The activity it is in: what is seen of an earlier one counts no more.
    pub activity: u32,
    pub container_id: String,
}

impl Store {
    /// Those whose lifetime or time of being kept is over at `now`, and those that do not run and have no such time yet.
    pub async fn ending(&self, now: Timestamp) -> Result<Vec<(EnvironmentId, HostName)>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, host FROM environments WHERE state = 'running' AND expires_at <= $1
                OR state IN ('stopped', 'failed') AND (removes_at IS NULL OR removes_at <= $1)
             ORDER BY expires_at, id",
        )
        .bind(now.as_millis())
        .fetch_all(&self.readers)
        .await?;
        let ending = rows
            .iter()
            .map(|row| Ok((EnvironmentId::parse(row.try_get("id")?).map_err(StoreError::unreadable)?, host(row)?)));
        ending.collect()
    }

    pub async fn watched(&self) -> Result<Vec<Watched>, StoreError> {
        let rows = sqlx::query(
            "SELECT e.id, e.host, e.activity, p.container_id FROM environments e JOIN parts p ON p.environment_id = e.id
             WHERE e.state = 'running' AND e.idle IS NOT NULL AND p.container_id IS NOT NULL ORDER BY e.id",
        )
        .fetch_all(&self.readers)
        .await?;
        let watched = rows.iter().map(|row| {
            Ok(Watched {
                id: EnvironmentId::parse(row.try_get("id")?).map_err(StoreError::unreadable)?,
                host: host(row)?,
                activity: small(row, "activity")?,
                container_id: row.try_get("container_id")?,
            })
        });
        watched.collect()
    }

    pub async fn team_lifetime(&self, team: &TeamName) -> Result<TeamLifetime, StoreError> {
        team_lifetime(&mut *self.readers.acquire().await?, team).await
    }
}

/// A team's rule, as it is on this connection.
pub async fn team_lifetime(connection: &mut SqliteConnection, team: &TeamName) -> Result<TeamLifetime, StoreError> {
    let rule: Option<String> = sqlx::query_scalar("SELECT lifetime FROM teams WHERE name = $1")
        .bind(team.as_str())
        .fetch_optional(connection)
        .await?;
    rule.as_deref().map_or(Ok(TeamLifetime::default()), read_json)
}

/// Keeps what a look has seen where nothing changed that is shown: that is no new revision.
pub async fn keep_watch(write: &mut Write, id: &EnvironmentId, watch: &Watch) -> Result<(), StoreError> {
    sqlx::query("UPDATE environments SET idle = $2 WHERE id = $1")
        .bind(id.as_str())
        .bind(json(watch))
        .execute(&mut **write)
        .await?;
    Ok(())
}
