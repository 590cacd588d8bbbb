//! Brings what is stored and what the engine has together: at start, after each reconnect, each minute, and for one
//! environment when something happened to its container.

use std::collections::{HashMap, HashSet};

use app::api::ApiError;
use app::model::access::{Action, Actor, Target, authorize};
use app::model::environment::{Port, State};
use app::model::name::EnvironmentId;
use app::model::quarantine::Stray;
use app::model::time::Timestamp;
use futures::{FutureExt, StreamExt, stream};

use super::Service;
use super::activity::{Activity, Broken, Note};
use super::launch::Kept;
use crate::docker::{Container, ContainerId, EngineError, Listed, Status};
use crate::store::StoreError;
use crate::store::environments::{Outcome, Stored};

/// How many environments are looked at at once.
const LOOKS: usize = 8;

/// What an environment needs, seen from what is stored and what its container is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// They agree.
    Leave,
    /// It runs though it is not stored as running, or with other ports: take over what the engine says.
    Adopt,
    /// It has ended by itself.
    Close,
    /// It should run, and its container is gone.
    Vanished,
    /// Its container is gone, and it did not run: the next start makes another.
    Forget,
    /// Nobody drives its launch any more, and it does not run.
    GiveUp,
    /// Its stop or removal goes on.
    Resume,
    /// It should not run, or not be there any more: a failure could not clean up when it happened.
    PutDown,
}

/// What is found of the container that is stored for an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    /// None is stored.
    Nothing,
    /// The engine does not have it.
    Gone,
    There(&'a Status),
}

impl<'a> Found<'a> {
    fn of(stored: &Stored, status: Option<&'a Status>) -> Self {
        match (status, &stored.container_id) {
            (Some(status), _) => Self::There(status),
            (None, Some(_)) => Self::Gone,
            (None, None) => Self::Nothing,
        }
    }
}

/// The decision.
#[must_use]
pub fn verdict(state: State, ran: bool, found: Found<'_>) -> Verdict {
    let up = matches!(found, Found::There(Status::Running | Status::Paused | Status::Restarting));
    let there = matches!(found, Found::There(_));
    match state {
        State::Running if up => Verdict::Adopt,
        // A word of a newer engine: not knowing what it means stops nothing.
        State::Running if matches!(found, Found::There(Status::Other(_))) => Verdict::Leave,
        State::Running if there => Verdict::Close,
        State::Running => Verdict::Vanished,
        State::Starting if up => Verdict::Adopt,
        State::Reserved | State::Pulling | State::Creating | State::Starting => Verdict::GiveUp,
        State::Stopping | State::Removing => Verdict::Resume,
        State::Stopped | State::Failed if up => Verdict::PutDown,
        State::Failed if there && !ran => Verdict::PutDown,
        State::Stopped | State::Failed if found == Found::Gone => Verdict::Forget,
        State::Stopped | State::Failed | State::Removed => Verdict::Leave,
    }
}

/// Whether a list shows an environment just as it is stored, so that nothing needs to be asked about it.
fn agree(stored: &Stored, container: Option<&Listed>) -> bool {
    match verdict(stored.environment.state, stored.ran, Found::of(stored, container.map(|c| &c.status))) {
        Verdict::Leave => true,
        Verdict::Adopt if stored.environment.state == State::Running => {
            let published = container.map_or(&[][..], |c| &c.ports);
            let is_there = |port: &Port| {
                published
                    .iter()
                    .any(|b| (b.container, b.protocol, b.host_port) == (port.container, port.protocol, port.host_port))
            };
            stored.environment.ports.iter().all(is_there)
        }
        _ => false,
    }
}

/// How a container ended, in words.
#[must_use]
pub fn ended(container: &Container) -> String {
    match (container.oom_killed, container.exit_code, &container.error) {
        (true, _, _) => "it was ended for want of memory (out of memory, exit code 137)".to_owned(),
        (false, _, Some(error)) => format!("the engine could not run it: {error}"),
        (false, Some(0), None) => "it ended by itself (exit code 0)".to_owned(),
        (false, Some(code), None) => format!("it ended with exit code {code}"),
        (false, None, None) => "it ended".to_owned(),
    }
}

