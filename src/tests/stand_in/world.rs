//! What the stand-in has: images, containers with their processes and ports, and the events of what happens to them.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard};

use model::time::Timestamp;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio::task::JoinSet;

use super::Settings;
use super::shell::Exec;

/// An image, and what a container of it does.
#[derive(Debug, Clone)]
pub struct Image {
    pub process: Process,
    /// What its process writes.
    pub log: Vec<String>,
    /// Whether it has a health check; each container's begins with `starting`.
    pub health_check: bool,
    /// Whether it has `/bin/sh`.
    pub has_shell: bool,
}

/// What a container's process does once it is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Process {
    /// Answers HTTP on every published tcp port with the container's environment, a variable a line.
    Serves,
    /// Listens nowhere: its published ports take a connection and drop it, as the engine's own proxy does.
    Silent,
    /// Ends at once with this code.
    Exits(i64),
}

impl Image {
    pub fn that(process: Process) -> Self {
        Self { process, log: Vec::new(), health_check: false, has_shell: true }
    }

    pub fn writing(self, lines: &[&str]) -> Self {
        Self { log: lines.iter().map(|line| (*line).to_owned()).collect(), ..self }
    }

    pub fn with_health_check(self) -> Self {
        Self { health_check: true, ..self }
    }
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Exited(i64),
    /// The engine could not run it, and says this.
    NotRun(&'static str),
    OutOfMemory,
    /// After a process of it was ended for want of memory.
    AfterOutOfMemory(i64),
}

/// An engine's refusal: status and message.
pub(super) type Refusal = (u16, String);

pub(super) struct World {
    settings: Settings,
    state: Mutex<State>,
    events: broadcast::Sender<Value>,
    /// Milliseconds that its clock is ahead of the settings': each start has a moment of its own.
    ahead: AtomicI64,
}

/// What a container that runs has used since its start.
#[derive(Debug, Clone, Copy, Default)]
pub struct Used {
    pub cpu_nanos: u64,
    pub received: u64,
    pub sent: u64,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) execs: HashMap<String, Exec>,
    images: HashMap<String, (String, Image)>,
    registry: HashMap<String, (Image, usize)>,
    containers: BTreeMap<String, Container>,
    networks: BTreeMap<String, Value>,
    /// Whether containers on the default bridge reach each other.
    bridge_talks: bool,
    holds_no_limits: bool,
    /// What its `/info` says beside, or otherwise.
    says: BTreeMap<String, Value>,
    /// Whether a container starts on no network but the one that its specification names, as from Engine 25 on.
    starts_where_made: bool,
    bridge_has_ipv6: bool,
    /// Whether it takes no notice of what a network is asked to keep apart, as Podman.
    keeps_nothing_apart: bool,
    /// When the engine started; it makes its bridge then.
    started: Option<String>,
    pub(super) made: u64,
    next_port: u16,
}

pub(super) struct Container {
    pub(super) id: String,
    pub(super) name: String,
    /// The body of its creation.
    pub(super) asked: Value,
    pub(super) image: Image,
    pub(super) status: String,
    pub(super) exit_code: i64,
    pub(super) oom_killed: bool,
    pub(super) error: &'static str,
    pub(super) created: String,
    pub(super) started: Option<String>,
    pub(super) finished: Option<String>,
    pub(super) health: Option<String>,
    /// Of `port/protocol` in the container to the host's port.
    pub(super) ports: BTreeMap<String, (String, u16)>,
    /// How many bytes it has written into its own layer.
    pub(super) written: u64,
    /// While it runs.
    pub(super) used: Option<Used>,
    /// The networks that it hangs on, each with its name and its id.
    pub(super) networks: BTreeMap<String, String>,
    /// Told instead of its status.
    pretended: Option<String>,
    /// What answers on its ports.
    listeners: JoinSet<()>,
}

impl Container {
    pub(super) fn told_status(&self) -> &str {
        self.pretended.as_deref().unwrap_or(&self.status)
    }

