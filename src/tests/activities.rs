//! Activities: each run of a long job is a row, with who began it and how it came out, and is found again whoever asks.

use std::time::Duration;

use app::api::ApiError;
use app::api::activities::ActivityFilter;
use app::api::backend::{Activities, Environments};
use model::access::{Actor, InstallationRole, TeamRole};
use model::activity::{Activity, Kind, Outcome, Progress, Target};
use model::environment::{Operation, State};
use service::Service;

use super::stage::{Stage, ask};
use super::stand_in::{Call, Image, Mood, Process};

async fn all(service: &Service, actor: &Actor) -> Vec<Activity> {
    service.activities(actor, &ActivityFilter::default(), 100).await.expect("a list").items
}

async fn admin(stage: &Stage) -> Actor {
    Actor { role: Some(InstallationRole::Admin), ..stage.person("Ann", "blue", TeamRole::Member).await }
}

fn told(activities: &[Activity]) -> Vec<(Kind, &str, Option<Outcome>)> {
    activities.iter().map(|it| (it.kind, it.who.person.as_str(), it.outcome)).collect()
}

#[tokio::test]
async fn what_was_done_to_an_environment_is_told_with_who_did_it_and_how_it_came_out() {
    let stage = Stage::set().await;
    let (bea, ada) = (stage.bea().await, admin(&stage).await);
    let id = stage.launched(&bea, ask("web")).await.expect("a launch").id;
    stage.done(&ada, &id, Operation::Stop).await.expect("a stop");
    stage.done(&bea, &id, Operation::Start).await.expect("a start");
    stage.done(&bea, &id, Operation::Remove).await.expect("a removal");
    let done = Some(Outcome::Done);
    let expected = [
        (Kind::Remove, "Bea", done),
        (Kind::Start, "Bea", done),
        (Kind::Stop, "Ann", done),
        (Kind::Launch, "Bea", done),
    ];
    assert_eq!(told(&all(&stage.service, &ada).await), expected);
    let history = stage.service.history(&bea, &id).await.expect("a history").activities;
    let past: Vec<Activity> = history.iter().map(|past| past.activity.clone()).collect();
    assert_eq!(told(&past), expected, "and in its own history");
    assert!(history.iter().all(|past| !past.steps.is_empty()), "each with its steps: {history:?}");
}

#[tokio::test]
async fn a_stop_that_failed_is_told_as_a_stop_that_failed() {
    let stage = Stage::set_patient().await;
    let (bea, ada) = (stage.bea().await, admin(&stage).await);
    let id = stage.launched(&bea, ask("web")).await.expect("a launch").id;
    let gate = stage.engine.hold(Call::Stop);
    stage.service.operate(&bea, &id, Operation::Stop).await.expect("a stop");
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(301)).await;
    tokio::time::resume();
    stage.service.end_overdue().await;
    gate.open();
    let latest = all(&stage.service, &ada).await.remove(0);
    assert_eq!((latest.kind, latest.outcome), (Kind::Stop, Some(Outcome::Failed)));
    let why = latest.reason.expect("a reason");
    assert!(why.starts_with("The Docker Engine did not stop it within 5 m."), "{why}");
}

#[tokio::test]
async fn a_launch_that_failed_says_why_and_one_that_is_removed_meanwhile_is_overtaken() {
    let stage = Stage::set().await;
    let (bea, ada) = (stage.bea().await, admin(&stage).await);
    stage.launched(&bea, ask("exits")).await.expect("a launch");
    let failed = all(&stage.service, &ada).await.remove(0);
    assert_eq!((failed.kind, failed.outcome), (Kind::Launch, Some(Outcome::Failed)));
    assert!(failed.reason.expect("a reason").contains("exit code 3"));
    let gate = stage.engine.hold(Call::Create);
    let id = stage.service.launch(&bea, ask("web")).await.expect("a launch").id;
    let under_way = ActivityFilter { under_way: Some(true), ..ActivityFilter::default() };
    let found = stage.service.activities(&bea, &under_way, 10).await.expect("a list").items;
    assert_eq!(told(&found), [(Kind::Launch, "Bea", None)]);
    assert!(found[0].deadline_at.is_some() && found[0].ended_at.is_none(), "{found:?}");
    stage.service.operate(&bea, &id, Operation::Remove).await.expect("a removal");
    gate.open();
    stage.becomes(&bea, &id, State::Removed).await;
    let activities = all(&stage.service, &ada).await;
    assert_eq!(
        told(&activities[..2]),
        [(Kind::Remove, "Bea", Some(Outcome::Done)), (Kind::Launch, "Bea", Some(Outcome::Overtaken))]
    );
}

