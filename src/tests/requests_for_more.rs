//! Requests for more than a quota allows: who asks, who lends, and that what is lent returns by itself.

use app::api::ApiError;
use app::api::backend::Environments;
use axum::http::{Method, StatusCode};
use model::access::TokenScope;
use model::environment::Operation;
use model::units::{Memory, MilliCpu, Span};
use serde_json::{Value, json};
use service::Reserve;

use super::doors::{Doors, Person};
use super::stage::{Stage, ask, reconciled};
use super::storm::with_reserve;

const CAPPED: &str = r#"
[[team]]
name = "blue"
groups = { blue = "member", blue-leads = "lead" }
quota = { environments = 5, running = 3, cpus = 2, memory = "1GiB" }
per_member = { running = 1 }
"#;

async fn launch(person: &Person) -> (StatusCode, Value) {
    person.post("/environments", json!({"team": "blue", "template": "web"})).await
}

async fn launched(person: &Person) -> Value {
    let (status, environment) = launch(person).await;
    assert_eq!((status, &environment["state"]), (StatusCode::CREATED, &json!("running")), "{environment}");
    environment
}

fn one_more(scope: &str) -> Value {
    json!({"team": "blue", "scope": scope, "more": {"running": 1}, "reason": "a demo", "until": "8h"})
}

/// Asks, and returns the request's path.
async fn asked(person: &Person, ask: Value) -> String {
    let (status, request) = person.post("/requests", ask).await;
    assert_eq!((status, &request["state"]), (StatusCode::CREATED, &json!("open")), "{request}");
    format!("/requests/{}", request["id"].as_str().expect("an id"))
}

async fn approved(person: &Person, path: &str) -> Value {
    let (status, request) = person.post(&format!("{path}/approve"), Value::Null).await;
    assert_eq!((status, &request["state"]), (StatusCode::OK, &json!("approved")), "{request}");
    request
}

async fn standing(person: &Person) -> Vec<Value> {
    let list = person.get("/requests").await;
    list["items"].as_array().expect("a list").iter().map(|it| it["standing"].clone()).collect()
}

async fn blue_pool(person: &Person, pool: &str) -> Value {
    let teams = person.get("/teams").await;
    let blue = teams["items"].as_array().expect("a list").iter().find(|team| team["name"] == "blue");
    blue.expect("team blue")["room"][pool].clone()
}

#[tokio::test]
async fn a_member_over_quota_asks_an_admin_lends_and_the_loan_returns_by_itself() {
    let doors = Doors::open().await;
    let (bea, ada) = (doors.person("Bea", "blue").await, doors.admin().await);
    for _ in 0..3 {
        launched(&bea).await;
    }
    let (status, refused) = launch(&bea).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("quota_exceeded")));
    let path = asked(&bea, one_more("team")).await;
    assert_eq!(launch(&bea).await.0, StatusCode::CONFLICT, "an open request lends nothing");
    let request = approved(&ada, &path).await;
    assert_eq!((&request["decision"]["by"], &request["more"]["running"]), (&json!("Ada"), &json!(1)));

    let fourth = launched(&bea).await;
    let pool = blue_pool(&bea, "team").await;
    assert_eq!((&pool["quota"]["running"], &pool["used"]["running"]), (&json!(4), &json!(4)));
    assert_eq!((&pool["lent"]["more"]["running"], &pool["lent"]["until"]), (&json!(1), &request["until"]));
    assert_eq!(standing(&bea).await, ["lent"]);

    doors.stage.pass(Span::hours(8));
    let still = bea.get(&format!("/environments/{}", fourth["id"].as_str().expect("an id"))).await;
    assert_eq!(still["state"], "running", "what runs goes on running");
    let (status, refused) = launch(&bea).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(
        (&refused["scope"], &refused["dimension"], &refused["limit"], &refused["used"], &refused["requested"]),
        (&json!("team"), &json!("running"), &json!(3), &json!(4), &json!(1))
    );
    assert_eq!(refused["loan_ended_at"], request["until"]);
    let words = refused["detail"].as_str().expect("words");
    assert!(words.contains("after a loan ended at") && words.contains("an admin can change it"), "{words}");
    assert_eq!(standing(&bea).await, ["returned"]);
    assert_eq!(blue_pool(&bea, "team").await["lent"], Value::Null);
}