    pub(super) fn label(&self, name: &str) -> Option<&str> {
        self.asked["Labels"][name].as_str()
    }

    /// Paused or not.
    pub(super) fn runs(&self) -> bool {
        matches!(self.status.as_str(), "running" | "paused")
    }
}

impl World {
    pub(super) fn new(settings: Settings) -> Self {
        let state = State { next_port: 32_768, ..State::default() };
        Self { settings, state: Mutex::new(state), events: broadcast::Sender::new(4096), ahead: AtomicI64::new(0) }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics with it")
    }

    fn now(&self) -> String {
        self.moment().to_string()
    }

    fn moment(&self) -> Timestamp {
        let ahead = self.ahead.load(Ordering::SeqCst);
        Timestamp::from_millis((self.settings.now)().as_millis() + ahead)
    }

    fn go_on(&self) {
        self.ahead.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<Value> {
        self.events.subscribe()
    }

    /// Nobody may be listening.
    fn tell(&self, container: &Container, action: &str, more: &[(&str, String)]) {
        let mut attributes = container.asked["Labels"].as_object().cloned().unwrap_or_default();
        attributes.extend(more.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
        attributes.insert("name".to_owned(), json!(container.name));
        let millis = self.moment().as_millis();
        let actor = json!({ "ID": container.id, "Attributes": attributes });
        let event = json!({ "Type": "container", "Action": action, "Actor": actor, "time": millis / 1000, "timeNano": millis * 1_000_000 });
        drop(self.events.send(event));
    }

    pub(super) fn has_image(&self, reference: &str, image: Image) {
        let mut state = self.state();
        state.made += 1;
        let id = format!("sha256:{:064x}", state.made);
        state.images.insert(reference.to_owned(), (id, image));
    }

    pub(super) fn registry_has(&self, reference: &str, image: Image, layers: usize) {
        self.state().registry.insert(reference.to_owned(), (image, layers));
    }

    /// The id of the image that `reference`, a name or an id, stands for.
    pub(super) fn image(&self, reference: &str) -> Result<String, Refusal> {
        let state = self.state();
        let absent = || (404, format!("No such image: {reference}"));
        state.image(reference).map(|(id, _)| id.clone()).ok_or_else(absent)
    }

    /// What registries know it by: its name with its id, which stands for the digest here.
    pub(super) fn digests(&self, reference: &str) -> Result<Vec<String>, Refusal> {
        let id = self.image(reference)?;
        let name = reference.split('@').next().unwrap_or(reference);
        let name = name.rsplit_once(':').map_or(name, |(name, _)| name);
        Ok(vec![format!("{name}@{id}")])
    }

    /// How many layers a pull of `reference` brings.
    pub(super) fn in_registry(&self, reference: &str) -> Result<usize, Refusal> {
        let absent = || (404, format!("manifest for {reference} not found: manifest unknown: manifest unknown"));
        self.state().registry.get(reference).map(|(_, layers)| *layers).ok_or_else(absent)
    }

    pub(super) fn pulled(&self, reference: &str) {
        let image = self.state().registry.get(reference).map(|(image, _)| image.clone());
        self.has_image(reference, image.expect("it is in the registry"));
    }

    pub(super) fn create(&self, name: &str, asked: Value) -> Result<String, Refusal> {
        self.create_as(None, name, asked)
    }

    /// The same under an id that is given, where one is.
    pub(super) fn create_as(&self, id: Option<&str>, name: &str, asked: Value) -> Result<String, Refusal> {
        let mut state = self.state();
        let reference = asked["Image"].as_str().unwrap_or_default();
        let Some((_, image)) = state.image(reference) else { return Err((404, format!("No such image: {reference}"))) };
        let image = image.clone();
        let mode = asked["HostConfig"]["NetworkMode"].as_str().unwrap_or("bridge");
        let networks = BTreeMap::from([state.network(mode)?]);
        if let Some(other) = state.containers.values().find(|other| other.name == name) {
            return Err((
                409,
                format!(
                    "Conflict. The container name \"/{name}\" is already in use by container \"{}\". You have to remove (or \
                 rename) that container to be able to reuse that name.",
                    other.id
                ),
            ));
        }
        if !asked["HostConfig"]["StorageOpt"].is_null() {
            let why = "--storage-opt is supported only for overlay over xfs with 'pquota' mount option";
            return Err((500, why.to_owned()));
        }
        state.made += 1;
        let id = id.map_or_else(|| format!("{:064x}", state.made), str::to_owned);
        let container = Container {
            id: id.clone(),
            name: name.to_owned(),
            asked,
            health: image.health_check.then(|| "starting".to_owned()),
            image,
            status: "created".to_owned(),
            exit_code: 0,
            oom_killed: false,
            error: "",
            created: self.now(),
            started: None,
            finished: None,
            ports: BTreeMap::new(),
            written: 0,
            used: None,
            networks,
            pretended: None,
            listeners: JoinSet::new(),
        };
        self.tell(&container, "create", &[]);
        state.containers.insert(id.clone(), container);
        Ok(id)
    }

    /// `false` when it ran already.
    pub(super) async fn start(&self, id: &str) -> Result<bool, Refusal> {
        let (process, wanted, environment) = {
            let mut state = self.state();
            let container = state.container(id)?;
            if container.runs() {
                return Ok(false);
            }
            let networks = container.networks.clone();
            let mode = container.asked["HostConfig"]["NetworkMode"].as_str().unwrap_or("bridge").to_owned();
            networks.values().try_for_each(|id| state.network(id).map(drop))?;
            if state.starts_where_made && !networks.contains_key(&state.network(&mode)?.0) {
                return Err((404, format!("network {mode} not found")));
            }
            let container = state.container(id)?;
            (container.image.process.clone(), published(&container.asked), environment(&container.asked))
        };
        let (ports, listeners) = self.publish(&process, wanted, &environment).await;
        self.go_on();
        let mut state = self.state();
        let container = state.container(id)?;
        container.status = "running".to_owned();
        container.started = Some(self.now());
        container.oom_killed = false;
        (container.ports, container.listeners) = (ports, listeners);
        container.used = Some(Used::default());
        self.tell(container, "start", &[]);
        if let Process::Exits(code) = process {
            self.ended(container, End::Exited(code));
        }
        Ok(true)
    }

    /// Opens the ports of a container that starts.
    async fn publish(
        &self,
        process: &Process,
        wanted: Vec<(String, String)>,
        environment: &str,
    ) -> (BTreeMap<String, (String, u16)>, JoinSet<()>) {
        let (mut ports, mut listeners) = (BTreeMap::new(), JoinSet::new());
        for (port, host_ip) in wanted {
            let host_port = if self.settings.real_ports && port.ends_with("/tcp") {
                let listener = TcpListener::bind((address_on_loopback(&host_ip), 0)).await.expect("a free port");
                let host_port = listener.local_addr().expect("a bound port").port();
                let page = (*process == Process::Serves).then(|| environment.to_owned());
                listeners.spawn(serve(listener, page));
                host_port
            } else {
                self.state().told_port()
            };
            ports.insert(port, (host_ip, host_port));
        }
        (ports, listeners)
    }

    /// `false` when it did not run. Without any grace, in seconds, its process is killed.
    pub(super) fn stop(&self, id: &str, grace: &str) -> Result<bool, Refusal> {
        let mut state = self.state();
        let container = state.container(id)?;
        if !container.runs() {
            return Ok(false);
        }
        self.tell(container, "kill", &[("signal", "15".to_owned())]);
        self.ended(container, End::Exited(if grace == "0" { 137 } else { 143 }));
        self.tell(container, "stop", &[]);
        let id = container.id.clone();
        state.end_execs(&id);
        Ok(true)
    }

    pub(super) fn remove(&self, id: &str, force: bool) -> Result<(), Refusal> {
        let mut state = self.state();
        let container = state.container(id)?;
        if container.runs() {
            if !force {
                return Err((
                    409,
                    format!(
                        "You cannot remove a running container {id}. Stop the container before \
                                          attempting removal or force remove"
                    ),
                ));
            }
            self.ended(container, End::Exited(137));
        }
        let id = container.id.clone();
        state.end_execs(&id);
        if let Some(container) = state.containers.remove(&id) {
            self.tell(&container, "destroy", &[]);
        }
        Ok(())
    }

    pub(super) fn end(&self, id: &str, end: End) {
        let mut state = self.state();
        self.ended(state.container(id).expect("a container"), end);
        state.end_execs(id);
    }

    fn ended(&self, container: &mut Container, end: End) {
        container.status = "exited".to_owned();
        container.finished = Some(self.now());
        container.oom_killed = matches!(end, End::OutOfMemory | End::AfterOutOfMemory(_));
        if let End::NotRun(error) = end {
            container.error = error;
            container.started = None;
        }
        container.exit_code = match end {
            End::Exited(code) | End::AfterOutOfMemory(code) => code,
            End::OutOfMemory => 137,
            End::NotRun(_) => 127,
        };
        container.ports.clear();
        container.used = None;
        container.listeners = JoinSet::new();
        if container.oom_killed {
            self.tell(container, "oom", &[]);
        }
        self.tell(container, "die", &[("exitCode", container.exit_code.to_string())]);
    }

    /// What somebody does on the host: `docker kill`.
    pub(super) fn kill(&self, id: &str) {
        let mut state = self.state();
        let container = state.container(id).expect("a container");
        self.tell(container, "kill", &[("signal", "9".to_owned())]);
        self.ended(container, End::Exited(137));
    }

    pub(super) fn pause(&self, id: &str, pauses: bool) {
        let (status, action) = if pauses { ("paused", "pause") } else { ("running", "unpause") };
        let mut state = self.state();
        let container = state.container(id).expect("a container");
        status.clone_into(&mut container.status);
        self.tell(container, action, &[]);
    }

    /// A process of it is ended for want of memory, and it goes on running.
    pub(super) fn lacks_memory(&self, id: &str) {
        let mut state = self.state();
        let container = state.container(id).expect("a container");
        container.oom_killed = true;
        self.tell(container, "oom", &[]);
    }

    /// The machine goes down and comes back: what ran has ended, and nobody tells of it.
    pub(super) fn restarts(&self) {
        self.go_on();
        let now = self.now();
        let mut state = self.state();
        state.started = Some(now.clone());
        for container in state.containers.values_mut().filter(|container| container.runs()) {
            "exited".clone_into(&mut container.status);
            container.finished = Some(now.clone());
            container.exit_code = 255;
            container.ports.clear();
            container.used = None;
            container.listeners = JoinSet::new();
        }
    }

    pub(super) fn pretend(&self, id: &str, status: &str) {
        self.state().container(id).expect("a container").pretended = Some(status.to_owned());
    }

    pub(super) fn health(&self, id: &str, health: &str) {
        let mut state = self.state();
        let container = state.container(id).expect("a container");
        container.health = Some(health.to_owned());
        self.tell(container, &format!("health_status: {health}"), &[]);
    }

    pub(super) fn has_written(&self, id: &str, bytes: u64) {
        self.state().container(id).expect("a container").written = bytes;
    }

    pub(super) fn uses(&self, id: &str, more: Used) {
        let mut state = self.state();
        let used = state.container(id).expect("a container").used.as_mut().expect("it runs");
        used.cpu_nanos += more.cpu_nanos;
        used.received += more.received;
        used.sent += more.sent;
    }

    pub(super) fn lose(&self, id: &str) {
        self.remove(id, true).expect("a container");
    }

    pub(super) fn ids(&self) -> Vec<String> {
        self.state().containers.keys().cloned().collect()
    }

    pub(super) fn asked(&self, id: &str) -> Option<Value> {
        self.state().containers.get(id).map(|container| container.asked.clone())
    }

    /// What `look` sees of one container, by id or name.
    pub(super) fn see<T>(&self, id: &str, look: impl FnOnce(&Container) -> T) -> Result<T, Refusal> {
        self.state().container(id).map(|container| look(container))
    }

    /// What `look` sees of every container.
    pub(super) fn see_all(&self, look: impl FnMut(&Container) -> Option<Value>) -> Vec<Value> {
        self.state().containers.values().filter_map(look).collect()
    }
}

/// Networks.
impl World {
    pub(super) fn bridge_talks(&self, talks: bool) {
        self.state().bridge_talks = talks;
    }

    /// An answer with what this one says otherwise of what is in it.
    pub(super) fn told(&self, mut answer: Value) -> Value {
        for (key, value) in &self.state().says {
            if let Some(known) = answer.get_mut(key) {
                *known = value.clone();
            }
        }
        answer
    }

    pub(super) fn makes_from(&self, first_id: u64) {
        self.state().made = first_id;
    }

    pub(super) fn says(&self, key: &str, value: Value) {
        self.state().says.insert(key.to_owned(), value);
    }

    /// An engine as a rootless one without delegated cgroups.
    pub(super) fn holds_no_limits(&self) {
        self.state().holds_no_limits = true;
    }

    pub(super) fn starts_where_made(&self) {
        self.state().starts_where_made = true;
    }

    pub(super) fn info(&self) -> Value {
        let mut info = json!({ "Name": "stand-in", "NCPU": 8, "MemTotal": 16_u64 << 30 });
        for (key, value) in &self.state().says {
            info[key] = value.clone();
        }
        if self.state().holds_no_limits {
            for limit in ["MemoryLimit", "CpuCfsQuota", "PidsLimit"] {
                info[limit] = json!(false);
            }
            info["CgroupDriver"] = json!("none");
        }
        info
    }

    pub(super) fn bridge_has_ipv6(&self) {
        self.state().bridge_has_ipv6 = true;
    }

    pub(super) fn bridge(&self) -> Value {
        let state = self.state();
        let (icc, ipv6) = (state.bridge_talks.to_string(), state.bridge_has_ipv6);
        json!({
            "Name": "bridge", "Id": bridge_id(), "Created": state.started, "Driver": "bridge", "Labels": {}, "EnableIPv6": ipv6,
            "Options": { "com.docker.network.bridge.enable_icc": icc },
            "IPAM": { "Driver": "default", "Options": null, "Config": [{ "Subnet": "172.17.0.0/16" }] },
        })
    }

    pub(super) fn keeps_nothing_apart(&self) {
        self.state().keeps_nothing_apart = true;
    }

    pub(super) fn network(&self, id: &str) -> Result<Value, Refusal> {
        self.state().networks.get(id).cloned().ok_or_else(|| (404, format!("network {id} not found")))
    }

    pub(super) fn networks(&self) -> Value {
        let bridge = self.bridge();
        let none = json!({ "Name": "none", "Id": "a".repeat(64), "Driver": "null", "Options": null, "Labels": null, "IPAM": { "Config": null } });
        let state = self.state();
        [bridge, none].into_iter().chain(state.networks.values().cloned()).collect::<Vec<_>>().into()
    }

    pub(super) fn make_network(&self, asked: &Value) -> Result<String, Refusal> {
        let mut state = self.state();
        let subnet = |network: &Value| network["IPAM"]["Config"][0]["Subnet"].as_str().map(str::to_owned);
        if let Some(subnet) =
            subnet(asked).filter(|wanted| state.networks.values().any(|it| subnet(it).as_ref() == Some(wanted)))
        {
            return Err((403, format!("Pool overlaps with other one on this address space: {subnet}")));
        }
        state.made += 1;
        let id = format!("{:064x}", state.made);
        let mut network = asked.clone();
        network["Id"] = json!(id);
        if state.keeps_nothing_apart {
            network["Options"] = json!({});
        }
        state.networks.insert(id.clone(), network);
        Ok(id)
    }

    pub(super) fn remove_network(&self, id: &str) -> Result<(), Refusal> {
        let mut state = self.state();
        let (name, _) = state.network(id)?;
        if state.containers.values().any(|container| container.runs() && container.networks.contains_key(&name)) {
            return Err((403, format!("error while removing network: network {name} id {id} has active endpoints")));
        }
        state.networks.remove(id);
        Ok(())
    }

    pub(super) fn connect(&self, network: &str, container: &str, connects: bool) -> Result<(), Refusal> {
        let mut state = self.state();
        // Of a network that is gone, the engine still takes a container by the network's name.
        let (name, id) = if connects { state.network(network)? } else { (network.to_owned(), String::new()) };
        let container = state.container(container)?;
        container.networks.remove(&name);
        if connects {
            container.networks.insert(name, id);
        }
        Ok(())
    }
}

fn bridge_id() -> String {
    "b".repeat(64)
}

impl State {
    /// Name and id of a network, by one of them.
    fn network(&self, asked: &str) -> Result<(String, String), Refusal> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let named = |network: &&Value| network["Id"] == asked || network["Name"] == asked;
        match self.networks.values().find(named) {
            Some(network) => Ok((text(&network["Name"]), text(&network["Id"]))),
            None if ["bridge", "default", &bridge_id()].contains(&asked) => Ok(("bridge".to_owned(), bridge_id())),
            None => Err((404, format!("network {asked} not found"))),
        }
    }

    fn image(&self, reference: &str) -> Option<&(String, Image)> {
        self.images.get(reference).or_else(|| self.images.values().find(|(id, _)| reference.ends_with(id.as_str())))
    }

    pub(super) fn container(&mut self, id: &str) -> Result<&mut Container, Refusal> {
        let found = self.containers.values_mut().find(|container| container.id == id || container.name == id);
        found.ok_or_else(|| (404, format!("No such container: {id}")))
    }

    /// A port that is told and not opened.
    fn told_port(&mut self) -> u16 {
        self.next_port = if self.next_port == 60_999 { 32_768 } else { self.next_port + 1 };
        self.next_port
    }
}

/// The ports that a creation asks to publish, with the address of the host.
fn published(asked: &Value) -> Vec<(String, String)> {
    let bindings = asked["HostConfig"]["PortBindings"].as_object().cloned().unwrap_or_default();
    let host_ip = |places: &Value| places[0]["HostIp"].as_str().unwrap_or_default().to_owned();
    bindings.iter().map(|(port, places)| (port.clone(), host_ip(places))).collect()
}

/// Where something listens that is to be published at `host_ip`: nothing is opened beyond loopback.
fn address_on_loopback(host_ip: &str) -> IpAddr {
    let wanted: Option<IpAddr> = host_ip.parse().ok();
    wanted.filter(IpAddr::is_loopback).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

fn environment(asked: &Value) -> String {
    let variables = asked["Env"].as_array().cloned().unwrap_or_default();
    variables.iter().filter_map(Value::as_str).map(|variable| format!("{variable}\n")).collect()
}

/// Answers each connection with the page, or drops it where there is none.
async fn serve(listener: TcpListener, page: Option<String>) {
    let mut guests = JoinSet::new();
    loop {
        tokio::select! {
            Ok((stream, _)) = listener.accept() => match &page {
                Some(page) => drop(guests.spawn(answer(stream, page.clone()))),
                None => drop(stream),
            },
            Some(_) = guests.join_next() => {}
        }
    }
}

/// One answer to whatever is asked; a guest that goes away is none of ours.
async fn answer(mut stream: TcpStream, page: String) {
    let mut asked = [0; 4096];
    if stream.read(&mut asked).await.is_ok_and(|read| read > 0) {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", page.len());
        drop(stream.write_all((head + &page).as_bytes()).await);
    }
}
