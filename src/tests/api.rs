//! The API as scripts use it: tokens, launches, lists, and errors that a program can tell apart.

use axum::http::StatusCode;
use model::access::TokenScope;
use model::name::UserId;
use model::units::Span;
use serde_json::{Value, json};
use store::tokens::NewToken;

use super::site::{Bringing, Site};
use super::stand_in::{Call, Mood};
use super::support::{Answer, Browser};

/// A script with a token.
struct Script {
    client: Browser,
    token: String,
}

impl Script {
    async fn of(site: &Site, user: &UserId, scope: TokenScope) -> Self {
        Self { client: site.visitor(), token: site.token(user, scope).await }
    }

    async fn ask(&mut self, method: &str, path: &str, body: &str) -> Answer {
        self.ask_with(method, path, body, &[]).await
    }

    async fn ask_with(&mut self, method: &str, path: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
        let token = self.token.clone();
        let address = format!("/api/v1{path}");
        self.client.ask(method, &address, Bringing { token: Some(&token), body, headers }).await
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, "").await
    }
}

async fn site_with_bea() -> (Site, UserId) {
    let site = Site::open().await;
    let bea = site.person("Bea", &["blue"], None).await;
    (site, bea)
}

const BOX: &str = r#"{"team":"blue","template":"box"}"#;

/// A problem as RFC 9457 has it, with our code.
#[track_caller]
fn check_problem(answer: &Answer, status: u16, code: &str) -> Value {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
    let problem = answer.json();
    assert_eq!((answer.status.as_u16(), &problem["status"]), (status, &status.into()), "{problem}");
    assert_eq!(problem["code"], code, "{problem}");
    for field in ["type", "title", "detail"] {
        assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{field} in {problem}");
    }
    problem
}

#[tokio::test]
async fn me_teams_and_templates_tell_what_a_script_needs_to_launch() {
    let (site, bea) = site_with_bea().await;
    let mut script = Script::of(&site, &bea, TokenScope::Read).await;
    let me = script.get("/me").await.json();
    assert_eq!((&me["name"], &me["teams"], &me["scope"]), (&"Bea".into(), &json!({"blue": "member"}), &"read".into()));
    assert!(me.get("token").is_none(), "{me}");
    let teams = script.get("/teams").await.json();
    assert_eq!((&teams["items"][0]["name"], &teams["next"]), (&"blue".into(), &Value::Null));
    assert_eq!(teams["items"].as_array().map(Vec::len), Some(1), "only her own");
    let templates = script.get("/templates?team=blue").await.json();
    let slugs: Vec<&Value> = templates["items"].as_array().expect("a list").iter().map(|it| &it["slug"]).collect();
    assert!(slugs.contains(&&json!("box")) && slugs.contains(&&json!("web")), "{slugs:?}");
    assert!(!templates.to_string().contains("berth/web:1"), "no image is a member's to see");
    check_problem(&script.get("/templates").await, 400, "malformed");
    check_problem(&script.get("/templates?team=green").await, 404, "not_found");
}

