//! Several Docker Engines: each environment is on one host, and one that is away, drained or exchanged concerns only what is on it.

use app::api::ApiError;
use app::api::backend::{Environments, Hosts, Live};
use app::api::environments::LaunchAsk;
use app::api::hosts::{Edit, HostStep};
use docker::Patience;
use futures::StreamExt;
use model::access::{Actor, InstallationRole, TeamRole};
use model::environment::{Environment, Operation, State};
use model::host::{Host, Link};
use model::name::HostName;
use model::units::{Memory, Span};
use service::{HostSettings, Reserve, Service, apply};

use super::stage::{Stage, ask, host, reconciled};
use super::stand_in::{Call, Image, Mood, Process, StandIn};

/// Team blue without limits of its own.
const UNLIMITED: &str = "[[team]]\nname = \"blue\"\n";

/// A stage whose own engine is the host `east`, and another one, `west`, beside it.
struct Pair {
    stage: Stage,
    west: StandIn,
    service: Service,
    bea: Actor,
    ada: Actor,
}

fn name(text: &str) -> HostName {
    HostName::parse(text).expect("a name")
}

async fn another(id: &str) -> StandIn {
    let engine = StandIn::start().await;
    engine.has_image("berth/web:1", Image::that(Process::Serves));
    engine.says("ID", id);
    engine
}

/// As much memory as is told, less than nothing of it reserved.
fn giving(mut host: HostSettings) -> HostSettings {
    host.reserve = Reserve { memory: Memory::default(), memory_ratio: 1.0, cpu_ratio: 1000.0 };
    host
}

impl Pair {
    async fn set() -> Self {
        let stage = Stage::set().await;
        stage.service.cut_off();
        stage.engine.says("ID", "EAST");
        let west = another("WEST").await;
        apply::apply(&stage.store, UNLIMITED, false, stage.clock.now()).await.expect("a catalogue");
        let service = stage.serving_on(hosts(&stage.engine, &west)).await;
        let bea = stage.bea().await;
        let ada = Actor { role: Some(InstallationRole::Admin), ..stage.person("Ann", "blue", TeamRole::Member).await };
        Self { stage, west, service, bea, ada }
    }

    /// The same database and engines, served anew with these hosts.
    async fn served_anew(&mut self, hosts: Vec<HostSettings>) {
        self.service.cut_off();
        self.service = self.stage.serving_on(hosts).await;
    }

    async fn launched(&self) -> Environment {
        self.launched_as(ask("box")).await
    }

    async fn launched_as(&self, ask: LaunchAsk) -> Environment {
        let id = self.service.launch(&self.bea, ask).await.expect("a launch").id;
        self.service.settled(&self.bea, &id).await.expect("settled")
    }

    async fn does(&self, host: &str, step: HostStep) -> Result<(), ApiError> {
        self.service.edit_host(&self.ada, Edit { host: name(host), step }).await.map(drop)
    }

    async fn seen(&self, of: &Environment) -> Environment {
        self.service.environment(&self.bea, &of.id).await.expect("seen").environment
    }

    async fn becomes(&self, environment: &Environment, state: State) -> Environment {
        let mut changes = self.service.changes();
        loop {
            let seen = self.seen(environment).await;
            if seen.state == state {
                return seen;
            }
            changes.next().await.expect("the service is there");
        }
    }

    /// Waits until what is known of the hosts is so.
    async fn until(&self, holds: impl Fn(&[Host]) -> bool) {
        let mut changes = self.service.changes();
        while !holds(&self.service.known_hosts()) {
            changes.next().await.expect("the service is there");
        }
    }
}

fn hosts(east: &StandIn, west: &StandIn) -> Vec<HostSettings> {
    vec![giving(host("east", east, Patience::default())), giving(host("west", west, Patience::default()))]
}

fn lost(hosts: &[Host], name: &str) -> Option<String> {
    let host = hosts.iter().find(|host| host.name.as_str() == name).expect("a host");
    match &host.link {
        Link::Live => None,
        Link::Lost { reason, .. } => Some(reason.clone()),
    }
}

