//! Launches: what they give, what they refuse, and that a failure gives everything back.

use std::collections::BTreeMap;
use std::time::Duration;

use app::api::ApiError;
use app::api::backend::{Environments, Live, Teams};
use app::api::live::Change;
use futures::StreamExt;
use model::access::TeamRole;
use model::environment::{Operation, State, StepName};
use model::name::TeamName;
use model::quota::{Amount, Holding, Scope};
use model::units::{MilliCpu, Span};
use service::Reach;

use super::site::Site;
use super::stage::{Stage, ask, reconciled};
use super::stand_in::{Call, Gate, Image, Mood, Process};

fn size(name: &str) -> Option<model::name::SizeName> {
    Some(name.parse().expect("a name"))
}

#[tokio::test]
async fn a_launch_runs_with_its_ports_as_links_and_its_team_in_the_environment() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let mut launch = ask("web");
    launch.variables = BTreeMap::from([("GREETING".to_owned(), "Ahoy".to_owned())]);
    let running = stage.launched(&bea, launch).await.expect("a launch");
    assert_eq!((running.state, running.name.as_str(), running.owner.as_str()), (State::Running, "web-1", "Bea"));
    let [http, syslog] = &running.ports[..] else { panic!("{:?}", running.ports) };
    assert_eq!(http.url, Some(format!("http://dock.test:{}", http.host_port)));
    assert_eq!((&syslog.url, &syslog.address), (&None, &format!("dock.test:{}", syslog.host_port)));
    let asked = stage.engine.asked(&stage.engine.containers()[0]).expect("a container");
    let variables: Vec<&str> = asked["Env"].as_array().expect("a list").iter().filter_map(|v| v.as_str()).collect();
    for expected in ["BERTH_TEAM=blue", "BERTH_ENVIRONMENT=web-1", "BERTH_OWNER=Bea", "GREETING=Ahoy"] {
        assert!(variables.contains(&expected), "{expected} in {variables:?}");
    }
}

#[tokio::test]
async fn whatever_address_ports_are_published_on_is_the_one_that_is_probed_and_linked() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    stage.service.cut_off();
    for (bind, host) in [("127.0.0.2", "127.0.0.2"), ("::1", "[::1]"), ("127.0.0.1", "127.0.0.1")] {
        let bind = Some(bind.parse().expect("an address"));
        let reach = Reach { bind, own_host: "berth.test".to_owned(), ..Reach::default() };
        let service = stage.serving_with(|host| host.reach = reach).await;
        let id = service.launch(&bea, ask("web")).await.expect("a launch").id;
        let running = service.settled(&bea, &id).await.expect("an environment");
        assert_eq!(running.state, State::Running, "{bind:?}: {:?}", running.reason);
        let [http, syslog] = &running.ports[..] else { panic!("{:?}", running.ports) };
        assert_eq!(http.url, Some(format!("http://{host}:{}", http.host_port)));
        assert_eq!(syslog.address, format!("{host}:{}", syslog.host_port));
        service.cut_off();
    }
}

#[tokio::test]
async fn every_step_of_a_launch_is_journalled_in_order() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let running = stage.launched(&bea, ask("web")).await.expect("a launch");
    let detail = stage.service.environment(&bea, &running.id).await.expect("an environment");
    let names: Vec<_> = detail.steps.iter().map(|step| step.name).collect();
    use StepName::{Create, Image, Ports, Ready, Reserve, Start};
    assert_eq!(names, [Reserve, Image, Create, Start, Ports, Ready]);
    assert!(detail.steps.iter().all(|step| step.ended_at.is_some() && !step.failed), "{:?}", detail.steps);
}

#[tokio::test]
async fn the_same_key_is_the_same_launch_however_often_it_is_sent() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let launch = || {
        let keyed = app::api::environments::LaunchAsk { idempotency_key: Some("click".to_owned()), ..ask("web") };
        stage.launched(&bea, keyed)
    };
    let (first, second) = tokio::join!(launch(), launch());
    let (first, second, third) =
        (first.expect("a launch"), second.expect("a launch"), launch().await.expect("a launch"));
    assert_eq!((&first.id, &first.id), (&second.id, &third.id));
    assert_eq!(stage.engine.containers().len(), 1);
    let lena = stage.person("Lena", "blue", TeamRole::Lead).await;
    let keyed = app::api::environments::LaunchAsk { idempotency_key: Some("click".to_owned()), ..ask("web") };
    assert_ne!(stage.launched(&lena, keyed).await.expect("her own launch").id, first.id);
}

