//! The audit log: rows that are written once, in the transaction of the change that they tell of.

use model::audit::{Action, Entry, Excerpt, Origin, Outcome, Recorded, Search, Who};
use model::name::{EnvironmentId, TeamName, UserId};
use model::time::Timestamp;
use model::units::Span;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};

use super::{Store, StoreError, Write};

/// Most refusals of one action that are kept of one person (of all who are not signed in together) within [`WINDOW`]: so
/// nobody fills the disk by asking again and again.
pub const REFUSALS_MAX: i64 = 30;
const WINDOW: Span = Span::seconds(600);

/// Writes an entry. It is there when `write` is committed, and only then.
pub async fn record(write: &mut Write, entry: &Entry, now: Timestamp) -> Result<(), StoreError> {
    // Nobody else writes while this transaction lasts, so the next number is nobody else's.
    sqlx::query(
        "INSERT INTO audit (id, at, person_id, person, origin, token, action, outcome, team, environment_id, object, reason,
             folded_person, folded)
         SELECT COALESCE(MAX(id), 0) + 1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13 FROM audit",
    )
    .bind(now.as_millis())
    .bind(entry.who.person_id.as_ref().map(UserId::as_str))
    .bind(&entry.who.person)
    .bind(entry.who.origin.as_str())
    .bind(&entry.who.token)
    .bind(entry.action.as_str())
    .bind(entry.outcome.as_str())
    .bind(entry.team.as_ref().map(TeamName::as_str))
    .bind(entry.environment.as_ref().map(EnvironmentId::as_str))
    .bind(&entry.object)
    .bind(&entry.reason)
    .bind(fold(&entry.who.person))
    .bind(folded(&entry.object, &entry.reason))
    .execute(&mut **write)
    .await?;
    Ok(())
}

/// Without letter case, in every script.
fn fold(text: &str) -> String {
    // The small form of a dotted capital I keeps its dot as a mark of its own; people write a sharp s in both ways.
    text.to_lowercase().replace('\u{307}', "").replace('ß', "ss")
}

/// What words are looked for in, beside the person. A word never reaches over a line's end.
fn folded(object: &str, reason: &str) -> String {
    fold(&format!("{object}\n{reason}"))
}

/// Folds what a version before this one wrote, so much at once.
const FOLDED_AT_ONCE: i64 = 1000;

impl Store {
    /// Folds what is not folded yet, which is so after an upgrade.
    pub(super) async fn fold_audit(&self) -> Result<(), StoreError> {
        loop {
            let query = "SELECT id, person, object, reason FROM audit WHERE folded IS NULL LIMIT $1";
            let rows = sqlx::query(query).bind(FOLDED_AT_ONCE).fetch_all(&self.readers).await?;
            if rows.is_empty() {
                return Ok(());
            }
            let folded = self.write(async |write| {
                for row in rows {
                    sqlx::query("UPDATE audit SET folded_person = $2, folded = $3 WHERE id = $1")
                        .bind(row.try_get::<i64, _>("id")?)
                        .bind(fold(row.try_get("person")?))
                        .bind(folded(row.try_get("object")?, row.try_get("reason")?))
                        .execute(&mut **write)
                        .await?;
                }
                Ok::<_, StoreError>(())
            });
            folded.await?;
        }
    }

    /// Writes a refusal, in a transaction of its own: what was refused changed nothing. Returns whether it was kept, or too
    /// many like it came before; then it costs one read.
    pub async fn record_refusal(&self, entry: &Entry, now: Timestamp) -> Result<bool, StoreError> {
        let kept = refusals(&mut *self.readers.acquire().await?, entry, now).await?;
        if kept >= REFUSALS_MAX {
            return Ok(false);
        }
        self.write(async |write| {
            let kept = refusals(write, entry, now).await?;
            if kept >= REFUSALS_MAX {
                return Ok(false);
            }
            if kept == REFUSALS_MAX - 1 {
                let last = format!("{} (the next refusals of this kind are not kept, for ten minutes)", entry.reason);
                record(write, &entry.clone().because(last), now).await?;
            } else {
                record(write, entry, now).await?;
            }
            Ok(true)
        })
        .await
    }

    /// What a search finds, newest first; of `teams` alone where they are given.
    pub async fn audit(
        &self,
        search: &Search,
        teams: Option<&[TeamName]>,
        limit: usize,
    ) -> Result<Excerpt, StoreError> {
        let mut query = QueryBuilder::new("SELECT * FROM audit");
        narrow(&mut query, search, teams);
        let more = i64::try_from(limit + 1).map_err(StoreError::unreadable)?;
        query.push(" ORDER BY id DESC LIMIT ").push_bind(more);
        let rows = query.build().fetch_all(&self.readers).await?;
        let mut items = rows.iter().map(recorded).collect::<Result<Vec<_>, _>>()?;
        let next = (items.len() > limit).then(|| items.truncate(limit)).and_then(|()| items.last().map(|last| last.id));
        Ok(Excerpt { items, next })
    }

