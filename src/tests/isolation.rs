//! Environments are apart on the network, whatever the engine's default bridge is like.

use app::api::ApiError;
use app::api::backend::{Environments, Hosts};
use app::api::environments::LaunchAsk;
use app::api::hosts::{Edit, HostStep};
use model::access::{Actor, InstallationRole, TeamRole};
use model::audit::Search;
use model::environment::{Operation, State};
use model::host::Isolation;
use model::name::HostName;

use super::stage::{Stage, ask, reconciled};
use super::stand_in::{Call, Mood, StandIn};

/// A stage whose engine lets containers on its default bridge talk to each other.
async fn talking() -> Stage {
    Stage::set_over(|engine: &StandIn| engine.bridge_talks(true)).await
}

fn container(stage: &Stage) -> String {
    stage.engine.containers().pop().expect("a container")
}

#[tokio::test]
async fn where_the_default_bridge_keeps_containers_apart_environments_hang_on_it() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let launched = stage.launched(&bea, ask("web")).await.expect("launched");
    assert!(launched.isolated);
    assert_eq!(stage.engine.hangs_on(&container(&stage)), ["bridge"]);
    assert!(stage.engine.networks().is_empty());
    assert_eq!(stage.service.current_host().isolation, Some(Isolation::DefaultBridge));
}

#[tokio::test]
async fn else_each_team_has_one_network_whose_containers_cannot_talk_and_it_goes_with_the_last_environment() {
    let stage = talking().await;
    let (bea, green) = (stage.bea().await, stage.person("Gil", "green", TeamRole::Member).await);
    let blue = [stage.launched(&bea, ask("web")).await, stage.launched(&bea, ask("web")).await];
    let of_green = LaunchAsk { team: "green".parse().expect("a name"), ..ask("web") };
    let others = stage.launched(&green, of_green).await.expect("launched");
    assert!(others.isolated && others.state == State::Running);
    let networks = stage.engine.networks();
    let teams: Vec<&str> = networks.iter().filter_map(|it| it["Labels"]["berth.team"].as_str()).collect();
    assert_eq!(teams, ["blue", "green"], "{networks:#?}");
    for network in &networks {
        assert_eq!(network["Options"]["com.docker.network.bridge.enable_icc"], "false");
        assert_eq!(network["Labels"]["berth.installation"], "test");
        assert_eq!((&network["EnableIPv6"], &network["Internal"]), (&false.into(), &false.into()));
    }
    for launched in blue {
        let id = launched.expect("launched").id;
        stage.done(&bea, &id, Operation::Remove).await.expect("removed");
    }
    stage.service.all_left().await;
    let left = stage.engine.networks();
    assert_eq!(left.len(), 1, "{left:#?}");
    assert_eq!(left[0]["Labels"]["berth.team"], "green");
    assert_eq!(stage.service.current_host().networks, 1);
}

#[tokio::test]
async fn what_runs_since_before_environments_were_apart_says_so_and_is_moved_with_its_next_start() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("web")).await.expect("launched").id;
    stage.store.sql("UPDATE parts SET network = NULL").await;
    stage.engine.bridge_talks(true);
    stage.engine.vanish().await;
    stage.lost().await;
    stage.engine.come_back();
    stage.live(&stage.service).await;
    let seen = stage.service.environment(&bea, &id).await.expect("seen").environment;
    assert!(!seen.isolated && seen.state == State::Running, "{seen:?}");
    let before = container(&stage);
    let restarted = stage.done(&bea, &id, Operation::Restart).await.expect("restarted");
    assert!(restarted.isolated && restarted.state == State::Running, "{restarted:?}");
    assert_eq!(container(&stage), before, "the same container, with what people have in it");
    let network = &stage.engine.networks()[0];
    assert_eq!(stage.engine.hangs_on(&before), [network["Name"].as_str().expect("a name")]);
}

