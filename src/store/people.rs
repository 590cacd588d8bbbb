//! People: who signed in, with the provider's groups and the teams these make them members of.

use std::collections::BTreeMap;

use model::access::{InstallationRole, TeamRole};
use model::name::{TeamName, UserId};
use model::time::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Store, StoreError, Write};

/// Who a provider says somebody is. (Issuer, subject) is the account; the rest is shown, and grants nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub issuer: String,
    pub subject: String,
    pub name: String,
    pub email: Option<String>,
    pub role: Option<InstallationRole>,
}

/// A person as stored, and not disabled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: UserId,
    pub name: String,
    pub email: Option<String>,
    pub role: Option<InstallationRole>,
}

/// What is known of an account before it signs in again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub id: UserId,
    pub disabled: bool,
    /// Whether an admin gave them a role or a team by hand.
    pub by_hand: bool,
    /// As of the last sign-in.
    pub groups: Vec<String>,
}

impl Store {
    pub async fn known_person(&self, issuer: &str, subject: &str) -> Result<Option<Known>, StoreError> {
        let query = "SELECT u.id, u.disabled, u.hand_role IS NOT NULL
                    OR EXISTS (SELECT 1 FROM team_members m WHERE m.user_id = u.id) AS by_hand
             FROM users u WHERE u.issuer = $1 AND u.subject = $2";
        let row = sqlx::query(query).bind(issuer).bind(subject).fetch_optional(&self.readers).await?;
        let Some(row) = row else { return Ok(None) };
        let id = user_id(&row)?;
        let groups = self.groups_of(&id).await?;
        Ok(Some(Known { id, disabled: row.try_get("disabled")?, by_hand: row.try_get("by_hand")?, groups }))
    }

    /// Keeps who signed in, with the groups they have now; `new_id` becomes the id of a person never seen before.
    pub async fn sign_in_person(
        &self,
        identity: &Identity,
        groups: &[String],
        new_id: &UserId,
        now: Timestamp,
    ) -> Result<UserId, StoreError> {
        self.write(async |write| {
            let row = sqlx::query(
                "INSERT INTO users (id, issuer, subject, name, email, role, created_at, signed_in_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
             ON CONFLICT (issuer, subject) DO UPDATE SET name = excluded.name, email = excluded.email,
                 role = excluded.role, signed_in_at = excluded.signed_in_at
             RETURNING id",
            )
            .bind(new_id.as_str())
            .bind(&identity.issuer)
            .bind(&identity.subject)
            .bind(&identity.name)
            .bind(&identity.email)
            .bind(identity.role.map(InstallationRole::as_str))
            .bind(now.as_millis())
            .fetch_one(&mut **write)
            .await?;
            let id = user_id(&row)?;
            replace_groups(write, &id, groups).await?;
            Ok(id)
        })
        .await
    }

    /// Takes from a person what the provider says they no longer have.
    pub async fn withdraw(&self, person: &UserId, groups: &[String]) -> Result<(), StoreError> {
        self.write(async |write| {
            sqlx::query("UPDATE users SET role = NULL WHERE id = $1")
                .bind(person.as_str())
                .execute(&mut **write)
                .await?;
            replace_groups(write, person, groups).await?;
            Ok(())
        })
        .await
    }

    /// Whether somebody had one of these groups when the provider last vouched for them, which was after `vouched_after`.
    pub async fn has_group_of(
        &self,
        person: &UserId,
        groups: &[String],
        vouched_after: Timestamp,
    ) -> Result<bool, StoreError> {
        let query = "SELECT g.name FROM user_groups g JOIN users u ON u.id = g.user_id
             WHERE u.id = $1 AND u.signed_in_at > $2";
        let query = sqlx::query_scalar(query).bind(person.as_str()).bind(vouched_after.as_millis());
        let has: Vec<String> = query.fetch_all(&self.readers).await?;
        Ok(has.iter().any(|group| groups.contains(group)))
    }

    /// Somebody who is not disabled.
    pub async fn person_with_id(&self, id: &UserId) -> Result<Option<Person>, StoreError> {
        let query = sqlx::query("SELECT * FROM users WHERE id = $1 AND NOT disabled").bind(id.as_str());
        query.fetch_optional(&self.readers).await?.as_ref().map(person).transpose()
    }

