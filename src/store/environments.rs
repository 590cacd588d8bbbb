//! Environments and the journal of their steps: what should be, and the sums that quotas are decided by.

use std::collections::BTreeMap;

use model::environment::{Environment, Limits, State, Step, StepName, TemplateVersion};
use model::history::bounded;
use model::host::DEFAULT_BRIDGE;
use model::idle::Watch;
use model::name::{EnvironmentId, HostName, TeamName, UserId};
use model::part;
use model::quota::Holding;
use model::reason::Reason;
use model::template::Template;
use model::time::Timestamp;
use model::units::{Memory, MilliCpu};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::parts::{self, PartRecord};
use super::{Store, StoreError, Write};

/// An environment with what only the server knows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub environment: Environment,
    /// Its containers, by name.
    pub parts: Vec<PartRecord>,
    /// Counts its activities (launch, start, stop, removal), whose steps the journal holds.
    pub activity: u32,
    /// Its idle clock, of which `environment.idle` is what people see.
    pub watch: Option<Watch>,
    /// What the container is started with, secrets included.
    pub variables: BTreeMap<String, String>,
    /// Why it is in its state, of which `environment.reason` is the sentence.
    pub cause: Option<Reason>,
}

impl Stored {
    /// The only part, or the first one.
    ///
    /// # Panics
    /// Never: each environment is stored with its parts.
    #[must_use]
    pub fn main(&self) -> &PartRecord {
        self.parts.first().expect("an environment has parts")
    }

    /// The same, to be changed.
    ///
    /// # Panics
    /// As there.
    pub fn main_mut(&mut self) -> &mut PartRecord {
        self.parts.first_mut().expect("an environment has parts")
    }

    /// All its parts are in this state from now on.
    pub fn move_to(&mut self, state: State) {
        self.parts.iter_mut().for_each(|record| record.part.state = state);
        self.fold();
    }

    /// Makes of its parts what is seen of the environment.
    pub fn fold(&mut self) {
        let parts = || self.parts.iter().map(|record| &record.part);
        let apart = |record: &PartRecord| {
            record.network.as_deref().is_some_and(|network| network != DEFAULT_BRIDGE) || record.container_id.is_none()
        };
        let environment = &mut self.environment;
        environment.state = part::fold(parts().map(|part| part.state));
        environment.health = part::worst(parts().map(|part| part.health));
        environment.paused = parts().any(|part| part.paused);
        environment.out_of_memory = parts().any(|part| part.out_of_memory);
        environment.ports = parts().flat_map(|part| part.ports.iter().cloned()).collect();
        environment.started_at = parts().filter_map(|part| part.started_at).max();
        environment.isolated = self.parts.iter().all(apart);
        environment.parts = parts().cloned().collect();
    }

    /// Says why it is in its state.
    pub fn because(&mut self, cause: impl Into<Option<Reason>>) {
        self.cause = cause.into();
        self.environment.reason = self.cause.as_ref().map(|cause| bounded(&cause.to_string()));
        self.environment.reason_code = self.cause.as_ref().map(|cause| cause.code().to_owned());
    }

    /// Its idle clock, as it is kept and as it is shown.
    pub fn watch_with(&mut self, watch: Option<Watch>) {
        self.environment.idle = watch.as_ref().map(Watch::shown);
        self.watch = watch;
    }

    /// Begins to watch it for use from its start on, where its template has a rule.
    pub fn begin_watch(&mut self, template: &Template, started: Timestamp) {
        self.watch_with(template.idle.map(|rule| Watch::begin(rule, started)));
    }
}

/// The holdings that a launch is measured against.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holdings {
    pub member: Holding,
    pub team: Holding,
    /// What all teams together hold of each host.
    pub hosts: BTreeMap<HostName, Holding>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT e.*, u.name AS owner FROM environments e JOIN users u ON u.id = e.owner_id ", $rest)
    };
}

impl Store {
    pub async fn environment(&self, id: &EnvironmentId) -> Result<Option<Stored>, StoreError> {
        one(&mut *self.readers.acquire().await?, id).await
    }

    /// All that exist, newest first, whatever is kept of them.
    pub async fn environments(&self) -> Result<Vec<Stored>, StoreError> {
        let mut all = existing(&mut *self.readers.acquire().await?).await?;
        all.sort_unstable_by(|one, other| other.environment.id.cmp(&one.environment.id));
        Ok(all)
    }