impl Service {
    /// Looks at everything. What fails is left for the next time, which is a minute away at most.
    pub async fn reconcile(&self) {
        match self.engine.ours(&self.settings.installation).await {
            Ok(containers) => self.look_at(&containers).await,
            Err(error) => {
                tracing::warn!(%error, "what the engine has cannot be listed");
                self.engine_lost(&error);
            }
        }
    }

    /// The same, with a list that is there already.
    pub(super) async fn look_at(&self, containers: &[Listed]) {
        if let Err(error) = self.look_at_all(containers).await {
            tracing::warn!(%error, "reconciling did not come to its end");
        }
    }

    /// As [`Service::reconcile`], where the engine is known to answer; when it returns it is reconciled anyway.
    pub async fn reconcile_if_live(&self) {
        if self.engine_answers().is_ok() {
            self.reconcile().await;
        }
    }

    /// Asks about a container only where that and what is stored differ.
    async fn look_at_all(&self, containers: &[Listed]) -> Result<(), StoreError> {
        let environments = self.store.environments(None).await?;
        environments.iter().for_each(|stored| self.underway.found(&stored.environment));
        let by_id: HashMap<&str, &Listed> = containers.iter().map(|c| (c.id.as_str(), c)).collect();
        let differs = |stored: &&Stored| {
            let container = stored.container_id.as_deref().and_then(|id| by_id.get(id)).copied();
            !agree(stored, container) && !self.drivers.is_taken(&stored.environment.id)
        };
        let differing = environments.iter().filter(differs).map(|stored| &stored.environment.id);
        stream::iter(differing).for_each_concurrent(LOOKS, |id| self.settle(id).boxed()).await;
        let held = environments.iter().filter_map(|stored| stored.container_id.as_deref());
        let held: HashSet<&str> = held.collect();
        let others = containers.iter().filter(|container| !held.contains(container.id.as_str()));
        self.look_at_others(others).await
    }

    /// Containers with our label that no environment holds: a leftover of one of ours is removed, one of nobody's is
    /// shown to those who see to the host, and not touched.
    async fn look_at_others(&self, others: impl Iterator<Item = &Listed>) -> Result<(), StoreError> {
        let mut strays = Vec::new();
        for container in others {
            let known = match container.labels.environment() {
                Some(id) => self.store.environment(&id).await?.map(|_| id),
                None => None,
            };
            match known {
                Some(id) => self.clear_leftover(&id, container).await?,
                None => strays.push(self.stray(container)),
            }
        }
        self.strays.send_replace(strays);
        Ok(())
    }

    /// Removes a container of an earlier attempt, or of one whose answer was lost, as long as nobody works on its
    /// environment: whoever does may be making it.
    async fn clear_leftover(&self, id: &EnvironmentId, container: &Listed) -> Result<(), StoreError> {
        if self.drivers.is_taken(id) {
            return Ok(());
        }
        let _driving = self.drivers.take(id).await;
        let stored = self.store.environment(id).await?;
        if stored.is_some_and(|stored| stored.container_id.as_deref() != Some(container.id.as_str())) {
            tracing::info!(container = container.name, "a leftover of an earlier attempt is removed");
            if let Err(error) = self.engine.remove(&container.id).await {
                tracing::warn!(%error, container = container.name, "a leftover is removed with the next look");
            }
        }
        Ok(())
    }

    fn stray(&self, container: &Listed) -> Stray {
        let id = container.id.to_string();
        let known = self.strays.borrow().iter().find(|stray| stray.container == id).map(|stray| stray.seen_at);
        if known.is_none() {
            tracing::warn!(container = container.name, "it carries our label and no environment holds it: left alone");
        }
        let [environment, team, owner, template] = container.labels.claims();
        let (name, state) = (container.name.clone(), container.status.to_string());
        let seen_at = known.unwrap_or_else(|| self.clock.now());
        Stray { container: id, name, state, environment, team, owner, template, seen_at }
    }