#[tokio::test]
async fn a_loan_ends_to_the_millisecond_of_its_time() {
    let doors = Doors::open().await;
    let (bea, ada) = (doors.person("Bea", "blue").await, doors.admin().await);
    for _ in 0..3 {
        launched(&bea).await;
    }
    let path = asked(&bea, json!({"team": "blue", "more": {"running": 2}, "reason": "a demo", "until": "1h"})).await;
    approved(&ada, &path).await;
    doors.stage.pass(Span::seconds(3599));
    launched(&bea).await;
    doors.stage.pass(Span::seconds(1));
    assert_eq!(launch(&bea).await.0, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_lead_lends_within_the_team_and_only_an_admin_beyond_it() {
    let doors = Doors::open().await;
    doors.declare(CAPPED).await;
    let (bea, lena) = (doors.person("Bea", "blue").await, doors.person("Lena", "blue-leads").await);
    let ben = doors.person("Ben", "blue").await;
    launched(&bea).await;
    let (_, refused) = launch(&bea).await;
    assert_eq!((&refused["scope"], &refused["limit"]), (&json!("member"), &json!(1)));
    assert!(refused["decided_by"].as_str().is_some_and(|who| who.contains("a lead of the team")), "{refused}");

    let beyond = asked(&bea, one_more("team")).await;
    let (status, refused) = lena.post(&format!("{beyond}/approve"), Value::Null).await;
    assert_eq!(
        (status, &refused["detail"]),
        (StatusCode::FORBIDDEN, &json!("Not allowed: only an admin can do this."))
    );
    let within = asked(&bea, one_more("member")).await;
    approved(&lena, &within).await;
    launched(&bea).await;

    launched(&ben).await;
    assert_eq!(launch(&ben).await.1["scope"], "member", "a loan to Bea is not Ben's");
    assert_eq!(blue_pool(&ben, "member").await["quota"]["running"], 1);
    let own = asked(&lena, one_more("member")).await;
    let (status, _) = lena.post(&format!("{own}/approve"), Value::Null).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "nobody lends to themselves");
    let refused = launch(&bea).await.1;
    let scopes: Vec<&Value> = refused["errors"].as_array().expect("a list").iter().map(|it| &it["scope"]).collect();
    assert_eq!(scopes, ["member", "team"], "the team's own quota holds beside the cap");
}

#[tokio::test]
async fn of_two_who_decide_at_the_same_time_the_second_is_told_who_was_first() {
    let doors = Doors::open().await;
    doors.declare(CAPPED).await;
    let bea = doors.person("Bea", "blue").await;
    let (lena, liam) = (doors.person("Lena", "blue-leads").await, doors.person("Liam", "blue-leads").await);
    let path = asked(&bea, one_more("member")).await;
    let (approve, decline) = (format!("{path}/approve"), format!("{path}/decline"));
    let (yes, no) = tokio::join!(lena.post(&approve, Value::Null), liam.post(&decline, json!({"word": "no room"})));
    let (first, second) = if yes.0 == StatusCode::OK { ("Lena approved", no) } else { ("Liam declined", yes) };
    assert_eq!(second.0, StatusCode::CONFLICT, "{}", second.1);
    assert!(second.1["detail"].as_str().is_some_and(|words| words.starts_with(first)), "{}", second.1);
    for (who, path) in [(&lena, &decline), (&liam, &approve)] {
        assert_eq!(who.post(path, json!({"word": "again"})).await.0, StatusCode::CONFLICT);
    }
}

#[tokio::test]
async fn members_see_their_own_leads_their_team_s_auditors_and_admins_all_and_others_nothing() {
    let doors = Doors::open().await;
    doors.declare(CAPPED).await;
    let bea = doors.person("Bea", "blue").await;
    let path = asked(&bea, one_more("member")).await;
    let (ben, lena) = (doors.person("Ben", "blue").await, doors.person("Lena", "blue-leads").await);
    let (gus, ada) = (doors.person("Gus", "green-leads").await, doors.admin().await);
    let otto = doors.auditor().await;
    let lena_s_script = doors.somebody("Lena", &["blue-leads"], None, TokenScope::Launch).await;
    use StatusCode as S;
    for (name, who, seen, decline, withdraw) in [
        ("a member of the team", &ben, 0, S::NOT_FOUND, S::NOT_FOUND),
        ("a lead of another team", &gus, 0, S::NOT_FOUND, S::NOT_FOUND),
        ("an auditor", &otto, 1, S::FORBIDDEN, S::FORBIDDEN),
        ("whoever asked", &bea, 1, S::FORBIDDEN, S::UNPROCESSABLE_ENTITY),
        ("a lead's token that may only launch", &lena_s_script, 1, S::FORBIDDEN, S::FORBIDDEN),
        ("a lead", &lena, 1, S::UNPROCESSABLE_ENTITY, S::FORBIDDEN),
        ("an admin", &ada, 1, S::UNPROCESSABLE_ENTITY, S::FORBIDDEN),
    ] {
        assert_eq!(standing(who).await.len(), seen, "{name}");
        // Declining without a word comes past the check of who it is, and changes nothing.
        assert_eq!(who.post(&format!("{path}/decline"), Value::Null).await.0, decline, "{name}");
        let long = json!({"word": "x".repeat(501)});
        assert_eq!(who.post(&format!("{path}/withdraw"), long).await.0, withdraw, "{name}");
    }
    let nobody = ada.post("/requests/00000000-0000-7000-8000-000000000000/approve", Value::Null).await;
    assert_eq!(nobody.0, S::NOT_FOUND);
    assert_eq!(gus.post("/requests", one_more("team")).await.0, S::NOT_FOUND);
    assert_eq!(otto.post("/requests", one_more("team")).await.0, S::FORBIDDEN);
}

#[tokio::test]
async fn what_was_asked_can_be_withdrawn_and_what_was_lent_given_back_or_taken_back() {
    let doors = Doors::open().await;
    let (bea, ada) = (doors.person("Bea", "blue").await, doors.admin().await);
    let first = asked(&bea, one_more("team")).await;
    let (status, _) = bea.post(&format!("{first}/withdraw"), Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    doors.stage.pass(Span::seconds(1));
    assert_eq!(ada.post(&format!("{first}/approve"), Value::Null).await.0, StatusCode::CONFLICT);
    for who in [&bea, &ada] {
        let path = asked(&bea, one_more("team")).await;
        approved(&ada, &path).await;
        assert_eq!(blue_pool(&bea, "team").await["quota"]["running"], 4);
        let (status, returned) = who.post(&format!("{path}/return"), json!({"word": "done"})).await;
        assert_eq!((status, &returned["decision"]["word"]), (StatusCode::OK, &json!("done")));
        assert_eq!(blue_pool(&bea, "team").await["quota"]["running"], 3);
        doors.stage.pass(Span::seconds(1));
    }
    assert_eq!(standing(&bea).await, ["returned", "returned", "withdrawn"]);
}

#[tokio::test]
async fn a_request_that_makes_no_sense_says_which_field_is_wrong() {
    let doors = Doors::open().await;
    let bea = doors.person("Bea", "blue").await;
    for (wrong, field) in [
        (json!({"more": {}}), "more"),
        (json!({"reason": " \n "}), "reason"),
        (json!({"reason": "x".repeat(501)}), "reason"),
        (json!({"until": "2020-01-01T00:00:00Z"}), "until"),
        (json!({"until": "0s"}), "until"),
        (json!({"until": "91d"}), "until"),
        (json!({"scope": "member"}), "running"),
        (json!({"more": {"running": u64::MAX}}), "running"),
    ] {
        let mut ask = one_more("team");
        ask.as_object_mut().expect("an object").extend(wrong.as_object().expect("an object").clone());
        let (status, error) = bea.post("/requests", ask.clone()).await;
        assert_eq!((status, &error["errors"][0]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)), "{ask}");
    }
    for wrong in [json!({"scope": "host"}), json!({"until": "soon"}), json!({"more": {"disk": 1}}), json!({"more": 3})]
    {
        let mut ask = one_more("team");
        ask.as_object_mut().expect("an object").extend(wrong.as_object().expect("an object").clone());
        assert_eq!(bea.post("/requests", ask).await.0, StatusCode::BAD_REQUEST);
    }
    let because = |reason: usize| {
        let mut ask = one_more("team");
        ask["reason"] = json!(format!("Reason {reason}"));
        ask
    };
    for reason in 0..10 {
        asked(&bea, because(reason)).await;
    }
    assert_eq!(bea.post("/requests", because(10)).await.0, StatusCode::CONFLICT, "ten wait already");
}

#[tokio::test]
async fn without_scripts_a_refused_launch_leads_to_a_request_and_a_lead_approves_it_on_the_page() {
    let doors = Doors::open().await;
    doors.declare(CAPPED).await;
    let (bea, lena) = (doors.person("Bea", "blue").await, doors.person("Lena", "blue-leads").await);
    launched(&bea).await;
    let page = bea.page("/launch").await.body;
    let link = "/requests?team=blue&amp;scope=member&amp;running=1";
    assert!(page.contains(link) && page.contains("Ask for more"), "{page}");
    let filled = bea.page(&link.replace("&amp;", "&")).await.body;
    assert!(filled.contains("name=\"form[running]\" value=\"1\""), "{filled}");

    let mut form =
        vec![("form[team]", "blue"), ("form[scope]", "member"), ("form[running]", "1"), ("form[until]", "1d")];
    let refused = bea.form("requests/ask", &form, false).await;
    assert!(refused.status.is_redirection() && refused.location.starts_with("/requests?team=blue"), "{refused:?}");
    let again = bea.page(&refused.location).await.body;
    assert!(again.contains("reason is required") && again.contains("value=\"1\""), "{again}");
    form.push(("form[reason]", "a <demo>"));
    let sent = bea.form("requests/ask", &form, false).await;
    assert!(sent.status.is_redirection() && sent.location.starts_with("/requests#"), "{sent:?}");
    let id = sent.location.trim_start_matches("/requests#").to_owned();

    let list = lena.page("/requests").await.body;
    for part in [
        "Bea asks for 1 running more",
        "a &lt;demo&gt;",
        "aria-label=\"Requests, 1 waiting\"",
        "Waiting for your decision",
    ] {
        assert!(list.contains(part), "{part} in {list}");
    }
    assert!(!bea.page("/environments").await.body.contains("1 waiting"));
    let done = lena.form("requests/decide", &[("id", &id), ("word", "for the demo"), ("step", "approve")], false).await;
    assert!(done.status.is_redirection(), "{done:?}");
    assert!(!lena.page("/environments").await.body.contains("waiting\""), "nothing waits for her any more");
    let told = bea.page("/requests").await.body;
    assert!(told.contains("Approved by Lena") && told.contains("for the demo"), "{told}");
    let log = lena.page("/audit").await.body;
    assert!(log.contains(">1 running more<") && log.contains(">1 running more for Bea<"), "{log}");
    launched(&bea).await;
    let twice = lena.form("requests/decide", &[("id", &id), ("step", "decline")], false).await;
    let told = lena.page(&twice.location).await.body;
    assert!(told.contains("Lena approved it already"), "{told}");
}

#[tokio::test]
async fn a_quota_lowered_below_what_is_in_use_says_so_stops_nobody_and_refuses_new_ones() {
    let doors = Doors::open().await;
    let bea = doors.person("Bea", "blue").await;
    for _ in 0..3 {
        launched(&bea).await;
    }
    let lowered = CAPPED.replace("running = 3", "running = 2");
    let told = doors.declare(&lowered).await;
    let goes_on = "what runs goes on, and nothing more starts until there is room";
    let over: Vec<&String> = told.iter().filter(|line| line.starts_with('!')).collect();
    assert_eq!(
        over,
        [
            &format!("! team blue holds 3 running, and may hold 2 running: {goes_on}"),
            &format!("! Bea of team blue holds 3 running, and may hold 1 running: {goes_on}"),
        ]
    );
    assert!(doors.declare(&lowered).await.iter().all(|line| !line.starts_with('!')), "it is said once");
    reconciled(&doors.stage.service).await;
    let list = bea.get("/environments?state=running").await;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(3));
    let (status, refused) = launch(&bea).await;
    assert_eq!((status, &refused["scope"], &refused["used"]), (StatusCode::CONFLICT, &json!("member"), &json!(3)));
    let page = bea.page("/launch").await.body;
    assert!(page.contains("This would be refused: a member may hold 1 running, holds 3 running"), "{page}");
}