    /// How many entries a search finds, counted up to `most`.
    pub async fn count_audit(&self, search: &Search, teams: Option<&[TeamName]>, most: i64) -> Result<i64, StoreError> {
        let mut query = QueryBuilder::new("SELECT COUNT(*) FROM (SELECT id FROM audit");
        narrow(&mut query, search, teams);
        query.push(" LIMIT ").push_bind(most).push(") AS found");
        Ok(query.build_query_scalar().fetch_one(&self.readers).await?)
    }
}

/// How many refusals like this one were kept lately.
async fn refusals(connection: &mut SqliteConnection, like: &Entry, now: Timestamp) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar(
        "SELECT COUNT(*) FROM audit WHERE action = $1 AND outcome = $2 AND at > $3 AND COALESCE(person_id, '') = $4",
    );
    let count = count
        .bind(like.action.as_str())
        .bind(Outcome::Refused.as_str())
        .bind(now.before(WINDOW).as_millis())
        .bind(like.who.person_id.as_ref().map_or("", UserId::as_str));
    Ok(count.fetch_one(connection).await?)
}

fn narrow(query: &mut QueryBuilder<Sqlite>, search: &Search, teams: Option<&[TeamName]>) {
    query.push(" WHERE TRUE");
    if let Some(teams) = teams {
        query.push(" AND team IN (");
        let mut each = query.separated(", ");
        for team in teams {
            each.push_bind(team.to_string());
        }
        query.push(")");
    }
    let equal = [
        (" AND team = ", search.team.as_ref().map(ToString::to_string)),
        (" AND environment_id = ", search.environment.as_ref().map(ToString::to_string)),
        (" AND action = ", search.action.map(|action| action.to_string())),
        (" AND outcome = ", search.outcome.map(|outcome| outcome.to_string())),
    ];
    for (condition, value) in equal {
        if let Some(value) = value {
            query.push(condition).push_bind(value);
        }
    }
    let compared = [
        (" AND at >= ", search.from.map(Timestamp::as_millis)),
        (" AND at < ", search.to.map(Timestamp::as_millis)),
        (" AND id < ", search.cursor),
    ];
    for (condition, value) in compared {
        if let Some(value) = value {
            query.push(condition).push_bind(value);
        }
    }
    if !search.person.is_empty() {
        query.push(" AND (person_id = ").push_bind(search.person.clone());
        query.push(" OR folded_person LIKE ").push_bind(containing(&search.person)).push(" ESCAPE '\\')");
    }
    for word in search.words.split_whitespace() {
        let like = containing(word);
        query.push(" AND (folded LIKE ").push_bind(like.clone()).push(" ESCAPE '\\'");
        query.push(" OR folded_person LIKE ").push_bind(like).push(" ESCAPE '\\')");
    }
}

/// A pattern for what contains `text`, in any letter case.
fn containing(text: &str) -> String {
    let escaped = fold(text).replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

fn recorded(row: &SqliteRow) -> Result<Recorded, StoreError> {
    let word = |column: &str| row.try_get::<String, _>(column);
    let optional = |column: &str| row.try_get::<Option<String>, _>(column);
    let (origin, action, outcome) = (word("origin")?, word("action")?, word("outcome")?);
    let who = Who {
        person_id: optional("person_id")?.map(|id| UserId::parse(&id)).transpose().map_err(StoreError::unreadable)?,
        person: word("person")?,
        origin: Origin::parse(&origin).ok_or_else(|| StoreError::unreadable(origin))?,
        token: optional("token")?,
    };
    let environment = optional("environment_id")?.map(|id| EnvironmentId::parse(&id)).transpose();
    let entry = Entry {
        who,
        action: Action::parse(&action).ok_or_else(|| StoreError::unreadable(action))?,
        outcome: Outcome::parse(&outcome).ok_or_else(|| StoreError::unreadable(outcome))?,
        team: optional("team")?.map(|team| TeamName::parse(&team)).transpose().map_err(StoreError::unreadable)?,
        environment: environment.map_err(StoreError::unreadable)?,
        object: word("object")?,
        reason: word("reason")?,
    };
    Ok(Recorded { id: row.try_get("id")?, at: Timestamp::from_millis(row.try_get("at")?), entry })
}