#[tokio::test]
async fn what_is_launched_goes_to_the_host_with_most_memory_left() {
    let pair = Pair::set().await;
    let mut placed = Vec::new();
    for _ in 0..4 {
        let launched = pair.launched().await;
        assert_eq!(launched.state, State::Running, "{launched:?}");
        placed.push(launched.host.to_string());
    }
    assert_eq!(placed, ["east", "west", "east", "west"]);
    assert_eq!([pair.stage.engine.containers().len(), pair.west.containers().len()], [2, 2]);
    for detail in pair.service.host_details(&pair.ada).await.expect("details") {
        assert_eq!((detail.room.used.environments, detail.room.used.memory), (2, Memory::mib(256)), "{detail:?}");
    }
}

#[tokio::test]
async fn a_quota_counts_what_a_team_has_on_all_hosts_together() {
    let pair = Pair::set().await;
    let two = "[[team]]\nname = \"blue\"\nquota = { environments = 2 }\n";
    apply::apply(&pair.stage.store, two, false, pair.stage.clock.now()).await.expect("a catalogue");
    let launched = [pair.launched().await.host, pair.launched().await.host];
    assert_ne!(launched[0], launched[1]);
    let refused = pair.service.launch(&pair.bea, ask("box")).await.expect_err("two are all").to_string();
    assert!(refused.contains("the team may hold 2 environments"), "{refused}");
}

#[tokio::test]
async fn where_no_host_has_room_the_refusal_has_the_numbers_of_each() {
    let mut pair = Pair::set().await;
    let full = |mut host: HostSettings, left: u64| {
        host.reserve = Reserve { memory: Memory::gib(16) - Memory::mib(left), memory_ratio: 1.0, cpu_ratio: 1000.0 };
        host
    };
    let [east, west] = <[_; 2]>::try_from(hosts(&pair.stage.engine, &pair.west)).expect("two");
    pair.served_anew(vec![full(east, 200), full(west, 100)]).await;
    assert_eq!(pair.launched().await.host, name("east"));
    let refused = pair.service.launch(&pair.bea, ask("box")).await.expect_err("no room").to_string();
    for told in
        ["host east may hold 200 MiB of memory, holds 128 MiB", "host west may hold 100 MiB of memory, holds 0 MiB"]
    {
        assert!(refused.contains(told), "{refused}");
    }
}

#[tokio::test]
async fn a_host_that_is_away_takes_down_only_what_is_on_it() {
    let pair = Pair::set().await;
    let (east, west) = (pair.launched().await, pair.launched().await);
    pair.west.vanish().await;
    pair.until(|hosts| lost(hosts, "west").is_some()).await;
    assert_eq!(lost(&pair.service.known_hosts(), "east"), None);
    let refused = pair.service.operate(&pair.bea, &west.id, Operation::Stop).await;
    assert!(matches!(refused, Err(ApiError::EngineUnavailable { .. })), "{refused:?}");
    assert_eq!(pair.seen(&west).await.state, State::Running, "as it was known last");
    // It has less memory left, and is the only one.
    assert_eq!(pair.launched().await.host, name("east"));
    pair.service.operate(&pair.bea, &east.id, Operation::Stop).await.expect("a stop");
    assert_eq!(pair.service.settled(&pair.bea, &east.id).await.expect("stopped").state, State::Stopped);
    // Nothing that time does is done there meanwhile.
    pair.stage.pass(Span::hours(3));
    pair.service.end_due().await;
    assert_eq!(pair.seen(&west).await.state, State::Running);
    pair.west.come_back();
    pair.until(|hosts| lost(hosts, "west").is_none()).await;
    pair.service.end_due().await;
    let ended = pair.service.settled(&pair.bea, &west.id).await.expect("ended");
    assert_eq!(ended.state, State::Stopped, "{ended:?}");
}

#[tokio::test]
async fn where_no_host_answers_a_launch_says_so_of_each() {
    let pair = Pair::set().await;
    pair.stage.engine.vanish().await;
    pair.west.vanish().await;
    pair.until(|hosts| lost(hosts, "west").is_some() && lost(hosts, "east").is_some()).await;
    let refused = pair.service.launch(&pair.bea, ask("box")).await.expect_err("nobody answers");
    assert!(matches!(refused, ApiError::EngineUnavailable { .. }), "{refused:?}");
    let told = refused.to_string();
    assert!(told.contains("east does not answer") && told.contains("west does not answer"), "{told}");
}

