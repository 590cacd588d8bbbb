//! What happens: the one place that decides and acts, for pages, scripts, jobs and the command line alike.
//!
//! Every entry takes the actor first and asks `authorize` below HTTP. What takes long runs in tasks of the service, which
//! `close` waits for.

mod activity;
pub mod apply;
mod audit;
mod deadlines;
pub mod declare;
mod declared;
mod disk;
mod drivers;
mod ends;
mod environments;
pub mod error;
pub mod export;
mod host;
mod isolation;
mod launch;
mod lifecycle;
pub mod list;
mod live;
mod networks;
mod people;
mod post_mortem;
mod probe;
mod reach;
mod reconcile;
mod requests;
mod settings;
mod sizes;
mod teams;
mod templates;
pub mod terminal;
mod time;
mod turns;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use app::api::ApiError;
use clock::Clock;
use docker::{ContainerId, Engine};
use futures::FutureExt;
use identity::rates::{Counted, Pace, Rate};
use ipnet::Ipv4Net;
use model::access::{Action, Actor, Denied, Target, authorize};
use model::environment::Environment;
use model::host::{Host, Isolation, IsolationCheck};
use model::name::{EnvironmentId, TeamName};
use model::quarantine::Stray;
use model::time::Timestamp;
use model::units::{Memory, Span};
use store::environments::Stored;
use store::kept::Snapshot;
use store::{Store, StoreError, Write};
use tokio::sync::{broadcast, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use app::api::live::Change;
use app::api::settings::Setting;
use deadlines::Underway;
use drivers::Drivers;
use ends::Ends;
use error::{fault, internal};
pub use reach::Reach;
use terminal::{Terminals, Typed};
use turns::Turns;

/// How many changes a slow listener may fall behind before it is told to ask for everything again.
const CHANGES_KEPT: usize = 1024;

/// What the operator decides for this installation.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Goes on every container's labels, so that two installations on one host leave each other's alone.
    pub installation: String,
    pub reach: Reach,
    pub reserve: Reserve,
    /// How often one person or token may launch, start and restart.
    pub launches: Pace,
    /// Whether environments are started where the engine does not limit them.
    pub without_limits: bool,
    /// How long after a sign-in what the provider said then counts; `None`: there is no provider.
    pub groups_valid_for: Option<Span>,
    /// How long the page and the history of an environment are kept after its removal.
    pub keep_removed: Span,
    /// Addresses for the networks of teams; `None`: the engine's own pools serve.
    pub address_pool: Option<Ipv4Net>,
}

/// What of the host is not given away, and how far it may be promised twice.
#[derive(Debug, Clone, Copy)]
pub struct Reserve {
    pub memory: Memory,
    /// 1.0: memory is never oversold.
    pub memory_ratio: f64,
    pub cpu_ratio: f64,
}

#[derive(Debug, Clone)]
pub struct Service {
    store: Store,
    engine: Engine,
    clock: Clock,
    settings: Arc<Settings>,
    launches: Rate<Counted>,
    /// What people may read of the configuration.
    configured: Arc<[Setting]>,
    changes: broadcast::Sender<Change>,
    host: watch::Sender<Host>,
    drivers: Drivers,
    turns: Turns,
    underway: Underway,
    strays: watch::Sender<Vec<Stray>>,
    ends: Ends,
    /// Held by whoever makes or removes networks.
    networks: Arc<tokio::sync::Mutex<()>>,
    /// What the last isolation check found.
    isolation: watch::Sender<Option<IsolationCheck>>,
    /// Held by whoever checks.
    checking: Arc<tokio::sync::Mutex<()>>,
    terminals: Terminals,
    typed: Typed,
    probes: probe::Probes,
    jobs: Arc<Mutex<BTreeMap<&'static str, Timestamp>>>,
    tasks: TaskTracker,
    closing: CancellationToken,
    cut: CancellationToken,
}

