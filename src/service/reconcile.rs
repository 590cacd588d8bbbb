//! Brings what is stored and what the engine has together: at start, after each reconnect, each minute, and for one
//! environment when something happened to its container.

use std::collections::HashMap;

use app::model::environment::{Port, State};
use app::model::name::EnvironmentId;
use app::model::time::Timestamp;

use super::Service;
use super::launch::{Activity, Broken, Kept, Note};
use crate::docker::{Container, ContainerId, EngineError, Listed, Status};
use crate::store::environments::{Outcome, Stored};

/// What an environment needs, seen from what is stored and what its container is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// They agree.
    Leave,
    /// It runs though it is not stored as running, or with other ports: take over what the engine says.
    Adopt,
    /// It has ended by itself.
    Close,
    /// Its container is gone.
    Vanished,
    /// Nobody drives its launch any more, and it does not run.
    GiveUp,
    /// Its stop or removal goes on.
    Resume,
    /// It should not run, or not be there any more: a failure could not clean up when it happened.
    PutDown,
}

/// The decision. `container` is the one that is stored for it, or, in a launch, the one that carries its label.
#[must_use]
pub fn verdict(state: State, ran: bool, container: Option<&Status>) -> Verdict {
    let up = matches!(container, Some(Status::Running | Status::Paused | Status::Restarting));
    match state {
        State::Running if up => Verdict::Adopt,
        // A word of a newer engine: not knowing what it means stops nothing.
        State::Running if matches!(container, Some(Status::Other(_))) => Verdict::Leave,
        State::Running if container.is_some() => Verdict::Close,
        State::Running => Verdict::Vanished,
        State::Starting if up => Verdict::Adopt,
        State::Reserved | State::Pulling | State::Creating | State::Starting => Verdict::GiveUp,
        State::Stopping | State::Removing => Verdict::Resume,
        State::Stopped | State::Failed if up => Verdict::PutDown,
        State::Failed if container.is_some() && !ran => Verdict::PutDown,
        State::Stopped | State::Failed | State::Removed => Verdict::Leave,
    }
}

/// Whether a list shows an environment just as it is stored, so that nothing needs to be asked about it.
fn agree(stored: &Stored, container: Option<&Listed>) -> bool {
    match verdict(stored.environment.state, stored.ran, container.map(|c| &c.status)) {
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
        if let Err(error) = self.look_at_all().await {
            tracing::warn!(%error, "reconciling did not come to its end");
            if let Broken::Engine(error) = &error {
                self.engine_lost(error);
            }
        }
    }

    /// As [`Service::reconcile`], where the engine is known to answer; when it returns it is reconciled anyway.
    pub async fn reconcile_if_live(&self) {
        if self.engine_answers().is_ok() {
            self.reconcile().await;
        }
    }

    async fn look_at_all(&self) -> Result<(), Broken> {
        let containers = self.engine.ours(&self.settings.installation).await?;
        let environments = self.store.environments(None).await?;
        let by_id: HashMap<&str, &Listed> = containers.iter().map(|c| (c.id.as_str(), c)).collect();
        for stored in &environments {
            let container = stored.container_id.as_deref().and_then(|id| by_id.get(id)).copied();
            if !agree(stored, container) && !self.drivers.is_taken(&stored.environment.id) {
                self.settle(&stored.environment.id).await;
            }
        }
        for container in &containers {
            self.look_at_container(container).await?;
        }
        Ok(())
    }

    /// A container with our label that no environment holds: a leftover of one of ours is removed, one of nobody's is
    /// shown in the log and not touched.
    async fn look_at_container(&self, container: &Listed) -> Result<(), Broken> {
        let Some(id) = container.labels.environment() else { return Ok(()) };
        if self.drivers.is_taken(&id) {
            return Ok(());
        }
        let Some(stored) = self.store.environment(&id).await? else {
            tracing::warn!(
                container = container.name,
                "a container carries our label and no environment of ours: left alone"
            );
            return Ok(());
        };
        if stored.container_id.as_deref() != Some(container.id.as_str()) {
            tracing::info!(container = container.name, "a leftover of an earlier attempt is removed");
            self.engine.remove(&container.id).await?;
        }
        Ok(())
    }

    /// Something happened to an environment's container: looks at that one, once whoever drives it has ended.
    pub(super) fn nudge(&self, id: EnvironmentId) {
        let service = self.clone();
        self.spawn(async move { service.settle(&id).await });
    }

    async fn settle(&self, id: &EnvironmentId) {
        let driving = self.drivers.take(id).await;
        let settled = self.settle_driven(id).await;
        drop(driving);
        match settled {
            Ok(()) | Err(Broken::Superseded) => {}
            Err(error) => tracing::warn!(%error, %id, "it is looked at again with the next reconciling"),
        }
    }

    async fn settle_driven(&self, id: &EnvironmentId) -> Result<(), Broken> {
        let Some(stored) = self.store.environment(id).await? else { return Ok(()) };
        let container = match stored.container() {
            Some(container) => self.inspected(&container).await?,
            None => None,
        };
        let activity = Activity::of(&stored);
        match verdict(stored.environment.state, stored.ran, container.as_ref().map(|c| &c.status)) {
            Verdict::Leave => {}
            Verdict::Adopt => self.adopt(&activity, stored, container).await?,
            Verdict::Close => self.close_ended(&activity, container).await?,
            Verdict::Vanished => self.fail(&activity, "Its container has disappeared from the host.").await?,
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
        let notes: &[Note<'_>] = match environment.state {
            State::Starting => &[Note::End(Outcome::Done(Some("found running after a restart of the server")))],
            _ => &[],
        };
        let started_at = container.started_at.unwrap_or_else(|| self.clock.now());
        self.advance(activity, State::Running, notes, |stored| {
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

    /// A launch or start that was under way when the server ended.
    async fn give_up(&self, activity: &Activity) -> Result<(), Broken> {
        let why = "The server ended while this was under way. What was made has been removed; start it again.";
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
        let check = |state, ran, status: Option<Status>, expected: Verdict| {
            assert_eq!(verdict(state, ran, status.as_ref()), expected, "{state} {status:?}");
        };
        check(State::Running, true, Some(Status::Running), Verdict::Adopt);
        check(State::Running, true, Some(Status::Exited), Verdict::Close);
        check(State::Running, true, None, Verdict::Vanished);
        check(State::Reserved, false, None, Verdict::GiveUp);
        check(State::Creating, false, Some(Status::Created), Verdict::GiveUp);
        check(State::Starting, false, Some(Status::Running), Verdict::Adopt);
        check(State::Starting, true, Some(Status::Exited), Verdict::GiveUp);
        check(State::Stopping, true, Some(Status::Running), Verdict::Resume);
        check(State::Removing, true, None, Verdict::Resume);
        check(State::Stopped, true, Some(Status::Exited), Verdict::Leave);
        check(State::Stopped, true, Some(Status::Running), Verdict::PutDown);
        check(State::Failed, false, Some(Status::Exited), Verdict::PutDown);
        check(State::Failed, true, Some(Status::Exited), Verdict::Leave);
        check(State::Removed, false, None, Verdict::Leave);
    }

    #[test]
    fn a_word_of_a_newer_engine_stops_nothing_that_may_run() {
        let word = Status::Other("hibernating".to_owned());
        assert_eq!(verdict(State::Running, true, Some(&word)), Verdict::Leave);
    }
}