    /// People with this e-mail address: there can be several, since it is not what an account is.
    pub async fn people_with_email(&self, email: &str) -> Result<Vec<Person>, StoreError> {
        let rows = sqlx::query("SELECT * FROM users WHERE lower(email) = lower($1) AND NOT disabled ORDER BY id")
            .bind(email)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(person).collect()
    }

    pub async fn groups_of(&self, person: &UserId) -> Result<Vec<String>, StoreError> {
        let query = sqlx::query_scalar("SELECT name FROM user_groups WHERE user_id = $1 ORDER BY name");
        Ok(query.bind(person.as_str()).fetch_all(&self.readers).await?)
    }

    /// Which of the provider's groups belong to a team.
    pub async fn team_groups(&self) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar("SELECT DISTINCT name FROM team_groups").fetch_all(&self.readers).await?)
    }
}

async fn replace_groups(write: &mut Write, person: &UserId, groups: &[String]) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM user_groups WHERE user_id = $1").bind(person.as_str()).execute(&mut **write).await?;
    for group in groups {
        sqlx::query("INSERT INTO user_groups (user_id, name) VALUES ($1, $2) ON CONFLICT (user_id, name) DO NOTHING")
            .bind(person.as_str())
            .bind(group)
            .execute(&mut **write)
            .await?;
    }
    Ok(())
}

/// What somebody is for the whole installation by one of its two sources.
pub(super) fn installation_role(row: &SqliteRow, column: &str) -> Result<Option<InstallationRole>, StoreError> {
    let role: Option<&str> = row.try_get(column)?;
    let parse = |role: &str| InstallationRole::parse(role).ok_or_else(|| StoreError::unreadable(role));
    role.map(parse).transpose()
}

/// Somebody with the teams that their groups or an admin's hand make them a member of, in one statement: a row without a team
/// for the person, and a row for each membership. `$columns` are the credential's, `$from` names it and its user `u`; groups
/// count of whom the provider has vouched for after `$vouched_after`.
macro_rules! with_teams {
    ($columns:literal, $from:literal, $condition:literal, $vouched_after:literal) => {
        concat!(
            "SELECT u.*, ",
            $columns,
            ", NULL AS team, NULL AS team_role FROM ",
            $from,
            " WHERE ",
            $condition,
            " UNION ALL SELECT u.*, ",
            $columns,
            ", t.team, t.role AS team_role FROM ",
            $from,
            " JOIN user_groups g ON g.user_id = u.id JOIN team_groups t ON t.name = g.name WHERE u.signed_in_at > ",
            $vouched_after,
            " AND ",
            $condition,
            " UNION ALL SELECT u.*, ",
            $columns,
            ", h.team, h.role AS team_role FROM ",
            $from,
            " JOIN team_members h ON h.user_id = u.id WHERE ",
            $condition,
        )
    };
}
pub(super) use with_teams;

/// The teams in the rows of [`with_teams`]. In several ways, the lead's role wins.
pub(super) fn teams(rows: &[SqliteRow]) -> Result<BTreeMap<TeamName, TeamRole>, StoreError> {
    let mut teams = BTreeMap::new();
    for row in rows {
        let Some(team) = row.try_get::<Option<&str>, _>("team")? else { continue };
        let team = TeamName::parse(team).map_err(StoreError::unreadable)?;
        let role: &str = row.try_get("team_role")?;
        let role = TeamRole::parse(role).ok_or_else(|| StoreError::unreadable(role))?;
        let best = teams.entry(team).or_insert(role);
        *best = (*best).max(role);
    }
    Ok(teams)
}

/// Reads a row that has a user's columns. Of the claim's role and the one by hand the larger counts.
pub(super) fn person(row: &SqliteRow) -> Result<Person, StoreError> {
    Ok(Person {
        id: user_id(row)?,
        name: row.try_get("name")?,
        email: row.try_get("email")?,
        role: installation_role(row, "role")?.max(installation_role(row, "hand_role")?),
    })
}

/// As [`person`], with the claim's role only if the provider has vouched for them after `vouched_after`.
pub(super) fn person_now(row: &SqliteRow, vouched_after: Timestamp) -> Result<Person, StoreError> {
    let person = person(row)?;
    if Timestamp::from_millis(row.try_get("signed_in_at")?) > vouched_after {
        return Ok(person);
    }
    Ok(Person { role: installation_role(row, "hand_role")?, ..person })
}

pub(super) fn user_id(row: &SqliteRow) -> Result<UserId, StoreError> {
    UserId::parse(row.try_get("id")?).map_err(StoreError::unreadable)
}
