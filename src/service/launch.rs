//! A launch, step by step: validate, reserve, image, create, start, ports, ready. A start takes the same way from `reserve`
//! on. Failure at any step removes what was made and gives the reservation back.

use std::sync::{Mutex, PoisonError};

use app::api::ApiError;
use app::api::environments::{KEY_MAX, LaunchAsk};
use docker::{
    Attachment, Container, ContainerId, ContainerSpec, EngineError, ImageId, PullProgress, SpecError, Status, Wanted,
};
use model::access::{Action, Actor};
use model::activity::Kind;
use model::audit::{self, Entry, Who};
use model::environment::{Environment, Health, Limits, Port, State, StepName, TemplateVersion};
use model::history;
use model::name::{EnvironmentName, HostName, PartName, TemplateName};
use model::quota::{Holding, Quota, Room};
use model::reason::Reason;
use model::template::{Readiness, Size, Template};
use model::time::Timestamp;
use model::units::Span;
use sha2::{Digest, Sha256};
use store::activities::{self, About};
use store::catalogue::{Catalogue, TemplateRecord};
use store::environments::{self, StepEnd, Stored};
use store::limits::limits;
use store::parts::PartRecord;
use store::{StoreError, Write};

use super::activity::{Activity, Broken, Note};
use super::drivers::Driving;
use super::error::fault;
use super::lifecycle::GRACE;
use super::runner::Runner;
use super::{Service, container_of, probe};

/// How many of a container's last log lines a failure quotes.
const LAST_LINES: usize = 5;

/// How long an idempotency key stands for its launch.
const KEY_KEPT: Span = Span::hours(24);

impl Service {
    pub(super) async fn begin_launch(&self, actor: &Actor, ask: LaunchAsk) -> Result<Environment, ApiError> {
        self.permit_team(actor, Action::Launch, &ask.team)?;
        let turn = self.turns.take(&ask.team).await;
        if let Some(known) = self.launched_before(actor, &ask).await? {
            return Ok(self.shown(known));
        }
        let plan = self.plan(actor, &ask).await?;
        if let Err(refused) = self.look_for_room(actor, &plan).await {
            let known = self.launched_before(actor, &ask).await?;
            return known.map(|known| self.shown(known)).ok_or(refused);
        }
        // Taken before anybody can see the row: what is on its way and has no driver was left behind by a killed server.
        let driving = self.drivers.take(&plan.stored.environment.id).await;
        let reserved = match self.reserve(actor, &ask, plan, driving).await {
            Ok(reserved) => reserved,
            // The same key may have come twice at the same moment, and the other was first.
            Err(refused) => {
                let known = self.launched_before(actor, &ask).await?;
                return known.map(|known| self.shown(known)).ok_or(refused);
            }
        };
        drop(turn);
        Ok(self.shown(reserved.environment))
    }

    /// What was launched by the same ask under the same key.
    async fn launched_before(&self, actor: &Actor, ask: &LaunchAsk) -> Result<Option<Environment>, ApiError> {
        let Some(key) = &ask.idempotency_key else { return Ok(None) };
        if key.is_empty() || key.chars().count() > KEY_MAX {
            return Err(ApiError::invalid("idempotency_key", format!("must have 1 to {KEY_MAX} characters")));
        }
        let since = self.clock.now().before(KEY_KEPT);
        let known = self.store.launched_under(&actor.id, key, since).await.map_err(fault)?;
        let Some((stored, asked)) = known else { return Ok(None) };
        let same = match asked {
            Some(digest) => digest == digest_of(ask),
            None => stored.environment.team == ask.team,
        };
        if same {
            return Ok(Some(stored.environment));
        }
        let message = "was used for another launch within a day; a new launch needs a new key, and this page a reload";
        Err(ApiError::invalid("idempotency_key", message))
    }

