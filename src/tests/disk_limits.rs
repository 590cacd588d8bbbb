//! A size may limit what a container writes to disk: who is over is stopped and told so, and can make room.

use app::api::backend::Environments;
use model::access::Actor;
use model::audit::Search;
use model::environment::{Environment, Operation, State};
use model::name::EnvironmentId;
use model::units::{Memory, Span};

use super::stage::{Stage, ask};
use super::stand_in::Call;

const LIMIT: Memory = Memory::mib(20);

async fn stage() -> Stage {
    let stage = Stage::set().await;
    stage.store.sql(&format!("UPDATE sizes SET disk = {}", LIMIT.as_bytes())).await;
    stage
}

async fn launched(stage: &Stage, bea: &Actor) -> (EnvironmentId, String) {
    let launched = stage.launched(bea, ask("web")).await.expect("a launch");
    assert_eq!((launched.state, launched.limits.disk), (State::Running, Some(LIMIT)));
    (launched.id, stage.engine.containers().pop().expect("a container"))
}

/// A look that stops it; as it is then.
async fn stops(stage: &Stage, bea: &Actor, id: &EnvironmentId) -> Environment {
    stage.service.look_at_disks().await;
    stage.becomes(bea, id, State::Stopped).await
}

/// A look that leaves it alone.
async fn runs_on(stage: &Stage, bea: &Actor, id: &EnvironmentId) -> bool {
    stage.service.look_at_disks().await;
    stage.service.environment(bea, id).await.expect("seen").environment.state == State::Running
}

#[tokio::test]
async fn who_has_written_more_than_the_size_allows_is_stopped_and_told_how_much_and_what_to_do() {
    let stage = stage().await;
    let bea = stage.bea().await;
    let (id, container) = launched(&stage, &bea).await;
    stage.engine.has_written(&container, LIMIT.as_bytes());
    assert!(runs_on(&stage, &bea, &id).await, "all that it may");
    stage.engine.has_written(&container, Memory::mib(30).as_bytes());
    let reason = stops(&stage, &bea, &id).await.reason.expect("a reason");
    assert!(reason.starts_with("It has written 30 MiB to its disk, and its size allows 20 MiB."), "{reason}");
    let log = stage.store.audit(&Search::default(), None, 1).await.expect("a log").items;
    assert_eq!(log[0].entry.reason, reason);
}

#[tokio::test]
async fn who_starts_it_again_has_five_minutes_to_make_room() {
    let stage = stage().await;
    let bea = stage.bea().await;
    let (id, container) = launched(&stage, &bea).await;
    stage.engine.has_written(&container, Memory::mib(30).as_bytes());
    stops(&stage, &bea, &id).await;
    stage.done(&bea, &id, Operation::Start).await.expect("started");
    stage.pass(Span::seconds(299));
    assert!(runs_on(&stage, &bea, &id).await);
    stage.pass(Span::seconds(2));
    stops(&stage, &bea, &id).await;

    stage.done(&bea, &id, Operation::Start).await.expect("started");
    stage.engine.has_written(&container, Memory::mib(10).as_bytes());
    assert!(runs_on(&stage, &bea, &id).await);
    stage.engine.has_written(&container, Memory::mib(30).as_bytes());
    stops(&stage, &bea, &id).await;
}

#[tokio::test]
async fn what_has_no_limit_on_disk_is_never_counted() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    stage.launched(&bea, ask("web")).await.expect("a launch");
    stage.engine.has_written(&stage.engine.containers()[0], u64::MAX / 2);
    let inspected = stage.engine.calls(Call::Inspect);
    stage.service.look_at_disks().await;
    assert_eq!(stage.engine.calls(Call::Inspect), inspected);
}

#[tokio::test]
async fn an_engine_whose_storage_holds_no_such_limit_is_asked_for_it_once() {
    let stage = stage().await;
    let bea = stage.bea().await;
    launched(&stage, &bea).await;
    assert_eq!(stage.engine.calls(Call::Create), 2);
    launched(&stage, &bea).await;
    assert_eq!(stage.engine.calls(Call::Create), 3);
}
