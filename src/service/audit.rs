//! The audit log: who may read what of it, and what is written when something is refused or ends by itself.

use app::api::ApiError;
use app::api::backend::Audit;
use async_trait::async_trait;
use model::access::{Action, Actor, Target, authorize};
use model::audit::{self, Entry, Excerpt, Search, Who};
use model::environment::State;
use model::history::History;
use model::name::{EnvironmentId, TeamName};
use model::time::Timestamp;
use store::environments::Stored;
use store::{self, StoreError, Write};

use super::apply::Difference;
use super::error::fault;
use super::{Service, refuse};

/// Most entries of one answer.
const LIMIT_MAX: usize = 500;
/// Of an environment's own history.
const HISTORY_MAX: usize = 200;

/// Writes what changed of the catalogue, by whom, in the transaction that changes it.
pub(super) async fn record_catalogue(
    write: &mut Write,
    who: &Who,
    differences: &[Difference],
    now: Timestamp,
) -> Result<(), StoreError> {
    for difference in differences {
        let (what, how) = match difference {
            Difference::New(what) => (what, "new"),
            Difference::Changed(what) | Difference::NewVersion(what) => (what, "changed"),
            Difference::Kept(_) | Difference::Over(_) => continue,
        };
        let entry = Entry::by(who.clone(), audit::Action::ApplyCatalogue).named(what).because(how);
        store::audit::record(write, &entry, now).await?;
    }
    Ok(())
}

#[async_trait]
impl Audit for Service {
    async fn audit(&self, actor: &Actor, search: &Search, limit: usize) -> Result<Excerpt, ApiError> {
        let teams = self.readable(actor, search)?;
        self.store.audit(search, teams.as_deref(), limit.clamp(1, LIMIT_MAX)).await.map_err(fault)
    }

    async fn count_audit(&self, actor: &Actor, search: &Search, most: i64) -> Result<i64, ApiError> {
        let teams = self.readable(actor, search)?;
        self.store.count_audit(search, teams.as_deref(), most).await.map_err(fault)
    }
}

impl Service {
    /// The teams whose entries the actor reads; `None` is everything: then also what is no team's.
    fn readable(&self, actor: &Actor, search: &Search) -> Result<Option<Vec<TeamName>>, ApiError> {
        let Err(denied) = authorize(actor, Action::Audit, Target::Installation) else { return Ok(None) };
        if let Some(team) = &search.team {
            self.permit_team(actor, Action::Audit, team)?;
            return Ok(Some(vec![team.clone()]));
        }
        let led = actor.teams.keys().filter(|team| self.permit_team(actor, Action::Audit, team).is_ok());
        let led: Vec<TeamName> = led.cloned().collect();
        if led.is_empty() { Err(refuse(denied, "page")) } else { Ok(Some(led)) }
    }

    /// An environment's activities, its part of the log, and how it ended; also once it has been removed.
    pub(super) async fn history_of(&self, actor: &Actor, id: &EnvironmentId) -> Result<History, ApiError> {
        let stored = self.permitted(actor, Action::See, id).await?;
        let search = Search { environment: Some(id.clone()), ..Search::default() };
        Ok(History {
            environment: self.shown(stored.environment),
            activities: self.activities_of(id).await?,
            audit: self.store.audit(&search, None, HISTORY_MAX).await.map_err(fault)?.items,
            post_mortem: self.store.post_mortem(id).await.map_err(fault)?,
        })
    }

    /// Writes what was refused by a rule: a right, a quota, or another team's door.
    pub(super) async fn note_refused<T>(&self, entry: Entry, result: &Result<T, ApiError>) {
        let Err(error) = result else { return };
        let by_a_rule =
            matches!(error, ApiError::Forbidden { .. } | ApiError::QuotaExceeded { .. } | ApiError::NotFound { .. });
        if !by_a_rule {
            return;
        }
        if let Err(error) = self.store.record_refusal(&entry.refused(error), self.clock.now()).await {
            tracing::error!(%error, "a refusal cannot be written into the audit log");
        }
    }

    /// The same for what was asked of an environment; what is none leaves no trace.
    pub(super) async fn note_refused_on<T>(
        &self,
        actor: &Actor,
        id: &EnvironmentId,
        action: audit::Action,
        result: &Result<T, ApiError>,
    ) {
        if result.is_ok() {
            return;
        }
        match self.store.environment(id).await {
            Ok(None) => {}
            Ok(Some(stored)) => {
                self.note_refused(Entry::by(actor, action).on(&stored.environment), result).await;
            }
            Err(error) => tracing::error!(%error, "a refusal cannot be written into the audit log"),
        }
    }

    /// Writes what an environment did by itself, in the transaction of its move: it ended, or did not come up.
    pub(super) async fn record_move(&self, write: &mut Write, from: State, stored: &Stored) -> Result<(), StoreError> {
        let environment = &stored.environment;
        let why = environment.reason.as_deref().unwrap_or_default();
        let entry = match (from, environment.state) {
            (State::Failed, State::Failed) => return Ok(()),
            (State::Running, State::Failed) => Entry::by(Who::job("engine"), audit::Action::End).failed(why),
            (State::Running, State::Stopped) => Entry::by(Who::job("engine"), audit::Action::End).because(why),
            (State::Stopping, State::Failed) => Entry::by(Who::job("stop"), audit::Action::Stop).failed(why),
            (State::Removing, State::Failed) => Entry::by(Who::job("removal"), audit::Action::Remove).failed(why),
            (_, State::Failed) if stored.activity > 1 => Entry::by(Who::job("start"), audit::Action::Start).failed(why),
            (_, State::Failed) => Entry::by(Who::job("launch"), audit::Action::Launch).failed(why),
            _ => return Ok(()),
        };
        store::audit::record(write, &entry.on(environment), self.clock.now()).await
    }
}