    /// Everything about a launch that can be known beforehand.
    async fn plan(&self, actor: &Actor, ask: &LaunchAsk) -> Result<Plan, ApiError> {
        let catalogue = self.kept().await?.catalogue;
        let team = catalogue.team(&ask.team).ok_or_else(|| ApiError::not_found("team"))?;
        let record = offered(&catalogue, ask, self.clock.now())?;
        let size = chosen_size(&catalogue, &record.template, ask)?;
        let variables =
            record.template.variables_from(&ask.variables).map_err(|errors| ApiError::Invalid { errors })?;
        let now = self.clock.now();
        let expires_at = record.template.lifetime.within(team.lifetime).first_expiry(now, ask.lifetime);
        let expires_at = expires_at.map_err(|error| ApiError::invalid("lifetime", error.to_string()))?;
        let name = ask.name.clone().unwrap_or_else(|| placeholder(&record.slug));
        let environment = Environment {
            id: self.clock.environment_id(),
            name,
            team: ask.team.clone(),
            owner: actor.name.clone(),
            owner_id: actor.id.clone(),
            template: TemplateVersion { slug: record.slug.clone(), version: record.version },
            size: size.name.clone(),
            // Where it is placed is decided when it is reserved.
            host: HostName::default_host(),
            state: State::Reserved,
            reason: None,
            reason_code: None,
            health: None,
            paused: false,
            out_of_memory: false,
            ports: Vec::new(),
            parts: Vec::new(),
            limits: Limits { cpus: size.cpus, memory: size.memory, pids: size.pids, disk: size.disk },
            created_at: now,
            started_at: None,
            expires_at,
            removes_at: None,
            idle: None,
            isolated: true,
            limits_hold: true,
            revision: 1,
        };
        let mut stored = Stored {
            environment,
            parts: vec![PartRecord::reserved(PartName::main())],
            activity: 1,
            watch: None,
            variables,
            cause: None,
        };
        stored.fold();
        let hosts = self.some_open_host(&catalogue, &ask.team, &record.slug)?;
        Ok(Plan { stored, template: record.template.clone(), hosts })
    }

    /// Refuses what has no room as things are, before it queues for the one writer: a crowd that asks for more than there is
    /// keeps nobody else waiting. Who passes here is decided on again where the row is inserted.
    async fn look_for_room(&self, actor: &Actor, plan: &Plan) -> Result<(), ApiError> {
        let Environment { limits, team, .. } = &plan.stored.environment;
        let (kept, now) = (self.kept().await?, self.clock.now());
        let (declared, held) = kept.limits(team, &actor.id, now).ok_or_else(|| ApiError::not_found("team"))?;
        let admitted =
            declared.room(&held, plan.hosts.clone(), now).admit(Holding::running(limits.cpus, limits.memory));
        admitted.map_err(|refusal| ApiError::QuotaExceeded { refusal })
    }

    /// The one place where a launch is admitted: sums, decides and inserts in one transaction that nobody else can enter.
    async fn reserve(
        &self,
        actor: &Actor,
        ask: &LaunchAsk,
        Plan { mut stored, template, hosts }: Plan,
        driving: Driving,
    ) -> Result<Stored, ApiError> {
        self.write(async move |write| {
            let choice = hosts.len();
            self.place(write, &mut stored, hosts).await?;
            let environment = &stored.environment;
            let names = environments::names(write, &environment.team).await.map_err(fault)?;
            if ask.name.is_none() {
                stored.environment.name = free_name(&environment.template.slug, &names);
            } else if names.iter().any(|name| name == environment.name.as_str()) {
                return Err(name_taken(&stored));
            }
            let digest = digest_of(ask);
            let key = ask.idempotency_key.as_deref().map(|key| environments::Key { key, digest: &digest });
            if let Some(environments::Key { key, .. }) = key {
                let before = self.clock.now().before(KEY_KEPT);
                environments::free_key(write, &actor.id, key, before).await.map_err(fault)?;
            }
            environments::insert(write, &stored, key).await.map_err(|error| match error {
                StoreError::Taken => name_taken(&stored),
                other => fault(other),
            })?;
            let (now, id) = (self.clock.now(), self.clock.activity_id());
            let about = About::Environment(&stored);
            activities::begin(write, &id, Kind::Launch, about, &actor.into(), now).await.map_err(fault)?;
            let notes = [Note::Begin(StepName::Reserve), reserved_note(), Note::Begin(StepName::Image)];
            self.note(write, &stored, &notes).await.map_err(fault)?;
            let launched =
                Entry::by(actor, audit::Action::Launch).on(&stored.environment).because(chosen(&stored, choice));
            self.log(write, launched).await?;
            self.announce_then(write, &stored.environment);
            let (service, activity) = (self.clone(), Activity::of(&stored));
            write.then(move || service.spawn(service.clone().drive_up(driving, activity, template)));
            Ok(stored)
        })
        .await
    }

