//! Activities: one row for each run of a long job, written where it begins and where it ends.

use model::activity::{Activity, Kind, Outcome, Progress, Target};
use model::audit::{Origin, Who};
use model::history::bounded;
use model::name::{ActivityId, EnvironmentId, HostName, TeamName, UserId};
use model::time::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

use super::environments::{Stored, host, json, read_json, small};
use super::{Store, StoreError, Write};

/// Whose activities are read.
#[derive(Debug, Clone, Copy)]
pub enum Whose<'a> {
    /// Everybody's, and those of images and hosts.
    All,
    /// Those of environments of these teams.
    Teams(&'a [TeamName]),
}

/// Which are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Those under way alone, or those that have ended alone.
    pub under_way: Option<bool>,
    pub environment: Option<EnvironmentId>,
    /// Those that began before this one.
    pub after: Option<ActivityId>,
}

const SELECT: &str = "SELECT a.*, e.name, e.team, e.owner_id FROM activities a
     LEFT JOIN environments e ON e.id = a.environment_id WHERE TRUE";

impl Store {
    /// The newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn activities(
        &self,
        whose: Whose<'_>,
        wanted: &Wanted,
        most: usize,
    ) -> Result<Vec<Activity>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(SELECT);
        if let Whose::Teams(teams) = whose {
            query.push(" AND e.team IN (");
            let mut names = query.separated(", ");
            for team in teams {
                names.push_bind(team.as_str());
            }
            query.push(")");
        }
        match wanted.under_way {
            Some(true) => {
                query.push(" AND a.outcome IS NULL");
            }
            Some(false) => {
                query.push(" AND a.outcome IS NOT NULL");
            }
            None => {}
        }
        if let Some(id) = &wanted.environment {
            query.push(" AND a.environment_id = ").push_bind(id.as_str());
        }
        if let Some(after) = &wanted.after {
            query.push(" AND (a.began_at, a.id) < (SELECT began_at, id FROM activities WHERE id = ");
            query.push_bind(after.as_str()).push(")");
        }
        query.push(" ORDER BY a.began_at DESC, a.id DESC LIMIT ");
        query.push_bind(i64::try_from(most).map_err(StoreError::unreadable)?);
        query.build().fetch_all(&self.readers).await?.iter().map(activity).collect()
    }

    /// Ends what no server goes on with: what a server that was killed left of images and hosts. Gives how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn cut_off_activities(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.write(async |write| {
            let ended = sqlx::query(
                "UPDATE activities SET ended_at = $1, outcome = $2 WHERE outcome IS NULL AND environment_id IS NULL",
            )
            .bind(now.as_millis())
            .bind(Outcome::CutOff.as_str())
            .execute(&mut **write)
            .await?;
            Ok(ended.rows_affected())
        })
        .await
    }
}

/// What a new activity is about.
#[derive(Debug, Clone, Copy)]
pub enum About<'a> {
    Environment(&'a Stored),
    Image { reference: &'a str, host: &'a HostName },
    Host(&'a HostName),
}

/// Writes that one begins.
pub async fn begin(
    write: &mut Write,
    id: &ActivityId,
    kind: Kind,
    about: About<'_>,
    who: &Who,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (environment, image, host) = match about {
        About::Environment(stored) => (Some(stored), None, &stored.environment.host),
        About::Image { reference, host } => (None, Some(reference), host),
        About::Host(host) => (None, None, host),
    };
    sqlx::query(
        "INSERT INTO activities (id, kind, environment_id, number, image, host, person_id, person, origin, token, began_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(id.as_str())
    .bind(kind.as_str())
    .bind(environment.map(|stored| stored.environment.id.as_str()))
    .bind(environment.map(|stored| i64::from(stored.activity)))
    .bind(image)
    .bind(host.as_str())
    .bind(who.person_id.as_ref().map(UserId::as_str))
    .bind(&who.person)
    .bind(who.origin.as_str())
    .bind(&who.token)
    .bind(now.as_millis())
    .execute(&mut **write)
    .await?;
    Ok(())
}

/// Ends the activity of an environment that is under way, if there is one.
pub async fn end_of(
    write: &mut Write,
    of: &EnvironmentId,
    outcome: Outcome,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE activities SET ended_at = $2, outcome = $3, reason = $4 WHERE environment_id = $1 AND outcome IS NULL",
    )
    .bind(of.as_str())
    .bind(now.as_millis())
    .bind(outcome.as_str())
    .bind(reason.map(bounded))
    .execute(&mut **write)
    .await?;
    Ok(())
}

/// Ends one.
pub async fn end(
    write: &mut Write,
    id: &ActivityId,
    outcome: Outcome,
    reason: Option<&str>,
    progress: Option<Progress>,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE activities SET ended_at = $2, outcome = $3, reason = $4, progress = $5 WHERE id = $1")
        .bind(id.as_str())
        .bind(now.as_millis())
        .bind(outcome.as_str())
        .bind(reason.map(bounded))
        .bind(progress.map(|progress| json(&progress)))
        .execute(&mut **write)
        .await?;
    Ok(())
}

fn activity(row: &SqliteRow) -> Result<Activity, StoreError> {
    let text = |column: &str| row.try_get::<String, _>(column);
    let optional = |column: &str| row.try_get::<Option<String>, _>(column);
    let moment = |column: &str| row.try_get::<Option<i64>, _>(column).map(|at| at.map(Timestamp::from_millis));
    let target = match (optional("environment_id")?, optional("image")?) {
        (Some(id), _) => Target::Environment {
            id: EnvironmentId::parse(&id).map_err(StoreError::unreadable)?,
            name: text("name")?.parse().map_err(StoreError::unreadable)?,
            team: text("team")?.parse().map_err(StoreError::unreadable)?,
            owner_id: UserId::parse(&text("owner_id")?).map_err(StoreError::unreadable)?,
            number: small(row, "number")?,
        },
        (None, Some(reference)) => Target::Image { reference },
        (None, None) => Target::Host,
    };
    let [kind, origin] = [text("kind")?, text("origin")?];
    let outcome = optional("outcome")?;
    let outcome = outcome.map(|word| Outcome::parse(&word).ok_or_else(|| StoreError::unreadable(word))).transpose()?;
    Ok(Activity {
        id: ActivityId::parse(&text("id")?).map_err(StoreError::unreadable)?,
        kind: Kind::parse(&kind).ok_or_else(|| StoreError::unreadable(kind))?,
        target,
        host: host(row)?,
        who: Who {
            person_id: optional("person_id")?
                .map(|id| UserId::parse(&id))
                .transpose()
                .map_err(StoreError::unreadable)?,
            person: text("person")?,
            origin: Origin::parse(&origin).ok_or_else(|| StoreError::unreadable(origin))?,
            token: optional("token")?,
        },
        began_at: Timestamp::from_millis(row.try_get("began_at")?),
        progress: optional("progress")?.as_deref().map(read_json).transpose()?,
        deadline_at: None,
        ended_at: moment("ended_at")?,
        outcome,
        reason: optional("reason")?,
    })
}
