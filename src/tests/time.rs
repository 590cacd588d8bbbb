//! What time does: lifetimes that end, stopped environments that go, idle ones that stop, and clocks that jump.

use app::api::ApiError;
use app::api::backend::{Environments, Live, Templates};
use app::api::environments::LaunchAsk;
use app::api::live::Change;
use futures::StreamExt;
use jiff::tz::TimeZone;
use model::access::{Actor, TeamRole};
use model::environment::{Environment, Operation, State, StepName};
use model::idle::{Idle, Sign};
use model::lifetime::{GRACE, How, Warning, Whose};
use model::name::{EnvironmentId, TeamName};
use model::time::Timestamp;
use model::units::Span;
use service::{Service, apply};

use super::stage::{Stage, ask, reconciled};
use super::stand_in::{Call, End, Mood};

/// A team that limits, one that does not, and templates with and without an idle rule.
const MORE: &str = r#"
[[team]]
name = "amber"
lifetime = { maximum = "12h", grace = "2d" }

[[template]]
name = "idler"
label = "Idler"
image = "berth/web:1"
teams = "everyone"
sizes = ["s"]
lifetime = { default = "8h", maximum = "72h" }
idle = { after = "2h", network_per_minute = "1KiB", cpus = 0.02 }
"#;

const MINUTE: Span = Span::seconds(60);
/// A little more than the floor of a minute.
const TRAFFIC: u64 = 1200;
const BUSY_NANOS: u64 = 1_300_000_000;

async fn stage() -> Stage {
    let stage = Stage::set().await;
    let applied = apply::apply(&stage.store, MORE, false, stage.clock.now()).await;
    applied.unwrap_or_else(|error| panic!("{error}"));
    stage
}

fn of_team(team: &str, template: &str) -> LaunchAsk {
    LaunchAsk { team: TeamName::parse(team).expect("a name"), ..ask(template) }
}

async fn seen(stage: &Stage, actor: &Actor, id: &EnvironmentId) -> Environment {
    stage.service.environment(actor, id).await.expect("an environment").environment
}

/// Lets `minutes` pass, with a look for use and at what is due after each.
async fn watched(stage: &Stage, service: &Service, minutes: u64) {
    for _ in 0..minutes {
        stage.pass(MINUTE);
        service.look_for_use().await;
        service.end_due().await;
    }
}

#[tokio::test]
async fn a_team_s_smaller_maximum_wins_at_launch_and_extension_and_says_that_it_is_the_team_s() {
    let stage = stage().await;
    let ann = stage.person("Ann", "amber", TeamRole::Member).await;
    let amber = TeamName::parse("amber").expect("a name");
    let offers = stage.service.offers(&ann, &amber).await.expect("offers");
    let web = offers.iter().find(|offer| offer.slug.as_str() == "web").expect("an offer").lifetime;
    assert_eq!((web.default, web.maximum, web.whose), (Span::hours(8), Span::hours(12), Whose::Team));
    let long = LaunchAsk { lifetime: Some(Span::hours(13)), ..of_team("amber", "web") };
    let Err(refused) = stage.service.launch(&ann, long).await else { panic!("launched") };
    assert!(refused.about("lifetime").is_some_and(|why| why.contains("the maximum of the team, 12h")), "{refused:?}");

    let it = stage.launched(&ann, of_team("amber", "web")).await.expect("a launch");
    stage.pass(Span::hours(7));
    let extended = stage.done(&ann, &it.id, Operation::Extend).await.expect("an extension");
    assert_eq!(extended.expires_at, it.created_at.after(Span::hours(12)));
    let Err(ApiError::Conflict { message }) = stage.service.operate(&ann, &it.id, Operation::Extend).await else {
        panic!("beyond the team's maximum")
    };
    assert!(message.contains("as long as the team allows: 12h"), "{message}");
    let detail = stage.service.environment(&ann, &it.id).await.expect("it");
    assert_eq!((detail.latest(), detail.grace), (extended.expires_at, Span::hours(48)));
}

