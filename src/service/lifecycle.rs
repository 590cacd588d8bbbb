//! What people do to an environment that is there: start, stop, restart, extend, remove.

use app::api::ApiError;
use docker::EngineError;
use model::access::{Action, Actor};
use model::activity::{Kind, Outcome};
use model::audit::{self, Entry, Who};
use model::environment::{Environment, EnvironmentDetail, Operation, State, StepName};
use model::name::EnvironmentId;
use model::quota::Holding;
use model::reason::{Reason, Until};
use model::template::Template;
use model::units::Span;
use store::activities::{self, About};
use store::clocks;
use store::environments::{self, StepEnd, Stored};
use store::{StoreError, Write};

use super::activity::{Activity, Broken, Note};
use super::drivers::Driving;
use super::error::fault;
use super::launch::reserved_note;
use super::{Service, container_of};

/// How long a container may take to end by itself before it is killed.
pub(super) const GRACE: Span = Span::seconds(10);

impl Service {
    pub(super) async fn begin(
        &self,
        actor: &Actor,
        id: &EnvironmentId,
        operation: Operation,
    ) -> Result<Environment, ApiError> {
        let found = self.permitted(actor, Action::Operate, id).await?;
        let runner = self.hosts.of(&found.environment.host);
        if matches!(operation, Operation::Start | Operation::Stop | Operation::Restart) {
            runner.answers()?;
        }
        if matches!(operation, Operation::Start | Operation::Restart) {
            runner.limits_hold()?;
        }
        let template = self.template_of(&found).await?;
        let changed = match operation {
            Operation::Start => self.begin_start(actor.into(), &found, template).await?,
            Operation::Stop => {
                let why = Reason::StoppedBy { name: actor.name.clone() };
                self.begin_stop(actor.into(), id, why).await?
            }
            Operation::Restart => self.begin_restart(actor.into(), &found, template).await?,
            Operation::Extend => self.extend(actor.into(), id, &template).await?,
            Operation::Remove => self.begin_removal(actor.into(), id).await?,
        };
        Ok(self.shown(changed.environment))
    }

    pub(super) async fn template_of(&self, stored: &Stored) -> Result<Template, ApiError> {
        let version = &stored.environment.template;
        let template = self.store.template(&version.slug, version.version).await.map_err(fault)?;
        template
            .ok_or_else(|| fault(StoreError::unreadable(format!("no template {} {}", version.slug, version.version))))
    }

    /// Starting again reserves again: what a stopped environment gave back may be somebody else's by now.
    async fn begin_start(&self, who: Who, found: &Stored, template: Template) -> Result<Stored, ApiError> {
        allows(found, Operation::Start)?;
        let driving = self.drivers.take(&found.environment.id).await;
        let _turn = self.turns.take(&found.environment.team).await;
        self.write(async move |write| {
            let mut stored = self.still_allowed(write, found, Operation::Start).await?;
            self.reserve_again(write, &mut stored, &template).await?;
            stored.move_to(State::Reserved);
            let begins = if stored.main().container_id.is_some() { None } else { Some(Note::Begin(StepName::Image)) };
            let mut notes = vec![Note::Begin(StepName::Reserve)];
            notes.extend(begins.map(|begin| [reserved_note(), begin]).into_iter().flatten());
            let stored = self.begin_activity(write, stored, Entry::by(who, audit::Action::Start), &notes).await?;
            let (service, activity) = (self.clone(), Activity::of(&stored));
            write.then(move || service.spawn(service.clone().drive_up(driving, activity, template)));
            Ok(stored)
        })
        .await
    }

    /// Whether what it gave back is there for it again; then its time begins anew.
    async fn reserve_again(&self, write: &mut Write, stored: &mut Stored, template: &Template) -> Result<(), ApiError> {
        let rule = clocks::team_lifetime(write, &stored.environment.team).await.map_err(fault)?;
        let limits = stored.environment.limits;
        self.admit(write, stored, Holding::restarted(limits.cpus, limits.memory)).await?;
        stored.because(None);
        stored.environment.expires_at = self.clock.now().after(template.lifetime.within(rule).default);
        Ok(())
    }