    /// What `owner` launched under `key` since then, and the digest of what was asked for.
    pub async fn launched_under(
        &self,
        owner: &UserId,
        key: &str,
        since: Timestamp,
    ) -> Result<Option<(Stored, Option<String>)>, StoreError> {
        let row = sqlx::query(select!("WHERE e.owner_id = $1 AND e.idempotency_key = $2 AND e.created_at >= $3"))
            .bind(owner.as_str())
            .bind(key)
            .bind(since.as_millis())
            .fetch_optional(&self.readers)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let id = EnvironmentId::parse(row.try_get("id")?).map_err(StoreError::unreadable)?;
        let parts = parts::of(&mut *self.readers.acquire().await?, &id).await?;
        Ok(Some((stored(&row, parts)?, row.try_get("ask_digest")?)))
    }

    /// The steps of an environment's latest activity, in order.
    pub async fn steps(&self, id: &EnvironmentId) -> Result<Vec<Step>, StoreError> {
        let rows = sqlx::query(
            "SELECT s.* FROM steps s JOIN environments e ON e.id = s.environment_id AND e.activity = s.activity
             WHERE s.environment_id = $1 ORDER BY s.position",
        )
        .bind(id.as_str())
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(step).collect()
    }

    /// The steps of an environment's activities from this number on, each with its number, in order.
    pub async fn steps_since(&self, id: &EnvironmentId, number: u32) -> Result<Vec<(u32, Step)>, StoreError> {
        let rows =
            sqlx::query("SELECT * FROM steps WHERE environment_id = $1 AND activity >= $2 ORDER BY activity, position")
                .bind(id.as_str())
                .bind(i64::from(number))
                .fetch_all(&self.readers)
                .await?;
        rows.iter().map(|row| Ok((small(row, "activity")?, step(row)?))).collect()
    }
}

/// All that exist, in no order.
pub(super) async fn existing(connection: &mut SqliteConnection) -> Result<Vec<Stored>, StoreError> {
    let rows = sqlx::query(select!("WHERE e.state <> 'removed'")).fetch_all(&mut *connection).await?;
    let parts = "SELECT p.* FROM parts p JOIN environments e ON e.id = p.environment_id WHERE e.state <> 'removed'";
    with_parts(&rows, &sqlx::query(parts).fetch_all(connection).await?)
}

/// Those that changed after the change of that number, removed ones too, in no order.
pub(super) async fn changed_since(connection: &mut SqliteConnection, number: i64) -> Result<Vec<Stored>, StoreError> {
    let rows = sqlx::query(select!("WHERE e.changed > $1")).bind(number).fetch_all(&mut *connection).await?;
    let parts = "SELECT p.* FROM parts p JOIN environments e ON e.id = p.environment_id WHERE e.changed > $1";
    with_parts(&rows, &sqlx::query(parts).bind(number).fetch_all(connection).await?)
}

async fn one(connection: &mut SqliteConnection, id: &EnvironmentId) -> Result<Option<Stored>, StoreError> {
    let row = sqlx::query(select!("WHERE e.id = $1")).bind(id.as_str()).fetch_optional(&mut *connection).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(stored(&row, parts::of(connection, id).await?)?))
}

fn with_parts(rows: &[SqliteRow], parts: &[SqliteRow]) -> Result<Vec<Stored>, StoreError> {
    let mut parts = parts::by_environment(parts)?;
    let of = |row: &SqliteRow| stored(row, parts.remove(row.try_get::<&str, _>("id")?).unwrap_or_default());
    rows.iter().map(of).collect()
}

/// Sums what is held, from the environments themselves. In a write transaction nobody else can change it until the commit.
pub async fn holdings(
    connection: &mut SqliteConnection,
    team: &TeamName,
    member: &UserId,
) -> Result<Holdings, StoreError> {
    let rows = sqlx::query(
        "SELECT team = $1 AS ours, team = $1 AND owner_id = $2 AS mine, state, host,
                COUNT(*) AS count, SUM(cpus) AS cpus, SUM(memory) AS memory
         FROM environments WHERE state <> 'removed' GROUP BY 1, 2, 3, 4",
    )
    .bind(team.as_str())
    .bind(member.as_str())
    .fetch_all(connection)
    .await?;
    let mut sums = Holdings::default();
    for row in rows {
        let holding = held(&row)?;
        let on_host = sums.hosts.entry(host(&row)?).or_default();
        *on_host = *on_host + holding;
        if row.try_get("ours")? {
            sums.team = sums.team + holding;
        }
        if row.try_get("mine")? {
            sums.member = sums.member + holding;
        }
    }
    Ok(sums)
}

/// What a row's `count` environments in one `state` hold, of which it has the sums.
pub(super) fn held(row: &SqliteRow) -> Result<Holding, StoreError> {
    let count = amount(row, "count")?;
    Ok(if state(row.try_get("state")?)?.holds_resources() {
        Holding {
            environments: count,
            running: count,
            cpus: MilliCpu::new(amount(row, "cpus")?),
            memory: Memory::bytes(amount(row, "memory")?),
        }
    } else {
        Holding { environments: count, ..Holding::default() }
    })
}

