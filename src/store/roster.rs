//! Everybody who has ever signed in, with what each is by the provider's groups and by an admin's hand.

use std::collections::HashMap;

use model::access::{InstallationRole, TeamRole};
use model::name::{TeamName, UserId};
use model::time::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::environments::amount;
use super::people::{Person, installation_role, person, user_id};
use super::{Store, StoreError, Write};

/// A person as an admin sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRecord {
    /// With the role that counts.
    pub person: Person,
    /// By the provider's claim, as of the last sign-in.
    pub claim_role: Option<InstallationRole>,
    pub hand_role: Option<InstallationRole>,
    pub disabled: bool,
    pub signed_in_at: Timestamp,
}

/// One way in which somebody belongs to a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    pub team: TeamName,
    pub person: UserId,
    pub role: TeamRole,
    /// The provider's group that makes it; `None`: an admin's hand.
    pub group: Option<String>,
}

impl Store {
    /// Everybody, by name; the disabled too.
    pub async fn roster(&self) -> Result<Vec<PersonRecord>, StoreError> {
        let rows = sqlx::query("SELECT * FROM users").fetch_all(&self.readers).await?;
        let mut all = rows.iter().map(record).collect::<Result<Vec<_>, _>>()?;
        all.sort_by_cached_key(by_name);
        Ok(all)
    }

    pub async fn person_record(&self, id: &UserId) -> Result<Option<PersonRecord>, StoreError> {
        let mut connection = self.readers.acquire().await?;
        person_record(&mut connection, id).await
    }

    /// Every way in which anybody belongs to any team, by person.
    pub async fn memberships(&self) -> Result<HashMap<UserId, Vec<Membership>>, StoreError> {
        let rows = sqlx::query(
            "SELECT t.team, u.user_id AS id, t.role AS team_role, t.name AS by_group
             FROM user_groups u JOIN team_groups t ON t.name = u.name
             UNION ALL SELECT team, user_id AS id, role AS team_role, NULL AS by_group FROM team_members
             ORDER BY 1, 2, 4",
        )
        .fetch_all(&self.readers)
        .await?;
        let mut memberships: HashMap<UserId, Vec<Membership>> = HashMap::new();
        for row in &rows {
            let membership = membership(row)?;
            memberships.entry(membership.person.clone()).or_default().push(membership);
        }
        Ok(memberships)
    }

    /// Every way in which one person belongs to any team.
    pub async fn memberships_of(&self, person: &UserId) -> Result<Vec<Membership>, StoreError> {
        let rows = sqlx::query(
            "SELECT t.team, u.user_id AS id, t.role AS team_role, t.name AS by_group
             FROM user_groups u JOIN team_groups t ON t.name = u.name WHERE u.user_id = $1
             UNION ALL SELECT team, user_id AS id, role AS team_role, NULL AS by_group FROM team_members WHERE user_id = $1
             ORDER BY 1, 4",
        )
        .bind(person.as_str())
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(membership).collect()
    }

    /// Who belongs to a team, by name, with every way in which they do.
    pub async fn members(&self, team: &TeamName) -> Result<Vec<(PersonRecord, Vec<Membership>)>, StoreError> {
        let rows = sqlx::query(
            "SELECT u.*, m.team, m.team_role, m.by_group FROM (
                 SELECT t.team, g.user_id, t.role AS team_role, t.name AS by_group
                 FROM team_groups t JOIN user_groups g ON g.name = t.name WHERE t.team = $1
                 UNION ALL SELECT team, user_id, role AS team_role, NULL AS by_group FROM team_members WHERE team = $1
             ) m JOIN users u ON u.id = m.user_id ORDER BY u.id, m.by_group",
        )
        .bind(team.as_str())
        .fetch_all(&self.readers)
        .await?;
        let mut members: Vec<(PersonRecord, Vec<Membership>)> = Vec::new();
        for row in &rows {
            let membership = membership(row)?;
            match members.last_mut().filter(|(record, _)| record.person.id == membership.person) {
                Some((_, ways)) => ways.push(membership),
                None => members.push((record(row)?, vec![membership])),
            }
        }
        members.sort_by_cached_key(|(record, _)| by_name(record));
        Ok(members)
    }

    /// How many belong to each team that has anybody.
    pub async fn count_members(&self) -> Result<HashMap<TeamName, u64>, StoreError> {
        let rows = sqlx::query(
            "SELECT team, COUNT(*) AS members FROM (
                 SELECT t.team, u.user_id FROM user_groups u JOIN team_groups t ON t.name = u.name
                 UNION SELECT team, user_id FROM team_members
             ) AS people GROUP BY team",
        )
        .fetch_all(&self.readers)
        .await?;
        let count = |row: &SqliteRow| {
            let team = row.try_get::<&str, _>("team")?.parse().map_err(StoreError::unreadable)?;
            Ok((team, amount(row, "members")?))
        };
        rows.iter().map(count).collect()
    }
}

