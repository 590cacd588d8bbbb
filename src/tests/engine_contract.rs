//! What `docker::Engine` promises: the same cases against a real engine and against the stand-in, so that the stand-in is
//! worth testing with; and what happens when an engine misbehaves, against the stand-in alone.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use docker::{
    Attachment, Connection, Container, ContainerId, ContainerSpec, Engine, EngineError, Event, Happening, ImageId,
    PullProgress, Status, Wanted,
};
use futures::{Stream, StreamExt};
use model::activity::Progress;
use model::environment::{Health, Limits, TemplateVersion};
use model::name::{EnvironmentId, EnvironmentName, PortName, TeamName, TemplateName};
use model::template::{PortSpec, Protocol, Scheme};
use model::units::{Memory, MilliCpu, Span};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::real_engine::RealEngine;
use super::registry::Registry;
use super::stand_in::{Call, Image, Process, StandIn};

/// An engine with the images that the cases need, and nothing of ours left when it is dropped.
struct Site {
    engine: Engine,
    /// Marks what this test makes.
    installation: String,
    /// Set where it is a real one.
    real: Option<RealEngine>,
    stand_in: Option<StandIn>,
    images: Vec<String>,
}

/// Images of the cases: name, instructions for a real engine, and the same for the stand-in.
fn images() -> [(&'static str, &'static [&'static str], Image); 7] {
    let init = ["[FATAL tini (7)] exec /bin/nothing-like-it failed: No such file or directory"];
    let log = ["going", "\u{1b}[31mred\u{1b}[0m \u{7}bell"];
    [
        ("serves", &[r#"CMD ["httpd","-f","-p","80","-h","/www"]"#], Image::that(Process::Serves)),
        ("sleeps", &[r#"CMD ["sleep","1000"]"#], Image::that(Process::Silent)),
        (
            "exits",
            &[r#"CMD ["sh","-c","printf 'going\\n\\033[31mred\\033[0m \\007bell\\n'; exit 3"]"#],
            Image::that(Process::Exits(3)).writing(&log),
        ),
        (
            "checks",
            &[r#"CMD ["sleep","1000"]"#, r#"HEALTHCHECK --interval=1s CMD ["true"]"#],
            Image::that(Process::Silent).with_health_check(),
        ),
        (
            "tells",
            &[
                r#"CMD ["sh","-c","grep -E '^(CapEff|NoNewPrivs)' /proc/self/status; hostname; env | grep -E '^(BERTH_|mob|GREET)'"]"#,
            ],
            Image::that(Process::Exits(0)),
        ),
        ("keeps", &[r#"CMD ["sleep","1000"]"#, "VOLUME /data"], Image::that(Process::Silent)),
        // The engine's init is what starts, and what reports that it could not go on.
        ("broken", &[r#"CMD ["/bin/nothing-like-it"]"#], Image::that(Process::Exits(127)).writing(&init)),
    ]
}

impl Site {
    fn real() -> Option<Self> {
        let real = RealEngine::find()?;
        let connection = Connection { host: Some(real.host().to_owned()), ..Connection::default() };
        let mut site = Self::at(&connection);
        site.real = Some(real);
        Some(site)
    }

    async fn stand_in() -> Self {
        let stand_in = StandIn::start().await;
        let mut site = Self::at(&stand_in.connection());
        for (name, _, image) in images() {
            stand_in.has_image(&site.tag(name), image);
        }
        site.stand_in = Some(stand_in);
        site
    }

    fn at(connection: &Connection) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let installation = format!("test-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let engine = Engine::connect(connection).expect("a connection");
        Self { engine, installation, real: None, stand_in: None, images: Vec::new() }
    }

    /// What somebody does on the host.
    fn pause(&self, id: &ContainerId) {
        match (&self.real, &self.stand_in) {
            (Some(real), _) => real.does("pause", id.as_str()),
            (None, Some(stand_in)) => stand_in.pause(id.as_str(), true),
            (None, None) => unreachable!("an engine"),
        }
    }

    fn kill(&self, id: &ContainerId) {
        match (&self.real, &self.stand_in) {
            (Some(real), _) => real.does("kill", id.as_str()),
            (None, Some(stand_in)) => stand_in.kill(id.as_str()),
            (None, None) => unreachable!("an engine"),
        }
    }

    /// An installation that is not this test's.
    fn elsewhere(&self) -> String {
        format!("{}-elsewhere", self.installation)
    }

    fn tag(&self, image: &str) -> String {
        format!("berth-test/{image}:{}", self.installation)
    }

    /// One of the images of the cases, made where it is not there yet.
    async fn image(&mut self, name: &str) -> ImageId {
        let tag = self.tag(name);
        if let Some(real) = &self.real
            && !self.images.contains(&tag)
        {
            let (_, instructions, _) = images().into_iter().find(|image| image.0 == name).expect("an image");
            self.images.push(tag.clone());
            real.import(&tag, instructions);
        }
        self.engine.image(&tag).await.expect("an answer").expect("the image is there")
    }

    /// What to pull of so many layers. A real engine pulls from a registry of ours, where it can reach it: on this machine.
    async fn pullable(&mut self, layers: usize) -> Option<(String, Option<Registry>)> {
        if let Some(stand_in) = &self.stand_in {
            let reference = "registry.example/berth-test/pulled:1";
            stand_in.registry_has(reference, Image::that(Process::Silent), layers);
            return Some((reference.to_owned(), None));
        }
        if !self.real.as_ref()?.is_here() {
            println!("skipped: the engine is on another machine, and cannot pull from this one");
            return None;
        }
        let registry = Registry::with_image(&self.installation, layers).await;
        self.images.push(registry.reference.clone());
        Some((registry.reference.clone(), Some(registry)))
    }

    /// Where port 80 of a new container is reached, unless its host is another machine.
    async fn port_of(&mut self, image: &str) -> Option<u16> {
        if self.real.as_ref().is_some_and(|real| !real.is_here()) {
            println!("skipped: the engine's ports are on another machine");
            return None;
        }
        let id = self.started(image).await;
        Some(self.engine.inspect(&id).await.expect("a container").ports[0].host_port)
    }

    async fn spec(&mut self, image: &str, change: impl FnOnce(&mut Draft)) -> ContainerSpec {
        let mut draft = Draft::new(self.image(image).await);
        change(&mut draft);
        draft.spec(&self.installation)
    }

    async fn created(&mut self, image: &str) -> ContainerId {
        let spec = self.spec(image, |_| {}).await;
        self.engine.create(&spec).await.expect("a container")
    }

    async fn ended(&self, id: &ContainerId) -> Container {
        loop {
            let container = self.engine.inspect(id).await.expect("a container");
            if container.status != Status::Running {
                return container;
            }
        }
    }

    async fn started(&mut self, image: &str) -> ContainerId {
        let id = self.created(image).await;
        self.engine.start(&id).await.expect("a started container");
        id
    }
}

impl Site {
    /// Lets a container that serves use some CPU and network.
    async fn use_some(&self, id: &ContainerId) {
        if let Some(stand_in) = &self.stand_in {
            stand_in.uses(id.as_str(), 1_000_000, 2000);
        } else if self.real.as_ref().is_some_and(RealEngine::is_here) {
            get(self.engine.inspect(id).await.expect("a container").ports[0].host_port).await;
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(real) = &self.real {
            real.clean(&[&self.installation, &self.elsewhere()], &self.images);
        }
    }
}

/// What a container is wanted to be, with parts that a case may change.
pub struct Draft {
    pub image: ImageId,
    pub environment: EnvironmentId,
    pub attempt: u32,
    pub variables: BTreeMap<String, String>,
    pub ports: Vec<PortSpec>,
    pub network: Attachment,
    pub disk: Option<Memory>,
    pub command: Vec<String>,
}

impl Draft {
    pub fn new(image: ImageId) -> Self {
        let port = |name: &str, number, protocol| PortSpec {
            name: PortName::parse(name).expect("a name"),
            number,
            protocol,
            scheme: Scheme::Raw,
            loopback: false,
        };
        Self {
            image,
            environment: EnvironmentId::parse(ENVIRONMENT).expect("an id"),
            attempt: 1,
            variables: BTreeMap::from([("GREETING".to_owned(), "hello".to_owned())]),
            ports: vec![port("http", 80, Protocol::Tcp), port("syslog", 514, Protocol::Udp)],
            network: Attachment::DefaultBridge,
            disk: None,
            command: Vec::new(),
        }
    }

    pub fn spec(&self, installation: &str) -> ContainerSpec {
        let wanted = Wanted {
            environment: &self.environment,
            name: &EnvironmentName::parse("checkout").expect("a name"),
            // The name of a container is the host's; tests side by side need their own.
            team: &TeamName::parse(installation).expect("a name"),
            owner: "bea@example.com",
            template: &TemplateVersion { slug: TemplateName::parse("web").expect("a name"), version: 1 },
            part: &model::name::PartName::main(),
            attempt: self.attempt,
            installation,
            image: &self.image,
            command: &self.command,
            variables: &self.variables,
            ports: &self.ports,
            limits: Limits { disk: self.disk, ..LIMITS },
            network: &self.network,
            bind: None,
        };
        ContainerSpec::new(&wanted).expect("a good specification")
    }
}

const ENVIRONMENT: &str = "0193f1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b";

const LIMITS: Limits = Limits { cpus: MilliCpu::new(500), memory: Memory::mib(64), pids: 32, disk: None };

/// Each case twice: `real::…` and `stand_in::…`.
macro_rules! contract {
    ($($case:ident),+ $(,)?) => {
        mod real {
            $(#[tokio::test]
            async fn $case() {
                if let Some(mut site) = super::Site::real() {
                    super::$case(&mut site).await;
                }
            })+
        }
        mod stand_in {
            $(#[tokio::test]
            async fn $case() {
                super::$case(&mut super::Site::stand_in().await).await;
            })+
        }
    };
}

mod networks;
mod shells;

contract! {
    the_host_tells_what_it_is,
    an_image_is_found_or_not,
    a_container_runs_only_once_it_is_started,
    a_started_container_has_its_ports,
    stopping_keeps_the_container_and_says_how_it_ended,
    a_published_port_reaches_the_container,
    a_port_that_nobody_opens_takes_a_connection_and_drops_it,
    what_a_container_uses_is_counted_while_it_runs,
    what_the_engine_holds_is_the_safe_profile,
    what_a_container_writes_is_counted_and_held_to_its_limit_where_the_storage_can,
    starting_or_stopping_twice_is_once,
    a_paused_container_is_stopped_like_any_other,
    a_stop_and_a_kill_are_told_before_the_end,
    a_removed_container_is_gone_and_removing_it_again_is_fine,
    the_same_attempt_makes_one_container,
    another_attempt_under_the_same_name_is_a_conflict,
    an_image_that_is_not_there_makes_no_container,
    a_container_that_exits_at_once_says_its_code,
    the_last_lines_of_a_container_are_read_without_what_a_terminal_obeys,
    a_health_check_is_told_until_it_is_healthy,
    what_happens_to_a_container_is_told_as_it_happens,
    a_pull_brings_the_image_and_tells_its_layers,
    all_who_wait_for_an_image_share_one_pull,
    what_no_registry_has_is_not_found,
    only_what_this_installation_made_is_ours,
    what_is_not_there_is_not_found,
}

/// What only a real engine can show: the profile from inside. CapEff is the sum of the seven capabilities' bits.
#[tokio::test]
async fn inside_a_real_container_root_has_few_powers_and_its_team_s_name() {
    let Some(mut site) = Site::real() else { return };
    let id = site.started("tells").await;
    assert_eq!(site.ended(&id).await.exit_code, Some(0));
    let mut lines = site.engine.logs_tail(&id, 50).await.expect("lines");
    lines.sort();
    let team = &site.installation;
    let expected = [
        "BERTH_ENVIRONMENT=checkout",
        "BERTH_OWNER=bea@example.com",
        &format!("BERTH_TEAM={team}"),
        "CapEff: 00000000000004eb",
        "GREETING=hello",
        "NoNewPrivs: 1",
        "checkout",
        &format!("mobTeam={team}"),
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn a_real_container_s_anonymous_volumes_go_with_it() {
    let Some(mut site) = Site::real() else { return };
    let id = site.started("keeps").await;
    let volumes = |site: &Site| site.real.as_ref().expect("a real engine").volumes();
    let inspected = site.real.as_ref().expect("a real engine").inspect(id.as_str());
    let mine = inspected["Mounts"][0]["Name"].as_str().expect("a volume").to_owned();
    assert!(volumes(&site).contains(&mine));
    site.engine.remove(&id).await.expect("a removal");
    assert!(!volumes(&site).contains(&mine));
}

async fn the_host_tells_what_it_is(site: &mut Site) {
    let host = site.engine.host().await.expect("facts");
    assert!(host.cpus >= MilliCpu::cores(1) && host.memory >= Memory::mib(128), "{host:?}");
    assert_eq!(host.os, "linux");
    assert!(host.api.starts_with("1.") && !host.name.is_empty() && !host.engine.is_empty(), "{host:?}");
}

async fn an_image_is_found_or_not(site: &mut Site) {
    let id = site.image("sleeps").await;
    assert_eq!(site.engine.image(&id.to_string()).await, Ok(Some(id)));
    assert_eq!(site.engine.image("berth-test/no-such-image:1").await, Ok(None));
    let refused = site.engine.image("../containers").await;
    assert!(matches!(refused, Err(EngineError::Refused { status: 400, .. })), "{refused:?}");
}

async fn a_container_runs_only_once_it_is_started(site: &mut Site) {
    let spec = site.spec("sleeps", |_| {}).await;
    let id = site.engine.create(&spec).await.expect("a container");
    let made = site.engine.inspect(&id).await.expect("a container");
    assert_eq!((made.id.clone(), made.name.as_str(), made.status), (id.clone(), spec.name(), Status::Created));
    assert_eq!((made.started_at, made.finished_at, made.exit_code), (None, None, None));
    assert_eq!(made.limits, Some(LIMITS));
    assert!(made.ports.is_empty() && made.created_at.is_some());
    assert_eq!(made.labels.environment().map(|id| id.to_string()).as_deref(), Some(ENVIRONMENT));
    assert_eq!((made.labels.attempt(), made.labels.installation()), (Some(1), Some(site.installation.as_str())));

    site.engine.start(&id).await.expect("a start");
    let running = site.engine.inspect(&id).await.expect("a container");
    assert_eq!((running.status, running.exit_code, running.health), (Status::Running, None, None));
    assert!(running.started_at >= made.created_at);
}

async fn a_started_container_has_its_ports(site: &mut Site) {
    let id = site.started("serves").await;
    let ports = site.engine.inspect(&id).await.expect("a container").ports;
    let told: Vec<_> = ports.iter().map(|port| (port.container, port.protocol, port.host_ip.as_str())).collect();
    assert_eq!(told, [(80, Protocol::Tcp, "0.0.0.0"), (514, Protocol::Udp, "0.0.0.0")]);
    assert!(ports.iter().all(|port| port.host_port > 0));
    let listed = site.engine.ours(&site.installation).await.expect("a list");
    assert_eq!(listed[0].ports, ports);
}

async fn stopping_keeps_the_container_and_says_how_it_ended(site: &mut Site) {
    let id = site.started("sleeps").await;
    site.engine.stop(&id, Span::seconds(1)).await.expect("a stop");
    let stopped = site.engine.inspect(&id).await.expect("a container");
    assert_eq!((stopped.status, stopped.oom_killed), (Status::Exited, false));
    assert!(matches!(stopped.exit_code, Some(137 | 143)), "{:?}", stopped.exit_code);
    assert!(stopped.finished_at >= stopped.started_at && stopped.ports.is_empty());
    site.engine.start(&id).await.expect("a second start");
    let again = site.engine.inspect(&id).await.expect("a container");
    assert_eq!((again.status, again.exit_code, again.ports.len()), (Status::Running, None, 2));
}

async fn a_published_port_reaches_the_container(site: &mut Site) {
    let Some(port) = site.port_of("serves").await else { return };
    let answer = async {
        loop {
            let answer = get(port).await;
            if !answer.is_empty() {
                return answer;
            }
        }
    };
    let answer = timeout(Duration::from_secs(20), answer).await.expect("an answer in time");
    assert!(answer.starts_with("HTTP/1."), "{answer}");
}

async fn a_port_that_nobody_opens_takes_a_connection_and_drops_it(site: &mut Site) {
    let Some(port) = site.port_of("sleeps").await else { return };
    assert_eq!(get(port).await, "");
}

async fn what_a_container_writes_is_counted_and_held_to_its_limit_where_the_storage_can(site: &mut Site) {
    let (limit, wanted) = (Memory::mib(20), Memory::mib(30));
    let image = site.image("sleeps").await;
    let write = ["sh", "-c", "dd if=/dev/zero of=/big bs=1M count=30"].map(str::to_owned).to_vec();
    let draft = Draft { disk: Some(limit), command: write, ..Draft::new(image) };
    let id = site.engine.create(&draft.spec(&site.installation)).await.expect("a container");
    assert!(site.engine.written(&id).await.expect("a count") < Memory::mib(1));
    site.engine.start(&id).await.expect("started");
    match &site.stand_in {
        Some(engine) => engine.has_written(id.as_str(), wanted.as_bytes()),
        None => drop(site.ended(&id).await),
    }
    let held = site.engine.inspect(&id).await.expect("a container").limits.expect("limits").disk;
    let written = site.engine.written(&id).await.expect("a count");
    match held {
        Some(held) => assert!(held == limit && written <= limit && written >= Memory::mib(10), "{written}"),
        None => assert!(written >= wanted, "{written}"),
    }
}

async fn what_a_container_uses_is_counted_while_it_runs(site: &mut Site) {
    let id = site.started("serves").await;
    let first = site.engine.stats(&id).await.expect("what it used");
    let grown = async {
        loop {
            site.use_some(&id).await;
            let now = site.engine.stats(&id).await.expect("what it used");
            let answered = now.received_bytes > first.received_bytes && now.sent_bytes > first.sent_bytes;
            if answered && now.cpu_nanos > first.cpu_nanos {
                return;
            }
        }
    };
    timeout(Duration::from_secs(20), grown).await.expect("it grows");
    site.engine.stop(&id, Span::seconds(0)).await.expect("a stop");
    let stopped = site.engine.stats(&id).await.expect("nothing, of what does not run");
    assert_eq!((stopped.cpu_nanos, stopped.received_bytes, stopped.sent_bytes), (0, 0, 0));
    site.engine.remove(&id).await.expect("a removal");
    assert!(matches!(site.engine.stats(&id).await, Err(EngineError::NotFound(_))));
}

/// What a port of this machine answers to a request before it closes the connection.
async fn get(port: u16) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the engine listens for its containers");
    let mut answer = Vec::new();
    // A connection that breaks has answered what it has.
    if stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await.is_ok() {
        drop(stream.read_to_end(&mut answer).await);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

async fn what_the_engine_holds_is_the_safe_profile(site: &mut Site) {
    let id = site.created("sleeps").await;
    let held = match (&site.real, &site.stand_in) {
        (Some(real), _) => real.inspect(id.as_str()),
        (None, stand_in) => stand_in.as_ref().and_then(|stand_in| stand_in.asked(id.as_str())).expect("a container"),
    };
    let profile = &held["HostConfig"];
    for (field, value) in [
        ("Memory", json!(64 << 20)),
        ("MemorySwap", json!(64 << 20)),
        ("NanoCpus", json!(500_000_000)),
        ("PidsLimit", json!(32)),
        ("Privileged", json!(false)),
        ("CapDrop", json!(["ALL"])),
        ("SecurityOpt", json!(["no-new-privileges=true"])),
        ("NetworkMode", json!("bridge")),
        ("IpcMode", json!("private")),
        ("CgroupnsMode", json!("private")),
        ("Init", json!(true)),
        ("AutoRemove", json!(false)),
    ] {
        assert_eq!(profile[field], value, "{field}");
    }
    assert_eq!(profile["RestartPolicy"]["Name"], "no");
    assert_eq!(profile["LogConfig"], json!({ "Type": "json-file", "Config": { "max-size": "10m", "max-file": "3" } }));
    // An engine tells what was not asked for as null, as empty or not at all.
    let empty = |value: &Value| value.is_null() || *value == json!("") || *value == json!([]);
    for field in ["Binds", "Mounts", "Devices", "VolumesFrom", "PidMode", "UTSMode", "UsernsMode", "DeviceRequests"] {
        assert!(empty(&profile[field]), "{field}: {}", profile[field]);
    }
}

async fn starting_or_stopping_twice_is_once(site: &mut Site) {
    let id = site.started("sleeps").await;
    site.engine.start(&id).await.expect("it runs already");
    for _ in 0..2 {
        site.engine.stop(&id, Span::seconds(0)).await.expect("a stop");
    }
}

async fn a_paused_container_is_stopped_like_any_other(site: &mut Site) {
    let id = site.started("sleeps").await;
    site.pause(&id);
    let listed = site.engine.ours(&site.installation).await.expect("a list");
    let inspected = site.engine.inspect(&id).await.expect("a container");
    assert_eq!((&inspected.status, &listed[0].status), (&Status::Paused, &Status::Paused));
    site.engine.stop(&id, Span::seconds(0)).await.expect("a stop");
    assert_eq!(site.engine.inspect(&id).await.expect("a container").status, Status::Exited);
}

async fn a_stop_and_a_kill_are_told_before_the_end(site: &mut Site) {
    let mut events = pin!(site.engine.events(&site.installation).await.expect("events"));
    let id = site.started("sleeps").await;
    for (at_once, first) in [(false, Happening::Created), (true, Happening::Started)] {
        assert_eq!(next(&mut events).await.what, first);
        if first == Happening::Created {
            assert_eq!(next(&mut events).await.what, Happening::Started);
            site.engine.stop(&id, Span::seconds(5)).await.expect("a stop");
        } else {
            site.kill(&id);
        }
        assert_eq!(next(&mut events).await.what, Happening::Signalled { at_once });
        assert!(matches!(next(&mut events).await.what, Happening::Ended { .. }));
        site.engine.start(&id).await.expect("a start");
    }
}

async fn a_removed_container_is_gone_and_removing_it_again_is_fine(site: &mut Site) {
    let id = site.started("sleeps").await;
    for _ in 0..2 {
        site.engine.remove(&id).await.expect("a removal");
        assert!(matches!(site.engine.inspect(&id).await, Err(EngineError::NotFound(_))));
    }
    assert_eq!(site.engine.ours(&site.installation).await, Ok(Vec::new()));
}

async fn the_same_attempt_makes_one_container(site: &mut Site) {
    let spec = site.spec("sleeps", |_| {}).await;
    let first = site.engine.create(&spec).await.expect("a container");
    assert_eq!(site.engine.create(&spec).await, Ok(first));
    assert_eq!(site.engine.ours(&site.installation).await.expect("a list").len(), 1);
}

async fn another_attempt_under_the_same_name_is_a_conflict(site: &mut Site) {
    let first = site.spec("sleeps", |_| {}).await;
    site.engine.create(&first).await.expect("a container");
    // Another environment, whose id ends alike and whose container so has the same name.
    let other = EnvironmentId::parse("1193f1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b").expect("an id");
    let second = site.spec("sleeps", |draft| draft.environment = other).await;
    assert_eq!(first.name(), second.name());
    let refused = site.engine.create(&second).await;
    assert!(matches!(refused, Err(EngineError::Conflict(_))), "{refused:?}");
}

async fn an_image_that_is_not_there_makes_no_container(site: &mut Site) {
    let absent = ImageId::parse(&format!("sha256:{}", "0".repeat(64))).expect("an id");
    let refused = site.engine.create(&Draft::new(absent).spec(&site.installation)).await;
    assert!(matches!(refused, Err(EngineError::NotFound(_))), "{refused:?}");
    assert_eq!(site.engine.ours(&site.installation).await, Ok(Vec::new()));
}

async fn a_container_that_exits_at_once_says_its_code(site: &mut Site) {
    let id = site.started("exits").await;
    let ended = site.ended(&id).await;
    assert_eq!((ended.status, ended.exit_code), (Status::Exited, Some(3)));
    assert!(ended.started_at.is_some() && ended.finished_at.is_some());
}

async fn the_last_lines_of_a_container_are_read_without_what_a_terminal_obeys(site: &mut Site) {
    let id = site.started("exits").await;
    site.ended(&id).await;
    let lines = site.engine.logs_tail(&id, 200).await.expect("lines");
    assert_eq!(lines, ["going", "red \u{fffd}bell"]);
    assert_eq!(site.engine.logs_tail(&id, 1).await, Ok(lines[1..].to_vec()));

    site.engine.remove(&id).await.expect("a removal");
    let id = site.started("broken").await;
    assert_eq!(site.ended(&id).await.exit_code, Some(127));
    let lines = site.engine.logs_tail(&id, 5).await.expect("lines").join(" ");
    assert!(lines.contains("/bin/nothing-like-it failed: No such file"), "{lines}");
}

async fn a_health_check_is_told_until_it_is_healthy(site: &mut Site) {
    let spec = site.spec("checks", |_| {}).await;
    let mut events = pin!(site.engine.events(&site.installation).await.expect("a subscription"));
    let id = site.engine.create(&spec).await.expect("a container");
    site.engine.start(&id).await.expect("a start");
    if let Some(stand_in) = &site.stand_in {
        assert_eq!(site.engine.inspect(&id).await.expect("a container").health, Some(Health::Starting));
        stand_in.health(id.as_str(), "healthy");
    }
    while next(&mut events).await.what != Happening::Health(Health::Healthy) {}
    assert_eq!(site.engine.inspect(&id).await.expect("a container").health, Some(Health::Healthy));
}

async fn what_happens_to_a_container_is_told_as_it_happens(site: &mut Site) {
    let spec = site.spec("exits", |_| {}).await;
    let mut events = pin!(site.engine.events(&site.installation).await.expect("a subscription"));
    // Another installation's container on the same engine is none of ours.
    let other = site.engine.image(&site.tag("exits")).await.expect("an answer").expect("the image is there");
    let elsewhere = Draft::new(other).spec(&site.elsewhere());
    let other = site.engine.create(&elsewhere).await.expect("a container");
    site.engine.remove(&other).await.expect("a removal");
    let id = site.engine.create(&spec).await.expect("a container");
    site.engine.start(&id).await.expect("a start");
    let mut told = vec![next(&mut events).await, next(&mut events).await, next(&mut events).await];
    site.engine.remove(&id).await.expect("a removal");
    told.push(next(&mut events).await);

    let happenings: Vec<Happening> = told.iter().map(|event| event.what).collect();
    let ended = Happening::Ended { exit_code: Some(3) };
    assert_eq!(happenings, [Happening::Created, Happening::Started, ended, Happening::Removed]);
    assert!(told.iter().all(|event| event.container == id && event.labels.attempt() == Some(1)), "{told:?}");
    assert!(told.is_sorted_by_key(|event| event.at), "{told:?}");
    assert_eq!(told[0].labels.environment().map(|id| id.to_string()).as_deref(), Some(ENVIRONMENT));
}

async fn next(events: &mut (impl Stream<Item = Result<Event, EngineError>> + Unpin)) -> Event {
    events.next().await.expect("events go on").expect("an event")
}

async fn a_pull_brings_the_image_and_tells_its_layers(site: &mut Site) {
    let Some((reference, _registry)) = site.pullable(3).await else { return };
    assert_eq!(site.engine.image(&reference).await, Ok(None));
    let last = Mutex::new(PullProgress::default());
    let tell = |progress: PullProgress| *last.lock().expect("nobody panics with it") = progress;
    let image = site.engine.pull(&reference, tell).await.expect("an image");
    assert_eq!(site.engine.image(&reference).await, Ok(Some(image)));
    let last = last.into_inner().expect("nobody panicked with it");
    assert_eq!(last.done(), Progress { done: 3, total: 3 }, "{last:?}");
}

async fn all_who_wait_for_an_image_share_one_pull(site: &mut Site) {
    let Some((reference, registry)) = site.pullable(1).await else { return };
    let engine = &site.engine;
    let pulled = futures::future::join_all((0..20).map(|_| engine.pull(&reference, |_| {}))).await;
    let image = engine.image(&reference).await.expect("an answer").expect("the image is there");
    assert!(pulled.iter().all(|pulled| pulled.as_ref() == Ok(&image)), "{pulled:?}");
    match (registry, &site.stand_in) {
        (Some(registry), _) => assert_eq!(registry.pulls(), 1),
        (None, stand_in) => assert_eq!(stand_in.as_ref().map(|stand_in| stand_in.calls(Call::Pull)), Some(1)),
    }
}

async fn what_no_registry_has_is_not_found(site: &mut Site) {
    let Some((reference, _registry)) = site.pullable(1).await else { return };
    let refused = site.engine.pull(&format!("{}:no-such-tag", reference.trim_end_matches(":1")), |_| {}).await;
    assert!(matches!(refused, Err(EngineError::NotFound(_))), "{refused:?}");
}

async fn only_what_this_installation_made_is_ours(site: &mut Site) {
    let mine = site.started("sleeps").await;
    let listed = site.engine.ours(&site.installation).await.expect("a list");
    assert_eq!(listed.iter().map(|container| &container.id).collect::<Vec<_>>(), [&mine]);
    assert_eq!((listed[0].labels.attempt(), &listed[0].status), (Some(1), &Status::Running));
    assert_eq!(site.engine.ours(&site.elsewhere()).await, Ok(Vec::new()));
    assert_eq!(site.engine.ours("\"]}&all=false").await, Ok(Vec::new()));
}

async fn what_is_not_there_is_not_found(site: &mut Site) {
    let absent = ContainerId::parse(&"0".repeat(64)).expect("an id");
    let not_found = |result: Result<(), EngineError>| matches!(result, Err(EngineError::NotFound(_)));
    assert!(not_found(site.engine.start(&absent).await));
    assert!(not_found(site.engine.stop(&absent, Span::seconds(1)).await));
    assert!(not_found(site.engine.inspect(&absent).await.map(drop)));
}