#[tokio::test]
async fn on_a_host_that_drains_nothing_new_is_placed_and_what_is_there_goes_on() {
    let mut pair = Pair::set().await;
    let there = pair.launched().await;
    assert_eq!(there.host, name("east"));
    pair.does("east", HostStep::Drain).await.expect("drained");
    for _ in 0..3 {
        assert_eq!(pair.launched().await.host, name("west"));
    }
    for operation in [Operation::Restart, Operation::Stop, Operation::Start] {
        pair.service.operate(&pair.bea, &there.id, operation).await.expect("done");
        let done = pair.service.settled(&pair.bea, &there.id).await.expect("settled");
        assert_eq!(done.host, name("east"), "{operation:?}");
    }
    pair.served_anew(hosts(&pair.stage.engine, &pair.west)).await;
    assert!(pair.service.known_hosts()[0].draining, "a restart of the server forgets nothing");
    pair.does("west", HostStep::Drain).await.expect("drained");
    let refused = pair.service.launch(&pair.bea, ask("box")).await.expect_err("both drain").to_string();
    assert!(refused.contains("east is being drained; west is being drained"), "{refused}");
    pair.does("east", HostStep::Reopen).await.expect("reopened");
    assert_eq!(pair.launched().await.host, name("east"));
    let refused = pair.service.edit_host(&pair.bea, Edit { host: name("east"), step: HostStep::Drain }).await;
    assert!(matches!(refused, Err(ApiError::Forbidden { .. })), "{refused:?}");
}

#[tokio::test]
async fn an_exchanged_engine_is_touched_by_nothing_until_an_admin_accepts_it() {
    let pair = Pair::set().await;
    let there = pair.launched().await;
    assert_eq!(there.host, name("east"));
    pair.stage.engine.vanish().await;
    pair.until(|hosts| lost(hosts, "east").is_some()).await;
    // Another machine has its address now; what carries our label there is not what was made here.
    let container = pair.stage.engine.containers()[0].clone();
    pair.stage.engine.lose(&container);
    pair.stage.engine.says("ID", "SOMEBODY ELSE");
    pair.stage.engine.come_back();
    pair.until(|hosts| hosts[0].exchanged).await;
    let told = lost(&pair.service.known_hosts(), "east").expect("it is not used");
    assert!(told.contains("another Docker Engine answers there") && !told.contains("SOMEBODY"), "{told}");
    pair.service.reconcile_if_live().await;
    assert_eq!(pair.seen(&there).await.state, State::Running, "nothing is known to be gone");
    let refused = pair.does("west", HostStep::AcceptEngine).await;
    assert!(matches!(refused, Err(ApiError::Conflict { .. })), "there is nothing to accept: {refused:?}");
    pair.does("east", HostStep::AcceptEngine).await.expect("accepted");
    pair.until(|hosts| lost(hosts, "east").is_none() && !hosts[0].exchanged).await;
    let gone = pair.becomes(&there, State::Failed).await;
    assert_eq!(
        (gone.state, gone.reason.as_deref()),
        (State::Failed, Some("Its container has disappeared from the host."))
    );
    assert_eq!(pair.launched().await.state, State::Running);
}

#[tokio::test]
async fn a_machine_that_is_renamed_is_the_same_host() {
    let pair = Pair::set().await;
    let there = pair.launched().await;
    pair.stage.engine.vanish().await;
    pair.until(|hosts| lost(hosts, "east").is_some()).await;
    pair.stage.engine.says("Name", "renamed");
    pair.stage.engine.come_back();
    pair.until(|hosts| lost(hosts, "east").is_none()).await;
    let host = &pair.service.known_hosts()[0];
    assert_eq!((host.name.as_str(), host.machine.as_str(), host.exchanged), ("east", "renamed", false));
    assert_eq!(pair.seen(&there).await.state, State::Running);
}

#[tokio::test]
async fn one_engine_under_two_names_is_one_host() {
    let mut pair = Pair::set().await;
    pair.service.cut_off();
    let mut twice = hosts(&pair.stage.engine, &pair.west);
    twice.push(host("mirror", &pair.west, Patience::default()));
    pair.service = Service::new(pair.stage.store.clone(), pair.stage.clock.clone(), super::stage::settings(), twice);
    pair.service.remember_hosts().await.expect("a database");
    pair.service.spawn(pair.service.clone().follow_engines());
    let told = |hosts: &[Host]| lost(hosts, "mirror").filter(|reason| reason.contains("that of host west already"));
    pair.until(|hosts| told(hosts).is_some() && lost(hosts, "west").is_none() && lost(hosts, "east").is_none()).await;
    let placed = [pair.launched().await.host, pair.launched().await.host];
    assert!(!placed.contains(&name("mirror")), "{placed:?}");
}

