//! What a team and a member of it may hold: the declared quotas with the loans on top, and who holds how much.

use model::loan::{LOAN_REMEMBERED, Loan};
use model::name::{HostName, TeamName, UserId};
use model::quota::{Holding, HostRoom, Pool, Quota, Room};
use model::request::{Raised, Request};
use model::time::Timestamp;
use model::units::{Memory, MilliCpu};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::StoreError;
use super::environments::{Holdings, amount, held, read_json};
use super::kept::Snapshot;

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
    /// The pools of a launch at `now`, on one of these hosts, of which each may give so much.
    #[must_use]
    pub fn room(&self, held: &Holdings, hosts: impl IntoIterator<Item = (HostName, Quota)>, now: Timestamp) -> Room {
        let on_host = |name: &HostName| held.hosts.get(name).copied().unwrap_or_default();
        let room_on = |(name, quota)| HostRoom { pool: Pool::new(quota, on_host(&name)), name };
        Room {
            member: Pool::with_loans(self.member, held.member, &self.lent_to_member, now),
            team: Pool::with_loans(self.team, held.team, &self.lent_to_team, now),
            hosts: hosts.into_iter().map(room_on).collect(),
        }
    }
}

/// The same of a team with all its members.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TeamLimits {
    team: Quota,
    member: Quota,
    lent: Vec<(Raised, UserId, Loan)>,
}

impl TeamLimits {
    /// As they are for one member.
    #[must_use]
    pub fn of(&self, member: &UserId) -> Limits {
        let loans = |wanted: Raised| {
            let counts = move |(raised, asker, _): &&(Raised, UserId, Loan)| {
                *raised == wanted && (wanted == Raised::Team || asker == member)
            };
            self.lent.iter().filter(counts).map(|(_, _, loan)| *loan).collect()
        };
        let (lent_to_team, lent_to_member) = (loans(Raised::Team), loans(Raised::Member));
        Limits { team: self.team, member: self.member, lent_to_team, lent_to_member }
    }
}

impl Snapshot {
    /// The limits and the holdings of a team and of a member in it; `None` where there is no such team.
    #[must_use]
    pub fn limits(&self, team: &TeamName, member: &UserId, now: Timestamp) -> Option<(Limits, Holdings)> {
        let declared = self.catalogue.team(team)?;
        let lent = |request: &Request| {
            let loan = request.loan().filter(|loan| loan.until > now.before(LOAN_REMEMBERED))?;
            (request.team == *team).then(|| (request.raises, request.asker_id.clone(), loan))
        };
        let lent = self.requests.iter().filter_map(lent).collect();
        let limits = TeamLimits { team: declared.quota, member: declared.per_member, lent };
        Some((limits.of(member), self.environments.holdings(team, member)))
    }
}

/// The limits of a team and of a member in it; `None` where there is no such team.
pub async fn limits(
    connection: &mut SqliteConnection,
    team: &TeamName,
    member: &UserId,
    now: Timestamp,
) -> Result<Option<Limits>, StoreError> {
    Ok(team_limits(connection, team, now).await?.map(|limits| limits.of(member)))
}

/// The limits of a team and of all its members; `None` where there is no such team.
pub async fn team_limits(
    connection: &mut SqliteConnection,
    team: &TeamName,
    now: Timestamp,
) -> Result<Option<TeamLimits>, StoreError> {
    let row = sqlx::query("SELECT quota, per_member FROM teams WHERE name = $1")
        .bind(team.as_str())
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let loans = sqlx::query(
        "SELECT scope, asker_id, environments, running, cpus, memory, lent_until FROM requests
         WHERE team = $1 AND lent_until > $2",
    )
    .bind(team.as_str())
    .bind(now.before(LOAN_REMEMBERED).as_millis())
    .fetch_all(connection)
    .await?;
    Ok(Some(TeamLimits {
        team: read_json(row.try_get("quota")?)?,
        member: read_json(row.try_get("per_member")?)?,
        lent: loans.iter().map(lent).collect::<Result<_, _>>()?,
    }))
}

fn lent(row: &SqliteRow) -> Result<(Raised, UserId, Loan), StoreError> {
    let loan = Loan { more: more(row)?, until: Timestamp::from_millis(row.try_get("lent_until")?) };
    Ok((raised(row)?, UserId::parse(row.try_get("asker_id")?).map_err(StoreError::unreadable)?, loan))
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
    let rows = sqlx::query(
        "SELECT u.id, u.name, e.state, COUNT(*) AS count, SUM(e.cpus) AS cpus, SUM(e.memory) AS memory
         FROM environments e JOIN users u ON u.id = e.owner_id
         WHERE e.team = $1 AND e.state <> 'removed' GROUP BY u.id, u.name, e.state ORDER BY u.name, u.id",
    )
    .bind(team.as_str())
    .fetch_all(connection)
    .await?;
    let mut holders: Vec<Holder> = Vec::new();
    for row in &rows {
        let id = UserId::parse(row.try_get("id")?).map_err(StoreError::unreadable)?;
        match holders.last_mut().filter(|last| last.id == id) {
            Some(last) => last.holds = last.holds + held(row)?,
            None => holders.push(Holder { id, name: row.try_get("name")?, holds: held(row)? }),
        }
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
