//! API tokens: shown once when they are made, then known by their fingerprint.

use std::collections::BTreeMap;

use clock::{Clock, hex};
use model::access::{TeamRole, TokenScope};
use model::audit::{Action, Entry, Origin, Who};
use model::name::{TeamName, UserId};
use model::time::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::fingerprint::fingerprint;
use super::people::{Person, person_now, teams, with_teams};
use super::{Store, StoreError, Write, audit};

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
    pub teams: BTreeMap<TeamName, TeamRole>,
    pub scope: TokenScope,
    pub token_id: String,
    pub name: String,
    pub used_at: Option<Timestamp>,
}

/// What is told of a token: everything but its text, which nobody has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub id: String,
    pub name: String,
    pub owner_id: UserId,
    pub owner: String,
    pub scope: TokenScope,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub used_at: Option<Timestamp>,
}

impl Listed {
    /// Whether it is good now, in a word.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> &'static str {
        match (self.revoked_at, self.expires_at) {
            (Some(_), _) => "revoked",
            (None, Some(until)) if until <= now => "expired",
            (None, _) => "good",
        }
    }

    fn told(&self) -> String {
        format!("{} of {}, scope {}", self.name, self.owner, self.scope.as_str())
    }
}

macro_rules! select {
    () => {
        "SELECT t.*, u.name AS owner FROM tokens t JOIN users u ON u.id = t.user_id"
    };
}

impl Store {
    /// Makes a token and returns its text: the only time that anybody sees it. It is made on the command line only.
    pub async fn create_token(&self, token: NewToken<'_>, clock: &Clock) -> Result<String, StoreError> {
        let text = format!("{PREFIX}{}", clock.secret());
        let id = hex(&clock.random::<16>());
        self.write(async |write| {
            sqlx::query(
                "INSERT INTO tokens (id, hash, user_id, name, scope, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(&id)
            .bind(fingerprint(&text))
            .bind(token.user.as_str())
            .bind(token.name)
            .bind(token.scope.as_str())
            .bind(clock.now().as_millis())
            .bind(token.expires_at.map(Timestamp::as_millis))
            .execute(&mut **write)
            .await?;
            let token = find(write, &id).await?;
            let entry = Entry::by(Who::command_line(), Action::CreateToken).named(token.told());
            audit::record(write, &entry, token.created_at).await?;
            Ok(text)
        })
        .await
    }

    /// Whose token this is, unless it is revoked or expired. What the provider said of them counts if that was after
    /// `vouched_after`.
    pub async fn bearer(
        &self,
        token: &str,
        now: Timestamp,
        vouched_after: Timestamp,
    ) -> Result<Option<Bearer>, StoreError> {
        let query = sqlx::query(with_teams!(
            "k.scope, k.id AS token_id, k.name AS token, k.used_at",
            "tokens k JOIN users u ON u.id = k.user_id",
            "k.hash = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $2) AND NOT u.disabled",
            "$3"
        ))
        .bind(fingerprint(token))
        .bind(now.as_millis())
        .bind(vouched_after.as_millis());
        let rows = self.direct.all(query).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let scope: &str = row.try_get("scope")?;
        let used_at: Option<i64> = row.try_get("used_at")?;
        Ok(Some(Bearer {
            person: person_now(row, vouched_after)?,
            teams: teams(&rows)?,
            scope: TokenScope::parse(scope).ok_or_else(|| StoreError::unreadable(scope))?,
            token_id: row.try_get("token_id")?,
            name: row.try_get("token")?,
            used_at: used_at.map(Timestamp::from_millis),
        }))
    }

    /// Notes that a token is in use. Its first use is written into the audit log.
    pub async fn touch_token(&self, token_id: &str, now: Timestamp) -> Result<(), StoreError> {
        self.write(async |write| {
            let first = sqlx::query("UPDATE tokens SET used_at = $2 WHERE id = $1 AND used_at IS NULL")
                .bind(token_id)
                .bind(now.as_millis())
                .execute(&mut **write)
                .await?;
            if first.rows_affected() == 1 {
                let token = find(write, token_id).await?;
                let who = Who {
                    origin: Origin::Api,
                    token: Some(token.name.clone()),
                    ..Who::person(&token.owner_id, &token.owner)
                };
                let entry = Entry::by(who, Action::UseToken).named(&token.name).because("for the first time");
                audit::record(write, &entry, now).await?;
            } else {
                sqlx::query("UPDATE tokens SET used_at = $2 WHERE id = $1")
                    .bind(token_id)
                    .bind(now.as_millis())
                    .execute(&mut **write)
                    .await?;
            }
            Ok(())
        })
        .await
    }

    /// Revokes a token for good, and returns whether it was good until now.
    pub async fn revoke_token(&self, token_id: &str, now: Timestamp) -> Result<bool, StoreError> {
        self.write(async |write| {
            let revoked = sqlx::query("UPDATE tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL")
                .bind(token_id)
                .bind(now.as_millis())
                .execute(&mut **write)
                .await?;
            if revoked.rows_affected() == 0 {
                return Ok(false);
            }
            let token = find(write, token_id).await?;
            let entry = Entry::by(Who::command_line(), Action::RevokeToken).named(token.told());
            audit::record(write, &entry, now).await?;
            Ok(true)
        })
        .await
    }

    /// All tokens that there ever were, newest first.
    pub async fn tokens(&self) -> Result<Vec<Listed>, StoreError> {
        let rows =
            sqlx::query(concat!(select!(), " ORDER BY t.created_at DESC, t.id")).fetch_all(&self.readers).await?;
        rows.iter().map(listed).collect()
    }
}

async fn find(write: &mut Write, token_id: &str) -> Result<Listed, StoreError> {
    let row = sqlx::query(concat!(select!(), " WHERE t.id = $1")).bind(token_id).fetch_one(&mut **write).await?;
    listed(&row)
}

fn listed(row: &SqliteRow) -> Result<Listed, StoreError> {
    let moment = |column: &str| row.try_get::<Option<i64>, _>(column).map(|at| at.map(Timestamp::from_millis));
    let scope: String = row.try_get("scope")?;
    Ok(Listed {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        owner_id: UserId::parse(row.try_get("user_id")?).map_err(StoreError::unreadable)?,
        owner: row.try_get("owner")?,
        scope: TokenScope::parse(&scope).ok_or_else(|| StoreError::unreadable(scope))?,
        created_at: Timestamp::from_millis(row.try_get("created_at")?),
        expires_at: moment("expires_at")?,
        revoked_at: moment("revoked_at")?,
        used_at: moment("used_at")?,
    })
}
