//! What is on the engine is what is shown, whoever did it: a restart, a stop, a pause on the host, the end of a process for
//! want of memory, a machine that went down, also where nobody told of it.

use app::api::backend::{Audit, Environments, Live, Teams};
use futures::StreamExt;
use model::access::{Actor, InstallationRole};
use model::audit::Search;
use model::environment::{Environment, Health, Operation, State};
use model::name::EnvironmentId;
use model::units::Span;
use service::apply;

use super::stage::{Stage, ask, reconciled};
use super::stand_in::{Call, End, Image, Mood, Process};

/// Waits until the environment is as `wanted` says.
async fn seen(stage: &Stage, who: &Actor, id: &EnvironmentId, wanted: impl Fn(&Environment) -> bool) -> Environment {
    let mut changes = stage.service.changes();
    loop {
        let environment = stage.service.environment(who, id).await.expect("an environment").environment;
        if wanted(&environment) {
            return environment;
        }
        changes.next().await.expect("the service is there");
    }
}

/// The reasons in the history of an environment, the newest first.
async fn history(stage: &Stage, who: &Actor, id: &EnvironmentId) -> Vec<String> {
    let admin = Actor { role: Some(InstallationRole::Admin), ..who.clone() };
    let search = Search { environment: Some(id.clone()), ..Search::default() };
    let excerpt = stage.service.audit(&admin, &search, 50).await.expect("the log");
    excerpt.items.into_iter().map(|kept| format!("{} {}", kept.entry.action, kept.entry.reason)).collect()
}

async fn running(stage: &Stage, who: &Actor) -> u64 {
    stage.service.teams(who).await.expect("teams")[0].room.team.used.running
}

#[tokio::test]
async fn whoever_ends_a_container_on_the_host_is_told_as_that() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    for (end, state, says) in [
        ("stop", State::Stopped, "It was stopped on the host (exit code 143) at "),
        ("kill", State::Stopped, "It was killed on the host at "),
        ("exit 0", State::Stopped, "It ended by itself (exit code 0) at "),
        ("exit 143", State::Failed, "It ended with exit code 143 at "),
    ] {
        let id = stage.launched(&bea, ask("box")).await.expect("a launch").id;
        let container = stage.engine.containers().last().expect("a container").clone();
        match end {
            "stop" => stage.engine.stop(&container),
            "kill" => stage.engine.kill(&container),
            "exit 0" => stage.engine.end(&container, End::Exited(0)),
            _ => stage.engine.end(&container, End::Exited(143)),
        }
        let ended = stage.becomes(&bea, &id, state).await;
        assert!(ended.reason.as_deref().is_some_and(|reason| reason.starts_with(says)), "{end}: {:?}", ended.reason);
        stage.done(&bea, &id, Operation::Remove).await.expect("a removal");
    }
}

#[tokio::test]
async fn the_exit_code_is_the_engine_s_and_the_want_of_memory_is_told_beside_it() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    for (end, state, says) in [
        (End::OutOfMemory, State::Failed, "It was ended for want of memory (out of memory, exit code 137) at "),
        (End::AfterOutOfMemory(3), State::Failed, "It ended with exit code 3; before that, a process of it was ended"),
        (End::AfterOutOfMemory(0), State::Stopped, "It ended by itself (exit code 0); before that, a process of it"),
    ] {
        let id = stage.launched(&bea, ask("box")).await.expect("a launch").id;
        stage.engine.end(stage.engine.containers().last().expect("a container"), end);
        let ended = stage.becomes(&bea, &id, state).await;
        assert!(ended.reason.as_deref().is_some_and(|reason| reason.starts_with(says)), "{:?}", ended.reason);
        stage.done(&bea, &id, Operation::Remove).await.expect("a removal");
    }
    let id = stage.launched(&bea, ask("box")).await.expect("a launch").id;
    stage.engine.lacks_memory(&stage.engine.containers()[0]);
    let goes_on = seen(&stage, &bea, &id, |it| it.out_of_memory).await;
    assert_eq!(goes_on.state, State::Running);
    assert!(!stage.done(&bea, &id, Operation::Restart).await.expect("a restart").out_of_memory);
}

