//! Brings what is stored and what the engine has together: at start, after each reconnect, each minute, and for one
//! environment when something happened to its container.

use std::collections::{HashMap, HashSet};

use app::api::ApiError;
use docker::{Container, ContainerId, EngineError, Listed, Status};
use futures::future::join_all;
use futures::{FutureExt, StreamExt, stream};
use model::audit::{self, Entry, Who};
use model::environment::{Port, State};
use model::history::masked;
use model::name::EnvironmentId;
use model::part::Part;
use model::quarantine::Stray;
use model::reason::Reason;
use model::template::{AfterHostRestart, Template};
use model::time::Timestamp;
use store::StoreError;
use store::environments::{StepEnd, Stored};

use super::activity::{Activity, Broken, Note};
use super::ends::{Cause, ended, is_clean};
use super::launch::Kept;
use super::lifecycle::{GRACE, sentence, upper};
use super::runner::Runner;
use super::{Service, container_of};

/// How many environments are looked at at once.
const LOOKS: usize = 8;

/// What a part of an environment needs, seen from what is stored and what its container is.
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

/// What is asked about, beside where a list and what is stored differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    AtWhatDiffers,
    /// After a gap in what the engine told: a list tells neither when a run began nor what it went through.
    AtAllThatRuns,
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
        match (status, &stored.main().container_id) {
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

/// What a container with our label is to an environment of ours that does not hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// It may hold people's work and the environment holds no other: the environment takes it up. A database that was
    /// restored, or an engine that was away, leaves such ones.
    TakeUp,
    /// An attempt that was never started, or the rest of a removal.
    Leftover,
    /// It may hold people's work, and the environment has another one: shown in quarantine.
    Stray,
}

/// The decision: only what cannot hold anybody's work is a leftover.
#[must_use]
pub fn claim(state: State, attempt: u32, holds_another: bool, made_by: Option<u32>, status: &Status) -> Claim {
    let is_later = made_by.is_some_and(|made_by| made_by > attempt);
    match (state, status) {
        (State::Removed | State::Removing, _) if is_later => Claim::Stray,
        (State::Removed, _) => Claim::Leftover,
        (_, Status::Created) if made_by.is_some() && !is_later => Claim::Leftover,
        (State::Removing, _) | (_, Status::Created) => Claim::Stray,
        _ if made_by.is_some() && !holds_another => Claim::TakeUp,
        _ => Claim::Stray,
    }
}

/// Whether a list shows an environment just as it is stored, so that nothing needs to be asked about it.
fn agree(stored: &Stored, container: Option<&Listed>) -> bool {
    match verdict(stored.main().part.state, stored.main().ran, Found::of(stored, container.map(|c| &c.status))) {
        Verdict::Leave => true,
        Verdict::Adopt if stored.environment.state == State::Running => {
            let published = container.map_or(&[][..], |c| &c.ports);
            let is_there = |port: &Port| {
                published
                    .iter()
                    .any(|b| (b.container, b.protocol, b.host_port) == (port.container, port.protocol, port.host_port))
            };
            let container = container.map(|c| (c.status == Status::Paused, c.health));
            stored.environment.ports.iter().all(is_there)
                && container == Some((stored.environment.paused, stored.environment.health))
        }
        _ => false,
    }
}

/// The container, where somebody else has begun its run since Berth's own ended.
fn started_on_host(stored: &Stored, container: Container) -> Option<Container> {
    let known = stored.main().run_began_at.filter(|_| stored.main().ran)?;
    container.started_at.is_some_and(|began| began != known).then_some(container)
}

fn claim_on(stored: &Stored, container: &Listed, holds_another: bool) -> Claim {
    let (state, made_by) = (stored.environment.state, container.labels.attempt());
    claim(state, stored.main().attempt, holds_another, made_by, &container.status)
}