#[tokio::test]
async fn starting_a_stopped_one_reserves_again_on_every_dimension_and_says_each_that_is_full() {
    let doors = Doors::open().await;
    let bea = doors.person("Bea", "blue").await;
    let first = launched(&bea).await;
    let path = format!("/environments/{}", first["id"].as_str().expect("an id"));
    assert_eq!(bea.post(&format!("{path}/stop"), Value::Null).await.0, StatusCode::OK);
    assert_eq!(
        blue_pool(&bea, "team").await["used"],
        json!({"environments": 1, "running": 0, "cpus": 0.0, "memory_bytes": 0})
    );
    let full = r#"
[[team]]
name = "blue"
groups = { blue = "member" }
quota = { environments = 1, running = 0, cpus = 0.25, memory = "64MiB" }
"#;
    doors.declare(full).await;
    let (status, refused) = bea.post(&format!("{path}/start"), Value::Null).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let errors = refused["errors"].as_array().expect("a list");
    let told: Vec<_> = errors.iter().map(|e| (e["dimension"].as_str().expect("a word"), e["used"].clone())).collect();
    assert_eq!(told, [("running", json!(0)), ("cpus", json!(0.0)), ("memory", json!(0))], "its place it has already");
    assert_eq!(bea.get(&path).await["state"], "stopped");
    doors.declare(&full.replace("running = 0, cpus = 0.25, memory = \"64MiB\"", "running = 1")).await;
    let (status, started) = bea.post(&format!("{path}/start"), Value::Null).await;
    assert_eq!((status, &started["state"]), (StatusCode::OK, &json!("running")));
}

