//! A service on a real database and the stand-in engine, with a catalogue, people and the time in the test's hand.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use app::api::ApiError;
use app::api::backend::{Environments, Live};
use app::api::environments::LaunchAsk;
use app::api::live::Change;
use clock::Clock;
use docker::{Engine, Patience};
use futures::StreamExt;
use model::access::{Actor, InstallationRole, TeamRole};
use model::environment::{Environment, Operation, State};
use model::host::Host;
use model::name::{EnvironmentId, HostName, TeamName};
use model::time::Timestamp;
use model::units::{Memory, Span};
use service::{HostSettings, Reach, Reserve, Service, Settings, apply};
use store::Store;
use store::people::Identity;
use tempfile::TempDir;

use super::stand_in::{Image, Process, StandIn};
use crate::config::Limits;

const CATALOGUE: &str = include_str!("stage.toml");

/// 2027-01-15.
const BEGINS: i64 = 1_800_000_000_000;

pub struct Stage {
    pub engine: StandIn,
    pub service: Service,
    pub store: Store,
    pub clock: Clock,
    now: Arc<AtomicI64>,
    patience: Patience,
    folder: TempDir,
}

impl Stage {
    /// With its engine live and every image of the catalogue on the host but `berth/absent:1`.
    pub async fn set() -> Self {
        Self::set_with(Patience::default()).await
    }

    /// The same, where the engine may take its time for every call.
    pub async fn set_patient() -> Self {
        let day = Duration::from_secs(24 * 3600);
        Self::set_with(Patience { short: day, launch: day, stop: day, pull: day, ..Patience::default() }).await
    }

    /// With an engine that is prepared before it is first asked.
    pub async fn set_over(prepare: impl FnOnce(&StandIn)) -> Self {
        Self::prepared(Patience::default(), prepare).await
    }

    async fn set_with(patience: Patience) -> Self {
        Self::prepared(patience, |_| {}).await
    }

    async fn prepared(patience: Patience, prepare: impl FnOnce(&StandIn)) -> Self {
        let engine = StandIn::start().await;
        prepare(&engine);
        engine.has_image("berth/web:1", Image::that(Process::Serves));
        engine.has_image("berth/silent:1", Image::that(Process::Silent).writing(&["waiting for a database"]));
        engine.has_image("berth/exits:1", Image::that(Process::Exits(3)).writing(&["no such file", "giving up"]));
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("berth.db")).await.expect("a database");
        let now = Timestamp::from_millis(BEGINS);
        apply::apply(&store, CATALOGUE, false, now).await.unwrap_or_else(|error| panic!("{error}"));
        Self::around(engine, store, folder, patience).await
    }

    /// On a database and over an engine that are there.
    pub async fn around(engine: StandIn, store: Store, folder: TempDir, patience: Patience) -> Self {
        let now = Arc::new(AtomicI64::new(BEGINS));
        let clock = clock(&now);
        let service = serve(&store, &engine, &clock, patience);
        service.remember_hosts().await.expect("a database");
        let stage = Self { engine, service, store, clock, now, patience, folder };
        stage.live(&stage.service).await;
        stage
    }

    pub fn database(&self) -> PathBuf {
        self.folder.path().join("berth.db")
    }

    /// Lets `service` follow the engine, and waits until it does.
    pub async fn live(&self, service: &Service) {
        let mut changes = service.changes();
        service.spawn(service.clone().follow_engines());
        while !service.known_hosts().iter().all(Host::is_live) {
            changes.next().await.expect("the service is there");
        }
    }

    /// Waits until the service has noticed that the engine is away.
    pub async fn lost(&self) {
        let mut changes = self.service.changes();
        while self.service.current_host().is_live() {
            changes.next().await.expect("the service is there");
        }
    }

    /// Another server on the same database, which nobody has told of the engine yet.
    pub fn unanswered(&self) -> Service {
        serve(&self.store, &self.engine, &self.clock, self.patience)
    }

    /// Another server on the same database and engine, where the operator decides otherwise of the host.
    pub async fn serving_with(&self, otherwise: impl FnOnce(&mut HostSettings)) -> Service {
        let mut host = host("default", &self.engine, Patience::default());
        otherwise(&mut host);
        self.serving_on(vec![host]).await
    }

    /// Another server on the same database, with these hosts; each answers.
    pub async fn serving_on(&self, hosts: Vec<HostSettings>) -> Service {
        let service = Service::new(self.store.clone(), self.clock.clone(), settings(), hosts);
        service.remember_hosts().await.expect("a database");
        self.live(&service).await;
        service
    }

    /// Kills the server, wherever it is, and starts another on the same database and engine.
    pub async fn restarted(&self) -> Service {
        self.service.cut_off();
        self.serving(&self.engine).await
    }

    /// A server on this database and another engine.
    pub async fn serving(&self, engine: &StandIn) -> Service {
        let service = serve(&self.store, engine, &self.clock, self.patience);
        service.remember_hosts().await.expect("a database");
        self.live(&service).await;
        service
    }

    pub fn pass(&self, span: Span) {
        self.now.fetch_add(i64::try_from(span.as_seconds() * 1000).expect("a short time"), Ordering::SeqCst);
    }

    /// Sets the clock back.
    pub fn set_back(&self, span: Span) {
        self.now.fetch_sub(i64::try_from(span.as_seconds() * 1000).expect("a short time"), Ordering::SeqCst);
    }

    pub async fn person(&self, name: &str, team: &str, role: TeamRole) -> Actor {
        let identity = Identity {
            issuer: "https://id.test".to_owned(),
            subject: name.to_owned(),
            name: name.to_owned(),
            email: None,
            role: None,
        };
        let id = self.clock.user_id();
        let person = self.store.sign_in_person(&identity, &[], &id, self.clock.now()).await.expect("a database");
        let team = TeamName::parse(team).expect("a name");
        let teams = [(team, role)].into();
        Actor { id: person, name: name.to_owned(), email: None, role: None, teams, scope: None, token: None }
    }

    /// Reads all and changes nothing.
    pub async fn auditor(&self) -> Actor {
        let person = self.person("Ada", "green", TeamRole::Member).await;
        Actor { role: Some(InstallationRole::Auditor), teams: Default::default(), ..person }
    }

    pub async fn bea(&self) -> Actor {
        self.person("Bea", "blue", TeamRole::Member).await
    }

    /// Launches and waits for the end of it.
    pub async fn launched(&self, actor: &Actor, ask: LaunchAsk) -> Result<Environment, ApiError> {
        let launched = self.service.launch(actor, ask).await?;
        self.service.settled(actor, &launched.id).await
    }

    /// Does it, and waits for the end of it.
    pub async fn done(&self, actor: &Actor, id: &EnvironmentId, operation: Operation) -> Result<Environment, ApiError> {
        self.service.operate(actor, id, operation).await?;
        self.service.settled(actor, id).await
    }

    /// Waits until the environment is in `state`.
    pub async fn becomes(&self, actor: &Actor, id: &EnvironmentId, state: State) -> Environment {
        let mut changes = self.service.changes();
        let seen = self.service.environment(actor, id).await.expect("an environment").environment;
        if seen.state == state {
            return seen;
        }
        loop {
            match changes.next().await.expect("the service is there") {
                Change::Environment(changed) if changed.id == *id && changed.state == state => return *changed,
                _ => {}
            }
        }
    }
}