#[tokio::test]
async fn a_launch_waits_until_it_runs_and_tells_where_it_is_and_how_it_is_reached() {
    let (site, bea) = site_with_bea().await;
    let mut script = Script::of(&site, &bea, TokenScope::Launch).await;
    let launched =
        script.ask("POST", "/environments", r#"{"team":"blue","template":"web","size":"s","name":"tug"}"#).await;
    assert_eq!(launched.status, StatusCode::CREATED, "{launched:?}");
    let environment = launched.json();
    let id = environment["id"].as_str().expect("an id").to_owned();
    assert_eq!(launched.location(), format!("/api/v1/environments/{id}"));
    assert_eq!((&environment["state"], &environment["owner"]), (&"running".into(), &"Bea".into()));
    assert_eq!(environment["template"], json!({"slug": "web", "version": 1}));
    assert_eq!(
        environment["limits"],
        json!({"cpus": 0.5, "memory_bytes": 134_217_728, "pids": environment["limits"]["pids"], "disk_bytes": null})
    );
    for time in ["created_at", "started_at", "expires_at"] {
        assert!(environment[time].as_str().is_some_and(|at| at.ends_with('Z')), "{time}");
    }
    assert_eq!(script.get(&format!("/environments/{id}")).await.json(), environment);
    let ports = script.get(&format!("/environments/{id}/ports")).await.json();
    assert_eq!(ports["items"], environment["ports"]);
    assert!(ports["items"][0]["url"].as_str().is_some_and(|url| url.starts_with("http://dock.test:")), "{ports}");

    for (verb, state) in [("stop", "stopped"), ("start", "running"), ("restart", "running")] {
        let answer = script.ask("POST", &format!("/environments/{id}/{verb}"), "").await;
        assert_eq!((answer.status, &answer.json()["state"]), (StatusCode::OK, &state.into()), "{verb}");
    }
    site.stage.pass(Span::hours(1));
    let extended = script.ask("POST", &format!("/environments/{id}/extend"), "").await.json();
    assert!(extended["expires_at"].as_str() > environment["expires_at"].as_str(), "{extended}");
    let removed = script.ask("DELETE", &format!("/environments/{id}"), "").await;
    assert_eq!((removed.status, &removed.json()["state"]), (StatusCode::OK, &"removed".into()));
    assert_eq!(script.get("/environments").await.json()["items"], json!([]));
}

#[tokio::test]
async fn who_prefers_not_to_wait_is_answered_at_once() {
    let (site, bea) = site_with_bea().await;
    let mut script = Script::of(&site, &bea, TokenScope::Launch).await;
    let launched = script.ask_with("POST", "/environments", BOX, &[("prefer", "respond-async")]).await;
    assert_eq!(launched.status, StatusCode::ACCEPTED);
    let id = launched.json()["id"].as_str().expect("an id").to_owned();
    let actor = site.auth.actor_of_token(&script.token).await.expect("a database").expect("bea");
    let parsed = model::name::EnvironmentId::parse(&id).expect("an id");
    site.stage.service.settled(&actor, &parsed).await.expect("running");
    assert_eq!(script.get(&format!("/environments/{id}")).await.json()["state"], "running");
    let stopping =
        script.ask_with("POST", &format!("/environments/{id}/stop"), "", &[("prefer", "respond-async")]).await;
    assert_eq!((stopping.status, &stopping.json()["state"]), (StatusCode::ACCEPTED, &"stopping".into()));
}

#[tokio::test]
async fn what_takes_longer_than_a_proxy_waits_is_answered_with_where_to_ask() {
    let (site, bea) = site_with_bea().await;
    let mut script = Script::of(&site, &bea, TokenScope::Launch).await;
    let soon = [("prefer", "wait=0")];
    let gate = site.stage.engine.hold(Call::Start);
    let launched = script.ask_with("POST", "/environments", BOX, &soon).await;
    let id = launched.json()["id"].as_str().expect("an id").to_owned();
    let place = format!("/api/v1/environments/{id}");
    assert_eq!((launched.status, launched.location()), (StatusCode::ACCEPTED, place.as_str()));
    gate.open();
    let actor = site.auth.actor_of_token(&script.token).await.expect("a database").expect("bea");
    let parsed = model::name::EnvironmentId::parse(&id).expect("an id");
    site.stage.service.settled(&actor, &parsed).await.expect("running");

    let message = "Could not kill running container: unlinkat /var/lib/docker/containers/x: operation not permitted";
    site.stage.engine.always(Call::Remove, Mood::refuse(500, message));
    let removing = script.ask_with("DELETE", &format!("/environments/{id}"), "", &soon).await;
    assert_eq!((removing.status, &removing.json()["state"]), (StatusCode::ACCEPTED, &"removing".into()));
    assert_eq!(removing.location(), place);
}

#[tokio::test]
async fn the_same_idempotency_key_is_the_same_launch() {
    let (site, bea) = site_with_bea().await;
    let mut script = Script::of(&site, &bea, TokenScope::Launch).await;
    let key = [("idempotency-key", "build-7")];
    let first = script.ask_with("POST", "/environments", BOX, &key).await.json();
    let again = script.ask_with("POST", "/environments", BOX, &key).await.json();
    let other = script.ask_with("POST", "/environments", BOX, &[("idempotency-key", "build-8")]).await.json();
    assert_eq!(first["id"], again["id"]);
    assert_ne!(first["id"], other["id"]);
    assert_eq!(site.stage.engine.containers().len(), 2);
    for bad in ["", &"x".repeat(201)] {
        let refused = script.ask_with("POST", "/environments", BOX, &[("idempotency-key", bad)]).await;
        check_problem(&refused, 400, "malformed");
    }
}

#[tokio::test]
async fn a_list_is_filtered_and_walked_by_its_cursor() {
    let (site, bea) = site_with_bea().await;
    let mut script = Script::of(&site, &bea, TokenScope::Launch).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(script.ask("POST", "/environments", BOX).await.json()["id"].as_str().expect("an id").to_owned());
        site.stage.pass(Span::seconds(1));
    }
    script.ask("POST", &format!("/environments/{}/stop", ids[0]), "").await;
    let found = |list: Value| -> Vec<String> {
        let items = list["items"].as_array().expect("a list").clone();
        items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
    };
    ids.reverse();
    let first = script.get("/environments?limit=2").await.json();
    let next = first["next"].as_str().expect("a cursor").to_owned();
    assert_eq!(found(first), ids[..2]);
    let second = script.get(&format!("/environments?limit=2&cursor={next}")).await.json();
    assert_eq!(second["next"], Value::Null);
    assert_eq!(found(second), ids[2..]);
    assert_eq!(found(script.get("/environments?state=stopped").await.json()), ids[2..]);
    assert_eq!(found(script.get("/environments?team=blue&state=running").await.json()), ids[..2]);
    check_problem(&script.get("/environments?team=green").await, 404, "not_found");
    for bad in ["state=sleeping", "state=removed", "cursor=x", "limit=x", "team=NO"] {
        check_problem(&script.get(&format!("/environments?{bad}")).await, 400, "malformed");
    }
}