    /// What nobody knows, for those who see to the host.
    pub(super) fn quarantined(&self, actor: &Actor) -> Result<Vec<Stray>, ApiError> {
        authorize(actor, Action::Audit, Target::Installation).map_err(|denied| super::refuse(denied, "host"))?;
        Ok(self.strays.borrow().clone())
    }

    /// Something happened to an environment's container: looks at that one, once whoever drives it has ended.
    pub(super) fn nudge(&self, id: EnvironmentId) {
        let service = self.clone();
        self.spawn(async move { service.settle(&id).await });
    }

    async fn settle(&self, id: &EnvironmentId) {
        let driving = self.drivers.take(id).await;
        let work = async {
            match self.settle_driven(id).await {
                Ok(()) | Err(Broken::Superseded) => {}
                Err(error) => tracing::warn!(%error, %id, "it is looked at again with the next reconciling"),
            }
        };
        driving.work(work).await;
    }

    async fn settle_driven(&self, id: &EnvironmentId) -> Result<(), Broken> {
        let Some(stored) = self.store.environment(id).await? else { return Ok(()) };
        let container = match stored.container() {
            Some(container) => self.inspected(&container).await?,
            None => None,
        };
        let activity = Activity::of(&stored);
        let found = Found::of(&stored, container.as_ref().map(|c| &c.status));
        match verdict(stored.environment.state, stored.ran, found) {
            Verdict::Leave => {}
            Verdict::Adopt if stored.environment.state == State::Starting => {
                self.resume_start(activity, &stored).await?
            }
            Verdict::Adopt => self.adopt(&activity, stored, container).await?,
            Verdict::Close => self.close_ended(&activity, container).await?,
            Verdict::Vanished => self.fail(&activity, "Its container has disappeared from the host.").await?,
            Verdict::Forget => self.forget(&activity, &stored).await?,
            Verdict::GiveUp => self.give_up(&activity).await?,
            Verdict::Resume => self.resume(&stored).await?,
            Verdict::PutDown => self.put_down_again(&activity, &stored).await?,
        }
        Ok(())
    }