    /// Chooses the host of something new, as this transaction sees what is held.
    async fn place(&self, write: &mut Write, new: &mut Stored, hosts: Vec<(HostName, Quota)>) -> Result<(), ApiError> {
        let limits = new.environment.limits;
        let room = self.room_for(write, new, hosts).await?;
        let placed = room.place(Holding::running(limits.cpus, limits.memory));
        let placed = placed.map_err(|refusal| ApiError::QuotaExceeded { refusal })?;
        new.environment.host = placed.expect("there is a host").clone();
        Ok(())
    }

    /// Whether `ask` fits on its host beside what is held, as this transaction sees it.
    pub(super) async fn admit(&self, write: &mut Write, of: &Stored, ask: Holding) -> Result<(), ApiError> {
        let runner = self.hosts.of(&of.environment.host);
        let room = self.room_for(write, of, vec![(runner.name().clone(), runner.quota())]).await?;
        room.admit(ask).map_err(|refusal| ApiError::QuotaExceeded { refusal })
    }

    async fn room_for(&self, write: &mut Write, of: &Stored, hosts: Vec<(HostName, Quota)>) -> Result<Room, ApiError> {
        let (team, owner) = (&of.environment.team, &of.environment.owner_id);
        // Read now that nobody else can write: a loan that is back by then is not counted.
        let now = self.clock.now();
        let limits = limits(write, team, owner, now).await.map_err(fault)?;
        let limits = limits.ok_or_else(|| ApiError::not_found("team"))?;
        let held = environments::holdings(write, team, owner).await.map_err(fault)?;
        Ok(limits.room(&held, hosts, now))
    }

    /// Brings a reserved environment up, or gives back what it held.
    pub(super) async fn drive_up(self, driving: Driving, activity: Activity, template: Template) {
        driving.work(self.go_up(&activity, &template)).await;
    }

    pub(super) async fn go_up(&self, activity: &Activity, template: &Template) {
        if let Err(broken) = self.bring_up(activity, template).await {
            self.give_back(activity, broken).await;
        }
    }

    pub(super) async fn bring_up(&self, activity: &Activity, template: &Template) -> Result<(), Broken> {
        let stored = self.current(activity).await?;
        let (container, network) = match container_of(&stored) {
            Some(id) => (id, self.attached(&stored).await?),
            None => self.make_container(activity, &stored, template).await?,
        };
        let starting = [Note::End(StepEnd::Done(None)), Note::Begin(StepName::Start)];
        self.advance(activity, State::Starting, &starting, |stored| {
            stored.main_mut().container_id = Some(container.to_string());
            stored.main_mut().network = Some(network.to_string());
            stored.main_mut().run_began_at = None;
            stored.main_mut().part.forget_run();
            stored.main_mut().part.exit_code = None;
            stored.because(None);
        })
        .await?;
        self.hosts.of(&stored.environment.host).engine().start(&container).await?;
        self.make_ready(activity, &container, template).await
    }

    async fn make_container(
        &self,
        activity: &Activity,
        stored: &Stored,
        template: &Template,
    ) -> Result<(ContainerId, Attachment), Broken> {
        let engine = self.hosts.of(&stored.environment.host).engine();
        let (image, found) = self.image(activity, stored, &template.image).await?;
        let creating = [Note::End(StepEnd::Done(Some(found))), Note::Begin(StepName::Create)];
        let network = self.network_of(stored).await?;
        let spec = self.spec(stored, template, &image, &network)?;
        let name = spec.name().to_owned();
        self.advance(activity, State::Creating, &creating, |stored| stored.main_mut().container_name = Some(name))
            .await?;
        let container = engine.create(&spec).await?;
        match self.current(activity).await {
            Ok(_) => Ok((container, network)),
            Err(broken) => {
                // Nobody knows of it yet but this task.
                engine.remove(&container).await?;
                Err(broken)
            }
        }
    }

