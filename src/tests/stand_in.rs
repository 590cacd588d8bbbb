//! A stranger: an engine that speaks Docker's protocol on a socket of its own, keeps its containers in memory, and can be
//! told to be slow, refuse, hang, talk nonsense and vanish.
//!
//! It answers exactly the calls that Berth makes. `world` holds what it has and does, `answers` is the protocol, `shell` what runs in
//! them, `door` the socket, `mood` how a call goes wrong.

mod answers;
mod door;
mod mood;
mod shell;
mod world;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use docker::{Connection, Inside};
use model::time::Timestamp;
use serde_json::Value;
use tempfile::TempDir;

use self::door::{Door, Hatch};
use self::mood::{Book, no_space};
pub use self::mood::{Call, Desk, Gate, Mood};
pub use self::world::{End, Image, Process};
use self::world::{Used, World};

/// How a stand-in is, beside what it is told later.
#[derive(Clone)]
pub struct Settings {
    /// Its clock.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Whether published tcp ports are opened on loopback, so that they can be probed. Without, they are only told.
    pub real_ports: bool,
}

impl Default for Settings {
    fn default() -> Self {
        // 2026-11-21T00:00:00Z; nothing here needs it to go on.
        Self { now: Arc::new(|| Timestamp::from_millis(1_795_219_200_000)), real_ports: true }
    }
}

/// The engine. It and all its ports are gone when this is dropped.
pub struct StandIn {
    world: Arc<World>,
    book: Arc<Book>,
    door: Door,
    hatch: Arc<Hatch>,
    folder: TempDir,
}

impl StandIn {
    pub async fn start() -> Self {
        Self::start_with(Settings::default()).await
    }