/// Reconciles once whoever worked on an environment has left: before that it is none of the reconciler's business.
pub async fn reconciled(service: &Service) {
    service.all_left().await;
    service.reconcile().await;
}

/// What the operator decides, where a story does not say otherwise.
pub fn settings() -> Settings {
    Settings {
        installation: "test".to_owned(),
        launches: Limits::default().launches,
        groups_valid_for: Some(Span::hours(30 * 24)),
        keep_removed: Span::hours(90 * 24),
    }
}

/// What the operator decides of a host, where a story does not say otherwise.
pub fn host(name: &str, engine: &StandIn, patience: Patience) -> HostSettings {
    let engine = Engine::connect_with(&engine.connection(), patience).expect("a connection");
    host_over(name, engine)
}

pub fn host_over(name: &str, engine: Engine) -> HostSettings {
    HostSettings {
        name: HostName::parse(name).expect("a name"),
        engine,
        reach: Reach { public_host: Some("dock.test".to_owned()), ..Reach::default() },
        reserve: Reserve { memory: Memory::default(), memory_ratio: 1000.0, cpu_ratio: 1000.0 },
        without_limits: false,
        address_pool: None,
    }
}

fn serve(store: &Store, engine: &StandIn, clock: &Clock, patience: Patience) -> Service {
    Service::new(store.clone(), clock.clone(), settings(), vec![host("default", engine, patience)])
}

/// A clock that stands still until the test lets time pass, and random bytes that are never the same twice.
fn clock(now: &Arc<AtomicI64>) -> Clock {
    let (now, next) = (Arc::clone(now), AtomicU64::new(0));
    Clock::new(
        move || Timestamp::from_millis(now.load(Ordering::SeqCst)),
        move |bytes| {
            let count = next.fetch_add(1, Ordering::SeqCst).to_le_bytes();
            bytes.iter_mut().zip(count.iter().cycle()).for_each(|(byte, count)| *byte = *count);
        },
    )
}

/// A launch of `template` for team blue, and nothing chosen.
pub fn ask(template: &str) -> LaunchAsk {
    LaunchAsk {
        team: TeamName::parse("blue").expect("a name"),
        template: template.parse().expect("a name"),
        size: None,
        name: None,
        lifetime: None,
        variables: Default::default(),
        idempotency_key: None,
    }
}