    /// Reserves for what somebody has started on the host, as a start does.
    pub(super) async fn begin_taken_over(&self, found: &Stored, template: &Template) -> Result<Stored, ApiError> {
        let _turn = self.turns.take(&found.environment.team).await;
        self.write(async |write| {
            let mut stored = self.still_allowed(write, found, Operation::Start).await?;
            self.reserve_again(write, &mut stored, template).await?;
            stored.move_to(State::Starting);
            let notes = [Note::Begin(StepName::Reserve), reserved_note(), Note::Begin(StepName::Start)];
            let entry = Entry::by(Who::job("engine"), audit::Action::Start).because("It was started on the host.");
            self.begin_activity(write, stored, entry, &notes).await
        })
        .await
    }

    /// Begins the start of what ran until the engine restarted: what it held, it holds on.
    pub(super) async fn begin_again(&self, activity: &Activity, how: String) -> Result<Stored, Broken> {
        self.store
            .write(async |write| {
                let found = environments::find(write, &activity.id).await?;
                let found = found
                    .filter(|found| found.activity == activity.number && found.environment.state == State::Running);
                let mut stored = found.ok_or(Broken::Superseded)?;
                stored.main_mut().part.forget_run();
                stored.move_to(State::Reserved);
                stored.because(Reason::StartsAgain { how: how.clone() });
                let entry = Entry::by(Who::job("engine"), audit::Action::Start).because(format!("{how}."));
                let begun = self.begin_activity(write, stored, entry, &[Note::Begin(StepName::Reserve)]).await;
                begun.map_err(Broken::refused)
            })
            .await
    }

    /// Brings it up. Where the engine goes away once more, it is as before: what should run.
    pub(super) async fn go_up_again(&self, activity: &Activity, template: &Template) {
        let before = self.current(activity).await.ok().and_then(|stored| stored.main().run_began_at);
        let Err(broken) = self.bring_up(activity, template).await else { return };
        if !matches!(broken, Broken::Engine(EngineError::Unreachable(_))) {
            return self.give_back(activity, broken).await;
        }
        let why = sentence(&broken.to_string());
        let notes = [Note::End(StepEnd::Failed(&why))];
        let left = self.advance(activity, State::Running, &notes, |stored| {
            stored.main_mut().part.forget_run();
            stored.main_mut().part.started_at = before;
        });
        if let Err(error) = left.await {
            tracing::warn!(%error, id = %activity.id, "it cannot be journalled that it waits for the engine");
        }
    }

    pub(super) async fn begin_stop(&self, who: Who, id: &EnvironmentId, why: Reason) -> Result<Stored, ApiError> {
        self.write(async |write| {
            let stored = self.allowed(write, id, Operation::Stop).await?;
            self.stop_found(who, write, stored, why).await
        })
        .await
    }

    /// Begins the stop of what this transaction has found to run.
    pub(super) async fn stop_found(
        &self,
        who: Who,
        write: &mut Write,
        mut stored: Stored,
        why: Reason,
    ) -> Result<Stored, ApiError> {
        stored.move_to(State::Stopping);
        let entry = Entry::by(who, audit::Action::Stop).because(&why);
        stored.because(why);
        let stored = self.begin_activity(write, stored, entry, &[Note::Begin(StepName::Stop)]).await?;
        let (service, activity) = (self.clone(), Activity::of(&stored));
        write.then(move || service.spawn(service.clone().drive_stop(activity)));
        Ok(stored)
    }

    async fn begin_restart(&self, who: Who, found: &Stored, template: Template) -> Result<Stored, ApiError> {
        allows(found, Operation::Restart)?;
        let driving = self.drivers.take(&found.environment.id).await;
        self.write(async move |write| {
            let mut stored = self.still_allowed(write, found, Operation::Restart).await?;
            stored.move_to(State::Stopping);
            stored.because(None);
            let entry = Entry::by(who, audit::Action::Restart);
            let stored = self.begin_activity(write, stored, entry, &[Note::Begin(StepName::Stop)]).await?;
            let (service, activity) = (self.clone(), Activity::of(&stored));
            write.then(move || service.spawn(service.clone().drive_restart(driving, activity, template)));
            Ok(stored)
        })
        .await
    }