#[tokio::test]
async fn a_network_that_was_pruned_on_the_host_is_made_anew_for_what_starts_again() {
    let stage = talking().await;
    stage.engine.starts_where_made();
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("web")).await.expect("launched").id;
    stage.done(&bea, &id, Operation::Stop).await.expect("stopped");
    let pruned = stage.engine.networks()[0]["Id"].as_str().expect("an id").to_owned();
    stage.engine.prunes(&pruned);
    let started = stage.done(&bea, &id, Operation::Start).await.expect("started");
    assert_eq!(started.state, State::Running, "{started:?}");
    assert_ne!(stage.engine.networks()[0]["Id"], pruned.as_str());
}

#[tokio::test]
async fn what_was_made_on_a_network_of_its_team_stays_on_one_when_the_default_bridge_keeps_containers_apart_too() {
    let stage = talking().await;
    stage.engine.starts_where_made();
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("web")).await.expect("launched").id;
    stage.done(&bea, &id, Operation::Stop).await.expect("stopped");
    stage.engine.bridge_talks(false);
    stage.engine.vanish().await;
    stage.lost().await;
    stage.engine.come_back();
    stage.live(&stage.service).await;
    assert_eq!(stage.service.current_host().isolation, Some(Isolation::DefaultBridge));
    let started = stage.done(&bea, &id, Operation::Start).await.expect("started");
    assert_eq!(started.state, State::Running, "{started:?}");
}

#[tokio::test]
async fn on_an_engine_that_keeps_nothing_apart_nothing_is_started_and_nothing_is_left() {
    let stage = talking().await;
    stage.engine.keeps_nothing_apart();
    let bea = stage.bea().await;
    let failed = stage.launched(&bea, ask("web")).await.expect("an answer");
    assert_eq!(failed.state, State::Failed);
    let reason = failed.reason.unwrap_or_default();
    assert!(reason.contains("does not keep environments apart"), "{reason}");
    assert_eq!((stage.engine.containers().len(), stage.engine.networks().len()), (0, 0));
}

#[tokio::test]
async fn when_the_engine_has_no_addresses_left_the_launch_says_which_key_an_admin_can_set() {
    let stage = talking().await;
    let bea = stage.bea().await;
    for (status, message) in [
        (
            404,
            "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network",
        ),
        (400, "all predefined address pools have been fully subnetted"),
    ] {
        stage.engine.next(Call::NetworkCreate, Mood::refuse(status, message));
        let failed = stage.launched(&bea, ask("web")).await.expect("an answer");
        assert_eq!(failed.state, State::Failed);
        let reason = failed.reason.unwrap_or_default();
        assert!(reason.contains("docker.address_pool") && !reason.contains("subnetted"), "{reason}");
    }
    assert!(stage.engine.containers().is_empty());
}

#[tokio::test]
async fn a_default_bridge_with_ipv6_keeps_nothing_apart() {
    let stage = Stage::set_over(StandIn::bridge_has_ipv6).await;
    let bea = stage.bea().await;
    assert!(stage.launched(&bea, ask("web")).await.expect("launched").isolated);
    assert_eq!(stage.engine.networks().len(), 1, "a network of the team's");
}

#[tokio::test]
async fn each_team_gets_the_next_range_of_the_pool_that_no_other_network_has() {
    let stage = talking().await;
    stage.service.cut_off();
    let pool = Some("10.213.0.0/22".parse().expect("a pool"));
    let service = stage.serving_with(|host| host.address_pool = pool).await;
    let (bea, gil) = (stage.bea().await, stage.person("Gil", "green", TeamRole::Member).await);
    let of_green = LaunchAsk { team: "green".parse().expect("a name"), ..ask("web") };
    stage.engine.next(Call::NetworkCreate, Mood::refuse(403, "Pool overlaps with other one on this address space"));
    for (who, ask) in [(&bea, ask("web")), (&gil, of_green)] {
        let id = service.launch(who, ask).await.expect("a launch").id;
        assert_eq!(service.settled(who, &id).await.expect("settled").state, State::Running);
    }
    let networks = stage.engine.networks();
    let subnets: Vec<&str> = networks.iter().filter_map(|it| it["IPAM"]["Config"][0]["Subnet"].as_str()).collect();
    // The first was refused, and is free for the second team.
    assert_eq!(subnets, ["10.213.1.0/24", "10.213.0.0/24"]);
    reconciled(&service).await;
    let host = service.current_host();
    assert_eq!((host.networks, host.networks_left), (2, Some(2)));
}

