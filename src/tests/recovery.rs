//! The engine goes and comes, the server is killed: nothing is lost, leaked or counted twice.

use app::api::ApiError;
use app::api::backend::{Environments, Hosts, Live, Teams};
use app::api::live::Change;
use futures::StreamExt;
use model::environment::{Environment, Operation, State};
use model::host::Link;

use super::stage::{Stage, ask, reconciled};
use super::stand_in::{Call, End, Image, Mood, Process, StandIn};

#[tokio::test]
async fn while_the_engine_is_away_pages_say_so_and_nothing_is_reserved() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("web")).await.expect("a launch").id;
    stage.engine.vanish().await;
    stage.lost().await;
    assert!(matches!(stage.service.hosts(&bea).await.expect("hosts")[0].link, Link::Lost { .. }));
    let refused = stage.service.launch(&bea, ask("web")).await;
    assert!(matches!(refused, Err(ApiError::EngineUnavailable { .. })), "{refused:?}");
    let refused = stage.service.operate(&bea, &id, Operation::Stop).await;
    assert!(matches!(refused, Err(ApiError::EngineUnavailable { .. })), "{refused:?}");
    assert_eq!(stage.service.all_environments(&bea).await.expect("a list").len(), 1);
}

#[tokio::test]
async fn when_the_engine_returns_what_happened_meanwhile_is_seen_without_a_restart() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let kept = stage.launched(&bea, ask("web")).await.expect("a launch").id;
    let ended = stage.launched(&bea, ask("box")).await.expect("a launch").id;
    let container = stage.engine.containers()[1].clone();
    stage.engine.vanish().await;
    stage.lost().await;
    stage.engine.end(&container, End::Exited(9));
    stage.engine.come_back();
    let failed = stage.becomes(&bea, &ended, State::Failed).await;
    assert!(failed.reason.is_some_and(|reason| reason.contains("exit code 9")));
    assert_eq!(stage.service.environment(&bea, &kept).await.expect("it").environment.state, State::Running);
    assert_eq!(stage.launched(&bea, ask("web")).await.expect("a launch").state, State::Running);
}

#[tokio::test]
async fn a_removal_that_the_engine_missed_goes_on_when_it_returns() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("web")).await.expect("a launch").id;
    stage.engine.vanish().await;
    stage.lost().await;
    let removing = stage.service.operate(&bea, &id, Operation::Remove).await.expect("a removal");
    assert_eq!(removing.state, State::Removing);
    stage.engine.come_back();
    stage.becomes(&bea, &id, State::Removed).await;
    assert_eq!(stage.engine.containers(), Vec::<String>::new());
}

#[tokio::test]
async fn after_a_kill_in_the_middle_of_a_launch_nothing_is_left_and_nothing_is_held() {
    for call in [Call::Image, Call::Create, Call::Start] {
        let stage = Stage::set().await;
        let bea = stage.bea().await;
        let gate = stage.engine.hold(call);
        let id = stage.service.launch(&bea, ask("web")).await.expect("a launch").id;
        gate.reached(1).await;
        let after = stage.restarted().await;
        gate.open();
        let seen = after.settled(&bea, &id).await.expect("an environment");
        assert!(matches!(seen.state, State::Failed | State::Running), "{call:?} {}", seen.state);
        reconciled(&after).await;
        let held = after.teams(&bea).await.expect("teams")[0].room.team.used.running;
        assert_eq!(held, u64::from(seen.state == State::Running), "{call:?}");
        assert_eq!(stage.engine.containers().len(), usize::from(seen.state == State::Running), "{call:?}");
    }
}

#[tokio::test]
async fn after_a_restart_what_runs_is_adopted_and_a_stop_goes_on() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let running = stage.launched(&bea, ask("web")).await.expect("a launch").id;
    let stopping = stage.launched(&bea, ask("box")).await.expect("a launch").id;
    let gate = stage.engine.hold(Call::Stop);
    stage.service.operate(&bea, &stopping, Operation::Stop).await.expect("a stop");
    gate.reached(1).await;
    let after = stage.restarted().await;
    gate.open();
    assert_eq!(after.settled(&bea, &stopping).await.map(|e| e.state), Ok(State::Stopped));
    assert_eq!(after.settled(&bea, &running).await.map(|e| e.state), Ok(State::Running));
}

#[tokio::test]
async fn while_a_slow_stop_is_done_again_after_a_gap_what_happens_on_the_engine_is_heard() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let ends = stage.launched(&bea, ask("web")).await.expect("a launch");
    let container = stage.engine.containers().remove(0);
    let stopping = stage.launched(&bea, ask("box")).await.expect("a launch").id;
    let gate = stage.engine.hold(Call::Stop);
    stage.service.operate(&bea, &stopping, Operation::Stop).await.expect("a stop");
    gate.reached(1).await;
    let after = stage.restarted().await;
    gate.reached(2).await;
    let mut changes = after.changes();
    stage.engine.end(&container, End::Exited(3));
    loop {
        match changes.next().await.expect("the service is there") {
            Change::Environment(changed) if changed.id == ends.id && changed.state == State::Failed => break,
            _ => {}
        }
    }
    gate.open();
    assert_eq!(after.settled(&bea, &stopping).await.map(|e| e.state), Ok(State::Stopped));
}

#[tokio::test]
async fn a_leftover_of_ours_is_removed_and_a_stranger_with_our_label_is_left_alone() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("web")).await.expect("a launch").id;
    let other = Stage::set().await;
    let stranger = other.bea().await;
    reconciled(&stage.service).await;
    assert_eq!(stage.engine.containers().len(), 1);
    // The database of another installation with the same id knows nothing of this container.
    let after = other.serving(&stage.engine).await;
    reconciled(&after).await;
    assert_eq!(after.all_environments(&stranger).await, Ok(Vec::new()));
    assert_eq!(stage.engine.containers().len(), 1);
    assert_eq!(stage.service.environment(&bea, &id).await.expect("it").environment.state, State::Running);
}

