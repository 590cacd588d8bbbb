//! Sign-ins under way: from the redirect to the provider until its answer, which can be given once.

use model::time::Timestamp;
use sqlx::Row;

use super::fingerprint::fingerprint;
use super::{Store, StoreError};

/// As many sign-ins can be under way in one browser; with one more, the oldest is forgotten.
pub const PENDING_MAX: i64 = 5;

/// What the answer is checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    pub nonce: String,
    /// Of PKCE.
    pub verifier: String,
    pub return_to: String,
}

impl Store {
    /// Begins a sign-in in a browser; `state` is what the provider's answer must bring along.
    pub async fn begin_sign_in(
        &self,
        state: &str,
        browser: &str,
        sign_in: &SignIn,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(async |write| {
            sqlx::query(
                "DELETE FROM sign_ins WHERE browser = $1 AND state_hash NOT IN
             (SELECT state_hash FROM sign_ins WHERE browser = $1 ORDER BY created_at DESC, state_hash LIMIT $2)",
            )
            .bind(fingerprint(browser))
            .bind(PENDING_MAX - 1)
            .execute(&mut **write)
            .await?;
            sqlx::query(
                "INSERT INTO sign_ins (state_hash, browser, nonce, verifier, return_to, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(fingerprint(state))
            .bind(fingerprint(browser))
            .bind(&sign_in.nonce)
            .bind(&sign_in.verifier)
            .bind(&sign_in.return_to)
            .bind(now.as_millis())
            .execute(&mut **write)
            .await?;
            Ok(())
        })
        .await
    }

    /// Takes a sign-in that this browser began after `begun_after`. It is there for one answer only.
    pub async fn take_sign_in(
        &self,
        state: &str,
        browser: &str,
        begun_after: Timestamp,
    ) -> Result<Option<SignIn>, StoreError> {
        self.write(async |write| {
            let row = sqlx::query(
                "DELETE FROM sign_ins WHERE state_hash = $1 AND browser = $2 AND created_at > $3
             RETURNING nonce, verifier, return_to",
            )
            .bind(fingerprint(state))
            .bind(fingerprint(browser))
            .bind(begun_after.as_millis())
            .fetch_optional(&mut **write)
            .await?;
            let Some(row) = row else { return Ok(None) };
            let (nonce, verifier) = (row.try_get("nonce")?, row.try_get("verifier")?);
            Ok(Some(SignIn { nonce, verifier, return_to: row.try_get("return_to")? }))
        })
        .await
    }

    /// Forgets sign-ins that were begun before, and returns how many.
    pub async fn delete_old_sign_ins(&self, begun_after: Timestamp) -> Result<u64, StoreError> {
        self.write(async |write| {
            let query = sqlx::query("DELETE FROM sign_ins WHERE created_at <= $1").bind(begun_after.as_millis());
            let deleted = query.execute(&mut **write).await?;
            Ok(deleted.rows_affected())
        })
        .await
    }
}