/// The environment as it is inside this transaction.
pub async fn find(write: &mut Write, id: &EnvironmentId) -> Result<Option<Stored>, StoreError> {
    one(write, id).await
}

/// Names in use in a team.
pub async fn names(write: &mut Write, team: &TeamName) -> Result<Vec<String>, StoreError> {
    let names = sqlx::query_scalar("SELECT name FROM environments WHERE team = $1 AND state <> 'removed'");
    Ok(names.bind(team.as_str()).fetch_all(&mut **write).await?)
}

/// An idempotency key, and the digest of what is asked for under it.
#[derive(Debug, Clone, Copy)]
pub struct Key<'a> {
    pub key: &'a str,
    pub digest: &'a str,
}

/// Lets a key of `owner` be used again that was used before then.
pub async fn free_key(write: &mut Write, owner: &UserId, key: &str, before: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE environments SET idempotency_key = NULL WHERE owner_id = $1 AND idempotency_key = $2 AND created_at < $3",
    )
    .bind(owner.as_str())
    .bind(key)
    .bind(before.as_millis())
    .execute(&mut **write)
    .await?;
    Ok(())
}

/// # Errors
/// [`StoreError::Taken`] when the name or the idempotency key is in use.
pub async fn insert(write: &mut Write, new: &Stored, key: Option<Key<'_>>) -> Result<(), StoreError> {
    let e = &new.environment;
    sqlx::query(
        "INSERT INTO environments (id, name, team, owner_id, template, version, size, host, cpus, memory, pids, variables,
             state, activity, created_at, expires_at, idempotency_key, revision, ask_digest, disk)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
    )
    .bind(e.id.as_str())
    .bind(e.name.as_str())
    .bind(e.team.as_str())
    .bind(e.owner_id.as_str())
    .bind(e.template.slug.as_str())
    .bind(i64::from(e.template.version))
    .bind(e.size.as_str())
    .bind(e.host.as_str())
    .bind(signed(e.limits.cpus.as_milli()))
    .bind(signed(e.limits.memory.as_bytes()))
    .bind(i64::from(e.limits.pids))
    .bind(json(&new.variables))
    .bind(e.state.as_str())
    .bind(i64::from(new.activity))
    .bind(e.created_at.as_millis())
    .bind(e.expires_at.as_millis())
    .bind(key.map(|key| key.key))
    .bind(signed(e.revision))
    .bind(key.map(|key| key.digest))
    .bind(e.limits.disk.map(|disk| signed(disk.as_bytes())))
    .execute(&mut **write)
    .await?;
    for part in &new.parts {
        parts::put(write, &e.id, part).await?;
    }
    Ok(())
}

/// Writes what can change of an environment and its parts, and counts its revision up.
pub async fn update(write: &mut Write, changed: &mut Stored) -> Result<(), StoreError> {
    changed.fold();
    changed.environment.revision += 1;
    let e = &changed.environment;
    for part in &changed.parts {
        parts::put(write, &e.id, part).await?;
    }
    sqlx::query(
        "UPDATE environments SET state = $2, reason = $3, activity = $4, expires_at = $5, revision = $6, removes_at = $7, idle = $8
         WHERE id = $1",
    )
    .bind(e.id.as_str())
    .bind(e.state.as_str())
    .bind(changed.cause.as_ref().map(json))
    .bind(i64::from(changed.activity))
    .bind(e.expires_at.as_millis())
    .bind(signed(e.revision))
    .bind(e.removes_at.map(Timestamp::as_millis))
    .bind(changed.watch.map(|watch| json(&watch)))
    .execute(&mut **write)
    .await?;
    Ok(())
}

/// Journals that a step begins.
pub async fn begin_step(write: &mut Write, of: &Stored, name: StepName, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO steps (environment_id, activity, position, name, started_at)
         SELECT $1, $2, COALESCE(MAX(position) + 1, 0), $3, $4 FROM steps WHERE environment_id = $1 AND activity = $2",
    )
    .bind(of.environment.id.as_str())
    .bind(i64::from(of.activity))
    .bind(name.as_str())
    .bind(now.as_millis())
    .execute(&mut **write)
    .await?;
    Ok(())
}