#[tokio::test]
async fn an_expired_environment_stops_is_kept_for_its_team_s_grace_and_then_removed_with_its_container() {
    let stage = stage().await;
    let ann = stage.person("Ann", "amber", TeamRole::Member).await;
    let it = stage.launched(&ann, of_team("amber", "web")).await.expect("a launch");
    assert_eq!((it.removes_at, it.ending().map(|ending| ending.how)), (None, Some(How::Expiry)));
    stage.pass(Span::hours(8));
    stage.service.end_due().await;
    let stopped = stage.becomes(&ann, &it.id, State::Stopped).await;
    let until = stage.clock.now().after(Span::hours(48));
    assert_eq!((stopped.reason.as_deref(), stopped.removes_at), (Some("Its lifetime ended."), Some(until)));
    let steps = stage.service.environment(&ann, &it.id).await.expect("it").steps;
    assert_eq!((steps[0].name, steps[0].detail.as_deref()), (StepName::Stop, Some("Its lifetime ended.")));

    stage.pass(Span::hours(47));
    stage.service.end_due().await;
    let kept = seen(&stage, &ann, &it.id).await;
    assert_eq!((kept.state, kept.warning(stage.clock.now())), (State::Stopped, Some(Warning::Hour)));
    assert_eq!(stage.engine.containers().len(), 1);
    stage.pass(Span::hours(1));
    stage.service.end_due().await;
    stage.becomes(&ann, &it.id, State::Removed).await;
    assert_eq!(stage.engine.containers(), Vec::<String>::new());
    assert_eq!(stage.service.all_environments(&ann).await, Ok(Vec::new()));
}

#[tokio::test]
async fn a_team_that_declares_nothing_keeps_what_failed_or_was_stopped_by_hand_for_a_week() {
    let stage = stage().await;
    let bea = stage.bea().await;
    let failed = stage.launched(&bea, ask("exits")).await.expect("a launch that fails");
    let by_hand = stage.launched(&bea, ask("web")).await.expect("a launch").id;
    let stopped = stage.done(&bea, &by_hand, Operation::Stop).await.expect("a stop");
    let until = Some(stage.clock.now().after(GRACE));
    assert_eq!((failed.removes_at, stopped.removes_at), (until, until));
    stage.pass(GRACE);
    stage.service.end_due().await;
    stage.becomes(&bea, &failed.id, State::Removed).await;
    stage.becomes(&bea, &by_hand, State::Removed).await;
}

#[tokio::test]
async fn a_stopped_environment_is_kept_longer_by_an_extension_and_for_good_by_a_start() {
    let stage = stage().await;
    let ann = stage.person("Ann", "amber", TeamRole::Member).await;
    let id = stage.launched(&ann, of_team("amber", "web")).await.expect("a launch").id;
    stage.done(&ann, &id, Operation::Stop).await.expect("a stop");
    let Err(ApiError::Conflict { message }) = stage.service.operate(&ann, &id, Operation::Extend).await else {
        panic!("nothing was gained")
    };
    assert!(message.starts_with("It is kept until "), "{message}");
    stage.pass(Span::hours(40));
    let extended = stage.done(&ann, &id, Operation::Extend).await.expect("an extension");
    assert_eq!(extended.removes_at, Some(stage.clock.now().after(Span::hours(48))));
    stage.pass(Span::hours(40));
    stage.service.end_due().await;
    let started = stage.done(&ann, &id, Operation::Start).await.expect("a start");
    assert_eq!((started.state, started.removes_at), (State::Running, None));
    stage.pass(Span::hours(9));
    stage.service.end_due().await;
    let again = stage.becomes(&ann, &id, State::Stopped).await;
    assert_eq!(again.removes_at, Some(stage.clock.now().after(Span::hours(48))), "the grace begins anew");
}

#[tokio::test]
async fn what_was_stopped_before_there_was_a_grace_gets_it_from_the_first_look_on() {
    let stage = stage().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("web")).await.expect("a launch").id;
    stage.done(&bea, &id, Operation::Stop).await.expect("a stop");
    stage.store.sql("UPDATE environments SET removes_at = NULL").await;
    stage.pass(Span::hours(1000));
    stage.service.end_due().await;
    let kept = seen(&stage, &bea, &id).await;
    assert_eq!((kept.state, kept.removes_at), (State::Stopped, Some(stage.clock.now().after(GRACE))));
}

