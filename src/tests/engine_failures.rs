//! What `docker::Engine` makes of an engine that is slow, refuses, hangs, talks nonsense, vanishes and returns.

use std::pin::pin;
use std::time::Duration;

use docker::{Connection, ContainerId, ContainerSpec, Engine, EngineError, Happening, Patience, Status};
use futures::StreamExt;
use futures::future::join_all;
use model::units::Span;

use super::engine_contract::Draft;
use super::stand_in::{Call, End, Image, Mood, Process, StandIn};

const IMAGE: &str = "berth-test/sleeps:1";
const PULLED: &str = "registry.example/pulled:1";
const INSTALLATION: &str = "here";

async fn stand_in() -> (StandIn, Engine) {
    let stand_in = StandIn::start().await;
    stand_in.has_image(IMAGE, Image::that(Process::Silent));
    stand_in.registry_has(PULLED, Image::that(Process::Silent), 2);
    let engine = Engine::connect(&stand_in.connection()).expect("a connection");
    (stand_in, engine)
}

/// The same engine, asked by somebody who soon loses patience.
fn impatient(connection: &Connection) -> Engine {
    let soon = Duration::from_millis(50);
    let patience = Patience { short: soon, launch: soon, stop: soon, pull: soon, ..Patience::default() };
    Engine::connect_with(connection, patience).expect("a connection")
}

async fn spec(engine: &Engine, attempt: u32) -> ContainerSpec {
    let image = engine.image(IMAGE).await.expect("an answer").expect("the image is there");
    Draft { attempt, ..Draft::new(image) }.spec(INSTALLATION)
}

async fn created(engine: &Engine) -> ContainerId {
    engine.create(&spec(engine, 1).await).await.expect("a container")
}

fn unreachable<T>(result: &Result<T, EngineError>) -> bool {
    matches!(result, Err(EngineError::Unreachable(_)))
}

fn timed_out<T>(result: &Result<T, EngineError>) -> bool {
    matches!(result, Err(EngineError::TimedOut(_)))
}

#[tokio::test]
async fn an_engine_that_comes_late_is_found() {
    let (stand_in, _) = stand_in().await;
    stand_in.vanish().await;
    let engine = Engine::connect(&stand_in.connection()).expect("nothing has to be there");
    let error = engine.host().await.expect_err("nothing is there").to_string();
    assert_eq!(error, "the Docker Engine cannot be reached: nothing listens there");
    stand_in.come_back();
    assert_eq!(engine.host().await.map(|host| host.name).as_deref(), Ok("stand-in"));
}

#[tokio::test]
async fn an_engine_that_dies_and_returns_needs_no_restart_of_ours() {
    let (stand_in, engine) = stand_in().await;
    let id = created(&engine).await;
    engine.start(&id).await.expect("a start");
    let mut events = pin!(engine.events(INSTALLATION).await.expect("a subscription"));
    stand_in.vanish().await;
    assert!(unreachable(&events.next().await.expect("the end of the subscription")));
    assert!(events.next().await.is_none());
    assert!(unreachable(&engine.inspect(&id).await) && unreachable(&engine.events(INSTALLATION).await));

    stand_in.end(id.as_str(), End::Exited(1));
    stand_in.come_back();
    let ended = engine.inspect(&id).await.expect("a container");
    assert_eq!((ended.status, ended.exit_code), (Status::Exited, Some(1)));
    assert!(engine.events(INSTALLATION).await.is_ok());
}

