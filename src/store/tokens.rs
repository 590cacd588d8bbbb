//! API tokens: shown once when they are made, then known by their fingerprint.

use app::model::access::TokenScope;
use app::model::name::UserId;
use app::model::time::Timestamp;
use sqlx::Row;

use super::fingerprint::fingerprint;
use super::people::{Person, person};
use super::{Store, StoreError};
use crate::clock::{Clock, hex};

/// What every token begins with, so that people and secret scanners know one when they see it.
pub const PREFIX: &str = "berth_";

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewToken<'a> {
    pub user: &'a UserId,
    pub name: &'a str,
    pub scope: TokenScope,
    pub expires_at: Option<Timestamp>,
}

/// Somebody with a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    pub person: Person,
    pub scope: TokenScope,
    pub token_id: String,
    pub used_at: Option<Timestamp>,
}

impl Store {
    /// Makes a token and returns its text: the only time that anybody sees it.
    pub async fn create_token(&self, token: NewToken<'_>, clock: &Clock) -> Result<String, StoreError> {
        let text = format!("{PREFIX}{}", clock.secret());
        let mut write = self.write().await?;
        sqlx::query(
            "INSERT INTO tokens (id, hash, user_id, name, scope, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(hex(&clock.random::<16>()))
        .bind(fingerprint(&text))
        .bind(token.user.as_str())
        .bind(token.name)
        .bind(token.scope.as_str())
        .bind(clock.now().as_millis())
        .bind(token.expires_at.map(Timestamp::as_millis))
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(text)
    }

    /// Whose token this is, unless it is revoked or expired.
    pub async fn bearer(&self, token: &str, now: Timestamp) -> Result<Option<Bearer>, StoreError> {
        let row = sqlx::query(
            "SELECT u.*, t.scope, t.id AS token_id, t.used_at FROM tokens t JOIN users u ON u.id = t.user_id
             WHERE t.hash = $1 AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $2)
             AND NOT u.disabled",
        )
        .bind(fingerprint(token))
        .bind(now.as_millis())
        .fetch_optional(&self.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let scope: &str = row.try_get("scope")?;
        let used_at: Option<i64> = row.try_get("used_at")?;
        Ok(Some(Bearer {
            person: person(&row)?,
            scope: TokenScope::parse(scope).ok_or_else(|| StoreError::unreadable(scope))?,
            token_id: row.try_get("token_id")?,
            used_at: used_at.map(Timestamp::from_millis),
        }))
    }

    pub async fn touch_token(&self, token_id: &str, now: Timestamp) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        sqlx::query("UPDATE tokens SET used_at = $2 WHERE id = $1")
            .bind(token_id)
            .bind(now.as_millis())
            .execute(&mut *write)
            .await?;
        write.commit().await?;
        Ok(())
    }

    /// Revokes a token for good; one that is revoked already stays as it is.
    #[cfg_attr(not(test), expect(dead_code, reason = "nothing offers it to people yet"))]
    pub async fn revoke_token(&self, token_id: &str, now: Timestamp) -> Result<(), StoreError> {
        let mut write = self.write().await?;
        sqlx::query("UPDATE tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL")
            .bind(token_id)
            .bind(now.as_millis())
            .execute(&mut *write)
            .await?;
        write.commit().await?;
        Ok(())
    }
}