#[tokio::test]
async fn a_stop_that_the_engine_refuses_at_first_still_says_why_in_the_end() {
    let stage = stage().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("web")).await.expect("a launch").id;
    stage.pass(Span::hours(8));
    stage.engine.next(Call::Stop, Mood::refuse(500, "cannot stop container"));
    let mut changes = stage.service.changes();
    stage.service.end_due().await;
    loop {
        let Some(Change::Environment(changed)) = changes.next().await else { continue };
        if let Some((why, not_yet)) = changed.reason.as_deref().and_then(|reason| reason.split_once(" Not yet done: "))
        {
            assert_eq!((changed.state, why), (State::Stopping, "Its lifetime ended."));
            assert!(not_yet.starts_with("The Docker Engine refused it"), "{not_yet}");
            break;
        }
    }
    reconciled(&stage.service).await;
    assert_eq!(stage.becomes(&bea, &id, State::Stopped).await.reason.as_deref(), Some("Its lifetime ended."));
}

#[tokio::test]
async fn who_extends_at_the_last_moment_is_not_stopped() {
    let stage = stage().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("web")).await.expect("a launch").id;
    stage.pass(Span::hours(8));
    stage.service.operate(&bea, &id, Operation::Extend).await.expect("an extension");
    stage.service.end_due().await;
    assert_eq!(seen(&stage, &bea, &id).await.state, State::Running);
    assert_eq!(stage.engine.calls(Call::Stop), 0);
}

#[tokio::test]
async fn quiet_stops_it_and_the_reason_tells_its_last_activity() {
    let stage = stage().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("idler")).await.expect("a launch").id;
    let begun = seen(&stage, &bea, &id).await;
    let idle = begun.idle.expect("an idle clock");
    assert_eq!((idle.last_activity.kind, idle.stops_at), (Sign::Start, begun.created_at.after(Span::hours(2))));
    assert_eq!(begun.ending().map(|ending| ending.how), Some(How::Idle));

    watched(&stage, &stage.service, 30).await;
    stage.engine.uses(&stage.engine.containers()[0], 0, TRAFFIC);
    watched(&stage, &stage.service, 1).await;
    let used = stage.clock.now();
    let idle = seen(&stage, &bea, &id).await.idle.expect("an idle clock");
    assert_eq!((idle.last_activity.kind, idle.last_activity.at), (Sign::Network, used));
    assert_eq!(idle.stops_at, used.after(Span::hours(2)));

    watched(&stage, &stage.service, 119).await;
    assert_eq!(seen(&stage, &bea, &id).await.warning(stage.clock.now()), Some(Warning::Hour));
    watched(&stage, &stage.service, 1).await;
    let stopped = stage.becomes(&bea, &id, State::Stopped).await;
    let words = format!("It was idle for 2 h. Its last activity: network traffic, {}.", used.short_utc());
    assert_eq!((stopped.reason, stopped.idle), (Some(words.clone()), None));
    let steps = stage.service.environment(&bea, &id).await.expect("it").steps;
    assert_eq!(steps[0].detail, Some(words));
    assert!(stopped.removes_at.is_some());
}

#[tokio::test]
async fn broadcasts_keep_nothing_running() {
    let stage = stage().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("idler")).await.expect("a launch").id;
    for _ in 0..121 {
        stage.engine.receives(&stage.engine.containers()[0], TRAFFIC);
        watched(&stage, &stage.service, 1).await;
    }
    let stopped = stage.becomes(&bea, &id, State::Stopped).await;
    assert!(stopped.reason.is_some_and(|reason| reason.starts_with("It was idle for 2 h. Its last activity: start")));
}

