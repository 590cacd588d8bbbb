//! What happens to an environment after its launch, by people, by time and by itself.

use app::api::ApiError;
use app::api::backend::{Environments, Live};
use app::api::live::Change;
use futures::StreamExt;
use model::access::TeamRole;
use model::audit::{Action, Outcome, Search};
use model::environment::{Operation, State};
use model::units::Span;

use super::stage::{Stage, ask, reconciled};
use super::stand_in::{Call, End, Mood};

#[tokio::test]
async fn an_environment_stops_starts_restarts_and_goes() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("web")).await.expect("a launch").id;
    let stopped = stage.done(&bea, &id, Operation::Stop).await.expect("a stop");
    assert_eq!((stopped.state, stopped.ports.len()), (State::Stopped, 0));
    assert_eq!(stopped.reason.as_deref(), Some("Stopped by Bea."));
    let started = stage.done(&bea, &id, Operation::Start).await.expect("a start");
    assert_eq!((started.state, started.ports.len(), started.reason), (State::Running, 2, None));
    let restarted = stage.done(&bea, &id, Operation::Restart).await.expect("a restart");
    assert_eq!(restarted.state, State::Running);
    assert_eq!(stage.engine.calls(Call::Create), 1, "the container stays the same");
    let removed = stage.done(&bea, &id, Operation::Remove).await.expect("a removal");
    assert_eq!(removed.state, State::Removed);
    assert_eq!(stage.engine.containers(), Vec::<String>::new());
    assert_eq!(stage.service.all_environments(&bea).await, Ok(Vec::new()));
}

#[tokio::test]
async fn an_operation_that_makes_no_sense_now_says_why() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("web")).await.expect("a launch").id;
    let Err(ApiError::Conflict { message }) = stage.service.operate(&bea, &id, Operation::Start).await else {
        panic!("started twice")
    };
    assert_eq!(message, "It is running already.");
    stage.done(&bea, &id, Operation::Remove).await.expect("a removal");
    let Err(ApiError::Conflict { message }) = stage.service.operate(&bea, &id, Operation::Remove).await else {
        panic!("removed twice")
    };
    assert_eq!(message, "It has been removed.");
}

#[tokio::test]
async fn a_stopped_environment_gives_back_its_memory_and_reserves_again_when_it_starts() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let first = stage.launched(&bea, ask("web")).await.expect("a launch").id;
    stage.done(&bea, &first, Operation::Stop).await.expect("a stop");
    for _ in 0..3 {
        stage.launched(&bea, ask("web")).await.expect("room for three");
    }
    let refused = stage.service.operate(&bea, &first, Operation::Start).await;
    assert!(matches!(refused, Err(ApiError::QuotaExceeded { .. })), "{refused:?}");
    let still = stage.service.environment(&bea, &first).await.expect("an environment").environment;
    assert_eq!(still.state, State::Stopped);
}

#[tokio::test]
async fn members_act_on_their_own_leads_on_the_team_s_and_strangers_see_nothing() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let ben = stage.person("Ben", "blue", TeamRole::Member).await;
    let lena = stage.person("Lena", "blue", TeamRole::Lead).await;
    let gus = stage.person("Gus", "green", TeamRole::Lead).await;
    let id = stage.launched(&bea, ask("web")).await.expect("a launch").id;
    let seen = stage.service.environment(&ben, &id).await.expect("he sees it");
    assert_eq!(seen.refused.len(), Operation::ALL.len());
    for operation in Operation::ALL {
        let refused = stage.service.operate(&ben, &id, operation).await;
        assert!(matches!(refused, Err(ApiError::Forbidden { .. })), "{operation:?} {refused:?}");
        let hidden = stage.service.operate(&gus, &id, operation).await;
        assert_eq!(hidden, Err(ApiError::not_found("environment")), "{operation:?}");
    }
    assert_eq!(stage.service.environment(&gus, &id).await, Err(ApiError::not_found("environment")));
    assert_eq!(stage.service.all_environments(&gus).await, Ok(Vec::new()));
    assert_eq!(stage.done(&lena, &id, Operation::Stop).await.expect("a stop").state, State::Stopped);
}

#[tokio::test]
async fn a_lifetime_ends_by_a_stop_that_says_so_and_can_be_put_off_to_the_maximum() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let launched = stage.launched(&bea, ask("web")).await.expect("a launch");
    stage.pass(Span::hours(7));
    let extended = stage.done(&bea, &launched.id, Operation::Extend).await.expect("an extension");
    assert_eq!(extended.expires_at, launched.created_at.after(Span::hours(15)));
    stage.pass(Span::hours(2));
    stage.service.end_due().await;
    assert_eq!(stage.service.environment(&bea, &launched.id).await.expect("it").environment.state, State::Running);
    stage.pass(Span::hours(6));
    stage.service.end_due().await;
    let stopped = stage.becomes(&bea, &launched.id, State::Stopped).await;
    assert_eq!(stopped.reason.as_deref(), Some("Its lifetime ended."));
    let again = stage.done(&bea, &launched.id, Operation::Start).await.expect("a start");
    assert_eq!(again.expires_at, launched.created_at.after(Span::hours(15 + 8)));
    for _ in 0..2 {
        stage.pass(Span::hours(7));
        stage.service.operate(&bea, &launched.id, Operation::Extend).await.expect("an extension");
    }
    stage.pass(Span::hours(7));
    stage.service.operate(&bea, &launched.id, Operation::Extend).await.expect("the last hours");
    let Err(ApiError::Conflict { message }) = stage.service.operate(&bea, &launched.id, Operation::Extend).await else {
        panic!("beyond the maximum")
    };
    assert!(message.contains("as long as the template allows"), "{message}");
}

