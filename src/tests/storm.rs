//! A storm of launches: two hundred at once, from pages and scripts of two people of one team, against a quota of seventeen.

use std::time::Duration;

use app::api::ApiError;
use app::api::backend::Environments;
use app::api::environments::LaunchAsk;
use axum::http::{Method, StatusCode};
use model::access::TeamRole;
use model::environment::State;
use model::name::{EnvironmentId, TeamName};
use model::quota::Scope;
use model::units::Memory;
use serde_json::{Value, json};
use service::{Reserve, Service, apply};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::doors::{Doors, Person};
use super::stage::{Stage, ask};

const STORM: usize = 200;
const QUOTA: usize = 17;

const TEAMS: &str = r#"
[[team]]
name = "blue"
groups = { blue = "member", blue-leads = "lead" }
quota = { environments = 17, running = 17, cpus = 8.5, memory = "2176MiB" }
"#;

/// The whole share where it is asked for; a few rounds where many other tests run.
fn rounds(otherwise: usize) -> usize {
    let asked = std::env::var("BERTH_ROUNDS").ok();
    asked.map_or(otherwise, |rounds| rounds.parse().expect("BERTH_ROUNDS is a number"))
}

/// How a launch came out.
#[derive(Debug)]
enum End {
    Launched(EnvironmentId),
    /// The limits that it would have broken, as told: dimension, limit, used, requested.
    Refused(Vec<(String, Value, Value, Value)>),
}

fn id(environment: &Value) -> EnvironmentId {
    EnvironmentId::parse(environment["id"].as_str().expect("an id")).expect("an id")
}

/// A launch by a script, which waits until it runs.
async fn by_script(person: Person, team: &str) -> End {
    let (status, answer) = person.post("/environments", json!({"team": team, "template": "web"})).await;
    if status == StatusCode::CREATED {
        assert_eq!(answer["state"], "running", "{answer}");
        return End::Launched(id(&answer));
    }
    assert_eq!((status, &answer["code"]), (StatusCode::CONFLICT, &json!("quota_exceeded")), "{answer}");
    let told = |it: &Value| {
        let dimension = it["dimension"].as_str().expect("a word").to_owned();
        (dimension, it["limit"].clone(), it["used"].clone(), it["requested"].clone())
    };
    End::Refused(answer["errors"].as_array().expect("a list").iter().map(told).collect())
}

/// A launch by the page, which goes on to the environment's own page at once.
async fn by_page(person: Person) -> End {
    let fields = [("form[team]", "blue"), ("form[template]", "web")];
    let reply = person.form("environments/launch", &fields, true).await;
    let answer: Value = serde_json::from_str(&reply.body).expect("JSON");
    if reply.status.is_success() {
        return End::Launched(id(&answer));
    }
    assert_eq!(reply.status, StatusCode::CONFLICT, "{answer}");
    let refusal = &answer["quota_exceeded"]["refusal"];
    let others = refusal["others"].as_array().expect("a list");
    let told = |it: &Value| {
        let (dimension, _) = it["limit"].as_object().and_then(|limit| limit.iter().next()).expect("an amount");
        let amount = |which: &str| it[which][dimension].clone();
        (dimension.clone(), amount("limit"), amount("used"), amount("requested"))
    };
    End::Refused(std::iter::once(&refusal["first"]).chain(others).map(told).collect())
}

fn storm(people: &[Person; 2]) -> JoinSet<End> {
    let mut storm = JoinSet::new();
    for number in 0..STORM {
        let person = people[number % 2].clone();
        if number % 4 < 2 {
            storm.spawn(by_page(person));
        } else {
            storm.spawn(by_script(person, "blue"));
        }
    }
    storm
}

/// Signs both in for this minute: what is noted of a session or token is noted now.
async fn blues(doors: &Doors) -> [Person; 2] {
    let people = [doors.person("Bea", "blue").await, doors.person("Lena", "blue-leads").await];
    for person in &people {
        person.get("/me").await;
    }
    people
}