#[tokio::test]
async fn what_is_restarted_on_the_host_runs_counts_and_says_since_when() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let mut last = stage.launched(&bea, ask("web")).await.expect("a launch");
    let container = stage.engine.containers()[0].clone();
    for _ in 0..5 {
        stage.engine.stop(&container);
        stage.engine.runs(&container).await;
        let after = seen(&stage, &bea, &last.id, |it| runs_anew(it, &last)).await;
        assert_ne!(after.started_at, last.started_at);
        last = after;
        assert_eq!(running(&stage, &bea).await, 1);
    }
    reconciled(&stage.service).await;
    let after = stage.service.environment(&bea, &last.id).await.expect("it").environment;
    assert_eq!((after.state, stage.engine.containers().len()), (State::Running, 1));
    let told = history(&stage, &bea, &last.id).await;
    assert!(told.iter().any(|line| line.contains("on the host")), "{told:?}");
}

#[tokio::test]
async fn a_restart_that_nobody_told_of_is_seen_when_the_engine_is_back() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let before = stage.launched(&bea, ask("box")).await.expect("a launch");
    stage.engine.vanish().await;
    stage.lost().await;
    let container = stage.engine.containers()[0].clone();
    stage.engine.stop(&container);
    stage.engine.runs(&container).await;
    stage.engine.come_back();
    let after = seen(&stage, &bea, &before.id, |it| it.started_at != before.started_at).await;
    assert_eq!(after.state, State::Running);
    assert_eq!(history(&stage, &bea, &before.id).await[0], "restart It was restarted on the host.");
}

#[tokio::test]
async fn what_is_started_on_the_host_goes_on_where_there_is_room_and_is_stopped_where_there_is_none() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("web")).await.expect("a launch").id;
    let container = stage.engine.containers()[0].clone();
    stage.done(&bea, &id, Operation::Stop).await.expect("a stop");
    stage.engine.runs(&container).await;
    let taken = stage.becomes(&bea, &id, State::Running).await;
    assert!(!taken.ports.is_empty());
    assert_eq!(running(&stage, &bea).await, 1);
    assert_eq!(history(&stage, &bea, &id).await[0], "start It was started on the host.");
    stage.done(&bea, &id, Operation::Stop).await.expect("a stop");
    for _ in 0..3 {
        stage.launched(&bea, ask("box")).await.expect("a launch");
    }
    stage.engine.runs(&container).await;
    let refused = |it: &Environment| it.reason.as_deref().is_some_and(|reason| reason.contains("stopped again"));
    let stopped = seen(&stage, &bea, &id, refused).await;
    assert_eq!((stopped.state, running(&stage, &bea).await), (State::Stopped, 3));
    let states = stage.engine.states();
    assert_eq!(states.iter().filter(|(_, _, state)| state == "running").count(), 3, "{states:?}");
}

#[tokio::test]
async fn what_is_paused_on_the_host_says_so_lets_nobody_in_and_can_be_stopped() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("web")).await.expect("a launch").id;
    let container = stage.engine.containers()[0].clone();
    stage.engine.pause(&container, true);
    let paused = seen(&stage, &bea, &id, |it| it.paused).await;
    assert_eq!((paused.state, running(&stage, &bea).await), (State::Running, 1));
    assert!(paused.permits_entry(&bea).is_err_and(|why| why.starts_with("It is paused on the host.")));
    stage.engine.pause(&container, false);
    assert!(seen(&stage, &bea, &id, |it| !it.paused).await.permits_entry(&bea).is_ok());
    stage.engine.pause(&container, true);
    seen(&stage, &bea, &id, |it| it.paused).await;
    let stopped = stage.done(&bea, &id, Operation::Stop).await.expect("a stop");
    assert_eq!((stopped.state, stopped.paused), (State::Stopped, false));
}

#[tokio::test]
async fn health_and_a_pause_that_nobody_told_of_are_seen_with_the_next_look() {
    let stage = Stage::set().await;
    stage.engine.has_image("berth/web:1", Image::that(Process::Serves).with_health_check());
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("box")).await.expect("a launch").id;
    let container = stage.engine.containers()[0].clone();
    stage.engine.vanish().await;
    stage.lost().await;
    stage.engine.health(&container, "unhealthy");
    stage.engine.come_back();
    seen(&stage, &bea, &id, |it| it.health == Some(Health::Unhealthy)).await;
    stage.engine.vanish().await;
    stage.lost().await;
    stage.engine.pause(&container, true);
    stage.engine.come_back();
    seen(&stage, &bea, &id, |it| it.paused).await;
}

/// With other ports, as each start brings them.
fn runs_anew(environment: &Environment, before: &Environment) -> bool {
    environment.state == State::Running && !environment.ports.is_empty() && environment.ports != before.ports
}

/// The machine goes down and comes back.
async fn restarts(stage: &Stage) {
    stage.engine.vanish().await;
    stage.lost().await;
    stage.engine.restarts();
    stage.engine.come_back();
}