#[tokio::test]
async fn the_cpu_of_an_engine_that_limits_none_is_the_host_s_and_no_use() {
    let stage = stage().await;
    stage.engine.holds_no_limits();
    stage.service.cut_off();
    let service = stage.serving_with(|host| host.without_limits = true).await;
    let bea = stage.bea().await;
    let id = service.launch(&bea, ask("idler")).await.expect("a launch").id;
    service.settled(&bea, &id).await.expect("settled");
    let container = stage.engine.containers()[0].clone();
    watched(&stage, &service, 10).await;
    stage.engine.uses(&container, 100 * BUSY_NANOS, 0);
    watched(&stage, &service, 1).await;
    let idle = service.environment(&bea, &id).await.expect("an environment").environment.idle;
    assert_eq!(idle.map(|idle| idle.last_activity.kind), Some(Sign::Start));
}

#[tokio::test]
async fn cpu_above_the_floor_and_an_extension_are_use_and_what_stays_below_is_not() {
    let stage = stage().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("idler")).await.expect("a launch").id;
    let container = stage.engine.containers()[0].clone();
    for (kind, cpu, bytes) in
        [(Sign::Cpu, BUSY_NANOS, 0), (Sign::Cpu, BUSY_NANOS / 2, 900), (Sign::Network, 0, TRAFFIC)]
    {
        watched(&stage, &stage.service, 10).await;
        stage.engine.uses(&container, cpu, bytes);
        watched(&stage, &stage.service, 1).await;
        assert_eq!(seen(&stage, &bea, &id).await.idle.map(|idle| idle.last_activity.kind), Some(kind), "{cpu} {bytes}");
    }
    stage.pass(Span::hours(1));
    stage.service.operate(&bea, &id, Operation::Extend).await.expect("an extension");
    let idle = seen(&stage, &bea, &id).await.idle.expect("an idle clock");
    assert_eq!((idle.last_activity.kind, idle.stops_at), (Sign::Extend, stage.clock.now().after(Span::hours(2))));
}

#[tokio::test]
async fn what_is_typed_is_use_and_a_terminal_that_is_only_open_is_not() {
    let stage = stage().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("idler")).await.expect("a launch").id;
    let idle = async || seen(&stage, &bea, &id).await.idle.expect("an idle clock");
    let look = async || watched(&stage, &stage.service, 1).await;
    look().await;
    let mut screen = stage.terminal(&bea, &id).await;
    screen.shows("$ ").await;
    look().await;
    assert_eq!(idle().await.last_activity.kind, Sign::Start);

    screen.types("echo on").await;
    screen.shows("\r\non\r\n").await;
    let typed_at = stage.clock.now();
    look().await;
    let after = idle().await;
    assert_eq!((after.last_activity.kind, after.last_activity.at), (Sign::Terminal, typed_at));
    assert_eq!(after.stops_at, stage.clock.now().after(Span::hours(2)));
    look().await;
    assert_eq!(idle().await, Idle { looked_at: stage.clock.now(), ..after }, "it is use once");
}

#[tokio::test]
async fn what_was_typed_counts_when_it_can_be_looked_at_again() {
    let stage = stage().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("idler")).await.expect("a launch").id;
    let mut screen = stage.terminal(&bea, &id).await;
    screen.types("echo on").await;
    screen.shows("\r\non\r\n").await;
    let typed_at = stage.clock.now();
    for mood in [Mood::refuse(500, "no"), Mood::Well] {
        stage.engine.next(Call::Stats, mood);
        watched(&stage, &stage.service, 1).await;
    }
    let idle = seen(&stage, &bea, &id).await.idle.expect("an idle clock");
    assert_eq!((idle.last_activity.kind, idle.last_activity.at), (Sign::Terminal, typed_at));
}

#[tokio::test]
async fn looking_at_its_page_is_no_use() {
    let stage = stage().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("idler")).await.expect("a launch").id;
    for _ in 0..121 {
        stage.service.all_environments(&bea).await.expect("a list");
        seen(&stage, &bea, &id).await;
        watched(&stage, &stage.service, 1).await;
    }
    assert!(stage.becomes(&bea, &id, State::Stopped).await.reason.is_some_and(|why| why.contains("idle for 2 h")));
}