#[tokio::test]
async fn the_version_is_agreed_on_once_and_again_when_the_engine_was_away() {
    let (stand_in, engine) = stand_in().await;
    let id = created(&engine).await;
    for _ in 0..5 {
        engine.inspect(&id).await.expect("a container");
    }
    assert_eq!(stand_in.calls(Call::Version), 1);
    stand_in.vanish().await;
    assert!(unreachable(&engine.inspect(&id).await));
    stand_in.come_back();
    engine.inspect(&id).await.expect("a container");
    assert_eq!(stand_in.calls(Call::Version), 2);
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_called_so() {
    let (stand_in, engine) = stand_in().await;
    let (spec, id) = (spec(&engine, 2).await, created(&engine).await);
    for call in [Call::Info, Call::Inspect, Call::List, Call::Image, Call::Create, Call::Pull, Call::Events] {
        stand_in.always(call, Mood::Nonsense);
    }
    let nonsense = |error: Option<EngineError>| assert!(matches!(error, Some(EngineError::Nonsense(_))), "{error:?}");
    nonsense(engine.host().await.err());
    nonsense(engine.inspect(&id).await.err());
    nonsense(engine.ours(INSTALLATION).await.err());
    nonsense(engine.image(IMAGE).await.err());
    nonsense(engine.create(&spec).await.err());
    nonsense(engine.pull(PULLED, |_| {}).await.err());
    let mut events = pin!(engine.events(INSTALLATION).await.expect("a subscription"));
    nonsense(events.next().await.and_then(Result::err));
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn what_goes_wrong_before_a_call_is_told_as_what_it_is() {
    let (stand_in, engine) = stand_in().await;
    let id = created(&engine).await;
    stand_in.vanish().await;
    assert!(unreachable(&engine.start(&id).await));
    stand_in.come_back();
    stand_in.next(Call::Version, Mood::Nonsense);
    assert!(matches!(engine.start(&id).await, Err(EngineError::Nonsense(_))));
    stand_in.next(Call::Version, Mood::refuse(503, "starting"));
    assert!(matches!(engine.start(&id).await, Err(EngineError::Refused { status: 503, .. })));
    assert_eq!(engine.start(&id).await, Ok(()));
}

#[tokio::test]
async fn half_an_answer_is_none() {
    let (stand_in, engine) = stand_in().await;
    let id = created(&engine).await;
    for call in [Call::Inspect, Call::List, Call::Create] {
        stand_in.next(call, Mood::HalfAnswer);
    }
    assert!(unreachable(&engine.inspect(&id).await));
    assert!(unreachable(&engine.ours(INSTALLATION).await));
    assert!(unreachable(&engine.create(&spec(&engine, 2).await).await));
}

#[tokio::test]
async fn an_answer_that_is_lost_leads_to_no_second_container() {
    let (stand_in, engine) = stand_in().await;
    let spec = spec(&engine, 1).await;
    stand_in.next(Call::Create, Mood::LoseAnswer);
    assert!(unreachable(&engine.create(&spec).await));
    let id = engine.create(&spec).await.expect("the container that was made");
    assert_eq!(stand_in.containers(), [id.as_str()]);
}

#[tokio::test]
async fn a_call_that_hangs_ends_in_time() {
    let (stand_in, engine) = stand_in().await;
    let (spec, id) = (spec(&engine, 2).await, created(&engine).await);
    let hanging = [Call::Inspect, Call::List, Call::Image, Call::Info, Call::Create, Call::Start, Call::Stop];
    for call in hanging.into_iter().chain([Call::Remove, Call::Pull, Call::Logs, Call::Events]) {
        stand_in.always(call, Mood::Hang);
    }
    let engine = impatient(&stand_in.connection());
    assert!(timed_out(&engine.host().await));
    assert!(timed_out(&engine.inspect(&id).await));
    assert!(timed_out(&engine.ours(INSTALLATION).await));
    assert!(timed_out(&engine.image(IMAGE).await));
    assert!(timed_out(&engine.logs_tail(&id, 1).await));
    assert!(timed_out(&engine.events(INSTALLATION).await));
    assert!(timed_out(&engine.create(&spec).await));
    assert!(timed_out(&engine.start(&id).await));
    assert!(timed_out(&engine.stop(&id, Span::seconds(0)).await));
    assert!(timed_out(&engine.remove(&id).await));
    assert!(timed_out(&engine.pull(PULLED, |_| {}).await));
}

#[tokio::test]
async fn an_engine_that_hangs_from_the_first_call_on_is_no_trap() {
    let (stand_in, engine) = stand_in().await;
    stand_in.next(Call::Version, Mood::Hang);
    assert!(timed_out(&impatient(&stand_in.connection()).image(IMAGE).await));
    assert!(engine.image(IMAGE).await.is_ok());
}

#[tokio::test]
async fn creations_that_are_slow_hold_up_no_look_up_and_no_stop() {
    let (stand_in, engine) = stand_in().await;
    let id = created(&engine).await;
    engine.start(&id).await.expect("a start");
    let gate = stand_in.hold(Call::Create);
    let specs = join_all((10..50).map(|attempt| spec(&engine, attempt))).await;
    let creations = join_all(specs.iter().map(|spec| engine.create(spec)));
    let meanwhile = async {
        gate.reached(16).await;
        engine.inspect(&id).await.expect("a container");
        engine.stop(&id, Span::seconds(0)).await.expect("a stop");
        // The container of before, and as many creations as are let through at once.
        assert_eq!(stand_in.calls(Call::Create), 1 + 16);
        gate.open();
    };
    let (creations, ()) = tokio::join!(creations, meanwhile);
    assert!(creations.iter().all(Result::is_ok), "{creations:?}");
    assert_eq!(stand_in.containers().len(), 41);
}

#[tokio::test]
async fn pulls_that_are_slow_hold_up_no_launch() {
    let (stand_in, engine) = stand_in().await;
    let gate = stand_in.hold(Call::Pull);
    let references: Vec<String> = (0..5).map(|number| format!("registry.example/image-{number}:1")).collect();
    for reference in &references {
        stand_in.registry_has(reference, Image::that(Process::Silent), 1);
    }
    let pulls = join_all(references.iter().map(|reference| engine.pull(reference, |_| {})));
    let meanwhile = async {
        gate.reached(3).await;
        engine.start(&created(&engine).await).await.expect("a start");
        assert_eq!(stand_in.calls(Call::Pull), 3);
        gate.open();
    };
    let (pulls, ()) = tokio::join!(pulls, meanwhile);
    assert!(pulls.iter().all(Result::is_ok), "{pulls:?}");
}

#[tokio::test]
async fn a_pull_that_fails_midway_fails_for_all_who_wait_and_can_be_tried_again() {
    let (stand_in, engine) = stand_in().await;
    stand_in.next(Call::Pull, Mood::FailMidway("write /var/lib/docker/tmp/x: no space left on device".to_owned()));
    let pulls = join_all((0..3).map(|_| engine.pull(PULLED, |_| {}))).await;
    assert_eq!(pulls, [Err(EngineError::NoSpace), Err(EngineError::NoSpace), Err(EngineError::NoSpace)]);
    assert_eq!(engine.image(PULLED).await, Ok(None));
    assert!(engine.pull(PULLED, |_| {}).await.is_ok());
}

#[tokio::test]
async fn what_podman_will_not_stop_since_it_is_paused_is_woken_and_stopped() {
    let (stand_in, engine) = stand_in().await;
    let id = created(&engine).await;
    engine.start(&id).await.expect("a start");
    stand_in.pause(id.as_str(), true);
    let message = format!("container {id} is running or paused, refusing to clean up: container state improper");
    stand_in.next(Call::Stop, Mood::refuse(500, &message));
    engine.stop(&id, Span::seconds(1)).await.expect("a stop");
    assert_eq!(stand_in.calls(Call::Unpause), 1);
    assert_eq!(engine.inspect(&id).await.expect("a container").status, Status::Exited);
}

#[tokio::test]
async fn a_full_disk_is_said_to_be_full() {
    let (stand_in, engine) = stand_in().await;
    let (spec, id) = (spec(&engine, 2).await, created(&engine).await);
    stand_in.out_of_disk();
    assert_eq!(engine.create(&spec).await, Err(EngineError::NoSpace));
    assert_eq!(engine.start(&id).await, Err(EngineError::NoSpace));
    assert_eq!(engine.pull(PULLED, |_| {}).await, Err(EngineError::NoSpace));
}

#[tokio::test]
async fn a_refusal_is_one_line_that_repeats_no_value_of_a_variable() {
    let (stand_in, engine) = stand_in().await;
    let mut draft = Draft::new(engine.image(IMAGE).await.expect("an answer").expect("an image"));
    draft.variables.insert("TOKEN".to_owned(), "hunter2hunter2".to_owned());
    stand_in.always(Call::Create, Mood::refuse(400, "invalid \u{1b}[31mTOKEN=hunter2hunter2\nin container"));
    let shown = engine.create(&draft.spec(INSTALLATION)).await.expect_err("a refusal").to_string();
    assert_eq!(shown, "the Docker Engine refused (400): invalid TOKEN=… in container");
}

#[tokio::test]
async fn a_state_that_only_a_newer_engine_has_fails_neither_look_up_nor_list() {
    let (stand_in, engine) = stand_in().await;
    let id = created(&engine).await;
    stand_in.pretend(id.as_str(), "hibernating");
    let other = Status::Other("hibernating".to_owned());
    assert_eq!(engine.inspect(&id).await.expect("a container").status, other);
    assert_eq!(engine.ours(INSTALLATION).await.expect("a list")[0].status, other);
}

#[tokio::test]
async fn a_removal_that_somebody_else_began_is_waited_for() {
    let (stand_in, engine) = stand_in().await;
    let id = created(&engine).await;
    stand_in.next(Call::Remove, Mood::refuse(409, "removal of container is already in progress"));
    let gate = stand_in.hold(Call::Wait);
    let gone = async {
        gate.reached(1).await;
        stand_in.lose(id.as_str());
        gate.open();
    };
    let (removed, ()) = tokio::join!(engine.remove(&id), gone);
    assert_eq!(removed, Ok(()));
}

#[tokio::test]
async fn a_stop_gives_the_grace_that_it_was_given() {
    let (stand_in, engine) = stand_in().await;
    let id = created(&engine).await;
    for (grace, code) in [(0, 137), (5, 143)] {
        engine.start(&id).await.expect("a start");
        engine.stop(&id, Span::seconds(grace)).await.expect("a stop");
        assert_eq!(engine.inspect(&id).await.expect("a container").exit_code, Some(code), "{grace} s");
    }
    assert_eq!(stand_in.calls(Call::Stop), 2);
}

#[tokio::test]
async fn the_last_lines_are_the_last_ones_however_they_were_written() {
    let (stand_in, engine) = stand_in().await;
    stand_in.has_image(IMAGE, Image::that(Process::Silent).writing(&["one", "two\nthree\nfour"]));
    let id = created(&engine).await;
    engine.start(&id).await.expect("a start");
    assert_eq!(engine.logs_tail(&id, 2).await.expect("lines"), ["three", "four"]);
}

#[tokio::test]
async fn a_reference_without_a_tag_is_its_latest() {
    let (stand_in, engine) = stand_in().await;
    stand_in.registry_has("registry.example/untagged:latest", Image::that(Process::Silent), 1);
    assert!(engine.pull("registry.example/untagged", |_| {}).await.is_ok());
}

#[tokio::test]
async fn want_of_memory_is_told_apart_from_an_exit() {
    let (stand_in, engine) = stand_in().await;
    let id = created(&engine).await;
    engine.start(&id).await.expect("a start");
    let events = engine.events(INSTALLATION).await.expect("a subscription");
    stand_in.end(id.as_str(), End::OutOfMemory);
    let told: Vec<_> = events.take(2).map(|event| event.expect("an event").what).collect().await;
    assert_eq!(told, [Happening::OutOfMemory, Happening::Ended { exit_code: Some(137) }]);
    let ended = engine.inspect(&id).await.expect("a container");
    assert_eq!((ended.exit_code, ended.oom_killed), (Some(137), true));
}

#[tokio::test]
async fn nothing_is_asked_of_the_engine_but_what_was_called() {
    let (stand_in, engine) = stand_in().await;
    let id = created(&engine).await;
    engine.start(&id).await.expect("a start");
    engine.inspect(&id).await.expect("a container");
    let asked = [Call::Version, Call::Image, Call::Create, Call::Start, Call::Inspect];
    assert_eq!(asked.map(|call| stand_in.calls(call)), [1; 5]);
    let idle = [Call::Info, Call::List, Call::Events, Call::Logs, Call::Wait, Call::Stop, Call::Remove];
    assert_eq!(idle.map(|call| stand_in.calls(call)), [0; 7]);
}