    pub(super) async fn begin_removal(&self, who: Who, id: &EnvironmentId) -> Result<Stored, ApiError> {
        self.write(async |write| {
            let stored = self.allowed(write, id, Operation::Remove).await?;
            self.remove_found(who, write, stored).await
        })
        .await
    }

    /// Begins the removal of what this transaction has found.
    pub(super) async fn remove_found(
        &self,
        who: Who,
        write: &mut Write,
        mut stored: Stored,
    ) -> Result<Stored, ApiError> {
        // Nothing is made of it yet, so whoever launches it is not waited for: a pull may take hours.
        let nothing_made = matches!(stored.environment.state, State::Reserved | State::Pulling);
        let driver = self.drivers.seen(&stored.environment.id);
        stored.move_to(State::Removing);
        stored.main_mut().part.ports.clear();
        let entry = Entry::by(who, audit::Action::Remove);
        let stored = self.begin_activity(write, stored, entry, &[Note::Begin(StepName::Remove)]).await?;
        let (service, activity) = (self.clone(), Activity::of(&stored));
        write.then(move || {
            if nothing_made {
                driver.send_away();
            }
            service.spawn(service.clone().drive_removal(activity));
        });
        Ok(stored)
    }

    /// The environment inside this transaction, where its state allows `operation`.
    pub(super) async fn allowed(
        &self,
        write: &mut Write,
        id: &EnvironmentId,
        operation: Operation,
    ) -> Result<Stored, ApiError> {
        let stored = environments::find(write, id).await.map_err(fault)?;
        let stored = stored.ok_or_else(|| ApiError::not_found("environment"))?;
        allows(&stored, operation)?;
        Ok(stored)
    }

    /// The same for what waited until its driver had left: of ten who asked at once, one is first.
    async fn still_allowed(&self, write: &mut Write, found: &Stored, operation: Operation) -> Result<Stored, ApiError> {
        let stored = self.allowed(write, &found.environment.id, operation).await?;
        if stored.activity != found.activity {
            let message = "Something else was done to it meanwhile; look at what it is now.".to_owned();
            return Err(ApiError::Conflict { message });
        }
        Ok(stored)
    }