#[tokio::test]
async fn an_engine_that_tells_nothing_of_use_stops_nobody() {
    for mood in [Mood::refuse(500, "cgroup is gone"), Mood::Nonsense, Mood::LoseAnswer, Mood::HalfAnswer] {
        let stage = stage().await;
        let bea = stage.bea().await;
        let id = stage.launched(&bea, ask("idler")).await.expect("a launch").id;
        watched(&stage, &stage.service, 2).await;
        stage.engine.always(Call::Stats, mood.clone());
        watched(&stage, &stage.service, 300).await;
        let now = stage.clock.now();
        let it = seen(&stage, &bea, &id).await;
        assert_eq!(it.state, State::Running, "{mood:?}");
        assert!(it.idle.is_some_and(|idle| idle.is_blind(now)), "the page can say that nobody sees: {mood:?}");
        // What nobody saw was not idle: the clock goes on from where it was.
        stage.engine.always(Call::Stats, Mood::Well);
        watched(&stage, &stage.service, 1).await;
        let left = seen(&stage, &bea, &id).await.idle.expect("an idle clock").stops_at.since(stage.clock.now());
        assert_eq!(left, Span::seconds(119 * 60), "{mood:?}");
    }
}

#[tokio::test]
async fn a_restart_loses_nothing_of_the_idle_clock() {
    let stage = stage().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("idler")).await.expect("a launch").id;
    stage.engine.uses(&stage.engine.containers()[0], 0, TRAFFIC);
    watched(&stage, &stage.service, 60).await;
    let before = seen(&stage, &bea, &id).await.idle.expect("an idle clock");
    let after = stage.restarted().await;
    assert_eq!(after.environment(&bea, &id).await.expect("it").environment.idle, Some(before));
    watched(&stage, &after, 60).await;
    assert_eq!(after.environment(&bea, &id).await.expect("it").environment.state, State::Running);
    watched(&stage, &after, 1).await;
    assert_eq!(after.settled(&bea, &id).await.map(|it| it.state), Ok(State::Stopped));
}

/// An old engine answers all who ask for figures at its next tick, a second apart: how many are asked about at once decides
/// how many can be watched.
#[tokio::test]
async fn only_what_has_an_idle_rule_and_runs_is_asked_about_and_64_at_a_time_beside_other_look_ups() {
    let stage = stage().await;
    let gus = stage.person("Gus", "green", TeamRole::Member).await;
    stage.launched(&gus, of_team("green", "web")).await.expect("a launch");
    stage.service.look_for_use().await;
    assert_eq!(stage.engine.calls(Call::Stats), 0);
    let launches = (0..67).map(|_| stage.launched(&gus, of_team("green", "idler")));
    let launched = futures::future::try_join_all(launches).await.expect("launches");
    stage.done(&gus, &launched[0].id, Operation::Stop).await.expect("a stop");
    let gate = stage.engine.hold(Call::Stats);
    let (looked, ()) = tokio::join!(
        async {
            stage.service.look_for_use().await;
            stage.engine.calls(Call::Stats)
        },
        async {
            gate.reached(64).await;
            assert_eq!(stage.engine.calls(Call::Stats), 64);
            stage.done(&gus, &launched[1].id, Operation::Restart).await.expect("a restart meanwhile");
            gate.open();
        }
    );
    assert_eq!(looked, 66);
}

#[tokio::test]
async fn a_start_begins_a_new_idle_clock_and_a_container_that_ended_has_none() {
    let stage = stage().await;
    let bea = stage.bea().await;
    let id = stage.launched(&bea, ask("idler")).await.expect("a launch").id;
    watched(&stage, &stage.service, 100).await;
    stage.engine.end(&stage.engine.containers()[0], End::Exited(0));
    assert_eq!(stage.becomes(&bea, &id, State::Stopped).await.idle, None);
    stage.pass(Span::hours(1));
    let again = stage.done(&bea, &id, Operation::Start).await.expect("a start");
    let idle = again.idle.expect("an idle clock");
    assert_eq!((idle.last_activity.kind, idle.stops_at), (Sign::Start, stage.clock.now().after(Span::hours(2))));
}