#[tokio::test]
async fn what_is_on_a_host_that_the_configuration_has_no_more_is_kept_and_goes_on_when_it_is_back() {
    let mut pair = Pair::set().await;
    let (east, west) = (pair.launched().await, pair.launched().await);
    let both = hosts(&pair.stage.engine, &pair.west);
    pair.served_anew(both[..1].to_vec()).await;
    pair.service.reconcile().await;
    assert_eq!(pair.seen(&west).await.state, State::Running);
    let refused = pair.service.operate(&pair.bea, &west.id, Operation::Stop).await.expect_err("not there").to_string();
    assert!(refused.contains("the configuration does not have it any more"), "{refused}");
    let details = pair.service.host_details(&pair.ada).await.expect("details");
    let told: Vec<_> = details.iter().map(|it| (it.host.name.as_str(), it.configured, it.room.used.running)).collect();
    assert_eq!(told, [("east", true, 1), ("west", false, 1)], "and it goes on holding quota");
    let launched = pair.launched().await;
    assert_eq!(launched.host, name("east"));
    pair.served_anew(both).await;
    for environment in [east, west, launched] {
        pair.service.operate(&pair.bea, &environment.id, Operation::Stop).await.expect("a stop");
        let stopped = pair.service.settled(&pair.bea, &environment.id).await.expect("stopped");
        assert_eq!(stopped.state, State::Stopped);
    }
}

#[tokio::test]
async fn a_template_or_a_team_may_name_its_hosts() {
    let pair = Pair::set().await;
    let (store, now) = (&pair.stage.store, pair.stage.clock.now());
    let boxed = |hosts: &str| {
        format!(
            "[[template]]\nname = \"box\"\nlabel = \"Box\"\nimage = \"berth/web:1\"\nteams = [\"blue\"]\nsizes = [\"s\"]\n\
             lifetime = {{ default = \"1h\", maximum = \"2h\" }}\nhosts = {hosts}\n"
        )
    };
    let applied = apply::apply(store, &boxed("[\"west\"]"), false, now).await.expect("a catalogue");
    let told: Vec<String> = applied.iter().map(ToString::to_string).collect();
    assert!(told.contains(&"~ template box: on which hosts it runs".to_owned()), "and no new version: {told:?}");
    assert_eq!([pair.launched().await.host, pair.launched().await.host], [name("west"), name("west")]);
    let east = format!("{UNLIMITED}hosts = [\"east\"]\n");
    apply::apply(store, &east, false, now).await.expect("a catalogue");
    let refused = pair.service.launch(&pair.bea, ask("box")).await.expect_err("no host is both").to_string();
    assert!(refused.contains("No host is allowed for both this team and this template"), "{refused}");
    apply::apply(store, &boxed("[]"), false, now).await.expect("a catalogue");
    assert_eq!([pair.launched().await.host, pair.launched().await.host], [name("east"), name("east")]);
    let unknown = apply::apply(store, &boxed("[\"south\"]"), false, now).await.expect_err("no such host").to_string();
    assert!(
        unknown.contains("line 8") && unknown.contains("`south`") && unknown.contains("it has east, west"),
        "{unknown}"
    );
}

#[tokio::test]
async fn the_copy_of_a_container_on_another_host_is_nobody_s_and_left_alone() {
    let pair = Pair::set().await;
    let there = pair.launched().await;
    let labels = [("berth.installation", "test"), ("berth.environment", there.id.as_str()), ("berth.attempt", "1")];
    let copy = pair.west.finds("copied", "berth/web:1", &labels);
    pair.west.runs(&copy).await;
    reconciled(&pair.service).await;
    assert_eq!([Call::Stop, Call::Remove].map(|call| pair.west.calls(call)), [0, 0]);
    let details = pair.service.host_details(&pair.ada).await.expect("details");
    let strays: Vec<_> = details.iter().flat_map(|detail| &detail.quarantine).collect();
    assert_eq!(strays.len(), 1, "{strays:?}");
    assert_eq!((strays[0].host.as_str(), strays[0].container.as_str()), ("west", copy.as_str()));
    assert_eq!(pair.seen(&there).await.state, State::Running);
}

