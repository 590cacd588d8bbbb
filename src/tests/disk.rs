//! The disk of the server is full: it says so, nothing is corrupt, and all goes on when there is room again.

use app::api::ApiError;
use app::api::backend::Environments;
use model::access::TeamRole;
use model::environment::State;
use model::name::TeamName;

use super::stage::{Stage, ask, reconciled};

#[tokio::test]
async fn a_launch_is_refused_with_the_cause_and_what_was_under_way_is_taken_up_when_there_is_room_again() {
    let stage = Stage::set().await;
    let gus = stage.person("Gus", "green", TeamRole::Member).await;
    let mut ask = ask("web");
    ask.team = TeamName::parse("green").expect("a name");
    ask.variables.insert("GREETING".to_owned(), "x".repeat(2000));
    stage.store.may_grow_by(4).await;
    let mut launched = 0;
    let refused = loop {
        assert!(launched < 100, "it never gets full");
        match stage.service.launch(&gus, ask.clone()).await {
            Ok(_) => launched += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(refused, ApiError::ServerFull);
    assert!(launched > 0);

    stage.store.may_grow_by(100_000).await;
    for environment in stage.service.all_environments(&gus).await.expect("a list") {
        // One whose launch could not be journalled is left for the reconciler; it waits for whoever still drives it.
        while stage.service.environment(&gus, &environment.id).await.expect("it").environment.state.is_transitional() {
            stage.service.reconcile().await;
            tokio::task::yield_now().await;
        }
    }
    reconciled(&stage.service).await;
    assert_eq!(stage.store.soundness().await, "ok");
    let all = stage.service.all_environments(&gus).await.expect("a list");
    assert_eq!(all.len(), launched);
    let running = all.iter().filter(|environment| environment.state == State::Running).count();
    assert_eq!(stage.engine.containers().len(), running);
    assert!(all.iter().all(|environment| matches!(environment.state, State::Running | State::Failed)));
    assert_eq!(stage.launched(&gus, ask).await.expect("a launch").state, State::Running);
}
