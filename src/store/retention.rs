//! What is kept of environments that were removed, and how it goes. The audit log keeps what was done to them.

use model::time::Timestamp;

use super::{Store, StoreError};

impl Store {
    /// Deletes what is kept of environments that were removed at `before` at the latest, with their steps and how they ended:
    /// of `most` at once, so that nobody waits long for the database. Returns of how many.
    pub async fn forget_removed(&self, before: Timestamp, most: u32) -> Result<u64, StoreError> {
        let removed: Vec<String> = sqlx::query_scalar(
            "SELECT e.id FROM environments e WHERE e.state = 'removed' AND e.created_at <= $1 AND NOT EXISTS (
                 SELECT 1 FROM steps s WHERE s.environment_id = e.id AND COALESCE(s.ended_at, s.started_at) > $1
             ) LIMIT $2",
        )
        .bind(before.as_millis())
        .bind(most)
        .fetch_all(&self.readers)
        .await?;
        if removed.is_empty() {
            return Ok(0);
        }
        self.write(async |write| {
            for id in &removed {
                for delete in [
                    "DELETE FROM parts WHERE environment_id = $1",
                    "DELETE FROM activities WHERE environment_id = $1",
                    "DELETE FROM steps WHERE environment_id = $1",
                    "DELETE FROM post_mortems WHERE environment_id = $1",
                    "DELETE FROM environments WHERE id = $1 AND state = 'removed'",
                ] {
                    sqlx::query(delete).bind(id).execute(&mut **write).await?;
                }
            }
            Ok(u64::try_from(removed.len()).unwrap_or(u64::MAX))
        })
        .await
    }
}