    async fn inspected(&self, id: &ContainerId) -> Result<Option<Container>, EngineError> {
        match self.engine.inspect(id).await {
            Ok(container) => Ok(Some(container)),
            Err(EngineError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn adopt(&self, activity: &Activity, stored: Stored, container: Option<Container>) -> Result<(), Broken> {
        let Some(container) = container else { return Ok(()) };
        let template = self.template_of(&stored).await.map_err(|error| Broken::Failed(error.to_string()))?;
        let ports = super::launch::ports(&template, &container);
        let environment = &stored.environment;
        if environment.state == State::Running && environment.ports == ports && environment.health == container.health {
            return Ok(());
        }
        let started_at = container.started_at.unwrap_or_else(|| self.clock.now());
        self.advance(activity, State::Running, &[], |stored| {
            stored.environment.ports = ports;
            stored.environment.health = container.health;
            stored.environment.started_at.get_or_insert(started_at);
            stored.environment.reason = None;
            if stored.watch.is_none() {
                stored.begin_watch(&template, started_at);
            }
            stored.ran = true;
        })
        .await?;
        Ok(())
    }

    /// Its container runs, and nobody waits any more until it is ready: goes on with that.
    async fn resume_start(&self, activity: Activity, stored: &Stored) -> Result<(), Broken> {
        let Some(container) = stored.container() else { return Ok(()) };
        let template = self.template_of(stored).await.map_err(|error| Broken::Failed(error.to_string()))?;
        let taken_up = Note::End(Outcome::Done(Some("taken up again after a restart of the server")));
        self.advance(&activity, State::Starting, &[taken_up], |_| {}).await?;
        let service = self.clone();
        self.spawn(async move {
            let driving = service.drivers.take(&activity.id).await;
            let work = async {
                if let Err(broken) = service.make_ready(&activity, &container, &template).await {
                    service.give_back(&activity, broken).await;
                }
            };
            driving.work(work).await;
        });
        Ok(())
    }

    /// Its container has ended by itself: that is no failure when it says so with exit code 0.
    async fn close_ended(&self, activity: &Activity, container: Option<Container>) -> Result<(), Broken> {
        let Some(container) = container else { return Ok(()) };
        let clean = container.exit_code == Some(0) && !container.oom_killed;
        let to = if clean { State::Stopped } else { State::Failed };
        let at = container.finished_at.map(Timestamp::short_utc).unwrap_or_default();
        let reason = super::lifecycle::sentence(&format!("{} at {at}", ended(&container)));
        self.keep_post_mortem(&self.current(activity).await?, &reason, Some(&container)).await;
        self.advance(activity, to, &[], |stored| {
            Self::forget_run(stored);
            stored.environment.reason = Some(reason);
        })
        .await?;
        Ok(())
    }

    async fn fail(&self, activity: &Activity, why: &str) -> Result<(), Broken> {
        self.advance(activity, State::Failed, &[Note::End(Outcome::Failed(why))], |stored| {
            Self::forget_run(stored);
            stored.environment.reason = Some(why.to_owned());
            Self::forget_container(stored);
        })
        .await?;
        Ok(())
    }

    async fn forget(&self, activity: &Activity, stored: &Stored) -> Result<(), Broken> {
        const GONE: &str = "Its container was removed on the host, with what was in it. A start makes a new one.";
        self.advance(activity, stored.environment.state, &[], |stored| {
            Self::forget_container(stored);
            if stored.environment.state == State::Stopped {
                stored.environment.reason = Some(GONE.to_owned());
            }
        })
        .await?;
        Ok(())
    }

    /// A launch or start that was under way when the server ended.
    async fn give_up(&self, activity: &Activity) -> Result<(), Broken> {
        let why = "This was under way when the server ended or could not go on. Nothing is held; start it again.";
        self.give_back(activity, Broken::Failed(why.to_owned())).await;
        Ok(())
    }

    async fn put_down_again(&self, activity: &Activity, stored: &Stored) -> Result<(), Broken> {
        if self.put_down(stored).await == Kept::Nothing {
            self.advance(activity, stored.environment.state, &[], Self::forget_container).await?;
        }
        Ok(())
    }

    async fn resume(&self, stored: &Stored) -> Result<(), Broken> {
        let activity = Activity::of(stored);
        let service = self.clone();
        match stored.environment.state {
            State::Stopping => self.spawn(service.drive_stop(activity)),
            _ => self.spawn(service.drive_removal(activity)),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_meets_each_container_with_a_decision() {
        let check = |state, ran, found: Found<'_>, expected: Verdict| {
            assert_eq!(verdict(state, ran, found), expected, "{state} {found:?}");
        };
        let [created, running, exited] = [Status::Created, Status::Running, Status::Exited];
        let [created, running, exited] = [&created, &running, &exited].map(Found::There);
        check(State::Running, true, running, Verdict::Adopt);
        check(State::Running, true, exited, Verdict::Close);
        check(State::Running, true, Found::Gone, Verdict::Vanished);
        check(State::Reserved, false, Found::Nothing, Verdict::GiveUp);
        check(State::Creating, false, created, Verdict::GiveUp);
        check(State::Starting, false, running, Verdict::Adopt);
        check(State::Starting, true, exited, Verdict::GiveUp);
        check(State::Starting, true, Found::Gone, Verdict::GiveUp);
        check(State::Stopping, true, running, Verdict::Resume);
        check(State::Removing, true, Found::Gone, Verdict::Resume);
        check(State::Stopped, true, exited, Verdict::Leave);
        check(State::Stopped, true, running, Verdict::PutDown);
        check(State::Stopped, true, Found::Gone, Verdict::Forget);
        check(State::Failed, false, exited, Verdict::PutDown);
        check(State::Failed, false, Found::Gone, Verdict::Forget);
        check(State::Failed, true, exited, Verdict::Leave);
        check(State::Failed, false, Found::Nothing, Verdict::Leave);
        check(State::Removed, false, Found::Nothing, Verdict::Leave);
    }

    #[test]
    fn a_word_of_a_newer_engine_stops_nothing_that_may_run() {
        let word = Status::Other("hibernating".to_owned());
        assert_eq!(verdict(State::Running, true, Found::There(&word)), Verdict::Leave);
    }
}
