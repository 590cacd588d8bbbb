//! What a team and a member of it may hold: the declared quotas with the loans on top, and who holds how much.

use app::model::loan::{LOAN_REMEMBERED, Loan};
use app::model::name::{TeamName, UserId};
use app::model::quota::{Holding, Pool, Quota, Room};
use app::model::request::Raised;
use app::model::time::Timestamp;
use app::model::units::{Memory, MilliCpu};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::environments::{Holdings, amount, holdings, read_json};
use super::{Store, StoreError};

/// What is declared for a team and lent to it, of now and of the last days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    pub team: Quota,
    /// The cap on each member.
    pub member: Quota,
    pub lent_to_team: Vec<Loan>,
    /// To the one member that was asked for.
    pub lent_to_member: Vec<Loan>,
}

impl Limits {
    /// The pools of a launch at `now`, without the host's limit.
    #[must_use]
    pub fn room(&self, held: Holdings, host: Quota, now: Timestamp) -> Room {
        Room {
            member: Pool::with_loans(self.member, held.member, &self.lent_to_member, now),
            team: Pool::with_loans(self.team, held.team, &self.lent_to_team, now),
            host: Pool::new(host, held.host),
        }
    }
}

impl Store {
    /// The limits and the holdings as of one moment, outside of a write: for showing, and for what would be refused anyway.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn limits(
        &self,
        team: &TeamName,
        member: &UserId,
        now: Timestamp,
    ) -> Result<Option<(Limits, Holdings)>, StoreError> {
        let mut read = self.readers.begin().await?;
        let Some(limits) = limits(&mut read, team, member, now).await? else { return Ok(None) };
        let held = holdings(&mut read, team, member).await?;
        Ok(Some((limits, held)))
    }
}

/// The limits of a team and of a member in it; `None` where there is no such team.
pub async fn limits(
    connection: &mut SqliteConnection,
    team: &TeamName,
    member: &UserId,
    now: Timestamp,
) -> Result<Option<Limits>, StoreError> {
    let row = sqlx::query("SELECT quota, per_member FROM teams WHERE name = $1")
        .bind(team.as_str())
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let mut limits = Limits {
        team: read_json(row.try_get("quota")?)?,
        member: read_json(row.try_get("per_member")?)?,
        ..Limits::default()
    };
    let loans = sqlx::query(
        "SELECT scope, environments, running, cpus, memory, lent_until FROM requests
         WHERE team = $1 AND lent_until > $2 AND (scope = 'team' OR asker_id = $3)",
    )
    .bind(team.as_str())
    .bind(now.before(LOAN_REMEMBERED).as_millis())
    .bind(member.as_str())
    .fetch_all(connection)
    .await?;
    for row in &loans {
        let loan = Loan { more: more(row)?, until: Timestamp::from_millis(row.try_get("lent_until")?) };
        match raised(row)? {
            Raised::Team => limits.lent_to_team.push(loan),
            Raised::Member => limits.lent_to_member.push(loan),
        }
    }
    Ok(Some(limits))
}

/// Somebody who holds something of a team's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub id: UserId,
    pub name: String,
    pub holds: Holding,
}

/// Who holds how much of a team's, by name.
pub async fn holders(connection: &mut SqliteConnection, team: &TeamName) -> Result<Vec<Holder>, StoreError> {
    let members = sqlx::query(
        "SELECT DISTINCT u.id, u.name FROM environments e JOIN users u ON u.id = e.owner_id
         WHERE e.team = $1 AND e.state <> 'removed' ORDER BY u.name, u.id",
    )
    .bind(team.as_str())
    .fetch_all(&mut *connection)
    .await?;
    let mut holders = Vec::new();
    for row in members {
        let id = UserId::parse(row.try_get("id")?).map_err(StoreError::unreadable)?;
        let holds = holdings(connection, team, &id).await?.member;
        holders.push(Holder { id, name: row.try_get("name")?, holds });
    }
    Ok(holders)
}

pub(super) fn raised(row: &SqliteRow) -> Result<Raised, StoreError> {
    let scope: &str = row.try_get("scope")?;
    Raised::parse(scope).ok_or_else(|| StoreError::unreadable(scope))
}

pub(super) fn more(row: &SqliteRow) -> Result<Holding, StoreError> {
    Ok(Holding {
        environments: amount(row, "environments")?,
        running: amount(row, "running")?,
        cpus: MilliCpu::new(amount(row, "cpus")?),
        memory: Memory::bytes(amount(row, "memory")?),
    })
}