#[tokio::test]
async fn a_launch_that_has_just_begun_is_not_taken_for_one_that_a_killed_server_left_behind() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let id = stage.service.launch(&bea, ask("web")).await.expect("a launch").id;
    // The launch's own task has not run yet: on this runtime it does only when the test waits for something.
    stage.service.reconcile().await;
    assert_eq!(stage.service.settled(&bea, &id).await.map(|e| e.state), Ok(State::Running));
}

#[tokio::test]
async fn one_list_that_fails_does_not_leave_the_engine_lost() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let mut changes = stage.service.changes();
    stage.engine.next(Call::List, Mood::Nonsense);
    stage.service.reconcile().await;
    while !matches!(changes.next().await, Some(Change::Host(host)) if host.link == Link::Live) {}
    assert_eq!(stage.launched(&bea, ask("web")).await.expect("a launch").state, State::Running);
}

#[tokio::test]
async fn a_stopped_environment_whose_container_somebody_removed_says_so_and_starts_anew() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("web")).await.expect("a launch").id;
    stage.done(&bea, &id, Operation::Stop).await.expect("a stop");
    let mut changes = stage.service.changes();
    stage.engine.lose(&stage.engine.containers()[0]);
    reconciled(&stage.service).await;
    // Whoever is first, this look or the one that the engine's own word of it began, says so.
    let says =
        |environment: &Environment| environment.reason.as_deref().is_some_and(|it| it.contains("removed on the host"));
    while !says(&stage.service.environment(&bea, &id).await.expect("it").environment) {
        changes.next().await.expect("the service is there");
    }
    assert_eq!(stage.done(&bea, &id, Operation::Start).await.expect("a start").state, State::Running);
}

/// What an operator does with the database while no server runs.
async fn restored(stage: &Stage, statement: &str) -> service::Service {
    stage.service.cut_off();
    stage.store.sql(statement).await;
    let after = stage.serving(&stage.engine).await;
    reconciled(&after).await;
    after
}

#[tokio::test]
async fn a_database_restored_from_yesterday_removes_nothing_that_runs() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("web")).await.expect("a launch").id;
    let first = stage.engine.containers().remove(0);
    stage.engine.lose(&first);
    stage.becomes(&bea, &id, State::Failed).await;
    assert_eq!(stage.done(&bea, &id, Operation::Start).await.expect("a start").state, State::Running);
    let second = stage.engine.containers();

    let yesterday = format!(
        "UPDATE environments SET state = 'running', reason = NULL;
             UPDATE parts SET state = 'running', attempt = 1, container_id = '{first}'"
    );
    let after = restored(&stage, &yesterday).await;
    reconciled(&after).await;
    let seen = after.environment(&bea, &id).await.expect("it").environment;
    assert_eq!((seen.state, seen.ports.len(), stage.engine.containers()), (State::Running, 2, second.clone()));
    assert_eq!(stage.engine.calls(Call::Stop) + stage.engine.calls(Call::Remove), 0);
    after.operate(&bea, &id, Operation::Remove).await.expect("a removal");
    after.settled(&bea, &id).await.expect("removed");
    assert_eq!(stage.engine.containers(), Vec::<String>::new(), "it is the environment's own again");
}

#[tokio::test]
async fn a_database_restored_from_the_middle_of_a_launch_keeps_what_was_done_since() {
    for state in ["reserved", "creating", "starting", "failed"] {
        let stage = Stage::set().await;
        let bea = stage.bea().await;
        let id = stage.launched(&bea, ask("web")).await.expect("a launch").id;
        let containers = stage.engine.containers();
        let then = format!(
            "UPDATE environments SET state = '{state}';
                 UPDATE parts SET state = '{state}', ran = FALSE, container_id = NULL, started_at = NULL"
        );
        let after = restored(&stage, &then).await;
        reconciled(&after).await;
        assert_eq!(stage.engine.containers(), containers, "{state}");
        let seen = after.settled(&bea, &id).await.expect("it");
        if seen.state != State::Running {
            after.operate(&bea, &id, Operation::Start).await.expect("a start");
        }
        assert_eq!(after.settled(&bea, &id).await.map(|seen| seen.state), Ok(State::Running), "{state}");
        assert_eq!((stage.engine.containers(), stage.engine.calls(Call::Create)), (containers, 1), "{state}");
    }
}

#[tokio::test]
async fn an_engine_that_returns_with_its_containers_gets_their_environments_back() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("web")).await.expect("a launch").id;
    let containers = stage.engine.containers();
    // An engine on the same address with another data root has none of them.
    let empty = StandIn::start().await;
    empty.has_image("berth/web:1", Image::that(Process::Serves));
    stage.service.cut_off();
    let meanwhile = stage.serving(&empty).await;
    while meanwhile.environment(&bea, &id).await.expect("it").environment.state != State::Failed {
        reconciled(&meanwhile).await;
    }
    meanwhile.cut_off();
    let after = stage.serving(&stage.engine).await;
    while stage.engine.calls(Call::Stop) == 0 {
        reconciled(&after).await;
    }
    assert_eq!((stage.engine.containers(), stage.engine.calls(Call::Remove)), (containers.clone(), 0));
    after.operate(&bea, &id, Operation::Start).await.expect("a start");
    assert_eq!(after.settled(&bea, &id).await.map(|seen| seen.state), Ok(State::Running));
    assert_eq!(stage.engine.containers(), containers, "with what was in it");
}