    fn spec(
        &self,
        stored: &Stored,
        template: &Template,
        image: &ImageId,
        network: &Attachment,
    ) -> Result<ContainerSpec, SpecError> {
        let environment = &stored.environment;
        ContainerSpec::new(&Wanted {
            environment: &environment.id,
            name: &environment.name,
            team: &environment.team,
            owner: &environment.owner,
            template: &environment.template,
            part: &stored.main().part.name,
            attempt: stored.main().attempt,
            installation: &self.settings.installation,
            image,
            command: &template.command,
            variables: &stored.variables,
            ports: &template.ports,
            limits: environment.limits,
            network,
            bind: self.hosts.of(&environment.host).settings.reach.bind,
        })
    }

    /// Sees to it that the image is there, and how it was found, in a word for the journal.
    async fn image(
        &self,
        activity: &Activity,
        stored: &Stored,
        reference: &str,
    ) -> Result<(ImageId, &'static str), Broken> {
        let runner = self.hosts.of(&stored.environment.host);
        match runner.engine().image(reference).await {
            Ok(Some(image)) => return Ok((image, "present")),
            Ok(None) => {}
            Err(EngineError::Refused { .. }) => {
                tracing::warn!(reference, "a template names its image in a way that the engine refuses");
                return Err(Broken::Failed(Reason::ImageNameRefused));
            }
            Err(error) => return Err(error.into()),
        }
        let pulling = self.advance(activity, State::Pulling, &[], |_| {}).await?;
        let told = Mutex::new(None);
        let progress = |progress: PullProgress| {
            let come = progress.done();
            let before = told.lock().unwrap_or_else(PoisonError::into_inner).replace(come);
            let mut pulling = pulling.clone();
            pulling.because(Reason::Pulling { done: come.done, total: come.total });
            let pulling = pulling.environment;
            if before == Some(come) {
                // Bytes came, and the sentence is the same.
                self.underway.note(&pulling);
            } else {
                self.announce(&pulling);
            }
        };
        let Environment { owner_id, owner, .. } = &stored.environment;
        match self.pull(runner, reference, Who::person(owner_id, owner), progress).await {
            Ok(image) => Ok((image, "pulled")),
            Err(error @ (EngineError::NotFound(_) | EngineError::Refused { .. })) => {
                // The engine's own words name the image and its registry, which are not the member's to see.
                tracing::warn!(%error, reference, "an image cannot be pulled");
                Err(Broken::Failed(Reason::ImageAbsent))
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn make_ready(
        &self,
        activity: &Activity,
        container: &ContainerId,
        template: &Template,
    ) -> Result<(), Broken> {
        let runner = self.hosts.of(&self.current(activity).await?.environment.host);
        let inspected = runner.engine().inspect(container).await?;
        let ports = ports(template, &inspected);
        let mapped = describe(&ports);
        let open = [
            Note::End(StepEnd::Done(None)),
            Note::Begin(StepName::Ports),
            Note::End(StepEnd::Done(Some(&mapped))),
            Note::Begin(StepName::Ready),
        ];
        self.advance(activity, State::Starting, &open, |stored| {
            stored.main_mut().part.ports.clone_from(&ports);
            stored.main_mut().run_began_at = inspected.started_at;
        })
        .await?;
        self.wait_until_ready(runner, activity, container, template, &ports).await?;
        let now = self.clock.now();
        self.advance(activity, State::Running, &[Note::End(StepEnd::Done(None))], |stored| {
            stored.main_mut().part.started_at = Some(now);
            stored.begin_watch(template, now);
            stored.main_mut().ran = true;
        })
        .await?;
        Ok(())
    }

    /// Asks until the container is ready, has ended, or its time is over. Looks at the container between attempts, each
    /// time the pause has grown: one that has ended never gets ready.
    async fn wait_until_ready(
        &self,
        runner: &Runner,
        activity: &Activity,
        container: &ContainerId,
        template: &Template,
        ports: &[Port],
    ) -> Result<(), Broken> {
        let ready = &template.ready;
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(ready.within().as_seconds());
        for attempt in 0.. {
            let answer = match self.probes.attempt(ready, ports, &runner.settings.reach).await {
                Ok(()) if !needs_inspection(ready) => return Ok(()),
                Ok(()) => "its health check has not said healthy".to_owned(),
                Err(answer) => answer,
            };
            if attempt % 4 == 0 {
                let inspected = runner.engine().inspect(container).await?;
                if is_up(ready, &inspected) {
                    return Ok(());
                }
                self.refuse_ended(runner, activity, container, &inspected).await?;
                self.current(activity).await?;
            }
            if tokio::time::Instant::now() >= deadline {
                let last_lines = self.last_words(runner, activity, container).await;
                return Err(Broken::Failed(Reason::NotReady { within: ready.within(), answer, last_lines }));
            }
            tokio::time::sleep(probe::backoff(attempt)).await;
        }
        unreachable!("the deadline ends the loop")
    }

    async fn refuse_ended(
        &self,
        runner: &Runner,
        activity: &Activity,
        container: &ContainerId,
        inspected: &Container,
    ) -> Result<(), Broken> {
        if matches!(inspected.status, Status::Running | Status::Restarting | Status::Paused | Status::Other(_)) {
            return Ok(());
        }
        let stored = self.current(activity).await?;
        let how = self.how_it_ended(&stored, inspected, inspected.started_at).await.0;
        let last_lines = self.last_words(runner, activity, container).await;
        Err(Broken::Failed(Reason::EndedBeforeReady { how, last_lines }))
    }

    /// The container's last lines for a failure's reason, without secrets, or nothing where they cannot be had.
    async fn last_words(&self, runner: &Runner, activity: &Activity, container: &ContainerId) -> String {
        match runner.engine().logs_tail(container, LAST_LINES).await {
            Ok(lines) if !lines.is_empty() => match self.current(activity).await {
                Ok(stored) => {
                    let secrets = self.secrets_of(&stored).await;
                    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
                    history::quoted(&lines, &secrets)
                }
                // Another operation has taken over, and this failure is told to nobody.
                Err(_) => String::new(),
            },
            Ok(_) => String::new(),
            Err(error) => {
                tracing::warn!(%error, "the last lines of a container that failed cannot be read");
                String::new()
            }
        }
    }

    /// After a failure: the container goes, the reservation is given back, and the reason stays.
    pub(super) async fn give_back(&self, activity: &Activity, broken: Broken) {
        if let Broken::Engine(error) = &broken {
            tracing::warn!(%error, id = %activity.id, "the engine did not bring it up");
        }
        let lost = match &broken {
            Broken::Engine(error) => Some(error.clone()),
            _ => None,
        };
        let cause = match broken {
            Broken::Superseded => return,
            Broken::Store(error) => {
                // The journal cannot be written: the reconciler finds it when it can.
                tracing::error!(%error, id = %activity.id, "a launch cannot be journalled");
                return;
            }
            Broken::Failed(cause) => cause,
            Broken::Engine(_) | Broken::Spec(_) => Reason::Refused { why: broken.told() },
        };
        let why = cause.to_string();
        let Ok(stored) = self.current(activity).await else { return };
        if let Some(error) = lost {
            self.suspect(&stored.environment.host, &error);
        }
        tracing::info!(id = %activity.id, why, "a launch failed");
        self.keep_post_mortem(&stored, &why, None).await;
        let kept = self.put_down(&stored).await;
        let notes = [Note::End(StepEnd::Failed(&why))];
        let failed = self.advance(activity, State::Failed, &notes, |stored| {
            stored.because(cause);
            stored.main_mut().part.ports.clear();
            if kept == Kept::Nothing {
                stored.main_mut().forget_container();
            }
        });
        match failed.await {
            Ok(_) | Err(Broken::Superseded) => {}
            Err(error) => tracing::error!(%error, id = %activity.id, "a failed launch cannot be journalled"),
        }
    }

    /// The container of a launch that failed goes; one that ran before holds people's work, and is only stopped. Where the
    /// engine does not do it, the reconciler sees to it later.
    pub(super) async fn put_down(&self, stored: &Stored) -> Kept {
        let Some(container) = container_of(stored) else { return Kept::Nothing };
        let engine = self.hosts.of(&stored.environment.host).engine();
        let done =
            if stored.main().ran { engine.stop(&container, GRACE).await } else { engine.remove(&container).await };
        match done {
            Ok(()) if !stored.main().ran => Kept::Nothing,
            // There is none to keep any more.
            Err(EngineError::NotFound(_)) => Kept::Nothing,
            Ok(()) => Kept::Container,
            Err(error) => {
                tracing::warn!(%error, id = %stored.environment.id, "its container is put down when the engine answers");
                Kept::Container
            }
        }
    }
}

/// What is left of a container after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    Nothing,
    Container,
}

struct Plan {
    stored: Stored,
    template: Template,
    /// Where it may be placed, and what each host may give in all.
    hosts: Vec<(HostName, Quota)>,
}

pub(super) fn reserved_note() -> Note<'static> {
    Note::End(StepEnd::Done(None))
}

/// Of everything but the key, the team included.
fn digest_of(ask: &LaunchAsk) -> String {
    let asked = LaunchAsk { idempotency_key: None, ..ask.clone() };
    let text = serde_json::to_string(&asked).expect("an ask is JSON");
    clock::hex(&Sha256::digest(text))
}

fn offered<'a>(catalogue: &'a Catalogue, ask: &LaunchAsk, now: Timestamp) -> Result<&'a TemplateRecord, ApiError> {
    let found = catalogue.template(&ask.template).filter(|template| template.is_offered_to(&ask.team, now));
    found.ok_or_else(|| ApiError::invalid("template", format!("`{}` is not offered to this team", ask.template)))
}