    pub async fn start_with(settings: Settings) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the socket");
        let this = Self::new(settings, folder);
        this.come_back();
        this
    }

    fn new(settings: Settings, folder: TempDir) -> Self {
        let (world, book) = (Arc::new(World::new(settings)), Arc::default());
        Self { world, book, door: Door::default(), hatch: Arc::default(), folder }
    }

    /// One without a socket, whose calls all wait at this desk. Its containers' ids are its own.
    pub fn inside(settings: Settings, desk: &Desk, first_id: u64) -> Self {
        let this = Self::new(settings, tempfile::tempdir().expect("a folder"));
        this.world.makes_from(first_id);
        this.book.put_up(desk.clone());
        this.hatch.open();
        this
    }

    /// The way to one without a socket.
    pub fn way(&self) -> Inside {
        let (hatch, world, book) = (self.hatch.clone(), self.world.clone(), self.book.clone());
        Inside(Arc::new(move || hatch.let_in(&world, &book)))
    }

    /// As [`StandIn::vanish`] and [`StandIn::come_back`], without a socket.
    pub fn shut(&self) {
        self.hatch.shut();
    }

    pub fn reopen(&self) {
        self.hatch.open();
    }

    /// Of which environment each container is, and what it does.
    pub fn states(&self) -> Vec<(String, String, String)> {
        let state = |container: &world::Container| {
            let environment = container.label("berth.environment").unwrap_or_default();
            serde_json::json!([container.id, environment, container.told_status()])
        };
        let all = self.world.see_all(|container| Some(state(container)));
        all.into_iter().map(|state| serde_json::from_value(state).expect("three texts")).collect()
    }

    /// How to reach it.
    pub fn connection(&self) -> Connection {
        Connection { host: Some(format!("unix://{}", self.socket().display())), ..Connection::default() }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("engine.sock")
    }

    /// Puts an image on the host.
    pub fn has_image(&self, reference: &str, image: Image) {
        self.world.has_image(reference, image);
    }

    /// Puts an image into the registry, from where it can be pulled in as many layers.
    pub fn registry_has(&self, reference: &str, image: Image, layers: usize) {
        self.world.registry_has(reference, image, layers);
    }

    /// From now on, every such call goes like this; [`Mood::Well`] mends it.
    pub fn always(&self, call: Call, mood: Mood) {
        self.book.always(call, mood);
    }

    /// The next such call goes like this; asked for several times, the calls after it too.
    pub fn next(&self, call: Call, mood: Mood) {
        self.book.next(call, mood);
    }

    /// From now on, every such call waits at a gate before anything is done.
    pub fn hold(&self, call: Call) -> Gate {
        let gate = Gate::default();
        self.book.always(call, Mood::Held(gate.clone()));
        gate
    }

    /// From now on, nothing that needs space on its disk is done.
    pub fn out_of_disk(&self) {
        for call in [Call::Create, Call::Start, Call::Pull] {
            self.book.always(call, no_space());
        }
    }

    /// How many such calls have arrived, well answered or not.
    pub fn calls(&self, call: Call) -> usize {
        self.book.count(call)
    }

    /// Closes its socket and every connection. Containers stay as they are; [`StandIn::end`] and others still work on them.
    pub async fn vanish(&self) {
        self.door.shut().await;
        self.world.cut_shells();
        std::fs::remove_file(self.socket()).expect("a socket file");
    }

    /// Listens again where it did.
    pub fn come_back(&self) {
        self.door.open(&self.socket(), self.world.clone(), self.book.clone());
    }

    /// The ids of all its containers, in the order they were made.
    pub fn containers(&self) -> Vec<String> {
        self.world.ids()
    }

    /// What a container was asked to be: the body of its creation.
    pub fn asked(&self, id: &str) -> Option<Value> {
        self.world.asked(id)
    }

    /// Ends a container as if its process had ended.
    pub fn end(&self, id: &str, end: End) {
        self.world.end(id, end);
    }

    /// What somebody does on the host: `docker kill`.
    pub fn kill(&self, id: &str) {
        self.world.kill(id);
    }

    /// What somebody does on the host: `docker pause`, or `docker unpause`.
    pub fn pause(&self, id: &str, pauses: bool) {
        self.world.pause(id, pauses);
    }

    /// A process of it is ended for want of memory, and it goes on running.
    pub fn lacks_memory(&self, id: &str) {
        self.world.lacks_memory(id);
    }

    /// What somebody does on the host: `docker stop`; with [`StandIn::runs`] after it, `docker restart`.
    pub fn stop(&self, id: &str) {
        self.world.stop(id, "10").expect("a container");
    }

    /// The machine goes down and comes back: what ran has ended. Connections go and come as [`StandIn::vanish`] and
    /// [`StandIn::come_back`] say.
    pub fn restarts(&self) {
        self.world.restarts();
    }

    /// Tells this word as a container's state from now on, whatever it does.
    pub fn pretend(&self, id: &str, state: &str) {
        self.world.pretend(id, state);
    }

    /// Gives a container's health check this result.
    pub fn health(&self, id: &str, health: &str) {
        self.world.health(id, health);
    }

    /// Lets a container that runs use so much more.
    pub fn uses(&self, id: &str, cpu_nanos: u64, network_bytes: u64) {
        let received = network_bytes / 2;
        self.world.uses(id, Used { cpu_nanos, received, sent: network_bytes - received });
    }

    /// Has a container have written so much into its own layer.
    pub fn has_written(&self, id: &str, bytes: u64) {
        self.world.has_written(id, bytes);
    }

    /// Lets so much come to a container that answers none of it.
    pub fn receives(&self, id: &str, received: u64) {
        self.world.uses(id, Used { received, ..Used::default() });
    }

    /// Makes a container that nobody asked for, with these labels.
    pub fn finds(&self, name: &str, image: &str, labels: &[(&str, &str)]) -> String {
        let labels: HashMap<&str, &str> = labels.iter().copied().collect();
        let asked = serde_json::json!({ "Image": image, "Labels": labels, "HostConfig": {} });
        self.world.create(name, asked).expect("an image and a free name")
    }

    /// Has a container from before, under its id.
    pub fn keeps(&self, id: &str, name: &str, image: &str, labels: &[(&str, &str)]) {
        let labels: HashMap<&str, &str> = labels.iter().copied().collect();
        let asked = serde_json::json!({ "Image": image, "Labels": labels, "HostConfig": {} });
        self.world.create_as(Some(id), name, asked).expect("an image and a free name");
    }

    /// Runs a container that was made.
    pub async fn runs(&self, id: &str) {
        self.world.start(id).await.expect("a container");
    }

    /// Says this of itself from now on, in its `/info` and, where it is of that, in its `/version`.
    pub fn says(&self, key: &str, value: impl Into<serde_json::Value>) {
        self.world.says(key, value.into());
    }

    pub fn holds_no_limits(&self) {
        self.world.holds_no_limits();
    }

    /// Starts a container on no network but one of the name that its specification has, as from Engine 25 on.
    pub fn starts_where_made(&self) {
        self.world.starts_where_made();
    }

    /// Makes networks that keep nothing apart, whatever it is asked, as Podman.
    pub fn keeps_nothing_apart(&self) {
        self.world.keeps_nothing_apart();
    }

    /// Whether containers on the default bridge reach each other; they do not, until told so.
    pub fn bridge_talks(&self, talks: bool) {
        self.world.bridge_talks(talks);
    }

    /// Its default bridge has IPv6 too.
    pub fn bridge_has_ipv6(&self) {
        self.world.bridge_has_ipv6();
    }

    /// Its networks besides those of its own, as it lists them.
    pub fn networks(&self) -> Vec<Value> {
        let all = self.world.networks().as_array().cloned().unwrap_or_default();
        all.into_iter()
            .filter(|network| !["bridge", "none"].contains(&network["Name"].as_str().unwrap_or_default()))
            .collect()
    }

    /// Takes away a network that nothing runs on, as a clean-up of the host does.
    pub fn prunes(&self, id: &str) {
        self.world.remove_network(id).expect("nothing runs on it");
    }

    /// The names of the networks that a container hangs on.
    pub fn hangs_on(&self, id: &str) -> Vec<String> {
        self.world.see(id, |container| container.networks.keys().cloned().collect()).expect("a container")
    }

    /// How many shells run in a container.
    pub fn shells(&self, id: &str) -> usize {
        self.world.shells(id)
    }

    /// Removes a container behind everybody's back.
    pub fn lose(&self, id: &str) {
        self.world.lose(id);
    }
}
