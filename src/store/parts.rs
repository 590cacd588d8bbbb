//! Parts: the containers of environments, as they should be and as they are known.

use std::collections::HashMap;

use model::environment::{Health, State};
use model::name::{EnvironmentId, PartName};
use model::part::Part;
use model::time::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::environments::{json, read_json, small};
use super::{StoreError, Write};

/// A part with what only the server knows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartRecord {
    pub part: Part,
    /// Counts the containers made for it; a container of another attempt is a leftover.
    pub attempt: u32,
    pub container_id: Option<String>,
    pub container_name: Option<String>,
    /// The network that this container was put on; `None` for one of a version that knew the default bridge alone.
    pub network: Option<String>,
    /// Whether this container has ever been ready: then it may hold people's work.
    pub ran: bool,
    /// When the engine says that its run began, by the engine's clock: another moment is another run, which somebody else
    /// began. `None` while Berth starts it.
    pub run_began_at: Option<Timestamp>,
    /// Whether this container was stopped for having written more than its limit, and has not been seen below it since.
    pub over_disk: bool,
}

impl PartRecord {
    /// One of which nothing is made yet.
    #[must_use]
    pub const fn reserved(name: PartName) -> Self {
        Self {
            part: Part::reserved(name),
            attempt: 1,
            container_id: None,
            container_name: None,
            network: None,
            ran: false,
            run_began_at: None,
            over_disk: false,
        }
    }

    /// Its container is gone, with what was in it: the next one is another attempt.
    pub fn forget_container(&mut self) {
        self.container_id = None;
        self.network = None;
        self.over_disk = false;
        self.ran = false;
        self.attempt += 1;
    }
}

/// Of one environment, by name.
pub(super) async fn of(connection: &mut SqliteConnection, id: &EnvironmentId) -> Result<Vec<PartRecord>, StoreError> {
    let rows = sqlx::query("SELECT * FROM parts WHERE environment_id = $1 ORDER BY name")
        .bind(id.as_str())
        .fetch_all(connection)
        .await?;
    rows.iter().map(part).collect()
}

/// What one statement has read of many environments, by the environment's id.
pub(super) fn by_environment(rows: &[SqliteRow]) -> Result<HashMap<String, Vec<PartRecord>>, StoreError> {
    let mut all: HashMap<String, Vec<PartRecord>> = HashMap::new();
    for row in rows {
        all.entry(row.try_get("environment_id")?).or_default().push(part(row)?);
    }
    Ok(all)
}

/// Writes a part as it is now.
pub(super) async fn put(write: &mut Write, of: &EnvironmentId, record: &PartRecord) -> Result<(), StoreError> {
    let PartRecord { part, attempt, container_id, container_name, network, ran, run_began_at, over_disk } = record;
    sqlx::query(
        "INSERT INTO parts (environment_id, name, attempt, container_id, container_name, network, state, health, exit_code, ports,
             started_at, run_began_at, ran, paused, out_of_memory, over_disk)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         ON CONFLICT (environment_id, name) DO UPDATE SET attempt = excluded.attempt, container_id = excluded.container_id,
             container_name = excluded.container_name, network = excluded.network, state = excluded.state,
             health = excluded.health, exit_code = excluded.exit_code, ports = excluded.ports, started_at = excluded.started_at,
             run_began_at = excluded.run_began_at, ran = excluded.ran, paused = excluded.paused,
             out_of_memory = excluded.out_of_memory, over_disk = excluded.over_disk",
    )
    .bind(of.as_str())
    .bind(part.name.as_str())
    .bind(i64::from(*attempt))
    .bind(container_id)
    .bind(container_name)
    .bind(network)
    .bind(part.state.as_str())
    .bind(part.health.map(|health| json(&health)))
    .bind(part.exit_code)
    .bind(json(&part.ports))
    .bind(part.started_at.map(Timestamp::as_millis))
    .bind(run_began_at.map(Timestamp::as_millis))
    .bind(ran)
    .bind(part.paused)
    .bind(part.out_of_memory)
    .bind(over_disk)
    .execute(&mut **write)
    .await?;
    Ok(())
}

fn part(row: &SqliteRow) -> Result<PartRecord, StoreError> {
    let moment = |column: &str| row.try_get::<Option<i64>, _>(column).map(|at| at.map(Timestamp::from_millis));
    let (name, state): (String, String) = (row.try_get("name")?, row.try_get("state")?);
    let health: Option<String> = row.try_get("health")?;
    Ok(PartRecord {
        part: Part {
            name: PartName::parse(&name).map_err(StoreError::unreadable)?,
            state: State::parse(&state).ok_or_else(|| StoreError::unreadable(state))?,
            health: health.as_deref().map(read_json::<Health>).transpose()?,
            exit_code: row.try_get("exit_code")?,
            ports: read_json(row.try_get("ports")?)?,
            started_at: moment("started_at")?,
            paused: row.try_get("paused")?,
            out_of_memory: row.try_get("out_of_memory")?,
        },
        attempt: small(row, "attempt")?,
        container_id: row.try_get("container_id")?,
        container_name: row.try_get("container_name")?,
        network: row.try_get("network")?,
        ran: row.try_get("ran")?,
        run_began_at: moment("run_began_at")?,
        over_disk: row.try_get("over_disk")?,
    })
}
