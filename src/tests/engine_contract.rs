//! What `docker::Engine` promises: the same cases against a real engine and against the stand-in, so that the stand-in is
//! worth testing with; and what happens when an engine misbehaves, against the stand-in alone.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use app::model::environment::{Limits, TemplateVersion};
use app::model::name::{EnvironmentId, EnvironmentName, PortName, TeamName, TemplateName};
use app::model::template::{PortSpec, Protocol, Scheme};
use app::model::units::{Memory, MilliCpu, Span};

use super::real_engine::RealEngine;
use super::stand_in::{Image, Process, StandIn};
use crate::docker::{Connection, Container, ContainerId, ContainerSpec, Engine, EngineError, ImageId, Status, Wanted};

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
fn images() -> [(&'static str, &'static [&'static str], Image); 4] {
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

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(real) = &self.real {
            real.clean(&self.installation, &self.images);
        }
    }
}

/// What a container is wanted to be, with parts that a case may change.
struct Draft {
    image: ImageId,
    environment: EnvironmentId,
    attempt: u32,
    variables: BTreeMap<String, String>,
    ports: Vec<PortSpec>,
}

impl Draft {
    fn new(image: ImageId) -> Self {
        let port = |name: &str, number, protocol| PortSpec {
            name: PortName::parse(name).expect("a name"),
            number,
            protocol,
            scheme: Scheme::Raw,
        };
        Self {
            image,
            environment: EnvironmentId::parse("0193f1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b").expect("an id"),
            attempt: 1,
            variables: BTreeMap::from([("GREETING".to_owned(), "hello".to_owned())]),
            ports: vec![port("http", 80, Protocol::Tcp), port("syslog", 514, Protocol::Udp)],
        }
    }

    fn spec(&self, installation: &str) -> ContainerSpec {
        let wanted = Wanted {
            environment: &self.environment,
            name: &EnvironmentName::parse("checkout").expect("a name"),
            // The name of a container is the host's; tests side by side need their own.
            team: &TeamName::parse(installation).expect("a name"),
            owner: "bea@example.com",
            template: &TemplateVersion { slug: TemplateName::parse("web").expect("a name"), version: 1 },
            attempt: self.attempt,
            installation,
            image: &self.image,
            command: &[],
            variables: &self.variables,
            ports: &self.ports,
            limits: LIMITS,
            bind: None,
        };
        ContainerSpec::new(&wanted).expect("a good specification")
    }
}

const LIMITS: Limits = Limits { cpus: MilliCpu::new(500), memory: Memory::mib(64), pids: 32 };

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

contract! {
    the_host_tells_what_it_is,
    an_image_is_found_or_not,
    a_container_runs_only_once_it_is_started,
    a_started_container_has_its_ports,
    stopping_keeps_the_container_and_says_how_it_ended,
    starting_or_stopping_twice_is_once,
    a_removed_container_is_gone_and_removing_it_again_is_fine,
    the_same_attempt_makes_one_container,
    another_attempt_under_the_same_name_is_a_conflict,
    an_image_that_is_not_there_makes_no_container,
    a_container_that_exits_at_once_says_its_code,
    only_what_this_installation_made_is_ours,
    what_is_not_there_is_not_found,
}

async fn the_host_tells_what_it_is(site: &mut Site) {
    let host = site.engine.host().await.expect("facts");
    assert!(host.cpus >= MilliCpu::cores(1) && host.memory >= Memory::mib(128), "{host:?}");
    assert_eq!(host.os, "linux");
    assert!(host.api.starts_with("1.") && !host.name.is_empty() && !host.engine.is_empty(), "{host:?}");
}

async fn an_image_is_found_or_not(site: &mut Site) {
    let id = site.image("sleeps").await;
    assert_eq!(site.engine.image(id.as_str()).await, Ok(Some(id)));
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
    assert_eq!(
        made.labels.environment().map(|id| id.to_string()).as_deref(),
        Some("0193f1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b")
    );
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

async fn starting_or_stopping_twice_is_once(site: &mut Site) {
    let id = site.started("sleeps").await;
    site.engine.start(&id).await.expect("it runs already");
    for _ in 0..2 {
        site.engine.stop(&id, Span::seconds(0)).await.expect("a stop");
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
    assert!(ended.finished_at >= ended.started_at && ended.started_at.is_some());
}

async fn only_what_this_installation_made_is_ours(site: &mut Site) {
    let mine = site.started("sleeps").await;
    let listed = site.engine.ours(&site.installation).await.expect("a list");
    assert_eq!(listed.iter().map(|container| &container.id).collect::<Vec<_>>(), [&mine]);
    assert_eq!((listed[0].labels.attempt(), &listed[0].status), (Some(1), &Status::Running));
    assert_eq!(site.engine.ours("another-installation").await, Ok(Vec::new()));
    assert_eq!(site.engine.ours("\"]}&all=false").await, Ok(Vec::new()));
}

async fn what_is_not_there_is_not_found(site: &mut Site) {
    let absent = ContainerId::parse(&"0".repeat(64)).expect("an id");
    let not_found = |result: Result<(), EngineError>| matches!(result, Err(EngineError::NotFound(_)));
    assert!(not_found(site.engine.start(&absent).await));
    assert!(not_found(site.engine.stop(&absent, Span::seconds(1)).await));
    assert!(not_found(site.engine.inspect(&absent).await.map(drop)));
}
