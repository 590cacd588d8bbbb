//! Browsers' sessions. Who is signed in is a column of its own here, written by one statement and read for every request:
//! what else a session holds cannot bring back a session that has ended.

use std::collections::BTreeMap;

use model::access::TeamRole;
use model::audit::{Action, Entry, Who};
use model::name::{TeamName, UserId};
use model::time::Timestamp;
use sqlx::Row;

use super::fingerprint::fingerprint;
use super::people::{Person, person_now, teams, user_id, with_teams};
use super::{Store, StoreError, Write, audit};

/// Somebody with a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    pub person: Person,
    pub teams: BTreeMap<TeamName, TeamRole>,
    /// When the session was last used, to the minute.
    pub seen_at: Timestamp,
}

/// What a sign-in writes into its session.
#[derive(Debug, Clone)]
pub struct SignedIn<'a> {
    pub user: &'a UserId,
    /// The provider's own id of the session there.
    pub sid: Option<&'a str>,
    /// The hint for signing out at the provider.
    pub id_token: Option<&'a str>,
}

impl Store {
    /// Makes a session that nobody is signed in to. `id` is the cookie's; only its fingerprint is kept.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when there is a session with this id.
    pub async fn create_session(
        &self,
        id: &str,
        data: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(async |write| {
            sqlx::query(
                "INSERT INTO sessions (key, data, expires_at, created_at, seen_at) VALUES ($1, $2, $3, $4, $4)",
            )
            .bind(fingerprint(id))
            .bind(data)
            .bind(until.as_millis())
            .bind(now.as_millis())
            .execute(&mut **write)
            .await?;
            Ok(())
        })
        .await
    }

    /// Saves what a session holds. A session that has ended stays ended. `until` counts while nobody is signed in.
    pub async fn save_session(&self, id: &str, data: &str, now: Timestamp, until: Timestamp) -> Result<(), StoreError> {
        self.write(async |write| {
            sqlx::query(
                "UPDATE sessions SET data = $2, expires_at = CASE WHEN user_id IS NULL THEN $4 ELSE expires_at END
             WHERE key = $1 AND expires_at > $3",
            )
            .bind(fingerprint(id))
            .bind(data)
            .bind(now.as_millis())
            .bind(until.as_millis())
            .execute(&mut **write)
            .await?;
            Ok(())
        })
        .await
    }

    /// What a session holds, unless it has ended.
    pub async fn session_data(
        &self,
        id: &str,
        now: Timestamp,
        seen_after: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        let query = sqlx::query_scalar(
            "SELECT data FROM sessions WHERE key = $1 AND expires_at > $2 AND (user_id IS NULL OR seen_at > $3)",
        );
        let query = query.bind(fingerprint(id)).bind(now.as_millis()).bind(seen_after.as_millis());
        Ok(query.fetch_optional(&self.readers).await?)
    }

    /// Ends a session by its owner's wish, which the audit log keeps; what it knew for signing out at the provider is returned.
    pub async fn sign_out(&self, id: &str, now: Timestamp) -> Result<Option<String>, StoreError> {
        self.write(async |write| {
            if let Some(who) = signed_in(write, id).await? {
                audit::record(write, &Entry::by(who, Action::SignOut), now).await?;
            }
            let id_token = delete(write, id).await?;
            Ok(id_token)
        })
        .await
    }

    /// Ends a session; what it knew for signing out at the provider is returned.
    pub async fn end_session(&self, id: &str) -> Result<Option<String>, StoreError> {
        self.write(async |write| {
            let id_token = delete(write, id).await?;
            Ok(id_token)
        })
        .await
    }