#[tokio::test]
async fn a_token_that_is_expired_revoked_or_made_up_is_401_and_says_so() {
    let (site, bea) = site_with_bea().await;
    let (store, clock) = (&site.stage.store, &site.stage.clock);
    let expires_at = Some(clock.now().after(Span::hours(1)));
    let short = NewToken { user: &bea, name: "short", scope: TokenScope::Read, expires_at };
    let short = store.create_token(short, clock).await.expect("a token");
    let mut script = Script { client: site.visitor(), token: short };
    assert_eq!(script.get("/me").await.status, StatusCode::OK);
    site.stage.pass(Span::hours(1));
    let expired = script.get("/me").await;
    check_problem(&expired, 401, "signed_out");
    assert!(expired.header("www-authenticate").is_some_and(|way| way.starts_with("Bearer")));

    let mut script = Script::of(&site, &bea, TokenScope::Read).await;
    assert_eq!(script.get("/me").await.status, StatusCode::OK);
    let listed = store.tokens().await.expect("a list");
    let id = &listed.iter().find(|token| token.name == "nightly").expect("it").id;
    assert!(store.revoke_token(id, clock.now()).await.expect("revoked"));
    check_problem(&script.get("/me").await, 401, "signed_out");
    for made_up in ["berth_guess", "x", "'; --"] {
        script.token = made_up.to_owned();
        check_problem(&script.get("/me").await, 401, "signed_out");
    }
}

