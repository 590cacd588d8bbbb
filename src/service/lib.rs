//! What happens: the one place that decides and acts, for pages, scripts, jobs and the command line alike.
//!
//! Every entry takes the actor first and asks `authorize` below HTTP. What takes long runs in tasks of the service, which
//! `close` waits for.

mod activities;
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
mod hosts;
mod isolation;
mod launch;
mod lifecycle;
pub mod list;
mod live;
mod networks;
mod people;
mod placement;
mod post_mortem;
mod probe;
mod pulls;
mod reach;
mod reconcile;
mod requests;
mod runner;
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
use futures::FutureExt;
use identity::rates::{Counted, Pace, Rate};
use model::access::{Action, Actor, Denied, Target, authorize};
use model::environment::Environment;
use model::host::Isolation;
use model::name::{EnvironmentId, HostName, TeamName};
use model::time::Timestamp;
use model::units::Span;
use store::environments::Stored;
use store::kept::Snapshot;
use store::{Store, StoreError, Write};
use tokio::sync::{broadcast, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use app::api::live::Change;
use app::api::settings::Setting;
use deadlines::Underway;
use drivers::Drivers;
use error::{fault, internal};
pub use reach::Reach;
pub use runner::{HostSettings, Reserve};
use runner::{Hosts, container_of};
use terminal::{Terminals, Typed};
use turns::Turns;

/// How many changes a slow listener may fall behind before it is told to ask for everything again.
const CHANGES_KEPT: usize = 1024;

/// What the operator decides for this installation.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Goes on every container's labels, so that two installations on one host leave each other's alone.
    pub installation: String,
    /// How often one person or token may launch, start and restart.
    pub launches: Pace,
    /// How long after a sign-in what the provider said then counts; `None`: there is no provider.
    pub groups_valid_for: Option<Span>,
    /// How long the page and the history of an environment are kept after its removal.
    pub keep_removed: Span,
}

#[derive(Debug, Clone)]
pub struct Service {
    store: Store,
    hosts: Hosts,
    clock: Clock,
    settings: Arc<Settings>,
    launches: Rate<Counted>,
    /// What people may read of the configuration.
    configured: Arc<[Setting]>,
    changes: broadcast::Sender<Change>,
    drivers: Drivers,
    /// Whose launches are admitted: one of each team at a time, so that what a team asks for at once queues behind itself,
    /// and before the readers and the one writer there is never more than one of each team.
    turns: Turns<TeamName>,
    underway: Underway,
    pulls: pulls::Pulls,
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
    pub fn new(store: Store, clock: Clock, settings: Settings, hosts: Vec<HostSettings>) -> Self {
        Self {
            store,
            hosts: Hosts::new(hosts, clock.now()),
            clock,
            launches: Rate::new(settings.launches),
            settings: Arc::new(settings),
            configured: Arc::default(),
            changes: broadcast::channel(CHANGES_KEPT).0,
            drivers: Drivers::default(),
            turns: Turns::default(),
            underway: Underway::default(),
            pulls: pulls::Pulls::default(),
            terminals: Terminals::default(),
            typed: Typed::default(),
            probes: probe::Probes::new(),
            jobs: Arc::default(),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
            cut: CancellationToken::new(),
        }
    }

    /// Takes up what is known of the hosts, lets the database know which there are, and ends what a server that was killed has
    /// begun on them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remember_hosts(&self) -> Result<(), StoreError> {
        self.store.cut_off_activities(self.clock.now()).await?;
        let names: Vec<HostName> = self.hosts.iter().map(|runner| runner.name().clone()).collect();
        for record in self.store.configure_hosts(&names).await? {
            if let Some(runner) = self.hosts.get(&record.name) {
                self.change_host(runner, |host| host.draining = record.draining);
            }
        }
        Ok(())
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
        self.uncut(work).await.unwrap_or_else(|cut_off| Err(internal(&cut_off)))
    }

    /// The same, for whatever comes of it; an error where the server is cut off.
    async fn uncut<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, oneshot::error::RecvError> {
        let (done, answer) = oneshot::channel();
        // Nobody may be waiting any more.
        self.spawn(async move { drop(done.send(work.await)) });
        answer.await
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
        let host = self.hosts.of(&environment.host);
        {
            let known = host.known.borrow();
            // Until the engine has answered, nobody is told that it keeps nothing apart.
            environment.isolated |= known.isolation != Some(Isolation::TeamNetworks);
            environment.limits_hold = known.unlimited.is_empty();
        }
        let of_parts = environment.parts.iter_mut().flat_map(|part| &mut part.ports);
        for port in environment.ports.iter_mut().chain(of_parts) {
            host.settings.reach.show(port);
        }
        if environment.reason.is_none() {
            environment.reason = self.underway.told(&environment);
        }
        environment
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

fn refuse(denied: Denied, what: &str) -> ApiError {
    match denied {
        Denied::Hidden => ApiError::not_found(what),
        Denied::Rule(rule) => ApiError::Forbidden { rule: rule.to_owned() },
    }
}