    /// Signs somebody in to a session that was made for it: not to one that somebody has signed in to.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] when there is no such session.
    pub async fn sign_in_session(
        &self,
        id: &str,
        who: SignedIn<'_>,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(async |write| {
            let written = sqlx::query(
            "UPDATE sessions SET user_id = $2, sid = $3, id_token = $4, created_at = $5, seen_at = $5, expires_at = $6
             WHERE key = $1 AND user_id IS NULL",
        )
        .bind(fingerprint(id))
        .bind(who.user.as_str())
        .bind(who.sid)
        .bind(who.id_token)
        .bind(now.as_millis())
        .bind(until.as_millis())
        .execute(&mut **write)
        .await?;
            if written.rows_affected() != 1 {
                return Err(StoreError::unreadable("the session that was to be signed in is gone"));
            }
            if let Some(person) = signed_in(write, id).await? {
                audit::record(write, &Entry::by(person, Action::SignIn), now).await?;
            }
            Ok(())
        })
        .await
    }

    /// Who is signed in to a session that has neither ended nor been idle since `seen_after`. What the provider said of them
    /// counts if that was after `vouched_after`.
    pub async fn visitor(
        &self,
        id: &str,
        now: Timestamp,
        seen_after: Timestamp,
        vouched_after: Timestamp,
    ) -> Result<Option<Visitor>, StoreError> {
        let query = sqlx::query(with_teams!(
            "s.seen_at",
            "sessions s JOIN users u ON u.id = s.user_id",
            "s.key = $1 AND s.expires_at > $2 AND s.seen_at > $3 AND NOT u.disabled",
            "$4"
        ))
        .bind(fingerprint(id))
        .bind(now.as_millis())
        .bind(seen_after.as_millis())
        .bind(vouched_after.as_millis());
        let rows = self.direct.all(query).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let seen_at = Timestamp::from_millis(row.try_get("seen_at")?);
        Ok(Some(Visitor { person: person_now(row, vouched_after)?, teams: teams(&rows)?, seen_at }))
    }

    /// Whether somebody was signed in to this session, be it ended or not.
    pub async fn session_had_somebody(&self, id: &str) -> Result<bool, StoreError> {
        let query = sqlx::query_scalar("SELECT COUNT(*) FROM sessions WHERE key = $1 AND user_id IS NOT NULL");
        let count: i64 = query.bind(fingerprint(id)).fetch_one(&self.readers).await?;
        Ok(count > 0)
    }

    /// Notes that a session is in use.
    pub async fn touch_session(&self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        self.write(async |write| {
            sqlx::query("UPDATE sessions SET seen_at = $2 WHERE key = $1 AND seen_at < $2")
                .bind(fingerprint(id))
                .bind(now.as_millis())
                .execute(&mut **write)
                .await?;
            Ok(())
        })
        .await
    }

    /// Deletes the sessions that have ended, and returns how many.
    pub async fn delete_ended_sessions(&self, now: Timestamp, seen_after: Timestamp) -> Result<u64, StoreError> {
        self.write(async |write| {
            let deleted =
                sqlx::query("DELETE FROM sessions WHERE expires_at <= $1 OR (user_id IS NOT NULL AND seen_at <= $2)")
                    .bind(now.as_millis())
                    .bind(seen_after.as_millis())
                    .execute(&mut **write)
                    .await?;
            Ok(deleted.rows_affected())
        })
        .await
    }
}

/// Who is signed in to a session, as the audit log names them.
async fn signed_in(write: &mut Write, id: &str) -> Result<Option<Who>, StoreError> {
    let row = sqlx::query("SELECT u.id, u.name FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.key = $1")
        .bind(fingerprint(id))
        .fetch_optional(&mut **write)
        .await?;
    row.map(|row| Ok(Who::person(&user_id(&row)?, row.try_get("name")?))).transpose()
}

async fn delete(write: &mut Write, id: &str) -> Result<Option<String>, StoreError> {
    let id_token: Option<Option<String>> = sqlx::query_scalar("DELETE FROM sessions WHERE key = $1 RETURNING id_token")
        .bind(fingerprint(id))
        .fetch_optional(&mut **write)
        .await?;
    Ok(id_token.flatten())
}