#[tokio::test]
async fn the_host_s_memory_is_promised_once_unless_an_admin_allows_a_ratio() {
    let stage = Stage::set().await;
    let bea = stage.bea().await;
    let host = stage.service.current_host();
    stage.service.cut_off();
    // Of the host's memory, room for two environments of 128 MiB is left beside the reserve.
    let reserve = host.memory - Memory::mib(2 * 128 + 100);
    for (memory_ratio, fit) in [(1.0, 2), (1.1, 3)] {
        let service = with_reserve(&stage, Reserve { memory: reserve, memory_ratio, cpu_ratio: 1000.0 }).await;
        let mut launched = Vec::new();
        let refusal = loop {
            match service.launch(&bea, ask("web")).await {
                Ok(environment) => launched.push(environment.id),
                Err(ApiError::QuotaExceeded { refusal }) => break refusal,
                Err(other) => panic!("{other}"),
            }
        };
        assert_eq!(launched.len(), fit, "at a ratio of {memory_ratio}");
        assert!(refusal.to_string().contains("the host may hold"), "{refusal}");
        for id in launched {
            service.settled(&bea, &id).await.expect("a launch");
            service.operate(&bea, &id, Operation::Remove).await.expect("a removal");
            service.settled(&bea, &id).await.expect("a removal");
        }
        service.cut_off();
    }
    assert!(host.cpus > MilliCpu::default());
}