impl Service {
    #[must_use]
    pub fn new(store: Store, engine: Engine, clock: Clock, settings: Settings) -> Self {
        let host = live::unknown_host(clock.now());
        Self {
            store,
            engine,
            clock,
            launches: Rate::new(settings.launches),
            settings: Arc::new(settings),
            configured: Arc::default(),
            changes: broadcast::channel(CHANGES_KEPT).0,
            host: watch::channel(host).0,
            drivers: Drivers::default(),
            turns: Turns::default(),
            underway: Underway::default(),
            strays: watch::Sender::default(),
            ends: Ends::default(),
            networks: Arc::default(),
            isolation: watch::Sender::default(),
            checking: Arc::default(),
            terminals: Terminals::default(),
            typed: Typed::default(),
            probes: probe::Probes::new(),
            jobs: Arc::default(),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
            cut: CancellationToken::new(),
        }
    }

    /// Lets auditors and admins read what is configured.
    #[must_use]
    pub fn showing(self, configured: Vec<Setting>) -> Self {
        Self { configured: configured.into(), ..self }
    }

    /// Ends all streams and waits for what is under way, at most for `grace`. What is cut off then is found by the reconciler
    /// at the next start.
    pub async fn close(&self, grace: Duration) {
        self.closing.cancel();
        self.tasks.close();
        if tokio::time::timeout(grace, self.tasks.wait()).await.is_err() {
            tracing::warn!("work under way is cut off; it is taken up at the next start");
            self.cut_off();
        }
    }

    /// Ends everything under way wherever it is, as a kill would.
    pub fn cut_off(&self) {
        self.closing.cancel();
        self.cut.cancel();
    }

    /// Cancelled when the server is about to end: streams stop then.
    #[must_use]
    pub fn closing(&self) -> CancellationToken {
        self.closing.clone()
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn ready(&self) -> Result<(), StoreError> {
        self.store.ping().await
    }

    /// Forgets whose launches are no matter any more.
    pub fn forget_old(&self) {
        self.launches.forget_old();
    }

    /// Notes that a job has come to its end.
    pub fn note_job(&self, name: &'static str) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).insert(name, self.clock.now());
    }

    /// The jobs, and when each last came to its end.
    #[must_use]
    pub fn jobs(&self) -> Vec<(&'static str, Timestamp)> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|(name, at)| (*name, *at)).collect()
    }

    /// Runs a task that [`Service::close`] waits for and [`Service::cut_off`] ends.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let cut = self.cut.clone();
        // On the heap at once: a launch is large, and each layer around it would move it over the stack.
        let task = task.boxed();
        drop(self.tasks.spawn(async move {
            cut.run_until_cancelled(task).await;
        }));
    }

    /// Everything that somebody sees, the newest first.
    ///
    /// # Errors
    /// As of the list of environments.
    #[cfg(any(test, feature = "testing"))]
    pub async fn all_environments(&self, actor: &Actor) -> Result<Vec<Environment>, ApiError> {
        let wanted = list::Wanted { limit: usize::MAX, ..list::Wanted::default() };
        Ok(self.listed(actor, &wanted).await?.items)
    }

    /// The environment once it is in no transitional state any more, however long that takes.
    ///
    /// # Errors
    /// As of one environment.
    #[cfg(any(test, feature = "testing"))]
    pub async fn settled(&self, actor: &Actor, id: &EnvironmentId) -> Result<Environment, ApiError> {
        app::api::backend::Environments::settled_within(self, actor, id, Duration::from_secs(24 * 3600)).await
    }

    /// Waits until nobody works on any environment.
    #[cfg(any(test, feature = "testing"))]
    pub async fn all_left(&self) {
        self.drivers.all_left().await;
    }