#[tokio::test]
async fn after_a_machine_has_slept_what_is_due_is_stopped_once_and_the_page_says_so() {
    let stage = stage().await;
    let bea = stage.bea().await;
    let ann = stage.person("Ann", "amber", TeamRole::Member).await;
    let (first, second) = (stage.launched(&bea, ask("web")).await, stage.launched(&bea, ask("box")).await);
    let (first, second) = (first.expect("a launch"), second.expect("a launch"));
    let long = LaunchAsk { lifetime: Some(Span::hours(20)), ..ask("web") };
    let long = stage.launched(&bea, long).await.expect("a launch").id;
    let kept = stage.launched(&ann, of_team("amber", "web")).await.expect("a launch").id;
    stage.done(&ann, &kept, Operation::Stop).await.expect("a stop");
    stage.pass(Span::hours(39));
    stage.service.end_due().await;
    for id in [&first.id, &second.id, &long] {
        stage.becomes(&bea, id, State::Stopped).await;
    }
    let stops = stage.engine.calls(Call::Stop);
    for id in [&first.id, &second.id] {
        stage.done(&bea, id, Operation::Start).await.expect("a start");
    }

    // Ten hours pass at once: both have expired meanwhile, and what is kept should have gone an hour ago.
    let woken = stage.clock.now().after(Span::hours(10));
    stage.pass(Span::hours(10));
    for _ in 0..3 {
        stage.service.end_due().await;
    }
    for (id, hours) in [(&first.id, 8), (&second.id, 1)] {
        let stopped = stage.becomes(&bea, id, State::Stopped).await;
        let reason = stopped.reason.expect("a reason");
        let ended = woken.before(Span::hours(10 - hours)).short_utc();
        assert!(reason.contains(&format!("ended at {ended}, while Berth was away")), "{reason}");
        assert!(reason.contains(&woken.short_utc()), "{reason}");
        assert_eq!(stopped.removes_at, Some(woken.after(GRACE)), "its grace begins when people can see it");
    }
    assert_eq!(stage.engine.calls(Call::Stop) - stops, 2);

    let late = seen(&stage, &ann, &kept).await;
    assert_eq!((late.state, late.removes_at), (State::Stopped, Some(woken.after(Span::hours(24)))));
    assert!(late.reason.is_some_and(|why| why.starts_with("Stopped by Ann. ") && why.contains("is put off")));
    assert_eq!(seen(&stage, &ann, &kept).await.warning(woken), Some(Warning::Day));
    stage.pass(Span::hours(24));
    stage.service.end_due().await;
    stage.becomes(&ann, &kept, State::Removed).await;
}

#[tokio::test]
async fn time_that_a_machine_slept_through_is_not_idle_time() {
    let stage = stage().await;
    let bea = stage.bea().await;
    let ask = LaunchAsk { lifetime: Some(Span::hours(48)), ..ask("idler") };
    let id = stage.launched(&bea, ask).await.expect("a launch").id;
    watched(&stage, &stage.service, 61).await;
    stage.pass(Span::hours(10));
    stage.service.end_due().await;
    stage.service.look_for_use().await;
    let it = seen(&stage, &bea, &id).await;
    assert_eq!(it.state, State::Running);
    assert_eq!(it.idle.map(|idle| idle.stops_at), Some(stage.clock.now().after(Span::hours(1))));
    watched(&stage, &stage.service, 59).await;
    assert_eq!(seen(&stage, &bea, &id).await.state, State::Running);
    watched(&stage, &stage.service, 1).await;
    stage.becomes(&bea, &id, State::Stopped).await;
}

