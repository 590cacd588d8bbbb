//! The whole service in one thread, over an engine inside the process, where nothing happens but what the play says.
//!
//! Between two scenes everything is quiet: whoever has something to do waits for an answer of the engine at the desk, for a
//! time that is only let pass by the play, or at the border of the database. So the same play leads to the same end.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use app::api::ApiError;
use app::api::backend::Environments;
use app::api::environments::LaunchAsk;
use clock::Clock;
use docker::{Engine, Patience};
use model::access::{Actor, InstallationRole, TeamRole};
use model::environment::{Environment, Operation};
use model::name::{EnvironmentId, TeamName};
use model::time::Timestamp;
use model::units::Memory;
use service::{HostSettings, Reserve, Service, Settings, apply};
use store::Store;
use store::environments::Stored;
use store::people::Identity;
use tempfile::TempDir;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use crate::tests::stage::{host_over, settings};
use crate::tests::stand_in::{self, Call, Desk, Image, Mood, Process, StandIn};

/// How often all have to have been asked in vain before it is quiet.
const QUIET: usize = 48;

pub struct Theatre {
    /// Of two hosts. Their calls wait at one desk.
    pub engines: [StandIn; 2],
    pub desk: Desk,
    pub service: Service,
    pub store: Store,
    pub people: Vec<Actor>,
    pub clock: Clock,
    now: Arc<AtomicI64>,
    /// What people have asked for and wait for.
    requests: JoinSet<String>,
    _folder: TempDir,
}

impl Theatre {
    pub async fn open(template: &Path) -> Self {
        // Where nobody had anything to do, time would pass by itself, and run ahead of the database's threads.
        tokio::spawn(async {
            loop {
                tokio::task::yield_now().await;
            }
        });
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("berth.db");
        std::fs::copy(template, &file).expect("a copy of the database");
        let store = Store::open(&file).await.expect("a database");
        let now = Arc::new(AtomicI64::new(START));
        let clock = clock(&now);
        let desk = Desk::default();
        let engines = [0, 1_000_000].map(|first_id| engine(&now, &desk, first_id));
        let people = people(&store, &clock).await;
        let service = serve(&store, &engines, &clock).await;
        let theatre =
            Self { engines, desk, service, store, people, clock, now, requests: JoinSet::new(), _folder: folder };
        theatre.follow();
        theatre.settle_calls().await;
        theatre
    }

    fn follow(&self) {
        self.service.spawn(self.service.clone().follow_engines());
    }

    /// Waits until nobody has anything to do.
    pub async fn quiet(&self) {
        let mut quiet = 0;
        let mut seen = (0, 0);
        while quiet < QUIET {
            tokio::task::yield_now().await;
            let now = (self.store.border.crossed(), self.desk.waiting().len());
            if !self.store.is_idle() {
                std::thread::yield_now();
                quiet = 0;
            } else if now != seen {
                (quiet, seen) = (0, now);
            } else {
                quiet += 1;
            }
        }
    }

    /// Answers all calls well, until none comes any more.
    pub async fn settle_calls(&self) {
        self.quiet().await;
        while !self.desk.waiting().is_empty() {
            self.desk.say(0, Mood::Well);
            self.quiet().await;
        }
    }

    /// Lets time pass, for the clock as for all who wait for it.
    pub async fn pass(&self, time: Duration) {
        self.jump(i64::try_from(time.as_millis()).expect("a short time"));
        tokio::time::advance(time).await;
        self.quiet().await;
    }

    /// Sets the clock, and nobody waits less or longer for that.
    pub fn jump(&self, millis: i64) {
        self.now.fetch_add(millis, Ordering::SeqCst);
    }