#[tokio::test]
async fn a_container_that_ends_by_itself_says_how() {
    for (end, state, words) in [
        (End::Exited(0), State::Stopped, "exit code 0"),
        (End::Exited(7), State::Failed, "exit code 7"),
        (End::OutOfMemory, State::Failed, "out of memory"),
    ] {
        let stage = Stage::set().await;
        let bea = stage.bea().await;
        let id = stage.launched(&bea, ask("web")).await.expect("a launch").id;
        stage.engine.end(&stage.engine.containers()[0], end);
        let ended = stage.becomes(&bea, &id, state).await;
        assert!(ended.reason.as_deref().is_some_and(|reason| reason.contains(words)), "{:?}", ended.reason);
    }
}

#[tokio::test]
async fn a_container_that_somebody_removed_is_told_and_can_be_started_anew() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("web")).await.expect("a launch").id;
    stage.engine.lose(&stage.engine.containers()[0]);
    let failed = stage.becomes(&bea, &id, State::Failed).await;
    assert!(failed.reason.as_deref().is_some_and(|reason| reason.contains("disappeared")), "{:?}", failed.reason);
    assert_eq!(stage.done(&bea, &id, Operation::Start).await.expect("a start").state, State::Running);
    assert_eq!(stage.engine.containers().len(), 1);
}

#[tokio::test]
async fn a_start_that_fails_keeps_the_container_and_what_is_in_it() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("web")).await.expect("a launch").id;
    stage.done(&bea, &id, Operation::Stop).await.expect("a stop");
    let containers = stage.engine.containers();
    stage.engine.next(Call::Start, Mood::refuse(500, "port is already allocated"));
    let failed = stage.done(&bea, &id, Operation::Start).await.expect("a start that fails later");
    assert_eq!(failed.state, State::Failed);
    assert!(failed.reason.as_deref().is_some_and(|reason| reason.contains("The Docker Engine refused it")));
    assert_eq!(stage.engine.containers(), containers);
    assert_eq!(stage.done(&bea, &id, Operation::Start).await.expect("a start").state, State::Running);
}

#[tokio::test]
async fn a_removal_that_the_engine_refuses_says_so_without_the_engine_s_words_and_is_tried_again() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("web")).await.expect("a launch").id;
    let message = "unable to remove filesystem: unlinkat /var/lib/docker/containers/4f/x: operation not permitted";
    stage.engine.always(Call::Remove, Mood::refuse(500, message));
    let mut changes = stage.service.changes();
    stage.service.operate(&bea, &id, Operation::Remove).await.expect("a removal");
    let told = loop {
        let Some(Change::Environment(changed)) = changes.next().await else { continue };
        if let Some(reason) = changed.reason {
            break reason;
        }
    };
    let refused = "The Docker Engine refused it; an admin finds the cause in the log of the server.";
    assert_eq!(told, format!("Not yet done: {refused} It is tried again within a minute."));
    stage.engine.always(Call::Remove, Mood::Well);
    reconciled(&stage.service).await;
    stage.becomes(&bea, &id, State::Removed).await;
    assert_eq!(stage.engine.containers(), Vec::<String>::new());
}

#[tokio::test]
async fn of_ten_restarts_at_once_one_happens() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("web")).await.expect("a launch").id;
    let gate = stage.engine.hold(Call::Stop);
    let restarts = futures::future::join_all((0..10).map(|_| stage.service.operate(&bea, &id, Operation::Restart)));
    let opened = async {
        gate.reached(1).await;
        gate.open();
    };
    let (restarts, ()) = tokio::join!(restarts, opened);
    assert_eq!(restarts.iter().filter(|restart| restart.is_ok()).count(), 1, "{restarts:?}");
    assert_eq!(stage.service.settled(&bea, &id).await.map(|seen| seen.state), Ok(State::Running));
    assert_eq!(stage.engine.calls(Call::Stop), 1);
}

#[tokio::test]
async fn a_stop_that_fails_is_not_called_a_failed_start_in_the_log() {
    let stage = Stage::set_patient().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("web")).await.expect("a launch").id;
    let gate = stage.engine.hold(Call::Stop);
    stage.service.operate(&bea, &id, Operation::Stop).await.expect("a stop");
    gate.reached(1).await;
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(300)).await;
    tokio::time::resume();
    stage.service.end_overdue().await;
    let log = stage.store.audit(&Search::default(), None, 1).await.expect("a log").items;
    assert_eq!((log[0].entry.action, log[0].entry.outcome), (Action::Stop, Outcome::Failed));
}