    /// Does what must not be cut off half-way in a task of the service: whoever asked may hang up, and only the answer is lost.
    async fn in_own_task<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, ApiError>> + Send + 'static,
    ) -> Result<T, ApiError> {
        let (done, answer) = oneshot::channel();
        // Nobody may be waiting any more.
        self.spawn(async move { drop(done.send(work.await)) });
        answer.await.unwrap_or_else(|cut_off| Err(internal(&cut_off)))
    }

    /// Writes in one transaction, as [`Store::write`] does.
    async fn write<T>(&self, work: impl AsyncFnOnce(&mut Write) -> Result<T, ApiError>) -> Result<T, ApiError> {
        let written = self.store.write(async |write| work(write).await.map_err(Unwritten::Refused));
        written.await.map_err(|unwritten| match unwritten {
            Unwritten::Refused(refused) => refused,
            Unwritten::Store(error) => fault(error),
        })
    }

    /// Whether `actor` may do this to a team's things as a whole.
    fn permit_team(&self, actor: &Actor, action: Action, team: &TeamName) -> Result<(), ApiError> {
        authorize(actor, action, Target::Team(team)).map_err(|denied| refuse(denied, "team"))
    }

    /// Whether `actor` may do this to the installation as a whole.
    fn permit_installation(&self, actor: &Actor, action: Action) -> Result<(), ApiError> {
        authorize(actor, action, Target::Installation).map_err(|denied| refuse(denied, "page"))
    }

    /// What is kept in memory, as it is now.
    async fn kept(&self) -> Result<Snapshot, ApiError> {
        self.store.snapshot(self.clock.now()).await.map_err(fault)
    }

    /// Turns an id into an environment that `actor` may do this to: the only way to one from outside.
    async fn permitted(&self, actor: &Actor, action: Action, id: &EnvironmentId) -> Result<Stored, ApiError> {
        let found = self.store.environment(id).await.map_err(fault)?;
        let found = found.ok_or_else(|| ApiError::not_found("environment"))?;
        let target = Target::Environment { team: &found.environment.team, owner: &found.environment.owner_id };
        authorize(actor, action, target).map_err(|denied| refuse(denied, "environment"))?;
        Ok(found)
    }

    /// The environment as people see it: with the links of its ports, and whether it is apart as the engine is now.
    fn shown(&self, mut environment: Environment) -> Environment {
        // Until the engine has answered, nobody is told that it keeps nothing apart.
        environment.isolated |= self.host.borrow().isolation != Some(Isolation::TeamNetworks);
        environment.limits_hold = self.host.borrow().unlimited.is_empty();
        for port in &mut environment.ports {
            self.settings.reach.show(port);
        }
        if environment.reason.is_none() {
            environment.reason = self.underway.told(&environment);
        }
        environment
    }

    /// # Errors
    /// In words, where the engine does not hold environments to their limits and the operator has not allowed that.
    fn limits_hold(&self) -> Result<(), ApiError> {
        match self.host.borrow().unlimited_words() {
            Some(what) if !self.settings.without_limits => Err(ApiError::Conflict {
                message: format!(
                    "Not started: this host's engine does not limit {what}, so one environment could take it from all others. Ask an admin; the page Host says what to do."
                ),
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// What all teams together may hold of the host; nothing is limited that the engine has not told yet.
    fn host_quota(&self) -> model::quota::Quota {
        let host = self.host.borrow();
        self.settings.reserve.quota(&host)
    }
}

impl Reserve {
    /// The host's capacity minus the reserve, times what may be promised.
    #[must_use]
    pub fn quota(&self, host: &Host) -> model::quota::Quota {
        use model::units::MilliCpu;
        let known = host.memory > Memory::default();
        let times = |amount: u64, ratio: f64| {
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a host has far less than 2^52 bytes, and a ratio is positive"
            )]
            let product = (amount as f64 * ratio) as u64;
            product
        };
        model::quota::Quota {
            environments: None,
            running: None,
            cpus: known.then(|| MilliCpu::new(times(host.cpus.as_milli(), self.cpu_ratio))),
            memory: known.then(|| Memory::bytes(times((host.memory - self.memory).as_bytes(), self.memory_ratio))),
        }
    }
}

/// Why nothing was written.
enum Unwritten {
    Refused(ApiError),
    Store(StoreError),
}

impl From<StoreError> for Unwritten {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The container of an environment, as the engine knows it.
fn container_of(stored: &Stored) -> Option<ContainerId> {
    stored.container_id.as_deref().and_then(ContainerId::parse)
}

fn refuse(denied: Denied, what: &str) -> ApiError {
    match denied {
        Denied::Hidden => ApiError::not_found(what),
        Denied::Rule(rule) => ApiError::Forbidden { rule: rule.to_owned() },
    }
}