    /// Somebody asks for something, and waits for the answer.
    pub fn ask<T: Send + 'static>(
        &mut self,
        what: String,
        asked: impl Future<Output = Result<T, ApiError>> + Send + 'static,
    ) {
        self.requests.spawn(async move {
            match asked.await {
                Ok(_) => format!("{what}: begun"),
                Err(error) => format!("{what}: {error}"),
            }
        });
    }

    pub fn launch(&mut self, person: usize, ask: LaunchAsk) {
        let (service, actor) = (self.service.clone(), self.people[person].clone());
        let what = format!("{} launches {}", actor.name, ask.template);
        self.ask(what, async move { service.launch(&actor, ask).await });
    }

    pub fn operate(&mut self, person: usize, environment: &Environment, operation: Operation) {
        let (service, actor, id) = (self.service.clone(), self.people[person].clone(), environment.id.clone());
        let what = format!("{} asks {} to {}", actor.name, environment.name, operation.as_str());
        self.ask(what, async move { service.operate(&actor, &id, operation).await });
    }

    /// What the server does by itself, each from its timer.
    pub fn timer(&self, which: usize) -> &'static str {
        let service = self.service.clone();
        match which {
            0 => {
                self.service.spawn(async move { service.reconcile_if_live().await });
                "a look at everything"
            }
            1 => {
                self.service.spawn(async move { service.end_overdue().await });
                "a look at deadlines"
            }
            _ => {
                self.service.spawn(async move { service.end_due().await });
                "a look at lifetimes"
            }
        }
    }

    /// The answers that people have got since the last time.
    pub fn answers(&mut self) -> Vec<String> {
        let mut all = Vec::new();
        while let Some(answer) = self.requests.try_join_next() {
            all.push(answer.unwrap_or_else(|error| format!("no answer: {error}")));
        }
        all.sort();
        all
    }

    /// Kills the server wherever it is, and starts it again.
    pub async fn kill(&mut self) {
        self.service.cut_off();
        self.requests.shutdown().await;
        self.quiet().await;
        self.store.border.open();
        self.service = serve(&self.store, &self.engines, &self.clock).await;
        self.follow();
        self.quiet().await;
    }

    /// Everything that exists.
    pub async fn rows(&self) -> Vec<Stored> {
        let mut rows = self.store.environments().await.expect("a list");
        rows.sort_by(|a, b| a.environment.id.cmp(&b.environment.id));
        rows
    }

    pub async fn row(&self, id: &EnvironmentId) -> Stored {
        self.store.environment(id).await.expect("a database").expect("a row")
    }

    /// Answers everything well and lets time pass until nothing is on its way any more.
    pub async fn come_to_rest(&self) {
        self.store.border.open();
        self.engines.iter().for_each(StandIn::reopen);
        for _ in 0..40 {
            self.settle_calls().await;
            self.pass(Duration::from_secs(1)).await;
            self.settle_calls().await;
            for which in 0..2 {
                self.timer(which);
                self.settle_calls().await;
            }
            let on_its_way = self.rows().await.iter().any(|row| row.environment.state.is_transitional());
            if !on_its_way && !self.has_waiting() {
                break;
            }
            self.pass(Duration::from_secs(20)).await;
        }
        // What a last look put down, the one after it finds gone.
        self.timer(0);
        self.settle_calls().await;
    }

    fn has_waiting(&self) -> bool {
        !self.desk.waiting().is_empty()
    }

    pub fn calls_of(&self, call: Call) -> usize {
        self.engines.iter().map(|engine| engine.calls(call)).sum()
    }

    /// Of which environment each container is, and what it does, on both hosts.
    pub fn states(&self) -> Vec<(String, String, String)> {
        self.engines.iter().flat_map(StandIn::states).collect()
    }

    /// The engine that has a container.
    pub fn engine_of(&self, container: &str) -> &StandIn {
        let has_it = |engine: &&StandIn| engine.containers().iter().any(|id| id == container);
        self.engines.iter().find(has_it).expect("one of them has it")
    }
}

/// 2027-01-15.
const START: i64 = 1_800_000_000_000;

/// A database with the catalogue in it, to be copied: to make one takes longer than most histories.
pub fn template(folder: &Path) -> PathBuf {
    let file = folder.join("template.db");
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(fill(&file));
    file
}

async fn fill(file: &Path) {
    let store = Store::open(file).await.expect("a database");
    let now = Timestamp::from_millis(START);
    apply::apply(&store, include_str!("catalogue.toml"), false, now).await.unwrap_or_else(|error| panic!("{error}"));
    store.close().await;
}

async fn people(store: &Store, clock: &Clock) -> Vec<Actor> {
    let mut people = Vec::new();
    for (name, team, role) in
        [("Bea", "blue", TeamRole::Member), ("Ben", "blue", TeamRole::Lead), ("Gus", "green", TeamRole::Member)]
    {
        let identity = Identity {
            issuer: "https://id.test".to_owned(),
            subject: name.to_owned(),
            name: name.to_owned(),
            email: None,
            role: None,
        };
        let id = store.sign_in_person(&identity, &[], &clock.user_id(), clock.now()).await.expect("a database");
        let teams = [(TeamName::parse(team).expect("a name"), role)].into();
        people.push(Actor { id, name: name.to_owned(), email: None, role: None, teams, scope: None, token: None });
    }
    let admin = people[0].clone();
    people.push(Actor { role: Some(InstallationRole::Admin), name: "Ada".to_owned(), ..admin });
    people
}

async fn serve(store: &Store, engines: &[StandIn; 2], clock: &Clock) -> Service {
    let reserve = Reserve { memory: Memory::default(), memory_ratio: 1.0, cpu_ratio: 1.0 };
    let settings = Settings { installation: "sim".to_owned(), ..settings() };
    let hosts = ["east", "west"].into_iter().zip(engines).map(|(name, engine)| {
        let engine = Engine::inside(engine.way(), Patience::default());
        HostSettings { reserve, ..host_over(name, engine) }
    });
    let service = Service::new(store.clone(), clock.clone(), settings, hosts.collect());
    service.remember_hosts().await.expect("a database");
    service
}

fn engine(now: &Arc<AtomicI64>, desk: &Desk, first_id: u64) -> StandIn {
    let now = Arc::clone(now);
    let told = move || Timestamp::from_millis(now.load(Ordering::SeqCst));
    let engine = StandIn::inside(stand_in::Settings { now: Arc::new(told), real_ports: false }, desk, first_id);
    engine.has_image("berth/box:1", Image::that(Process::Serves));
    engine.has_image("berth/checked:1", Image::that(Process::Serves).with_health_check());
    engine.has_image("berth/exits:1", Image::that(Process::Exits(3)).writing(&["giving up"]));
    engine.registry_has("berth/far:1", Image::that(Process::Serves), 3);
    engine
}

fn clock(now: &Arc<AtomicI64>) -> Clock {
    let (now, next) = (Arc::clone(now), AtomicU64::new(0));
    Clock::new(
        move || Timestamp::from_millis(now.load(Ordering::SeqCst)),
        move |bytes| {
            let count = next.fetch_add(1, Ordering::SeqCst).to_be_bytes();
            bytes.iter_mut().rev().zip(count.iter().rev()).for_each(|(byte, count)| *byte = *count);
        },
    )
}