#[tokio::test]
async fn a_token_does_no_more_than_its_scope() {
    let (site, bea) = site_with_bea().await;
    let mut writer = Script::of(&site, &bea, TokenScope::Launch).await;
    let id = writer.ask("POST", "/environments", BOX).await.json()["id"].as_str().expect("an id").to_owned();
    let mut reader = Script::of(&site, &bea, TokenScope::Read).await;
    assert_eq!(reader.get(&format!("/environments/{id}")).await.status, StatusCode::OK);
    let refused = check_problem(&reader.ask("POST", "/environments", BOX).await, 403, "forbidden");
    assert!(refused["detail"].as_str().is_some_and(|why| why.contains("may only read")), "{refused}");
    for (method, verb) in [("POST", "/stop"), ("POST", "/restart"), ("POST", "/extend"), ("DELETE", "")] {
        let answer = reader.ask(method, &format!("/environments/{id}{verb}"), "").await;
        check_problem(&answer, 403, "forbidden");
    }
}

#[tokio::test]
async fn every_error_is_a_problem_with_a_stable_code() {
    let (site, bea) = site_with_bea().await;
    let mut script = Script::of(&site, &bea, TokenScope::Launch).await;
    for (method, path, body, status, code) in [
        ("GET", "/no-such-route", "", 404, "not_found"),
        ("PUT", "/me", "", 405, "wrong_method"),
        ("GET", "/environments/01900000-0000-7000-8000-000000000001", "", 404, "not_found"),
        ("GET", "/environments/not-an-id", "", 404, "not_found"),
        ("POST", "/environments", "{", 400, "malformed"),
        ("POST", "/environments", r#"{"team":"blue"}"#, 400, "malformed"),
        ("POST", "/environments", r#"{"team":"NO TEAM","template":"box"}"#, 400, "malformed"),
        ("POST", "/environments", r#"{"team":"red","template":"box"}"#, 404, "not_found"),
        ("POST", "/environments", r#"{"team":"green","template":"web"}"#, 404, "not_found"),
        ("POST", "/environments", r#"{"team":"blue","template":"nothing"}"#, 422, "invalid"),
        ("POST", "/environments", r#"{"team":"blue","template":"box","size":"l"}"#, 422, "invalid"),
        ("POST", "/environments", r#"{"team":"blue","template":"box","lifetime":"30d"}"#, 422, "invalid"),
        (
            "POST",
            "/environments",
            r#"{"team":"blue","template":"web","variables":{"COUNT":"many","X":"1"}}"#,
            422,
            "invalid",
        ),
    ] {
        let problem = check_problem(&script.ask(method, path, body).await, status, code);
        if code == "invalid" {
            assert!(problem["errors"][0]["field"].is_string(), "{problem}");
        }
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    check_problem(&script.ask_with("POST", "/environments", "team=blue", &form).await, 415, "unsupported_type");
    let id = script.ask("POST", "/environments", BOX).await.json()["id"].as_str().expect("an id").to_owned();
    check_problem(&script.ask("POST", &format!("/environments/{id}/start"), "").await, 409, "conflict");
    for _ in 0..2 {
        script.ask("POST", "/environments", BOX).await;
    }
    let full = check_problem(&script.ask("POST", "/environments", BOX).await, 409, "quota_exceeded");
    let numbers = ["scope", "dimension", "limit", "used", "requested"].map(|field| full[field].clone());
    assert_eq!(numbers, [json!("team"), json!("running"), json!(3), json!(3), json!(1)]);
    site.stage.engine.vanish().await;
    site.stage.lost().await;
    check_problem(&script.ask("POST", &format!("/environments/{id}/stop"), "").await, 503, "engine_unavailable");
}

#[tokio::test]
async fn a_server_function_that_is_asked_without_what_it_needs_says_so() {
    let site = Site::open().await;
    let bea = site.person("Bea", &["blue"], None).await;
    let answer = site.browser(&bea).await.ask("GET", "/fn/environments/get", Bringing::default()).await;
    assert_eq!(answer.status.as_u16(), 400, "{answer:?}");
    assert!(answer.body.contains("malformed"), "{answer:?}");
}
