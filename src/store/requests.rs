//! Requests for more, with who decided on them.

use model::name::{RequestId, TeamName, UserId};
use model::request::{Decision, Request, RequestState};
use model::time::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::environments::signed;
use super::limits::{more, raised};
use super::{Store, StoreError, Write};

/// Most requests of one answer: those that wait for a decision first, then the newest.
const LISTED: i64 = 500;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT r.*, a.name AS asker, d.name AS decider FROM requests r
             JOIN users a ON a.id = r.asker_id LEFT JOIN users d ON d.id = r.decided_by ",
            $rest
        )
    };
}

/// Whose requests are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose<'a> {
    Everybody,
    Team(&'a TeamName),
    Asker(&'a UserId),
}

impl Store {
    /// Those that wait for a decision first, then the newest.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn requests(&self, whose: Whose<'_>) -> Result<Vec<Request>, StoreError> {
        let query = match whose {
            Whose::Everybody => {
                sqlx::query(select!("ORDER BY (r.state = 'open') DESC, r.id DESC LIMIT $1")).bind(LISTED)
            }
            Whose::Team(team) => {
                let of_team = select!("WHERE r.team = $2 ORDER BY (r.state = 'open') DESC, r.id DESC LIMIT $1");
                sqlx::query(of_team).bind(LISTED).bind(team.as_str())
            }
            Whose::Asker(asker) => {
                let own = select!("WHERE r.asker_id = $2 ORDER BY (r.state = 'open') DESC, r.id DESC LIMIT $1");
                sqlx::query(own).bind(LISTED).bind(asker.as_str())
            }
        };
        query.fetch_all(&self.readers).await?.iter().map(request).collect()
    }
}

/// Those that wait for a decision, and those whose loan was not back by `returned`.
pub(super) async fn in_force(
    connection: &mut SqliteConnection,
    returned: Timestamp,
) -> Result<Vec<Request>, StoreError> {
    let query = sqlx::query(select!("WHERE r.state = 'open' OR r.lent_until > $1"));
    query.bind(returned.as_millis()).fetch_all(connection).await?.iter().map(request).collect()
}

/// The request as it is inside this transaction.
pub async fn find(write: &mut Write, id: &RequestId) -> Result<Option<Request>, StoreError> {
    let row = sqlx::query(select!("WHERE r.id = $1")).bind(id.as_str()).fetch_optional(&mut **write).await?;
    row.as_ref().map(request).transpose()
}

/// Somebody's requests that wait for a decision at `now`.
pub async fn waiting(write: &mut Write, asker: &UserId, now: Timestamp) -> Result<Vec<Request>, StoreError> {
    let query = sqlx::query(select!("WHERE r.asker_id = $1 AND r.state = 'open' AND r.until > $2"));
    let rows = query.bind(asker.as_str()).bind(now.as_millis()).fetch_all(&mut **write).await?;
    rows.iter().map(request).collect()
}

pub async fn insert(write: &mut Write, new: &Request) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO requests (id, team, asker_id, scope, environments, running, cpus, memory, reason, until, created_at, state)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(new.id.as_str())
    .bind(new.team.as_str())
    .bind(new.asker_id.as_str())
    .bind(new.raises.as_str())
    .bind(signed(new.more.environments))
    .bind(signed(new.more.running))
    .bind(signed(new.more.cpus.as_milli()))
    .bind(signed(new.more.memory.as_bytes()))
    .bind(&new.reason)
    .bind(new.until.as_millis())
    .bind(new.created_at.as_millis())
    .bind(new.state.as_str())
    .execute(&mut **write)
    .await?;
    Ok(())
}

/// Writes the state that a request has come to.
pub async fn update(write: &mut Write, changed: &Request) -> Result<(), StoreError> {
    let decision = changed.state.decision();
    sqlx::query(
        "UPDATE requests SET state = $2, decided_by = $3, decided_at = $4, word = $5, lent_until = $6 WHERE id = $1",
    )
    .bind(changed.id.as_str())
    .bind(changed.state.as_str())
    .bind(decision.map(|decision| decision.by_id.as_str()))
    .bind(decision.map(|decision| decision.at.as_millis()))
    .bind(decision.map(|decision| decision.word.as_str()))
    .bind(changed.loan().map(|loan| loan.until.as_millis()))
    .execute(&mut **write)
    .await?;
    Ok(())
}

fn request(row: &SqliteRow) -> Result<Request, StoreError> {
    let text = |column: &str| row.try_get::<&str, _>(column);
    let state = text("state")?;
    Ok(Request {
        id: RequestId::parse(text("id")?).map_err(StoreError::unreadable)?,
        team: text("team")?.parse().map_err(StoreError::unreadable)?,
        asker: row.try_get("asker")?,
        asker_id: UserId::parse(text("asker_id")?).map_err(StoreError::unreadable)?,
        raises: raised(row)?,
        more: more(row)?,
        reason: row.try_get("reason")?,
        until: Timestamp::from_millis(row.try_get("until")?),
        created_at: Timestamp::from_millis(row.try_get("created_at")?),
        state: RequestState::parse(state, decision(row)?).ok_or_else(|| StoreError::unreadable(state))?,
    })
}

fn decision(row: &SqliteRow) -> Result<Option<Decision>, StoreError> {
    let Some(by) = row.try_get::<Option<&str>, _>("decided_by")? else { return Ok(None) };
    Ok(Some(Decision {
        by: row.try_get("decider")?,
        by_id: UserId::parse(by).map_err(StoreError::unreadable)?,
        at: Timestamp::from_millis(row.try_get("decided_at")?),
        word: row.try_get("word")?,
    }))
}