async fn inspected(runner: &Runner, id: &ContainerId) -> Result<Option<Container>, EngineError> {
    match runner.engine().inspect(id).await {
        Ok(container) => Ok(Some(container)),
        Err(EngineError::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Service {
    /// Looks at everything. What fails is left for the next time, which is a minute away at most.
    pub async fn reconcile(&self) {
        drop(join_all(self.hosts.iter().map(|runner| self.reconcile_host(runner))).await);
    }

    async fn reconcile_host(&self, runner: &Runner) {
        let list = runner.begin_list();
        match runner.engine().ours(&self.settings.installation).await {
            Ok(containers) => self.look_at(runner, list, &containers, Look::AtWhatDiffers).await,
            Err(error) => {
                tracing::warn!(%error, host = %runner.name(), "what the engine has cannot be listed");
                self.engine_lost(runner, &error);
            }
        }
    }

    /// The same, with a list that is there already.
    pub(super) async fn look_at(&self, runner: &Runner, list: u64, containers: &[Listed], look: Look) {
        if let Err(error) = self.look_at_all(runner, list, containers, look).await {
            tracing::warn!(%error, host = %runner.name(), "reconciling did not come to its end");
        }
    }

    /// As [`Service::reconcile`], where the engine is known to answer; when it returns it is reconciled anyway.
    pub async fn reconcile_if_live(&self) {
        let live = self.hosts.iter().filter(|runner| runner.is_live());
        drop(join_all(live.map(|runner| self.reconcile_host(runner))).await);
    }

    /// The environments on a host.
    async fn environments_on(&self, runner: &Runner) -> Result<Vec<Stored>, StoreError> {
        let mut environments = self.store.environments().await?;
        environments.retain(|stored| stored.environment.host == *runner.name());
        Ok(environments)
    }

    async fn look_at_all(
        &self,
        runner: &Runner,
        list: u64,
        containers: &[Listed],
        look: Look,
    ) -> Result<(), StoreError> {
        let mut environments = self.environments_on(runner).await?;
        if self.take_up_all(runner, &environments, containers).boxed().await? {
            environments = self.environments_on(runner).await?;
        }
        environments.iter().for_each(|stored| self.underway.found(&stored.environment));
        let by_id: HashMap<&str, &Listed> = containers.iter().map(|c| (c.id.as_str(), c)).collect();
        let differs = |stored: &&Stored| {
            let container = stored.main().container_id.as_deref().and_then(|id| by_id.get(id)).copied();
            let asked = look == Look::AtAllThatRuns && stored.environment.state == State::Running;
            (asked || !agree(stored, container)) && !self.drivers.is_taken(&stored.environment.id)
        };
        let differing = environments.iter().filter(differs).map(|stored| &stored.environment.id);
        stream::iter(differing).for_each_concurrent(LOOKS, |id| self.settle(id).boxed()).await;
        let held = environments.iter().filter_map(|stored| stored.main().container_id.as_deref());
        let held: HashSet<&str> = held.collect();
        let others = containers.iter().filter(|container| !held.contains(container.id.as_str()));
        self.look_at_others(runner, list, others).boxed().await?;
        self.sweep_networks(runner).boxed().await
    }

    /// Gives environments that hold no container the one of theirs that is there. Tells whether it gave any.
    async fn take_up_all(
        &self,
        runner: &Runner,
        environments: &[Stored],
        containers: &[Listed],
    ) -> Result<bool, StoreError> {
        let there: HashSet<&str> = containers.iter().map(|container| container.id.as_str()).collect();
        let by_id: HashMap<&str, &Stored> = environments.iter().map(|it| (it.environment.id.as_str(), it)).collect();
        let mut taken = false;
        for container in containers {
            let id = container.labels.environment();
            let Some(stored) = id.as_ref().and_then(|id| by_id.get(id.as_str())) else { continue };
            let held = stored.main().container_id.as_deref();
            let is_held = held == Some(container.id.as_str());
            if !is_held && claim_on(stored, container, held.is_some_and(|held| there.contains(held))) == Claim::TakeUp {
                taken |= self.take_up(runner, &stored.environment.id, container).await?;
            }
        }
        Ok(taken)
    }

    /// Decides again once nobody else works on the environment; the engine is asked whether it has the one that is stored.
    async fn take_up(&self, runner: &Runner, id: &EnvironmentId, container: &Listed) -> Result<bool, StoreError> {
        if self.drivers.is_taken(id) {
            return Ok(false);
        }
        let _driving = self.drivers.take(id).await;
        let Some(stored) = self.store.environment(id).await? else { return Ok(false) };
        let holds_another = match container_of(&stored) {
            Some(held) if held != container.id => !matches!(inspected(runner, &held).await, Ok(None)),
            Some(_) => return Ok(false),
            None => false,
        };
        if claim_on(&stored, container, holds_another) != Claim::TakeUp {
            return Ok(false);
        }
        tracing::warn!(%id, container = container.name, "the database does not know this container of it: taken up");
        let activity = Activity::of(&stored);
        let taken = self.advance(&activity, stored.environment.state, &[], |stored| {
            stored.main_mut().attempt = stored.main().attempt.max(container.labels.attempt().unwrap_or_default());
            stored.main_mut().container_id = Some(container.id.to_string());
            stored.main_mut().container_name = Some(container.name.clone());
            stored.main_mut().network = container.network.clone();
            stored.main_mut().run_began_at = None;
            stored.main_mut().ran = true;
            if matches!(stored.environment.state, State::Stopped | State::Failed) {
                stored.because(Reason::FoundAgain);
            }
        });
        match taken.await {
            Ok(_) => Ok(true),
            Err(Broken::Store(error)) => Err(error),
            Err(_) => Ok(false),
        }
    }

    /// Containers with our label that no environment holds: a leftover of one of ours is removed, any other is shown to
    /// those who see to the host, and not touched.
    async fn look_at_others(
        &self,
        runner: &Runner,
        list: u64,
        others: impl Iterator<Item = &Listed>,
    ) -> Result<(), StoreError> {
        let mut strays = Vec::new();
        for container in others {
            let known = match container.labels.environment() {
                Some(id) => self.store.environment(&id).await?,
                None => None,
            };
            // Of an environment that is on another host it is not: as on a machine that was copied.
            match known.filter(|stored| stored.environment.host == *runner.name()) {
                Some(stored) if claim_on(&stored, container, true) == Claim::Leftover => {
                    self.clear_leftover(runner, &stored.environment.id, container).await?;
                }
                // What its driver is making.
                Some(stored) if self.drivers.is_taken(&stored.environment.id) => {}
                Some(stored) if stored.main().container_id.as_deref() == Some(container.id.as_str()) => {}
                Some(_) | None => strays.push(self.stray(runner, container)),
            }
        }
        if runner.is_latest(list) {
            runner.strays.send_replace(strays);
        }
        Ok(())
    }

    /// Removes a container of an earlier attempt, or of one whose answer was lost, as long as nobody works on its
    /// environment: whoever does may be making it.
    async fn clear_leftover(&self, runner: &Runner, id: &EnvironmentId, container: &Listed) -> Result<(), StoreError> {
        if self.drivers.is_taken(id) {
            return Ok(());
        }
        let _driving = self.drivers.take(id).await;
        let Some(stored) = self.store.environment(id).await? else { return Ok(()) };
        let is_held = stored.main().container_id.as_deref() == Some(container.id.as_str());
        if !is_held && claim_on(&stored, container, true) == Claim::Leftover {
            tracing::info!(container = container.name, "a leftover of an earlier attempt is removed");
            if let Err(error) = runner.engine().remove(&container.id).await {
                tracing::warn!(%error, container = container.name, "a leftover is removed with the next look");
            }
        }
        Ok(())
    }

    fn stray(&self, runner: &Runner, container: &Listed) -> Stray {
        let id = container.id.to_string();
        let known = runner.strays.borrow().iter().find(|stray| stray.container == id).map(|stray| stray.seen_at);
        if known.is_none() {
            tracing::warn!(container = container.name, "it carries our label and no environment holds it: left alone");
        }
        let [environment, team, owner, template] = container.labels.claims();
        let (name, state) = (container.name.clone(), container.status.to_string());
        let seen_at = known.unwrap_or_else(|| self.clock.now());
        let host = runner.name().clone();
        Stray { host, container: id, name, state, environment, team, owner, template, seen_at }
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
        let runner = self.hosts.of(&stored.environment.host);
        let container = match container_of(&stored) {
            Some(container) => inspected(runner, &container).await?,
            None => None,
        };
        let activity = Activity::of(&stored);
        let found = Found::of(&stored, container.as_ref().map(|c| &c.status));
        match verdict(stored.main().part.state, stored.main().ran, found) {
            Verdict::Leave => {}
            Verdict::Adopt if stored.environment.state == State::Starting => {
                self.resume_start(activity, &stored).await?
            }
            Verdict::Adopt => self.adopt(&activity, stored, container).await?,
            Verdict::Close => self.close_ended(&activity, &stored, container).await?,
            Verdict::Vanished => self.fail(&activity, Reason::Disappeared).await?,
            Verdict::Forget => self.forget(&activity, &stored).await?,
            Verdict::GiveUp => self.give_up(&activity).await?,
            Verdict::Resume => self.resume(&stored).await?,
            Verdict::PutDown => match container.and_then(|container| started_on_host(&stored, container)) {
                Some(container) => self.take_over(&stored, &container).await?,
                None => self.put_down_again(&activity, &stored).await?,
            },
        }
        Ok(())
    }

    async fn adopt(&self, activity: &Activity, stored: Stored, container: Option<Container>) -> Result<(), Broken> {
        let Some(container) = container else { return Ok(()) };
        let template = self.template_of(&stored).await.map_err(Broken::refused)?;
        let ports = super::launch::ports(&template, &container);
        let mut seen = stored.main().clone();
        seen.part.ports = ports;
        seen.part.health = container.health;
        seen.part.paused = container.status == Status::Paused;
        seen.part.out_of_memory = container.oom_killed;
        seen.run_began_at = container.started_at;
        if stored.environment.state == State::Running && seen == *stored.main() {
            return Ok(());
        }
        let another_run = stored.main().run_began_at != container.started_at;
        let restarted = Entry::by(Who::job("engine"), audit::Action::Restart).because("It was restarted on the host.");
        let notes = [Note::Tell(&restarted)];
        // Berth itself began the one of which it knows nothing yet, or an earlier version did.
        let notes = if another_run && stored.main().run_began_at.is_some() { &notes[..] } else { &[] };
        let started_at = container.started_at.unwrap_or_else(|| self.clock.now());
        self.advance(activity, State::Running, notes, |stored| {
            let part = &mut stored.main_mut().part;
            let since = part.started_at.filter(|_| !another_run).or(Some(started_at));
            *part = Part { state: part.state, started_at: since, exit_code: None, ..seen.part };
            stored.because(None);
            stored.main_mut().run_began_at = container.started_at;
            if another_run || stored.watch.is_none() {
                stored.begin_watch(&template, started_at);
            }
            stored.main_mut().ran = true;
        })
        .await?;
        Ok(())
    }

    /// Somebody has started its container on the host: that goes on where there is room for it, as any start does, and is
    /// stopped again where there is none.
    async fn take_over(&self, stored: &Stored, container: &Container) -> Result<(), Broken> {
        let template = self.template_of(stored).await.map_err(Broken::refused)?;
        let began = self.begin_taken_over(stored, &template).await;
        let refused = match began {
            Ok(stored) => {
                let (service, activity, id) = (self.clone(), Activity::of(&stored), container.id.clone());
                self.spawn(async move {
                    let driving = service.drivers.take(&activity.id).await;
                    driving.work(service.finish_start(&activity, &id, &template)).await;
                });
                return Ok(());
            }
            Err(refused @ (ApiError::QuotaExceeded { .. } | ApiError::NotFound { .. })) => refused,
            Err(error) => return Err(Broken::refused(error)),
        };
        tracing::warn!(id = %stored.environment.id, %refused, "it was started on the host, and there is no room for it");
        self.hosts.of(&stored.environment.host).engine().stop(&container.id, GRACE).await?;
        let cause = Reason::StartedOnHost { refused: sentence(&refused.to_string()) };
        let entry = Entry::by(Who::job("engine"), audit::Action::Start).refused(&cause);
        self.advance(&Activity::of(stored), stored.environment.state, &[Note::Tell(&entry)], |stored| {
            stored.main_mut().run_began_at = container.started_at;
            stored.because(cause);
        })
        .await?;
        Ok(())
    }

    /// Its container runs, and nobody waits any more until it is ready: goes on with that.
    async fn resume_start(&self, activity: Activity, stored: &Stored) -> Result<(), Broken> {
        let Some(container) = container_of(stored) else { return Ok(()) };
        let template = self.template_of(stored).await.map_err(Broken::refused)?;
        let taken_up = Note::End(StepEnd::Done(Some("taken up again after a restart of the server")));
        self.advance(&activity, State::Starting, &[taken_up], |_| {}).await?;
        let service = self.clone();
        self.spawn(async move {
            let driving = service.drivers.take(&activity.id).await;
            driving.work(service.finish_start(&activity, &container, &template)).await;
        });
        Ok(())
    }

    async fn finish_start(&self, activity: &Activity, container: &ContainerId, template: &Template) {
        if let Err(broken) = self.make_ready(activity, container, template).await {
            self.give_back(activity, broken).await;
        }
    }

    /// How a container that has run since then has ended, without secrets, and why.
    pub(super) async fn how_it_ended(
        &self,
        stored: &Stored,
        container: &Container,
        began: Option<Timestamp>,
    ) -> (String, Cause) {
        let runner = self.hosts.of(&stored.environment.host);
        let cause = runner.ends.cause(&container.id, began, runner.now().engine_started_at);
        let secrets = self.secrets_of(stored).await;
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        (masked(&ended(container, cause), &secrets), cause)
    }

    /// Its container has ended. What a restart of the engine has ended starts again.
    async fn close_ended(
        &self,
        activity: &Activity,
        stored: &Stored,
        container: Option<Container>,
    ) -> Result<(), Broken> {
        let Some(container) = container else { return Ok(()) };
        let began = stored.main().run_began_at.or(stored.environment.started_at);
        let (how, cause) = self.how_it_ended(stored, &container, began).await;
        if cause == Cause::Restart && self.starts_again(stored, activity, &how).await? {
            return Ok(());
        }
        let to = if is_clean(&container, cause) { State::Stopped } else { State::Failed };
        let reason = Reason::Ended { how: upper(&how), at: container.finished_at };
        self.keep_post_mortem(&self.current(activity).await?, &reason.to_string(), Some(&container)).await;
        self.advance(activity, to, &[], |stored| {
            stored.main_mut().part.forget_run();
            stored.main_mut().part.exit_code = container.exit_code;
            stored.because(reason);
        })
        .await?;
        Ok(())
    }

    async fn fail(&self, activity: &Activity, cause: Reason) -> Result<(), Broken> {
        let why = cause.to_string();
        self.advance(activity, State::Failed, &[Note::End(StepEnd::Failed(&why))], |stored| {
            stored.main_mut().part.forget_run();
            stored.because(cause);
            stored.main_mut().forget_container();
        })
        .await?;
        Ok(())
    }

    async fn forget(&self, activity: &Activity, stored: &Stored) -> Result<(), Broken> {
        self.advance(activity, stored.environment.state, &[], |stored| {
            stored.main_mut().forget_container();
            if stored.environment.state == State::Stopped {
                stored.because(Reason::RemovedOnHost);
            }
        })
        .await?;
        Ok(())
    }

    /// A launch or start that was under way when the server ended.
    async fn give_up(&self, activity: &Activity) -> Result<(), Broken> {
        self.give_back(activity, Broken::Failed(Reason::Abandoned)).await;
        Ok(())
    }

    async fn put_down_again(&self, activity: &Activity, stored: &Stored) -> Result<(), Broken> {
        if self.put_down(stored).await == Kept::Nothing {
            self.advance(activity, stored.environment.state, &[], |stored| stored.main_mut().forget_container())
                .await?;
        }
        Ok(())
    }

    /// Starts what the engine's restart has ended, unless its template says no or its time is over. It keeps its reservation.
    async fn starts_again(&self, stored: &Stored, activity: &Activity, why: &str) -> Result<bool, Broken> {
        let template = self.template_of(stored).await.map_err(Broken::refused)?;
        let is_over = stored.environment.expires_at <= self.clock.now();
        if is_over || template.after_host_restart == AfterHostRestart::Stop {
            return Ok(false);
        }
        let reserved = self.begin_again(activity, upper(why)).await?;
        let (service, activity) = (self.clone(), Activity::of(&reserved));
        self.spawn(async move {
            let driving = service.drivers.take(&activity.id).await;
            driving.work(service.go_up_again(&activity, &template)).await;
        });
        Ok(true)
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
    fn only_what_cannot_hold_anybody_s_work_is_a_leftover() {
        let check = |state, made_by, status, holds_another, expected: Claim| {
            let claimed = claim(state, 2, holds_another, made_by, &status);
            assert_eq!(claimed, expected, "{state} {made_by:?} {status:?} {holds_another}");
        };
        for state in [State::Running, State::Stopped, State::Failed, State::Creating] {
            check(state, Some(2), Status::Created, false, Claim::Leftover);
            check(state, Some(1), Status::Created, true, Claim::Leftover);
            check(state, Some(3), Status::Created, false, Claim::Stray);
            for attempt in 1..4 {
                check(state, Some(attempt), Status::Running, false, Claim::TakeUp);
                check(state, Some(attempt), Status::Exited, false, Claim::TakeUp);
                check(state, Some(attempt), Status::Running, true, Claim::Stray);
            }
            check(state, None, Status::Running, false, Claim::Stray);
        }
        check(State::Removed, Some(2), Status::Running, false, Claim::Leftover);
        check(State::Removed, None, Status::Exited, false, Claim::Leftover);
        check(State::Removed, Some(3), Status::Running, false, Claim::Stray);
        check(State::Removing, Some(2), Status::Exited, false, Claim::Stray);
    }

    #[test]
    fn a_word_of_a_newer_engine_stops_nothing_that_may_run() {
        let word = Status::Other("hibernating".to_owned());
        assert_eq!(verdict(State::Running, true, Found::There(&word)), Verdict::Leave);
    }
}
