//! Ends what is on its way for longer than its state may last, with the cause, so that nothing hangs for ever.
//!
//! Times are counted here in memory, on a clock that no change of the system's time moves: a server that starts anew
//! takes up or gives up what it finds, and counts from then. While the engine is away they stand still.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::environment::{Environment, State};
use model::name::{EnvironmentId, HostName};
use model::reason::Reason;
use model::units::Span;
use store::environments::StepEnd;
use tokio::time::{Duration, Instant};

use super::Service;
use super::activity::{Activity, Broken, Note};

/// Since when what is on its way is in its state, or last made progress.
#[derive(Debug, Clone, Default)]
pub struct Underway(Arc<Mutex<HashMap<EnvironmentId, Entered>>>);

#[derive(Debug, Clone)]
struct Entered {
    state: State,
    host: HostName,
    since: Instant,
    /// Of the environment as it was told last.
    revision: u64,
    /// How far it has come, in words.
    told: Option<String>,
}

impl Underway {
    /// Takes note of a state that was entered, and of progress where that counts. Tells whether it is news: what is older
    /// than what was told before is not.
    pub(super) fn note(&self, environment: &Environment) -> bool {
        let Environment { id, state, revision, reason, host, .. } = environment;
        let (state, revision) = (*state, *revision);
        let mut all = self.all();
        let known = all.get(id);
        if known.is_some_and(|known| known.revision > revision) {
            return false;
        }
        let Some(deadline) = state.deadline(Span::default()) else {
            all.remove(id);
            return true;
        };
        let since = match known {
            Some(known) if known.state == state && !deadline.renewed_by_progress => known.since,
            _ => Instant::now(),
        };
        all.insert(id.clone(), Entered { state, host: host.clone(), since, revision, told: reason.clone() });
        true
    }

    /// How far it has come, as it was told last: for who looks only now.
    pub(super) fn told(&self, environment: &Environment) -> Option<String> {
        let all = self.all();
        let entered = all.get(&environment.id).filter(|entered| entered.revision == environment.revision)?;
        entered.told.clone()
    }

    /// Since when it is in its state, or made progress last.
    pub(super) fn since(&self, id: &EnvironmentId) -> Option<Instant> {
        self.all().get(id).map(|entered| entered.since)
    }

    /// Whether it is on its way to another state.
    pub(super) fn has(&self, id: &EnvironmentId) -> bool {
        self.all().contains_key(id)
    }

    /// Takes note of what is found on its way, where nothing was known of it.
    pub(super) fn found(&self, environment: &Environment) {
        if !self.all().contains_key(&environment.id) {
            self.note(environment);
        }
    }

    /// Counts everything on this host from now on.
    pub(super) fn begin_anew(&self, host: &HostName) {
        let now = Instant::now();
        self.all().values_mut().filter(|entered| entered.host == *host).for_each(|entered| entered.since = now);
    }

    /// What is in its state for longer than that lasts without the template's time for readiness, where its engine answers.
    fn late(&self, answers: impl Fn(&HostName) -> bool) -> Vec<(EnvironmentId, State, Duration)> {
        let all = self.all();
        let on_time = all.iter().filter(|(_, entered)| answers(&entered.host));
        let late = on_time.filter_map(|(id, Entered { state, since, .. })| {
            let deadline = state.deadline(Span::default())?;
            let passed = since.elapsed();
            (passed.as_secs() >= deadline.within.as_seconds()).then(|| (id.clone(), *state, passed))
        });
        late.collect()
    }

    fn all(&self) -> MutexGuard<'_, HashMap<EnvironmentId, Entered>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service {
    /// Ends what is overdue, where the engine answers: where it does not, that is the cause, and it is known.
    pub async fn end_overdue(&self) {
        for (id, state, passed) in self.underway.late(|host| self.hosts.of(host).is_live()) {
            if let Err(error) = self.end_late(&id, state, passed).await {
                tracing::warn!(%error, %id, %state, "it is overdue, and is ended with the next look");
            }
        }
    }

    async fn end_late(&self, id: &EnvironmentId, state: State, passed: Duration) -> Result<(), Broken> {
        let Some(stored) = self.store.environment(id).await? else { return Ok(()) };
        let template = self.template_of(&stored).await.map_err(Broken::refused)?;
        let deadline = state.deadline(template.ready.within());
        let Some(deadline) = deadline.filter(|deadline| passed.as_secs() >= deadline.within.as_seconds()) else {
            return Ok(());
        };
        let last = stored.environment.reason.clone().filter(|_| matches!(state, State::Stopping | State::Removing));
        let cause = Reason::Overdue { state, within: deadline.within, last };
        let why = cause.to_string();
        let notes = [Note::End(StepEnd::Failed(&why))];
        let activity = Activity::of(&stored);
        let driver = self.drivers.seen(id);
        let ended = self.advance_from(&activity, Some(state), State::Failed, &notes, |stored| {
            stored.main_mut().part.forget_run();
            stored.because(cause);
        });
        match ended.await {
            Ok(_) => tracing::warn!(%id, why, "it was overdue"),
            Err(Broken::Superseded) => return Ok(()),
            Err(error) => return Err(error),
        }
        driver.send_away();
        self.nudge(id.clone());
        Ok(())
    }
}