#[tokio::test]
async fn a_key_stands_for_one_ask_of_one_team_for_a_day() {
    let stage = Stage::set().await;
    let both = model::access::Actor {
        teams: ["blue", "green"].map(|team| (team.parse().expect("a name"), TeamRole::Member)).into(),
        ..stage.bea().await
    };
    let keyed = || app::api::environments::LaunchAsk { idempotency_key: Some("nightly".to_owned()), ..ask("web") };
    let first = stage.launched(&both, keyed()).await.expect("a launch");
    let elsewhere = app::api::environments::LaunchAsk { team: "green".parse().expect("a name"), ..keyed() };
    let longer = app::api::environments::LaunchAsk { lifetime: Some(Span::hours(2)), ..keyed() };
    for other in [elsewhere, longer] {
        let refused = stage.service.launch(&both, other).await.expect_err("another ask");
        assert_eq!(refused.status(), 422, "{refused}");
    }
    stage.done(&both, &first.id, Operation::Remove).await.expect("removed");
    assert_eq!(stage.service.launch(&both, keyed()).await.expect("a retry").id, first.id, "within the day");
    stage.pass(Span::hours(24 * 7));
    let next = stage.launched(&both, keyed()).await.expect("a launch of its own");
    assert_eq!((next.id == first.id, next.state), (false, State::Running));
    for bad in [String::new(), "x".repeat(201)] {
        let ask = app::api::environments::LaunchAsk { idempotency_key: Some(bad), ..ask("web") };
        assert_eq!(stage.service.launch(&both, ask).await.expect_err("no key").status(), 422);
    }
}

#[tokio::test]
async fn a_quota_refuses_with_the_numbers_before_the_engine_is_asked() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    for _ in 0..3 {
        stage.launched(&bea, ask("web")).await.expect("within the quota");
    }
    let before = stage.engine.calls(Call::Create);
    let Err(ApiError::QuotaExceeded { refusal }) = stage.service.launch(&bea, ask("web")).await else {
        panic!("admitted")
    };
    let first = refusal.first;
    assert_eq!((first.scope, first.limit, first.used), (Scope::Team, Amount::Running(3), Amount::Running(3)));
    let big = app::api::environments::LaunchAsk { size: size("l"), ..ask("web") };
    let stopped = stage.service.all_environments(&bea).await.expect("a list")[0].id.clone();
    stage.done(&bea, &stopped, Operation::Stop).await.expect("a stop");
    let Err(ApiError::QuotaExceeded { refusal }) = stage.service.launch(&bea, big).await else { panic!("admitted") };
    assert_eq!(refusal.first.limit, Amount::Cpus(MilliCpu::cores(2)));
    assert_eq!(refusal.first.used, Amount::Cpus(MilliCpu::cores(1)));
    assert_eq!(stage.engine.calls(Call::Create), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_launches_at_once_exactly_as_many_run_as_the_quota_has_room_for() {
    let stage = Stage::set().await;
    let (bea, lena) = (stage.bea().await, stage.person("Lena", "blue", TeamRole::Lead).await);
    let launches = (0..40).map(|n| stage.launched(if n % 2 == 0 { &bea } else { &lena }, ask("web")));
    let ended = futures::future::join_all(launches).await;
    let running = ended.iter().filter(|end| end.as_ref().is_ok_and(|e| e.state == State::Running)).count();
    let refused = ended.iter().filter(|end| matches!(end, Err(ApiError::QuotaExceeded { .. }))).count();
    assert_eq!((running, refused, stage.engine.containers().len()), (3, 37, 3));
}

#[tokio::test]
async fn a_failure_at_any_step_gives_the_reservation_back_and_leaves_no_container() {
    for call in [Call::Image, Call::Create, Call::Start, Call::Inspect] {
        for mood in [Mood::refuse(500, "driver failed"), Mood::Nonsense] {
            let stage = Stage::set().await;
            let bea = stage.bea().await;
            stage.engine.next(call, mood.clone());
            let ended = stage.launched(&bea, ask("web")).await.expect("a launch that fails later");
            assert_eq!(ended.state, State::Failed, "{call:?} {mood:?}");
            assert!(ended.reason.is_some_and(|reason| !reason.is_empty()), "{call:?}");
            let team = &stage.service.teams(&bea).await.expect("teams")[0];
            assert_eq!(team.room.team.used, Holding::place(), "{call:?} {mood:?}");
            let removed = stage.done(&bea, &ended.id, Operation::Remove).await.expect("a removal");
            assert_eq!(removed.state, State::Removed);
            reconciled(&stage.service).await;
            assert_eq!(stage.engine.containers(), Vec::<String>::new(), "{call:?} {mood:?}");
        }
    }
}

#[tokio::test]
async fn an_image_that_is_nowhere_is_named_as_the_cause_and_one_in_a_registry_is_pulled() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let failed = stage.launched(&bea, ask("absent")).await.expect("a launch that fails later");
    assert_eq!(failed.state, State::Failed);
    assert!(
        failed.reason.as_deref().is_some_and(|r| r.contains("neither on the host nor in a registry")),
        "{failed:?}"
    );
    stage.engine.registry_has("berth/absent:1", Image::that(Process::Serves), 3);
    let pulled = stage.launched(&bea, ask("absent")).await.expect("a launch");
    assert_eq!(pulled.state, State::Running);
    let steps = stage.service.environment(&bea, &pulled.id).await.expect("an environment").steps;
    assert_eq!(steps[1].detail.as_deref(), Some("pulled"));
}