#[tokio::test]
async fn a_clock_that_is_wrong_by_more_than_two_seconds_is_said() {
    let pair = Pair::set().await;
    let says =
        |millis: i64| model::time::Timestamp::from_millis(pair.stage.clock.now().as_millis() + millis).to_string();
    for (millis, words) in
        [(90_000, Some("1 m 30 s ahead of Berth's clock")), (-3000, Some("3 s behind Berth's clock")), (900, None)]
    {
        pair.west.vanish().await;
        pair.until(|hosts| lost(hosts, "west").is_some()).await;
        pair.west.says("SystemTime", says(millis));
        pair.west.come_back();
        pair.until(|hosts| lost(hosts, "west").is_none()).await;
        assert_eq!(pair.service.known_hosts()[1].clock_words().as_deref(), words, "{millis}");
    }
}

#[tokio::test]
async fn an_engine_that_stands_still_is_noticed_though_its_connection_stays() {
    let mut pair = Pair::set().await;
    let patience = Patience { short: std::time::Duration::from_millis(200), ..Patience::default() };
    let west = giving(host("west", &pair.west, patience));
    let east = giving(host("east", &pair.stage.engine, Patience::default()));
    pair.served_anew(vec![east, west]).await;
    pair.service.ping_engines().await;
    assert_eq!(lost(&pair.service.known_hosts(), "west"), None);
    pair.west.always(Call::Ping, Mood::Hang);
    pair.service.ping_engines().await;
    let told = lost(&pair.service.known_hosts(), "west").expect("it does not answer");
    assert!(told.contains("did not answer within 0.2 s"), "{told}");
    assert_eq!(lost(&pair.service.known_hosts(), "east"), None);
}

#[tokio::test]
async fn a_launch_that_fails_as_on_a_dead_link_has_it_looked_at_at_once() {
    let mut pair = Pair::set().await;
    let patience = Patience { short: std::time::Duration::from_millis(200), ..Patience::default() };
    pair.served_anew(vec![giving(host("west", &pair.west, patience))]).await;
    pair.west.always(Call::Ping, Mood::Hang);
    pair.west.next(Call::Create, Mood::LoseAnswer);
    let failed = pair.launched().await;
    assert_eq!(failed.state, State::Failed, "{failed:?}");
    pair.until(|hosts| lost(hosts, "west").is_some()).await;
}

#[tokio::test]
async fn why_a_host_is_away_is_told_as_it_is_now_and_since_when_it_is() {
    let pair = Pair::set().await;
    pair.west.vanish().await;
    pair.until(|hosts| lost(hosts, "west").is_some()).await;
    let since = |hosts: &[Host]| match &hosts[1].link {
        Link::Lost { since, .. } => *since,
        Link::Live => panic!("it is away"),
    };
    let began = since(&pair.service.known_hosts());
    pair.stage.pass(Span::hours(1));
    pair.west.always(Call::Info, Mood::refuse(500, "it is not well"));
    pair.west.come_back();
    pair.until(|hosts| lost(hosts, "west").is_some_and(|reason| reason.contains("it is not well"))).await;
    assert_eq!(since(&pair.service.known_hosts()), began);
}

#[tokio::test]
async fn an_engine_that_is_too_old_is_told_as_one_and_nothing_is_placed_there() {
    let pair = Pair::set().await;
    pair.west.vanish().await;
    pair.until(|hosts| lost(hosts, "west").is_some()).await;
    pair.west.says("Version", "19.03.8");
    pair.west.says("ApiVersion", "1.40");
    pair.west.come_back();
    pair.until(|hosts| lost(hosts, "west").is_some_and(|reason| reason.contains("is too old"))).await;
    let told = lost(&pair.service.known_hosts(), "west").expect("it is not used");
    assert_eq!(
        told,
        "its Docker Engine 19.03.8 is too old: its API is 1.40, and Berth needs 20.10 or newer (API 1.41)"
    );
    assert_eq!([pair.launched().await.host, pair.launched().await.host], [name("east"), name("east")]);
}