#[tokio::test]
async fn nobody_is_told_that_nothing_keeps_them_apart_before_the_engine_has_answered() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("web")).await.expect("launched").id;
    stage.engine.vanish().await;
    let started = stage.unanswered();
    assert!(started.environment(&bea, &id).await.expect("seen").environment.isolated);
    assert_eq!(started.current_host().isolation, None);
}

#[tokio::test]
async fn an_isolation_check_that_cannot_be_made_says_why_to_who_may_read_it_and_in_the_log() {
    let stage = Stage::set().await;
    let (otto, bea) = (stage.auditor().await, stage.bea().await);
    let ada = Actor { role: Some(InstallationRole::Admin), ..otto.clone() };
    let name = HostName::default_host();
    let check = Edit { host: name.clone(), step: HostStep::CheckIsolation };
    assert_eq!(stage.service.host(&otto, &name).await.expect("a host").isolation_check, None);
    assert!(matches!(stage.service.edit_host(&otto, check.clone()).await, Err(ApiError::Forbidden { .. })));
    // The stand-in imports no image.
    stage.service.edit_host(&ada, check).await.expect("an answer");
    let check = stage.service.host(&otto, &name).await.expect("a host").isolation_check.expect("a check");
    assert!(check.findings.is_none() && check.reason.is_some(), "{check:?}");
    assert!(matches!(stage.service.host(&bea, &name).await, Err(ApiError::Forbidden { .. })));
    assert_eq!(stage.engine.networks().len(), 0, "and nothing is left");
    let log = stage.store.audit(&Search::default(), None, 10).await.expect("a log").items;
    let told: Vec<String> = log.iter().map(|it| format!("{} {}", it.entry.action, it.entry.outcome)).collect();
    assert_eq!(told[..2], ["check_isolation failed", "check_isolation refused"]);
}

#[tokio::test]
async fn a_port_for_the_host_itself_only_is_published_there() {
    let stage = Stage::set().await;
    stage.store.sql("UPDATE template_versions SET document = replace(document, '\"number\":80', '\"number\":80,\"loopback\":true')").await;
    let bea = stage.bea().await;
    let launched = stage.launched(&bea, ask("web")).await.expect("a launch");
    assert_eq!(launched.ports[0].host_ip, "127.0.0.1");
    assert!(
        launched.ports[0].address.starts_with("127.0.0.1:"),
        "no other name leads to it: {}",
        launched.ports[0].address
    );
}

#[tokio::test]
async fn a_network_whose_making_was_not_answered_is_found_again_by_its_labels() {
    let stage = talking().await;
    let bea = stage.bea().await;
    stage.engine.next(Call::NetworkCreate, Mood::LoseAnswer);
    assert_eq!(stage.launched(&bea, ask("web")).await.expect("an answer").state, State::Failed);
    assert_eq!(stage.launched(&bea, ask("web")).await.expect("an answer").state, State::Running);
    assert_eq!(stage.engine.networks().len(), 1);
}

#[tokio::test]
async fn a_launch_that_is_removed_while_its_team_s_network_is_made_leaves_no_second_one() {
    let stage = talking().await;
    let bea = stage.bea().await;
    let gate = stage.engine.hold(Call::NetworkCreate);
    let first = stage.service.launch(&bea, ask("web")).await.expect("a launch").id;
    while stage.engine.calls(Call::NetworkCreate) == 0 {
        tokio::task::yield_now().await;
    }
    stage.service.operate(&bea, &first, Operation::Remove).await.expect("a removal");
    let second = stage.service.launch(&bea, ask("web")).await.expect("a launch").id;
    stage.becomes(&bea, &first, State::Removed).await;
    gate.open();
    stage.becomes(&bea, &second, State::Running).await;
    assert_eq!(stage.engine.networks().len(), 1);
    assert_eq!(stage.engine.calls(Call::NetworkCreate), 1);
}