/// Removes what was launched, and waits until nothing of it is left.
async fn cleared(doors: &Doors, people: &[Person], launched: &[EnvironmentId]) {
    let removals = launched.iter().map(|id| async move {
        // Whichever of them may: the lead.
        let lead = people.last().expect("a lead");
        let (status, removed) = lead.api(Method::DELETE, &format!("/environments/{id}"), Value::Null).await;
        assert_eq!((status, &removed["state"]), (StatusCode::OK, &json!("removed")), "{removed}");
    });
    futures::future::join_all(removals).await;
    assert_eq!(doors.stage.engine.containers(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_hundred_launches_at_once_exactly_the_quota_runs_and_all_others_are_told_the_numbers() {
    let doors = Doors::open().await;
    doors.declare(TEAMS).await;
    let people = blues(&doors).await;
    let lead = doors.stage.person("Lars", "blue", TeamRole::Lead).await;
    let full =
        [("environments", json!(17), json!(1)), ("running", json!(17), json!(1)), ("cpus", json!(8.5), json!(0.5))];
    let memory = ("memory", json!(17_u64 * (128 << 20)), json!(128 << 20));
    let full: Vec<_> = full.into_iter().chain([memory]).map(|(d, l, r)| (d.to_owned(), l.clone(), l, r)).collect();
    for round in 0..rounds(2) {
        let ends = storm(&people).join_all().await;
        let mut launched = Vec::new();
        let mut refused = 0;
        for end in ends {
            match end {
                End::Launched(id) => launched.push(id),
                End::Refused(told) => {
                    assert_eq!(told, full, "round {round}");
                    refused += 1;
                }
            }
        }
        assert_eq!((launched.len(), refused), (QUOTA, STORM - QUOTA), "round {round}");
        for id in &launched {
            let settled = doors.stage.service.settled(&lead, id).await.expect("an environment");
            assert_eq!(settled.state, State::Running, "round {round}: {settled:?}");
        }
        assert_eq!(doors.stage.engine.containers().len(), QUOTA, "round {round}");
        cleared(&doors, &people, &launched).await;
    }
}

/// A server on the stage's database and engine, with less of the host to give away.
pub async fn with_reserve(stage: &Stage, reserve: Reserve) -> Service {
    stage.serving_with(|host| host.reserve = reserve).await
}

/// Each team waits for itself only, so that it is the one transaction which keeps two of them within the host.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_teams_that_launch_at_once_exactly_as_many_run_as_the_host_has_memory_for() {
    let stage = Stage::set().await;
    stage.service.cut_off();
    let unlimited = "[[team]]\nname = \"blue\"\n[[team]]\nname = \"green\"\n";
    apply::apply(&stage.store, unlimited, false, stage.clock.now()).await.expect("a catalogue");
    let left = Memory::mib(9 * 128 + 100);
    let memory = stage.service.current_host().memory - left;
    let service = with_reserve(&stage, Reserve { memory, memory_ratio: 1.0, cpu_ratio: 1000.0 }).await;
    let people =
        [stage.person("Bea", "blue", TeamRole::Member).await, stage.person("Gus", "green", TeamRole::Member).await];
    let mut launches = JoinSet::new();
    for number in 0..100 {
        let (service, actor) = (service.clone(), people[number % 2].clone());
        let team = TeamName::parse(["blue", "green"][number % 2]).expect("a name");
        launches.spawn(async move { service.launch(&actor, LaunchAsk { team, ..ask("web") }).await });
    }
    let mut launched = 0;
    for end in launches.join_all().await {
        match end {
            Ok(_) => launched += 1,
            Err(ApiError::QuotaExceeded { refusal }) => assert_eq!(refusal.first.scope, Scope::Host),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(launched, 9);
}

/// How long one launch of team green takes until it runs, and its removal, which is not counted.
async fn one_of_green(gus: &Person) -> Duration {
    let began = Instant::now();
    let End::Launched(id) = by_script(gus.clone(), "green").await else { panic!("refused for another team's storm") };
    let took = began.elapsed();
    let (status, _) = gus.api(Method::DELETE, &format!("/environments/{id}"), Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    took
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// A measurement, and no test of time: `cargo test --release storm -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures; keep the machine idle meanwhile"]
#[expect(clippy::print_stdout, reason = "its figures are what it is for")]
async fn another_team_s_launches_while_a_storm_goes_on_compared_with_their_own_when_alone() {
    let doors = Doors::open().await;
    doors.declare(TEAMS).await;
    let people = blues(&doors).await;
    let gus = doors.person("Gus", "green").await;
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        one_of_green(&gus).await;
    }
    for _ in 0..rounds(10) {
        for _ in 0..5 {
            alone.push(one_of_green(&gus).await);
        }
        let mut under_way = storm(&people);
        let mut launched = Vec::new();
        let began = Instant::now();
        // The first that ends frees nobody: the storm is there until its last is answered.
        while !under_way.is_empty() {
            beside.push(one_of_green(&gus).await);
            while let Some(end) = under_way.try_join_next() {
                if let End::Launched(id) = end.expect("no panic") {
                    launched.push(id);
                }
            }
        }
        println!("a storm of {} ms", began.elapsed().as_millis());
        assert_eq!(launched.len(), QUOTA);
        let lead = doors.stage.person("Lars", "blue", TeamRole::Lead).await;
        for id in &launched {
            doors.stage.service.settled(&lead, id).await.expect("an environment");
        }
        cleared(&doors, &people, &launched).await;
    }
    let (count, other) = (beside.len(), alone.len());
    let (beside, alone) = (median(beside), median(alone));
    let ratio = beside.as_secs_f64() / alone.as_secs_f64();
    println!("alone {alone:?} ({other}), beside a storm {beside:?} ({count}): {ratio:.2} ×, goal ≤ 1.5 ×");
}