/// How a step came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepEnd<'a> {
    Done(Option<&'a str>),
    Failed(&'a str),
}

/// Journals how the step that is open came out; without an open step nothing happens.
pub async fn end_step(write: &mut Write, of: &Stored, outcome: StepEnd<'_>, now: Timestamp) -> Result<(), StoreError> {
    let (detail, failed) = match outcome {
        StepEnd::Done(detail) => (detail, false),
        StepEnd::Failed(why) => (Some(why), true),
    };
    let detail = detail.map(bounded);
    sqlx::query(
        "UPDATE steps SET ended_at = $3, detail = $4, failed = $5
         WHERE environment_id = $1 AND activity = $2 AND ended_at IS NULL",
    )
    .bind(of.environment.id.as_str())
    .bind(i64::from(of.activity))
    .bind(now.as_millis())
    .bind(detail)
    .bind(failed)
    .execute(&mut **write)
    .await?;
    Ok(())
}

fn stored(row: &SqliteRow, parts: Vec<PartRecord>) -> Result<Stored, StoreError> {
    let text = |column: &str| row.try_get::<String, _>(column);
    let watch: Option<String> = row.try_get("idle")?;
    let watch = watch.as_deref().map(read_json::<Watch>).transpose()?;
    let environment = Environment {
        id: EnvironmentId::parse(&text("id")?).map_err(StoreError::unreadable)?,
        name: text("name")?.parse().map_err(StoreError::unreadable)?,
        team: text("team")?.parse().map_err(StoreError::unreadable)?,
        owner: text("owner")?,
        owner_id: UserId::parse(&text("owner_id")?).map_err(StoreError::unreadable)?,
        template: TemplateVersion {
            slug: text("template")?.parse().map_err(StoreError::unreadable)?,
            version: small(row, "version")?,
        },
        size: text("size")?.parse().map_err(StoreError::unreadable)?,
        host: host(row)?,
        state: state(&text("state")?)?,
        reason: None,
        reason_code: None,
        health: None,
        paused: false,
        out_of_memory: false,
        ports: Vec::new(),
        parts: Vec::new(),
        limits: Limits {
            cpus: MilliCpu::new(amount(row, "cpus")?),
            memory: Memory::bytes(amount(row, "memory")?),
            pids: small(row, "pids")?,
            disk: bytes(row, "disk")?,
        },
        created_at: Timestamp::from_millis(row.try_get("created_at")?),
        started_at: None,
        expires_at: Timestamp::from_millis(row.try_get("expires_at")?),
        removes_at: row.try_get::<Option<i64>, _>("removes_at")?.map(Timestamp::from_millis),
        isolated: true,
        limits_hold: true,
        idle: watch.as_ref().map(Watch::shown),
        revision: amount(row, "revision")?,
    };
    let cause: Option<String> = row.try_get("reason")?;
    let mut stored = Stored {
        environment,
        parts,
        activity: small(row, "activity")?,
        watch,
        variables: read_json(&text("variables")?)?,
        cause: None,
    };
    stored.because(cause.as_deref().map(reason));
    // Its own state stands: it is what the sums are made by.
    let state = stored.environment.state;
    stored.fold();
    stored.environment.state = state;
    Ok(stored)
}

pub(super) fn step(row: &SqliteRow) -> Result<Step, StoreError> {
    let name: String = row.try_get("name")?;
    Ok(Step {
        name: StepName::parse(&name).ok_or_else(|| StoreError::unreadable(name))?,
        started_at: Timestamp::from_millis(row.try_get("started_at")?),
        ended_at: row.try_get::<Option<i64>, _>("ended_at")?.map(Timestamp::from_millis),
        detail: row.try_get("detail")?,
        failed: row.try_get("failed")?,
    })
}

/// The host of a row.
pub(super) fn host(row: &SqliteRow) -> Result<HostName, StoreError> {
    HostName::parse(row.try_get("host")?).map_err(StoreError::unreadable)
}

/// What is no such value is words: of an earlier version, or written by hand.
fn reason(text: &str) -> Reason {
    serde_json::from_str(text).unwrap_or_else(|_| Reason::Words { text: text.to_owned() })
}

fn state(text: &str) -> Result<State, StoreError> {
    State::parse(text).ok_or_else(|| StoreError::unreadable(text))
}

/// An amount as the database holds it. Every amount is checked at the edge to fit.
pub(super) fn signed(amount: u64) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}

pub(super) fn amount(row: &SqliteRow, column: &str) -> Result<u64, StoreError> {
    u64::try_from(row.try_get::<i64, _>(column)?).map_err(StoreError::unreadable)
}

/// An amount of memory or disk, where there is one.
pub(super) fn bytes(row: &SqliteRow, column: &str) -> Result<Option<Memory>, StoreError> {
    let amount: Option<i64> = row.try_get(column)?;
    amount.map(|bytes| u64::try_from(bytes).map(Memory::bytes).map_err(StoreError::unreadable)).transpose()
}

pub(super) fn small(row: &SqliteRow, column: &str) -> Result<u32, StoreError> {
    u32::try_from(row.try_get::<i64, _>(column)?).map_err(StoreError::unreadable)
}

pub(super) fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("a value of the model is JSON")
}

pub(super) fn read_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(StoreError::unreadable)
}
