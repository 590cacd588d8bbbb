//! What time does by itself: stops what has run for its time or is idle, and removes what was kept for its time.

use app::api::ApiError;
use docker::{ContainerId, FIGURES};
use futures::future::{join_all, ready};
use futures::{StreamExt, stream};
use model::audit::{Action, Entry, Who};
use model::environment::{Environment, Operation, State};
use model::host::Resource;
use model::idle::{Counters, Sign};
use model::lifetime::{Allowance, Due, TeamLifetime};
use model::name::{EnvironmentId, TeamName};
use model::reason::Reason;
use model::template::Template;
use model::time::Timestamp;
use store::clocks::{self, Watched};
use store::environments::{self, Stored};
use store::{StoreError, Write};

use super::Service;
use super::error::fault;
use super::lifecycle::sentence;
use super::runner::Runner;

/// Who the log says it was.
const JOB: &str = "time";

/// How many environments that were removed long ago are forgotten in one transaction.
const FORGOTTEN_AT_ONCE: u32 = 200;

impl Service {
    /// Deletes what is kept of environments that were removed so long ago that nobody asks any more.
    pub async fn forget_removed(&self) {
        let before = self.clock.now().before(self.settings.keep_removed);
        loop {
            match self.store.forget_removed(before, FORGOTTEN_AT_ONCE).await {
                Ok(0) => return,
                Ok(count) => tracing::info!(count, "environments that were removed long ago are forgotten"),
                Err(error) => return tracing::warn!(%error, "what was removed long ago is forgotten next time"),
            }
        }
    }

    pub(super) async fn team_lifetime(&self, team: &TeamName) -> Result<TeamLifetime, ApiError> {
        self.store.team_lifetime(team).await.map_err(fault)
    }

    /// Sets the clocks that belong to the state: what does not run is kept for its team's grace from now on, and only what
    /// runs is watched for use. Every move of the state machine passes here before it is written.
    pub(super) async fn set_clocks(&self, write: &mut Write, stored: &mut Stored) -> Result<(), StoreError> {
        match stored.environment.state {
            State::Stopped | State::Failed => {
                stored.watch_with(None);
                if stored.environment.removes_at.is_none() {
                    let rule = clocks::team_lifetime(write, &stored.environment.team).await?;
                    stored.environment.removes_at = Some(self.clock.now().after(rule.grace()));
                }
            }
            State::Removing | State::Removed => stored.watch_with(None),
            State::Reserved | State::Pulling | State::Creating | State::Starting | State::Running | State::Stopping => {
                stored.environment.removes_at = None
            }
        }
        Ok(())
    }

    /// Puts off what its clocks would do: a stop while it runs, its removal while it does not.
    pub(super) async fn extend(&self, who: Who, id: &EnvironmentId, template: &Template) -> Result<Stored, ApiError> {
        self.write(async |write| {
            let mut stored = self.allowed(write, id, Operation::Extend).await?;
            let team = clocks::team_lifetime(write, &stored.environment.team).await.map_err(fault)?;
            let extended = put_off(&mut stored, template.lifetime.within(team), team, self.clock.now());
            extended.map_err(|why| ApiError::Conflict { message: sentence(&why) })?;
            self.save(write, &mut stored).await.map_err(fault)?;
            let entry = Entry::by(who, Action::Extend).on(&stored.environment).because(kept_until(&stored.environment));
            self.log(write, entry).await?;
            Ok(stored)
        })
        .await
    }

    /// Does what is due. What cannot be done now is found again with the next look.
    pub async fn end_due(&self) {
        let due = match self.store.ending(self.clock.now()).await {
            Ok(due) => due,
            Err(error) => return tracing::warn!(%error, "what is due cannot be listed"),
        };
        for (id, host) in due {
            if self.hosts.of(&host).is_live() {
                self.end_if_due(&id).await;
            }
        }
    }

    async fn end_if_due(&self, id: &EnvironmentId) {
        if let Err(error) = self.end(id).await {
            tracing::warn!(%error, %id, "what is due for it is done later");
        }
    }

    /// Decides inside the transaction: since the list was made it may have been extended, stopped or removed.
    async fn end(&self, id: &EnvironmentId) -> Result<(), ApiError> {
        self.write(async |write| {
            let found = environments::find(write, id).await.map_err(fault)?;
            let Some(mut stored) = found else { return Ok(()) };
            let now = self.clock.now();
            let due = stored.environment.due(now);
            if let Some(due) = due {
                tracing::info!(%id, ?due, "time does what is due");
            }
            match due {
                Some(Due::Expiry { .. } | Due::Idle) => {
                    let why = why(&stored, due, now);
                    self.stop_found(Who::job(JOB), write, stored, why).await.map(drop)
                }
                Some(Due::Removal) => self.remove_found(Who::job(JOB), write, stored).await.map(drop),
                Some(Due::LateRemoval) => self.put_removal_off(write, stored, now).await,
                None => self.save(write, &mut stored).await.map_err(fault),
            }
        })
        .await
    }

    /// It came due while nobody could be warned of it, so there is another warning first.
    async fn put_removal_off(&self, write: &mut Write, mut stored: Stored, now: Timestamp) -> Result<(), ApiError> {
        let rule = clocks::team_lifetime(write, &stored.environment.team).await.map_err(fault)?;
        let due = stored.environment.removes_at.replace(rule.put_off(now)).unwrap_or(now);
        let before = stored.cause.take().map(Box::new);
        stored.because(Reason::RemovalPutOff { before, due });
        self.save(write, &mut stored).await.map_err(fault)
    }

