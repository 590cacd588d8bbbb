//! What hangs on its way is ended by its deadline, says why, holds nothing, and can be left.

use std::time::Duration;

use app::api::backend::{Environments, Teams};
use model::environment::{Environment, Operation, State};
use model::name::EnvironmentId;
use model::units::Span;

use super::stage::{Stage, ask, reconciled};
use super::stand_in::{Call, Image, Mood, Process};

/// A stage whose engine's calls may take for ever, so that only the deadline ends what waits for them.
async fn patient() -> Stage {
    let stage = Stage::set_patient().await;
    stage.engine.registry_has("berth/absent:1", Image::that(Process::Silent), 2);
    stage
}

/// Lets as much time pass for what is under way as `state` may last.
async fn overdue(stage: &Stage, state: State) {
    let within = state.deadline(Span::hours(1)).expect("a deadline").within;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(within.as_seconds())).await;
    tokio::time::resume();
    stage.service.end_overdue().await;
}

async fn now(stage: &Stage, id: &EnvironmentId) -> Environment {
    let bea = stage.bea().await;
    stage.service.environment(&bea, id).await.expect("an environment").environment
}

async fn held(stage: &Stage) -> u64 {
    let bea = stage.bea().await;
    stage.service.teams(&bea).await.expect("teams")[0].room.team.used.running
}

#[tokio::test]
async fn a_launch_that_hangs_anywhere_fails_with_the_cause_and_can_be_started_again() {
    for (call, state, template, says) in [
        (Call::Image, State::Reserved, "box", "It was reserved, and nothing more happened within 2 m."),
        (Call::Pull, State::Pulling, "absent", "The pull of its image made no progress within 15 m."),
        (Call::Create, State::Creating, "box", "The Docker Engine did not create its container within 5 m."),
        (Call::Start, State::Starting, "box", "The Docker Engine did not bring it up within 5 m 10 s."),
    ] {
        let stage = patient().await;
        let bea = stage.bea().await;
        let gate = stage.engine.hold(call);
        let id = stage.service.launch(&bea, ask(template)).await.expect("a launch").id;
        gate.reached(1).await;
        assert_eq!(now(&stage, &id).await.state, state);
        stage.service.end_overdue().await;
        assert_eq!(now(&stage, &id).await.state, state, "before its time");
        overdue(&stage, state).await;
        let failed = now(&stage, &id).await;
        let reason = format!("{says} Start it again, or remove it.");
        assert_eq!((failed.state, failed.reason), (State::Failed, Some(reason)), "{call:?}");
        assert_eq!(held(&stage).await, 0, "{call:?}");
        gate.open();
        stage.engine.always(call, Mood::Well);
        assert_eq!(stage.done(&bea, &id, Operation::Start).await.expect("a start").state, State::Running, "{call:?}");
        reconciled(&stage.service).await;
        assert_eq!(stage.engine.containers().len(), 1, "{call:?}");
    }
}

#[tokio::test]
async fn a_stop_that_hangs_is_ended_and_the_container_is_put_down_when_the_engine_can() {
    let stage = patient().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("box")).await.expect("a launch").id;
    let gate = stage.engine.hold(Call::Stop);
    stage.service.operate(&bea, &id, Operation::Stop).await.expect("a stop");
    gate.reached(1).await;
    overdue(&stage, State::Stopping).await;
    let failed = now(&stage, &id).await;
    assert_eq!(failed.state, State::Failed);
    assert!(failed.reason.is_some_and(|reason| reason.contains("did not stop it within 5 m")));
    // Whoever was stopping it was sent away, and the next attempt waits at the gate.
    gate.reached(2).await;
    gate.open();
    reconciled(&stage.service).await;
    assert_eq!(stage.done(&bea, &id, Operation::Start).await.expect("a start").state, State::Running);
}

#[tokio::test]
async fn a_removal_that_hangs_can_be_asked_for_again() {
    let stage = patient().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("box")).await.expect("a launch").id;
    let gate = stage.engine.hold(Call::Remove);
    stage.service.operate(&bea, &id, Operation::Remove).await.expect("a removal");
    // Else a call before it is what the time passes for.
    gate.reached(1).await;
    overdue(&stage, State::Removing).await;
    let reason = now(&stage, &id).await.reason.expect("a reason");
    assert!(reason.ends_with("Remove it again."), "{reason}");
    gate.open();
    assert_eq!(stage.done(&bea, &id, Operation::Remove).await.expect("a removal").state, State::Removed);
    assert_eq!(stage.engine.containers(), Vec::<String>::new());
}

#[tokio::test]
async fn time_does_not_run_while_the_engine_is_away() {
    let stage = patient().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("box")).await.expect("a launch").id;
    stage.engine.vanish().await;
    stage.lost().await;
    stage.service.operate(&bea, &id, Operation::Remove).await.expect("a removal");
    overdue(&stage, State::Removing).await;
    assert_eq!(now(&stage, &id).await.state, State::Removing);
    stage.engine.come_back();
    stage.becomes(&bea, &id, State::Removed).await;
}
