//! A restart beside hundreds of environments: all are adopted, at the price of one list and a question about each.

use std::ops::Range;

use app::api::backend::Teams;
use docker::Patience;
use model::access::{Actor, InstallationRole};
use model::environment::State;
use tokio::time::Instant;

use super::stage::{Stage, ask, host, reconciled};
use super::stand_in::{Call, End, Image, Process, StandIn};

const MANY: usize = 500;

/// A stage with as many running environments and their containers.
async fn crowded() -> (Stage, Actor) {
    let (stage, admin) = nearly_empty().await;
    let copies = copies(&stage.engine, "default", 1..MANY).await;
    stage.store.sql(&copies).await;
    (stage, admin)
}

/// A stage with one environment that runs, and a server that is gone: it would look at each that starts.
async fn nearly_empty() -> (Stage, Actor) {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    stage.launched(&bea, ask("box")).await.expect("a launch");
    stage.service.cut_off();
    (stage, Actor { role: Some(InstallationRole::Admin), ..bea })
}

/// Runs a container for each number, and gives the rows that say so.
async fn copies(engine: &StandIn, host: &str, numbers: Range<usize>) -> String {
    let mut copies = String::new();
    for number in numbers {
        let id = format!("01900000-0000-7000-8000-{number:012}");
        let labels = [("berth.installation", "test"), ("berth.environment", id.as_str()), ("berth.attempt", "1")];
        let container = engine.finds(&format!("berth-blue-{number}"), "berth/web:1", &labels);
        engine.runs(&container).await;
        copies += &format!(
            "INSERT INTO environments (id, name, team, owner_id, template, version, size, host, cpus, memory, pids, variables,
                 state, activity, created_at, expires_at, revision)
             SELECT '{id}', 'copy-{number}', team, owner_id, template, version, size, '{host}', cpus, memory, pids, variables,
                 state, activity, created_at, expires_at, revision
             FROM environments WHERE name = 'box-1';
             INSERT INTO parts (environment_id, name, attempt, container_id, state, ran, ports, started_at)
             SELECT '{id}', p.name, attempt, '{container}', p.state, ran, ports, started_at
             FROM parts p JOIN environments e ON e.id = p.environment_id WHERE e.name = 'box-1';"
        );
    }
    copies
}

#[tokio::test]
async fn a_thousand_on_two_hosts_are_adopted_with_one_list_of_each() {
    let (stage, admin) = nearly_empty().await;
    let west = StandIn::start().await;
    west.has_image("berth/web:1", Image::that(Process::Serves));
    let rows = copies(&stage.engine, "default", 1..MANY).await + &copies(&west, "west", MANY..2 * MANY).await;
    stage.store.sql(&rows).await;
    let asked = |engine: &StandIn| [Call::List, Call::Inspect, Call::Stop, Call::Remove].map(|call| engine.calls(call));
    let before = asked(&stage.engine);
    let began = Instant::now();
    let both = [host("default", &stage.engine, Patience::default()), host("west", &west, Patience::default())];
    let service = stage.serving_on(both.into()).await;
    while asked(&west)[1] < MANY || asked(&stage.engine)[1] < before[1] + MANY {
        tokio::task::yield_now().await;
    }
    service.all_left().await;
    println!("{} environments on two hosts: adopted {:?} after the start", 2 * MANY, began.elapsed());
    assert_eq!(asked(&west), [1, MANY, 0, 0]);
    assert_eq!(asked(&stage.engine), [before[0] + 1, before[1] + MANY, before[2], before[3]]);
    let all = service.all_environments(&admin).await.expect("a list");
    assert_eq!(all.iter().filter(|environment| environment.state == State::Running).count(), 2 * MANY);
}

async fn count(stage: &Stage, admin: &Actor, service: &service::Service, state: State) -> usize {
    assert_eq!(stage.engine.containers().len(), MANY);
    let all = service.all_environments(admin).await.expect("a list");
    all.iter().filter(|environment| environment.state == state).count()
}

#[tokio::test]
async fn what_runs_is_adopted_with_one_list_and_one_question_about_each() {
    let (stage, admin) = crowded().await;
    let asked = || [Call::List, Call::Inspect, Call::Stop, Call::Remove].map(|call| stage.engine.calls(call));
    let [lists, rest @ ..] = asked();
    let began = Instant::now();
    let service = stage.restarted().await;
    assert_eq!(count(&stage, &admin, &service, State::Running).await, MANY);
    println!("{MANY} environments: serving {:?} after the restart", began.elapsed());
    while asked()[1] < rest[0] + MANY {
        tokio::task::yield_now().await;
    }
    reconciled(&service).await;
    println!("{MANY} environments: adopted {:?} after the restart, with a second look", began.elapsed());
    assert_eq!(asked(), [lists + 2, rest[0] + MANY, rest[1], rest[2]]);
    assert_eq!(count(&stage, &admin, &service, State::Running).await, MANY);
}

#[tokio::test]
async fn what_ended_meanwhile_is_closed_with_one_question_about_each() {
    let (stage, admin) = crowded().await;
    stage.service.cut_off();
    for container in stage.engine.containers() {
        stage.engine.end(&container, End::Exited(137));
    }
    let inspected = stage.engine.calls(Call::Inspect);
    let began = Instant::now();
    let service = stage.restarted().await;
    while count(&stage, &admin, &service, State::Failed).await < MANY {
        tokio::task::yield_now().await;
    }
    println!("{MANY} environments that ended: closed {:?} after the restart", began.elapsed());
    assert!(stage.engine.calls(Call::Inspect) - inspected <= MANY + 8, "each is asked about once");
    let held = service.teams(&admin).await.expect("teams")[0].room.team.used.running;
    assert_eq!(held, 0);
}