#[tokio::test]
async fn a_pull_is_one_activity_for_all_launches_that_wait_and_members_read_nothing_of_its_image() {
    let stage = Stage::set().await;
    let (bea, ada) = (stage.bea().await, admin(&stage).await);
    stage.engine.registry_has("berth/absent:1", Image::that(Process::Serves), 4);
    let gate = super::stand_in::Gate::default();
    stage.engine.next(Call::Pull, Mood::HeldMidway(gate.clone()));
    let first = stage.service.launch(&bea, ask("absent")).await.expect("a launch").id;
    let second = stage.service.launch(&bea, ask("absent")).await.expect("a launch").id;
    let pull = loop {
        let found = all(&stage.service, &ada).await.into_iter().find(|it| it.kind == Kind::Pull);
        match found.filter(|it| it.progress.is_some_and(|progress| progress.done > 0)) {
            Some(pull) => break pull,
            None => tokio::task::yield_now().await,
        }
    };
    assert!(pull.outcome.is_none() && pull.progress.is_some_and(|progress| progress.done < progress.total), "{pull:?}");
    assert_eq!(pull.target, Target::Image { reference: "berth/absent:1".to_owned() });
    assert!(
        all(&stage.service, &bea).await.iter().all(|it| it.kind == Kind::Launch),
        "images are not a member's business"
    );
    gate.open();
    for id in [first, second] {
        stage.becomes(&bea, &id, State::Running).await;
    }
    let pulls: Vec<Activity> = all(&stage.service, &ada).await.into_iter().filter(|it| it.kind == Kind::Pull).collect();
    assert_eq!(told(&pulls), [(Kind::Pull, "Bea", Some(Outcome::Done))]);
    assert_eq!(pulls[0].progress, Some(Progress { done: 4, total: 4 }));
}

#[tokio::test]
async fn a_pull_that_nobody_waits_for_any_more_is_over_and_one_of_a_killed_server_is_cut_off() {
    let stage = Stage::set().await;
    let (bea, ada) = (stage.bea().await, admin(&stage).await);
    stage.engine.registry_has("berth/absent:1", Image::that(Process::Serves), 4);
    stage.engine.always(Call::Pull, Mood::Hang);
    let id = stage.service.launch(&bea, ask("absent")).await.expect("a launch").id;
    let pull = async || all(&stage.service, &ada).await.into_iter().find(|it| it.kind == Kind::Pull);
    while pull().await.is_none() {
        tokio::task::yield_now().await;
    }
    stage.done(&bea, &id, Operation::Remove).await.expect("a removal");
    while pull().await.is_none_or(|pull| pull.outcome.is_none()) {
        tokio::task::yield_now().await;
    }
    let over = pull().await.expect("a pull");
    assert_eq!(
        (over.outcome, over.reason.as_deref()),
        (Some(Outcome::Overtaken), Some("Nobody waited for it any more."))
    );

    stage.service.launch(&bea, ask("absent")).await.expect("a launch");
    while pull().await.is_none_or(|pull| pull.outcome.is_some()) {
        tokio::task::yield_now().await;
    }
    let service = stage.restarted().await;
    // Nothing is under way that nobody does.
    let mut latest = all(&service, &ada).await;
    while latest.iter().any(|it| it.outcome.is_none()) {
        tokio::task::yield_now().await;
        latest = all(&service, &ada).await;
    }
    let pull = latest.iter().find(|it| it.kind == Kind::Pull).expect("a pull");
    assert_eq!(pull.outcome, Some(Outcome::CutOff));
}

#[tokio::test]
async fn each_reads_what_their_teams_do_a_page_at_a_time() {
    let stage = Stage::set().await;
    let (bea, gil) = (stage.bea().await, stage.person("Gil", "green", TeamRole::Member).await);
    for _ in 0..3 {
        let id = stage.launched(&bea, ask("box")).await.expect("a launch").id;
        stage.done(&bea, &id, Operation::Remove).await.expect("a removal");
    }
    assert_eq!(all(&stage.service, &gil).await, []);
    let of_blue = ActivityFilter { team: bea.teams.keys().next().cloned(), ..ActivityFilter::default() };
    assert!(matches!(stage.service.activities(&gil, &of_blue, 10).await, Err(ApiError::NotFound { .. })));
    let (mut filter, mut seen) = (of_blue, Vec::new());
    loop {
        let page = stage.service.activities(&bea, &filter, 4).await.expect("a page");
        seen.extend(page.items.iter().map(|it| it.id.clone()));
        match page.next {
            Some(next) => filter.after = Some(next),
            None => break,
        }
    }
    assert_eq!(seen.len(), 6);
    seen.dedup();
    assert_eq!(seen.len(), 6, "each once");
}