fn chosen_size<'a>(catalogue: &'a Catalogue, template: &Template, ask: &LaunchAsk) -> Result<&'a Size, ApiError> {
    let name = ask.size.as_ref().or(template.sizes.first());
    let offered = name.filter(|name| template.sizes.contains(name));
    let size = offered.and_then(|name| catalogue.sizes.iter().find(|size| size.name == *name));
    size.ok_or_else(|| {
        let names: Vec<&str> = template.sizes.iter().map(model::name::SizeName::as_str).collect();
        ApiError::invalid("size", format!("must be one of {}", names.join(", ")))
    })
}

/// What was chosen, and of how many hosts which, in a word for the log.
fn chosen(stored: &Stored, hosts: usize) -> String {
    let Environment { template, size, host, .. } = &stored.environment;
    let chosen = format!("{} v{}, size {size}", template.slug, template.version);
    if hosts > 1 { format!("{chosen}, on {host}: most memory left of {hosts} hosts") } else { chosen }
}

fn name_taken(stored: &Stored) -> ApiError {
    let message =
        format!("the team already has `{}`; choose another name, or remove that one first", stored.environment.name);
    ApiError::invalid("name", message)
}

fn placeholder(template: &TemplateName) -> EnvironmentName {
    free_name(template, &[])
}