#[tokio::test]
async fn an_image_that_exits_at_once_says_its_code_and_its_last_words() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let failed = stage.launched(&bea, ask("exits")).await.expect("a launch that fails later");
    let reason = failed.reason.expect("a reason");
    assert_eq!(failed.state, State::Failed);
    assert!(reason.contains("exit code 3") && reason.contains("no such file ⏎ giving up"), "{reason}");
    assert_eq!(stage.engine.containers(), Vec::<String>::new());
}

#[tokio::test]
async fn a_port_that_never_opens_fails_the_launch_when_its_time_is_over() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let failed = stage.launched(&bea, ask("silent")).await.expect("a launch that fails later");
    let reason = failed.reason.expect("a reason");
    assert!(reason.contains("not ready within 1s") && reason.contains("waiting for a database"), "{reason}");
    assert_eq!(stage.engine.containers(), Vec::<String>::new());
}

#[tokio::test]
async fn wrong_fields_are_named_and_nothing_is_reserved() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let mut wrong = ask("web");
    wrong.variables = BTreeMap::from([
        ("COUNT".to_owned(), "many".to_owned()),
        ("GREETING".to_owned(), "x".repeat(1 << 20)),
        ("OTHER".to_owned(), "1".to_owned()),
    ]);
    let Err(error) = stage.service.launch(&bea, wrong).await else { panic!("launched") };
    for field in ["COUNT", "GREETING", "OTHER"] {
        assert!(error.about(field).is_some(), "{field} in {error}");
    }
    for (launch, field) in [
        (ask("nothing"), "template"),
        (app::api::environments::LaunchAsk { size: size("xl"), ..ask("web") }, "size"),
        (app::api::environments::LaunchAsk { lifetime: Some(Span::hours(25)), ..ask("web") }, "lifetime"),
    ] {
        let Err(error) = stage.service.launch(&bea, launch).await else { panic!("launched") };
        assert!(error.about(field).is_some(), "{field} in {error}");
    }
    assert_eq!(stage.service.all_environments(&bea).await, Ok(Vec::new()));
}

#[tokio::test]
async fn a_name_is_its_team_s_alone_and_free_again_after_removal() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let named = || app::api::environments::LaunchAsk { name: Some("api".parse().expect("a name")), ..ask("web") };
    let first = stage.launched(&bea, named()).await.expect("a launch");
    let Err(error) = stage.service.launch(&bea, named()).await else { panic!("launched") };
    assert!(error.about("name").is_some_and(|why| why.contains("already has `api`")), "{error}");
    stage.done(&bea, &first.id, Operation::Remove).await.expect("a removal");
    assert_eq!(stage.launched(&bea, named()).await.expect("a launch").state, State::Running);
}

#[tokio::test]
async fn nobody_launches_for_a_team_that_is_not_theirs_nor_a_template_that_is_not_offered() {
    let stage = Stage::set().await;
    let gus = stage.person("Gus", "green", TeamRole::Lead).await;
    assert_eq!(stage.service.launch(&gus, ask("web")).await, Err(ApiError::not_found("team")));
    let green = TeamName::parse("green").expect("a name");
    let boxed = app::api::environments::LaunchAsk { team: green, ..ask("box") };
    let Err(error) = stage.service.launch(&gus, boxed).await else { panic!("launched") };
    assert!(error.about("template").is_some(), "{error}");
}

#[tokio::test]
async fn a_secret_is_given_to_the_container_and_shown_to_nobody() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let mut launch = ask("web");
    launch.variables = BTreeMap::from([("KEY".to_owned(), "hunter2-hunter2".to_owned())]);
    let running = stage.launched(&bea, launch).await.expect("a launch");
    let asked = stage.engine.asked(&stage.engine.containers()[0]).expect("a container").to_string();
    assert!(asked.contains("KEY=hunter2-hunter2"));
    let detail = stage.service.environment(&bea, &running.id).await.expect("an environment");
    assert_eq!(detail.variables.get("KEY"), Some(&None));
    assert!(!serde_json::to_string(&detail).expect("JSON").contains("hunter2"));
}

