//! How environments ended: kept when their containers are gone.

use model::history::PostMortem;
use model::name::EnvironmentId;
use model::time::Timestamp;
use sqlx::Row;

use super::environments::{json, read_json};
use super::{Store, StoreError};

impl Store {
    /// Keeps how an environment ended, in place of how it ended before.
    pub async fn keep_post_mortem(&self, of: &EnvironmentId, post_mortem: &PostMortem) -> Result<(), StoreError> {
        self.write(async |write| {
        sqlx::query(
            "INSERT INTO post_mortems (environment_id, at, why, exit_code, oom_killed, started_at, ended_at, lines)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (environment_id) DO UPDATE SET at = excluded.at, why = excluded.why, exit_code = excluded.exit_code,
                 oom_killed = excluded.oom_killed, started_at = excluded.started_at, ended_at = excluded.ended_at,
                 lines = excluded.lines",
        )
        .bind(of.as_str())
        .bind(post_mortem.at.as_millis())
        .bind(&post_mortem.why)
        .bind(post_mortem.exit_code)
        .bind(post_mortem.oom_killed)
        .bind(post_mortem.started_at.map(Timestamp::as_millis))
        .bind(post_mortem.ended_at.map(Timestamp::as_millis))
        .bind(json(&post_mortem.lines))
        .execute(&mut **write)
        .await?;
        Ok(())
        })
        .await
    }

    pub async fn post_mortem(&self, of: &EnvironmentId) -> Result<Option<PostMortem>, StoreError> {
        let row = sqlx::query("SELECT * FROM post_mortems WHERE environment_id = $1")
            .bind(of.as_str())
            .fetch_optional(&self.readers)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let moment = |column: &str| row.try_get::<Option<i64>, _>(column).map(|at| at.map(Timestamp::from_millis));
        Ok(Some(PostMortem {
            at: Timestamp::from_millis(row.try_get("at")?),
            why: row.try_get("why")?,
            exit_code: row.try_get("exit_code")?,
            oom_killed: row.try_get("oom_killed")?,
            started_at: moment("started_at")?,
            ended_at: moment("ended_at")?,
            lines: read_json(row.try_get("lines")?)?,
        }))
    }
}