#[tokio::test]
async fn a_clock_that_is_set_back_and_forth_stops_extends_and_removes_nothing() {
    let stage = stage().await;
    let bea = stage.bea().await;
    let ask_long = LaunchAsk { lifetime: Some(Span::hours(48)), ..ask("idler") };
    let idler = stage.launched(&bea, ask_long).await.expect("a launch").id;
    let web = stage.launched(&bea, ask("web")).await.expect("a launch").id;
    let kept = stage.launched(&bea, ask("box")).await.expect("a launch").id;
    stage.done(&bea, &kept, Operation::Stop).await.expect("a stop");
    watched(&stage, &stage.service, 61).await;
    let ids = [&idler, &web, &kept];
    let shown = async || {
        let mut all = Vec::new();
        for id in ids {
            let it = seen(&stage, &bea, id).await;
            let left = it.idle.map(|idle| idle.stops_at.since(idle.looked_at));
            all.push((it.state, it.expires_at, it.removes_at, left, it.reason));
        }
        all
    };
    let before = shown().await;
    stage.set_back(Span::hours(5));
    stage.service.look_for_use().await;
    stage.service.end_due().await;
    assert_eq!(shown().await, before);
    stage.pass(Span::hours(5));
    stage.service.look_for_use().await;
    stage.service.end_due().await;
    assert_eq!(shown().await, before);
}

#[tokio::test]
async fn summer_time_that_begins_or_ends_moves_no_expiry() {
    // Berlin, as a rule of its own, so that the test needs no database of zones.
    let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
    for (night, on_the_wall) in [("2027-03-28T00:30:00Z", 9), ("2027-10-31T00:30:00Z", 7)] {
        let stage = stage().await;
        let bea = stage.bea().await;
        let night: Timestamp = night.parse().expect("a time");
        stage.pass(night.since(stage.clock.now()));
        let it = stage.launched(&bea, ask("web")).await.expect("a launch");
        assert_eq!(it.expires_at, night.after(Span::hours(8)));
        let hour = |at: Timestamp| {
            jiff::Timestamp::from_millisecond(at.as_millis()).expect("a moment").to_zoned(berlin.clone()).hour()
        };
        assert_eq!(hour(it.expires_at) - hour(night), on_the_wall, "on a clock on the wall it looks otherwise");
        stage.pass(Span::seconds(8 * 3600 - 1));
        stage.service.end_due().await;
        assert_eq!(seen(&stage, &bea, &it.id).await.state, State::Running);
        stage.pass(Span::seconds(1));
        stage.service.end_due().await;
        stage.becomes(&bea, &it.id, State::Stopped).await;
    }
}

#[tokio::test]
async fn scripts_read_both_clocks() {
    let stage = stage().await;
    let bea = stage.bea().await;
    let running = stage.launched(&bea, ask("idler")).await.expect("a launch");
    let json = serde_json::to_value(&running).expect("JSON");
    let at = running.created_at;
    assert_eq!(json["removes_at"], serde_json::Value::Null);
    assert_eq!(json["idle"]["stops_at"], at.after(Span::hours(2)).to_string());
    assert_eq!(json["idle"]["last_activity"], serde_json::json!({ "kind": "start", "at": at.to_string() }));
    let stopped = stage.done(&bea, &running.id, Operation::Stop).await.expect("a stop");
    let json = serde_json::to_value(&stopped).expect("JSON");
    assert_eq!((&json["idle"], &json["removes_at"]), (&serde_json::Value::Null, &at.after(GRACE).to_string().into()));
}

#[tokio::test]
async fn what_is_kept_of_a_removed_environment_goes_after_its_time_and_the_log_stays() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let removed = stage.launched(&bea, ask("web")).await.expect("a launch").id;
    stage.done(&bea, &removed, Operation::Remove).await.expect("a removal");
    let kept = stage.launched(&bea, ask("box")).await.expect("a launch").id;
    let logged = stage.store.count("audit").await;
    stage.pass(Span::hours(90 * 24 - 1));
    stage.service.forget_removed().await;
    assert!(stage.service.environment(&bea, &removed).await.is_ok(), "its page is there");
    stage.pass(Span::hours(1));
    stage.service.forget_removed().await;
    assert!(stage.service.environment(&bea, &removed).await.is_err());
    assert!(stage.service.environment(&bea, &kept).await.is_ok(), "what is not removed stays, however old");
    for (what, count) in [("environments", 1), ("post_mortems", 0), ("audit", logged)] {
        assert_eq!(stage.store.count(what).await, count, "{what}");
    }
    assert_eq!(stage.store.count(&format!("steps WHERE environment_id = '{removed}'")).await, 0);
}