#[tokio::test]
async fn removing_an_environment_that_is_being_launched_leaves_nothing() {
    for call in [Call::Image, Call::Create, Call::Start, Call::Inspect] {
        let stage = Stage::set().await;
        let bea = stage.bea().await;
        let gate = stage.engine.hold(call);
        let launched = stage.service.launch(&bea, ask("web")).await.expect("a launch");
        gate.reached(1).await;
        stage.service.operate(&bea, &launched.id, Operation::Remove).await.expect("a removal");
        gate.open();
        let ended = stage.becomes(&bea, &launched.id, State::Removed).await;
        assert_eq!(ended.state, State::Removed, "{call:?}");
        assert_eq!(stage.engine.containers(), Vec::<String>::new(), "{call:?}");
        assert_eq!(stage.service.teams(&bea).await.expect("teams")[0].room.team.used, Holding::default());
    }
}

#[tokio::test]
async fn removing_what_is_being_pulled_does_not_wait_for_the_pull() {
    for call in [Call::Image, Call::Pull] {
        let stage = Stage::set().await;
        let bea = stage.bea().await;
        stage.engine.registry_has("berth/absent:1", Image::that(Process::Serves), 3);
        let gate = stage.engine.hold(call);
        let launched = stage.service.launch(&bea, ask("absent")).await.expect("a launch");
        gate.reached(1).await;
        let removed = stage.done(&bea, &launched.id, Operation::Remove).await.expect("a removal");
        assert_eq!(removed.state, State::Removed, "{call:?}");
        assert_eq!(stage.service.teams(&bea).await.expect("teams")[0].room.team.used, Holding::default());
    }
}

#[tokio::test]
async fn whoever_hangs_up_while_launching_leaves_no_launch_half_way() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let mut changes = stage.service.changes();
    {
        let mut launching = std::pin::pin!(stage.service.launch(&bea, ask("web")));
        assert!(futures::poll!(&mut launching).is_pending());
    }
    let runs = async {
        loop {
            let change = changes.next().await.expect("the service is there");
            if matches!(change, Change::Environment(changed) if changed.state == State::Running) {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), runs).await.expect("the launch goes on without who asked for it");
}

#[tokio::test]
async fn a_failure_quotes_long_lines_in_a_short_reason_and_no_short_secret_blots_it_out() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let long = format!("token=e {}", "x".repeat(16_000));
    stage.engine.has_image("berth/web:1", Image::that(Process::Exits(3)).writing(&[&long, &long, &long, &long, &long]));
    let mut launch = ask("web");
    launch.variables = BTreeMap::from([("KEY".to_owned(), "e".to_owned())]);
    let failed = stage.launched(&bea, launch).await.expect("a launch that fails later");
    let reason = failed.reason.expect("a reason");
    assert!(reason.starts_with("It ended before it was ready: it ended with exit code 3."), "{reason}");
    assert!(reason.contains("token=[secret] xxx") && reason.chars().count() <= 401, "{} {reason}", reason.len());
}

#[tokio::test]
async fn how_far_a_pull_has_come_is_told_to_who_comes_later_too() {
    let site = Site::open().await;
    let bea = site.stage.bea().await;
    assert_eq!(site.person("Bea", &["blue"], None).await, bea.id);
    let gate = Gate::default();
    site.stage.engine.registry_has("berth/absent:1", Image::that(Process::Serves), 4);
    site.stage.engine.next(Call::Pull, Mood::HeldMidway(gate.clone()));
    let mut changes = site.stage.service.changes();
    let id = site.stage.service.launch(&bea, ask("absent")).await.expect("a launch").id;
    let far = "Pulling the image: 1 of 4 layers.";
    let came = |change: &Change| matches!(change, Change::Environment(it) if it.reason.as_deref() == Some(far));
    while !came(&changes.next().await.expect("changes")) {}
    let told = site.stage.service.environment(&bea, &id).await.expect("an environment").environment.reason;
    assert_eq!(told.as_deref(), Some(far));
    let shown = site.browser(&bea.id).await.get(&format!("/environments/{id}")).await.body;
    assert!(shown.contains(&format!("<small>{far}")), "{shown}");
    gate.open();
    let done = site.stage.service.settled(&bea, &id).await.expect("settled");
    assert_eq!((done.state, done.reason), (State::Running, None));
}