#[tokio::test]
async fn a_request_is_withdrawn_by_nobody_else_and_a_wrong_id_is_no_request() {
    let doors = Doors::open().await;
    let (bea, ada) = (doors.person("Bea", "blue").await, doors.admin().await);
    let path = asked(&bea, one_more("team")).await;
    let (status, refused) = ada.post(&format!("{path}/withdraw"), Value::Null).await;
    assert_eq!((status, &refused["code"]), (StatusCode::FORBIDDEN, &json!("forbidden")));
    assert_eq!(ada.api(Method::POST, "/requests/nonsense/approve", Value::Null).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_second_click_asks_once_and_decides_once() {
    let doors = Doors::open().await;
    let (bea, ada) = (doors.person("Bea", "blue").await, doors.admin().await);
    let first = asked(&bea, one_more("team")).await;
    doors.stage.pass(Span::seconds(1));
    assert_eq!(asked(&bea, one_more("team")).await, first);
    let mut more = one_more("team");
    more["more"] = json!({"running": 2});
    assert_ne!(asked(&bea, more).await, first, "another ask is another request");
    for _ in 0..2 {
        assert_eq!(ada.post(&format!("{first}/approve"), Value::Null).await.0, StatusCode::OK);
        doors.stage.pass(Span::seconds(1));
    }
    assert_eq!(blue_pool(&bea, "team").await["quota"]["running"], 4, "lent once");
    assert_eq!(ada.post(&format!("{first}/decline"), json!({"word": "no"})).await.0, StatusCode::CONFLICT);
}