#[tokio::test]
async fn what_ran_when_the_engine_restarted_starts_again_by_itself_within_its_reservation() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let mut launched = Vec::new();
    for _ in 0..3 {
        launched.push(stage.launched(&bea, ask("web")).await.expect("a launch"));
    }
    let others = stage.done(&bea, &launched[2].id, Operation::Stop).await.expect("a stop");
    restarts(&stage).await;
    for before in &launched[..2] {
        let after = seen(&stage, &bea, &before.id, |it| runs_anew(it, before)).await;
        assert_eq!(after.expires_at, before.expires_at, "its time goes on");
        let told = history(&stage, &bea, &before.id).await;
        assert_eq!(told[0], "start The Docker Engine or its host restarted.");
    }
    assert_eq!(running(&stage, &bea).await, 2);
    assert_eq!(stage.service.environment(&bea, &others.id).await.expect("it").environment.state, State::Stopped);
    assert_eq!(stage.engine.containers().len(), 3);
}

#[tokio::test]
async fn a_template_may_say_no_and_what_has_no_time_left_stays_stopped() {
    let stage = Stage::set().await;
    let now = stage.clock.now();
    let no = "[[template]]\nname = \"once\"\nlabel = \"Once\"\nimage = \"berth/web:1\"\nteams = \"everyone\"\nsizes = [\"s\"]\n\
              lifetime = { default = \"1h\", maximum = \"2h\" }\nafter_host_restart = \"stop\"\n";
    apply::apply(&stage.store, no, false, now).await.unwrap_or_else(|error| panic!("{error}"));
    let bea = stage.bea().await;
    let once = stage.launched(&bea, ask("once")).await.expect("a launch").id;
    let over = stage.launched(&bea, ask("box")).await.expect("a launch").id;
    stage.engine.vanish().await;
    stage.lost().await;
    stage.engine.restarts();
    stage.pass(Span::seconds(3660));
    stage.engine.come_back();
    for id in [once, over] {
        let stopped = stage.becomes(&bea, &id, State::Stopped).await;
        let says = |reason: &str| reason.starts_with("The Docker Engine or its host restarted at ");
        assert!(stopped.reason.as_deref().is_some_and(says), "{:?}", stopped.reason);
    }
    assert_eq!(running(&stage, &bea).await, 0);
}

#[tokio::test]
async fn what_cannot_start_again_says_why_and_gives_its_reservation_back() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("web")).await.expect("a launch").id;
    let message = "driver failed programming external connectivity".to_owned();
    stage.engine.always(Call::Start, Mood::Refuse { status: 500, message });
    restarts(&stage).await;
    let failed = stage.becomes(&bea, &id, State::Failed).await;
    assert!(failed.reason.is_some_and(|reason| !reason.is_empty()));
    assert_eq!((running(&stage, &bea).await, stage.engine.containers().len()), (0, 1));
}

#[tokio::test]
async fn an_engine_that_goes_away_once_more_meanwhile_loses_nothing() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let before = stage.launched(&bea, ask("web")).await.expect("a launch");
    let gate = stage.engine.hold(Call::Start);
    restarts(&stage).await;
    gate.reached(1).await;
    restarts(&stage).await;
    gate.open();
    let after = seen(&stage, &bea, &before.id, |it| runs_anew(it, &before)).await;
    assert_eq!((running(&stage, &bea).await, after.expires_at), (1, before.expires_at));
}

#[tokio::test]
async fn an_environment_tells_its_parts_and_how_each_ended() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let running = stage.launched(&bea, ask("web")).await.expect("a launch");
    let [part] = &running.parts[..] else { panic!("{:?}", running.parts) };
    assert_eq!((part.name.as_str(), part.state, part.exit_code), ("main", State::Running, None));
    assert_eq!(
        (&part.ports, part.started_at),
        (&running.ports, running.started_at),
        "with links, as the environment's"
    );
    let container = stage.engine.containers()[0].clone();
    assert_eq!(stage.engine.asked(&container).expect("a container")["Labels"]["berth.part"], "main");
    stage.engine.end(&container, End::Exited(3));
    let ended = stage.becomes(&bea, &running.id, State::Failed).await;
    assert_eq!((ended.parts[0].state, ended.parts[0].exit_code), (State::Failed, Some(3)));
    assert!(ended.parts[0].ports.is_empty() && ended.parts[0].started_at.is_none());
    let again = stage.done(&bea, &running.id, Operation::Start).await.expect("a start");
    assert_eq!((again.parts[0].state, again.parts[0].exit_code), (State::Running, None));
}