    async fn begin_activity(
        &self,
        write: &mut Write,
        mut stored: Stored,
        entry: Entry,
        notes: &[Note<'_>],
    ) -> Result<Stored, ApiError> {
        stored.activity += 1;
        self.save(write, &mut stored).await.map_err(fault)?;
        let (now, id) = (self.clock.now(), self.clock.activity_id());
        activities::end_of(write, &stored.environment.id, Outcome::Overtaken, None, now).await.map_err(fault)?;
        let kind = Kind::of(entry.action).expect("each operation is one");
        activities::begin(write, &id, kind, About::Environment(&stored), &entry.who, now).await.map_err(fault)?;
        self.note(write, &stored, notes).await.map_err(fault)?;
        self.log(write, entry.on(&stored.environment)).await?;
        Ok(stored)
    }

    pub(super) async fn drive_stop(self, activity: Activity) {
        let driving = self.drivers.take(&activity.id).await;
        let stopped = async {
            let cause = self.current(&activity).await?.cause.and_then(Reason::without_waiting);
            let why = cause.as_ref().map(ToString::to_string);
            self.stop_container(&activity).await?;
            self.advance(&activity, State::Stopped, &[Note::End(StepEnd::Done(why.as_deref()))], |stored| {
                stored.main_mut().part.forget_run();
                stored.because(cause);
            })
            .await
        };
        let work = async {
            if let Err(broken) = stopped.await {
                self.leave_to_reconciler(&activity, broken).await;
            }
        };
        driving.work(work).await;
    }

    async fn drive_restart(self, driving: Driving, activity: Activity, template: Template) {
        let work = async {
            match self.stop_container(&activity).await {
                Ok(()) => self.go_up(&activity, &template).await,
                Err(broken) => self.leave_to_reconciler(&activity, broken).await,
            }
        };
        driving.work(work).await;
    }

    async fn stop_container(&self, activity: &Activity) -> Result<(), Broken> {
        let stored = self.current(activity).await?;
        let Some(container) = container_of(&stored) else { return Ok(()) };
        match self.hosts.of(&stored.environment.host).engine().stop(&container, GRACE).await {
            Ok(()) | Err(EngineError::NotFound(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn drive_removal(self, activity: Activity) {
        let driving = self.drivers.take(&activity.id).await;
        let removed = async {
            let stored = self.current(&activity).await?;
            let runner = self.hosts.of(&stored.environment.host);
            if let Some(container) = container_of(&stored) {
                let why = stored.environment.reason.as_deref().unwrap_or("It was removed.");
                self.keep_post_mortem(&stored, why, None).await;
                runner.engine().remove(&container).await?;
            }
            self.advance(&activity, State::Removed, &[Note::End(StepEnd::Done(None))], |stored| {
                stored.main_mut().container_id = None;
                stored.main_mut().part.forget_run();
            })
            .await?;
            self.sweep_after(runner, &stored.environment.team).await;
            Ok(())
        };
        let work = async {
            if let Err(broken) = removed.await {
                self.leave_to_reconciler(&activity, broken).await;
            }
        };
        driving.work(work).await;
    }

    /// A stop or a removal that could not end: the state stays, with the cause, and the reconciler takes it up.
    async fn leave_to_reconciler(&self, activity: &Activity, broken: Broken) {
        if matches!(broken, Broken::Superseded) {
            return;
        }
        tracing::warn!(id = %activity.id, why = %broken, "it is taken up again by the reconciler");
        let noted = async {
            let stored = self.current(activity).await?;
            let state = stored.environment.state;
            self.advance(activity, state, &[], |stored| {
                let before = stored.cause.take();
                stored.because(Reason::not_yet(before, broken.told(), until(&broken)));
            })
            .await
        };
        if let Err(error) = noted.await {
            tracing::warn!(%error, id = %activity.id, "the cause cannot be journalled");
        }
    }

    /// An environment with all that its own page shows, and what this viewer may not do.
    pub(super) async fn detail(&self, actor: &Actor, id: &EnvironmentId) -> Result<EnvironmentDetail, ApiError> {
        let stored = self.permitted(actor, Action::See, id).await?;
        let template = self.template_of(&stored).await?;
        let steps = self.store.steps(id).await.map_err(fault)?;
        let team = self.team_lifetime(&stored.environment.team).await?;
        let secret = |name: &str| template.variables.iter().any(|v| v.name == name && v.secret);
        let variables = stored.variables.iter();
        let variables = variables.map(|(name, value)| (name.clone(), (!secret(name)).then(|| value.clone()))).collect();
        let container = stored.main().container_name.clone();
        Ok(EnvironmentDetail {
            refused: self.refused(actor, &stored),
            environment: self.shown(stored.environment),
            steps,
            variables,
            container,
            allowance: template.lifetime.within(team),
            grace: team.grace(),
            idle: template.idle,
        })
    }

    fn refused(&self, actor: &Actor, stored: &Stored) -> Vec<(Operation, String)> {
        use model::access::{Denied, Target, authorize};
        let target = Target::Environment { team: &stored.environment.team, owner: &stored.environment.owner_id };
        let rule = match authorize(actor, Action::Operate, target) {
            Ok(()) => None,
            Err(Denied::Rule(rule)) => Some(sentence(rule)),
            Err(Denied::Hidden) => Some("It is not yours.".to_owned()),
        };
        let why = |operation: Operation| rule.clone().map(|rule| (operation, rule));
        Operation::ALL.into_iter().filter_map(why).collect()
    }
}

/// Whether its state allows `operation`.
fn allows(stored: &Stored, operation: Operation) -> Result<(), ApiError> {
    let allowed = stored.environment.state.allows(operation);
    allowed.map_err(|why| ApiError::Conflict { message: why.to_owned() })
}

/// Until when it is not done.
const fn until(broken: &Broken) -> Until {
    match broken {
        Broken::Engine(EngineError::Unreachable(_)) => Until::EngineAnswers,
        Broken::Engine(EngineError::NoSpace) | Broken::Store(StoreError::Full) => Until::ThereIsRoom,
        _ => Until::NextLook,
    }
}

/// Upper case at the beginning, a full stop at the end.
pub(super) fn sentence(text: &str) -> String {
    let text = upper(text);
    if text.ends_with('.') { text } else { format!("{text}.") }
}

/// Upper case at the beginning.
pub(super) fn upper(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}", letters.as_str())
}