/// `web-1`, or the next number that is free; a long template name is cut.
fn free_name(template: &TemplateName, taken: &[String]) -> EnvironmentName {
    let stem: String = template.as_str().chars().take(30).collect();
    let stem = stem.trim_end_matches('-');
    let free = (1..).map(|number: u32| format!("{stem}-{number}")).find(|name| !taken.contains(name));
    let free = free.expect("there are more numbers than environments");
    EnvironmentName::parse(&free).expect("a template's name and a number are a name")
}

fn needs_inspection(ready: &Readiness) -> bool {
    match ready {
        Readiness::Started | Readiness::Health { .. } => true,
        Readiness::Tcp { .. } | Readiness::Http { .. } => false,
    }
}

fn is_up(ready: &Readiness, container: &Container) -> bool {
    match ready {
        Readiness::Started => container.status == Status::Running,
        Readiness::Health { .. } => container.health == Some(Health::Healthy),
        Readiness::Tcp { .. } | Readiness::Http { .. } => false,
    }
}

/// The template's ports where the engine has published them.
#[must_use]
pub fn ports(template: &Template, container: &Container) -> Vec<Port> {
    let published = |spec: &model::template::PortSpec| {
        let binding = container.ports.iter().find(|b| b.container == spec.number && b.protocol == spec.protocol)?;
        Some(Port {
            name: spec.name.clone(),
            container: spec.number,
            protocol: spec.protocol,
            scheme: spec.scheme,
            host_ip: binding.host_ip.clone(),
            host_port: binding.host_port,
            url: None,
            address: String::new(),
        })
    };
    template.ports.iter().filter_map(published).collect()
}

fn describe(ports: &[Port]) -> String {
    let each: Vec<String> = ports.iter().map(|p| format!("{}→{}", p.container, p.host_port)).collect();
    if each.is_empty() { "none".to_owned() } else { each.join(", ") }
}