    /// Looks once at what is used of every environment that has an idle rule, and stops what was seen to be idle for long
    /// enough. Of which the engine says nothing, nothing is known.
    pub async fn look_for_use(&self) {
        let watched = match self.store.watched().await {
            Ok(watched) => watched,
            Err(error) => return tracing::warn!(%error, "what is watched for use cannot be listed"),
        };
        self.typed.only(watched.iter().map(|watched| &watched.id));
        let on_host = |runner: &Runner| {
            let here = watched.iter().filter(|watched| watched.host == *runner.name()).cloned().collect();
            self.looks_on(runner.clone(), here)
        };
        let looks = join_all(self.hosts.iter().filter(|runner| runner.is_live()).map(on_host)).await.concat();
        if looks.is_empty() {
            return;
        }
        match self.note_looks(&looks).await {
            Ok(idle) => {
                for id in idle {
                    self.end_if_due(&id).await;
                }
            }
            Err(error) => tracing::warn!(%error, "what was seen of use is lost: it counts as not seen"),
        }
    }

    async fn looks_on(&self, runner: Runner, watched: Vec<Watched>) -> Vec<Look> {
        let looks = stream::iter(watched).map(|watched| self.look(&runner, watched)).buffer_unordered(FIGURES);
        looks.filter_map(ready).collect().await
    }

    async fn look(&self, runner: &Runner, watched: Watched) -> Option<Look> {
        let container = ContainerId::parse(&watched.container_id)?;
        match runner.engine().stats(&container).await {
            Ok(mut counters) => {
                // What such an engine tells is the whole host's.
                if runner.now().unlimited.contains(&Resource::Cpu) {
                    counters.cpu_nanos = 0;
                }
                let typed_at = self.typed.at(&watched.id);
                Some(Look { watched, counters, typed_at, at: self.clock.now() })
            }
            Err(error) => {
                tracing::warn!(%error, id = %watched.id, "its use cannot be seen, so idleness does not stop it");
                None
            }
        }
    }

    /// Journals what was seen, all in one transaction, and tells of what changed. Gives those for which idleness is due.
    async fn note_looks(&self, looks: &[Look]) -> Result<Vec<EnvironmentId>, StoreError> {
        self.store
            .write(async |write| {
                let mut idle = Vec::new();
                for Look { watched, counters, typed_at, at } in looks {
                    let Some(mut stored) = environments::find(write, &watched.id).await? else { continue };
                    let Some(mut watch) = stored.watch.filter(|_| stored.activity == watched.activity) else {
                        continue;
                    };
                    let before = watch.shown();
                    watch.look(*counters, *at);
                    if let Some(typed_at) = typed_at {
                        watch.used(Sign::Terminal, *typed_at);
                    }
                    stored.watch_with(Some(watch));
                    if stored.environment.due(*at) == Some(Due::Idle) {
                        idle.push(watched.id.clone());
                    }
                    let after = watch.shown();
                    if (before.stops_at, before.last_activity) == (after.stops_at, after.last_activity) {
                        clocks::keep_watch(write, &watched.id, &watch).await?;
                    } else {
                        self.save(write, &mut stored).await?;
                    }
                    let typed = (self.typed.clone(), watched.id.clone(), *typed_at);
                    write.then(move || {
                        let (typed, id, at) = typed;
                        at.iter().for_each(|at| typed.noted(&id, *at));
                    });
                }
                Ok(idle)
            })
            .await
    }
}

/// What one look has seen.
#[derive(Clone)]
struct Look {
    watched: Watched,
    counters: Counters,
    /// When something was last typed in a terminal, where that was since the last look.
    typed_at: Option<Timestamp>,
    at: Timestamp,
}

/// The extension itself.
fn put_off(stored: &mut Stored, allowance: Allowance, team: TeamLifetime, now: Timestamp) -> Result<(), String> {
    let environment = &mut stored.environment;
    if matches!(environment.state, State::Stopped | State::Failed) {
        let until = now.after(team.grace());
        return match environment.removes_at.replace(until) {
            Some(already) if already >= until => Err(format!("it is kept until {} already", already.short_utc())),
            _ => Ok(()),
        };
    }
    let started = environment.started_at.unwrap_or(environment.created_at);
    let extended = allowance.extended(started, environment.expires_at, now);
    environment.expires_at = extended.map_err(|error| error.to_string())?;
    let watch = stored.watch.map(|mut watch| {
        watch.used(Sign::Extend, now);
        watch
    });
    stored.watch_with(watch);
    Ok(())
}

/// Until when an extension lets it run, or be kept.
fn kept_until(environment: &Environment) -> String {
    match environment.removes_at {
        Some(removed) => format!("kept until {removed}"),
        None => format!("until {}", environment.expires_at),
    }
}

/// Why it is stopped.
fn why(stored: &Stored, due: Option<Due>, now: Timestamp) -> Reason {
    let Environment { expires_at, idle, .. } = &stored.environment;
    match (due, idle, stored.watch) {
        (Some(Due::Idle), Some(idle), Some(watch)) => {
            Reason::Idle { after: watch.rule.after, last: idle.last_activity.kind, at: idle.last_activity.at }
        }
        (Some(Due::Expiry { late: true }), ..) => Reason::LifetimeEnded { at: *expires_at, late: Some(now) },
        _ => Reason::LifetimeEnded { at: *expires_at, late: None },
    }
}