/// By name in any letter case, in every script.
fn by_name(record: &PersonRecord) -> (String, UserId) {
    (record.person.name.to_lowercase(), record.person.id.clone())
}

fn record(row: &SqliteRow) -> Result<PersonRecord, StoreError> {
    Ok(PersonRecord {
        person: person(row)?,
        claim_role: installation_role(row, "role")?,
        hand_role: installation_role(row, "hand_role")?,
        disabled: row.try_get("disabled")?,
        signed_in_at: Timestamp::from_millis(row.try_get("signed_in_at")?),
    })
}

fn membership(row: &SqliteRow) -> Result<Membership, StoreError> {
    let role: &str = row.try_get("team_role")?;
    Ok(Membership {
        team: row.try_get::<String, _>("team")?.parse().map_err(StoreError::unreadable)?,
        person: user_id(row)?,
        role: TeamRole::parse(role).ok_or_else(|| StoreError::unreadable(role))?,
        group: row.try_get("by_group")?,
    })
}

/// Inside a transaction or not.
pub async fn person_record(connection: &mut SqliteConnection, id: &UserId) -> Result<Option<PersonRecord>, StoreError> {
    let row = sqlx::query("SELECT * FROM users WHERE id = $1").bind(id.as_str()).fetch_optional(connection).await?;
    row.as_ref().map(record).transpose()
}

/// Makes somebody a member by hand, or changes the role that they have by hand.
pub async fn put_member(write: &mut Write, team: &TeamName, id: &UserId, role: TeamRole) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO team_members (team, user_id, role) VALUES ($1, $2, $3)
         ON CONFLICT (team, user_id) DO UPDATE SET role = excluded.role",
    )
    .bind(team.as_str())
    .bind(id.as_str())
    .bind(role.as_str())
    .execute(&mut **write)
    .await?;
    Ok(())
}

/// Takes back what was given by hand; what the groups give stays. Returns whether there was anything.
pub async fn remove_member(write: &mut Write, team: &TeamName, id: &UserId) -> Result<bool, StoreError> {
    let query = sqlx::query("DELETE FROM team_members WHERE team = $1 AND user_id = $2");
    let removed = query.bind(team.as_str()).bind(id.as_str()).execute(&mut **write).await?;
    Ok(removed.rows_affected() > 0)
}

pub async fn set_hand_role(write: &mut Write, id: &UserId, role: Option<InstallationRole>) -> Result<(), StoreError> {
    sqlx::query("UPDATE users SET hand_role = $2 WHERE id = $1")
        .bind(id.as_str())
        .bind(role.map(InstallationRole::as_str))
        .execute(&mut **write)
        .await?;
    Ok(())
}

/// From now on nobody with this account gets in. Their sessions end for good, so that none comes back with the account.
pub async fn disable(write: &mut Write, id: &UserId) -> Result<(), StoreError> {
    sqlx::query("UPDATE users SET disabled = TRUE WHERE id = $1").bind(id.as_str()).execute(&mut **write).await?;
    sqlx::query("DELETE FROM sessions WHERE user_id = $1").bind(id.as_str()).execute(&mut **write).await?;
    Ok(())
}

pub async fn enable(write: &mut Write, id: &UserId) -> Result<(), StoreError> {
    sqlx::query("UPDATE users SET disabled = FALSE WHERE id = $1").bind(id.as_str()).execute(&mut **write).await?;
    Ok(())
}
