//! Sessions, tokens and the operator's link: who is signed in, for how long, and what ends it.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use model::access::{TeamRole, TokenScope};
use model::name::TeamName;
use model::units::Span;
use store::sessions::SignedIn;
use store::tokens::NewToken;

use super::site::Site;
use super::support::{Berth, Browser};

const COOKIE: &str = "berth-3000";

/// A browser with a session of somebody who signed in elsewhere in these tests.
async fn signed_in(berth: &Berth, user: &model::name::UserId) -> Browser {
    let clock = berth.clock.clock();
    let id = tower_sessions::session::Id(i128::from_be_bytes(clock.random())).to_string();
    let (now, until) = (clock.now(), clock.now().after(berth.auth.times().absolute));
    berth.store.create_session(&id, "{}", now, until).await.expect("a session");
    let who = SignedIn { user, sid: None, id_token: None };
    berth.store.sign_in_session(&id, who, now, until).await.expect("signed in");
    let mut browser = berth.browser();
    browser.cookies.insert(COOKIE.to_owned(), id);
    browser
}

#[tokio::test]
async fn the_operator_s_link_signs_in_once() {
    let berth = Berth::start().await;
    let link = berth.auth.operator().expect("a link").path();
    berth.clock.advance(Span::hours(24 * 30));
    let mut browser = berth.browser();
    assert_eq!(browser.get(&link).await.location(), "/");
    let actor = browser.who().await.expect("the operator");
    assert!(actor.acts_as_admin() && actor.name == "operator");

    let mut second = berth.browser();
    assert_eq!(second.get(&link).await.location(), "/sign-in?problem=link_used");
    assert_eq!(second.who().await, None);
    assert!(browser.who().await.is_some());
}

#[tokio::test]
async fn a_guessed_operator_link_signs_nobody_in_and_leaves_the_real_one() {
    let berth = Berth::start().await;
    let mut browser = berth.browser();
    for guess in ["x", "%00", &"0".repeat(64)] {
        assert_eq!(browser.get(&format!("/auth/operator/{guess}")).await.location(), "/sign-in?problem=link_used");
    }
    assert!(berth.operator().await.who().await.is_some());
}

#[tokio::test]
async fn the_operator_s_link_works_on_this_machine_only() {
    let berth = Berth::start().await;
    let mut stranger = berth.browser();
    stranger.peer = ([192, 0, 2, 7], 1).into();
    let link = berth.auth.operator().expect("a link").path();
    assert_eq!(stranger.get(&link).await.location(), "/sign-in?problem=link_used");
    assert!(berth.operator().await.who().await.is_some());
}

#[tokio::test]
async fn a_new_start_makes_a_new_link_and_keeps_the_session() {
    let berth = Berth::start().await;
    let old = berth.auth.operator().expect("a link").path();
    let mut browser = berth.operator().await;
    let berth = berth.restarted("").await;
    assert_eq!(berth.browser().get(&old).await.location(), "/sign-in?problem=link_used");
    let mut again = berth.browser();
    again.cookies.clone_from(&browser.cookies);
    assert!(again.who().await.is_some());
    assert!(browser.who().await.is_some());
}

#[tokio::test]
async fn the_cookie_is_the_host_s_own_and_no_script_s() {
    let berth = Berth::start().await;
    let link = berth.auth.operator().expect("a link").path();
    let answer = berth.browser().get(&link).await;
    let [cookie] = answer.set_cookies()[..] else { panic!("one cookie") };
    assert!(cookie.starts_with("berth-3000="), "{cookie}");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=604800"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    assert!(!cookie.contains("Secure") && !cookie.contains("Domain"), "{cookie}");
    assert_eq!(
        (answer.header("cache-control"), answer.header("referrer-policy")),
        (Some("no-store"), Some("no-referrer"))
    );
}

#[tokio::test]
async fn the_id_from_before_the_sign_in_is_dead_after_it() {
    let berth = Berth::start().await;
    let mut browser = berth.operator().await;
    let before = browser.cookies.clone();
    let user = browser.who().await.expect("the operator").id;
    let mut other = signed_in(&berth, &user).await;
    let planted = other.cookies.clone();

    // Signing in again, in a browser that has a session already, gives that session a new id.
    let berth = berth.restarted("").await;
    let mut again = berth.browser();
    again.cookies.clone_from(&planted);
    let link = berth.auth.operator().expect("a link").path();
    again.get(&link).await;
    assert_ne!(again.cookies, planted);
    assert!(again.who().await.is_some());
    assert_eq!(other.who().await, None);
    browser.cookies = before;
    assert!(browser.who().await.is_some(), "another browser's session is none of its business");
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle() {
    let berth = Berth::configured("[sessions]\nidle = \"1h\"\nabsolute = \"1d\"").await;
    let mut browser = berth.operator().await;
    for _ in 0..3 {
        berth.clock.advance(Span::seconds(3000));
        assert!(browser.who().await.is_some(), "use keeps it alive");
    }
    berth.clock.advance(Span::hours(1));
    assert_eq!(browser.who().await, None);
}

#[tokio::test]
async fn a_session_ends_at_last_however_much_it_is_used() {
    let berth = Berth::configured("[sessions]\nidle = \"1h\"\nabsolute = \"3h\"").await;
    let mut browser = berth.operator().await;
    for minutes in (30..180).step_by(30) {
        berth.clock.advance(Span::seconds(1800));
        assert!(browser.who().await.is_some(), "after {minutes} minutes");
    }
    berth.clock.advance(Span::seconds(1800));
    assert_eq!(browser.who().await, None);
}

#[tokio::test]
async fn live_streams_and_polls_keep_no_session_alive() {
    let berth = Berth::configured("[sessions]\nidle = \"1h\"").await;
    let mut browser = berth.operator().await;
    for (name, value) in [("accept", "text/event-stream"), ("upgrade", "websocket")] {
        berth.clock.advance(Span::seconds(1000));
        let request = Request::get("/who").header(name, value).body(Body::empty()).expect("a request");
        assert_eq!(browser.send(request).await.status, StatusCode::OK, "{name}");
    }
    berth.clock.advance(Span::seconds(1000));
    browser.get("/fn/environments/get?id=what-an-open-page-reads").await;
    berth.clock.advance(Span::seconds(700));
    assert_eq!(browser.who().await, None);
}

#[tokio::test]
async fn use_is_noted_at_most_once_a_minute() {
    let berth = Berth::start().await;
    let mut browser = berth.operator().await;
    let begun = berth.clock.now().as_millis();
    berth.clock.advance(Span::seconds(59));
    browser.who().await;
    assert_eq!(berth.count(&format!("sessions WHERE seen_at = {begun}")).await, 1);
    berth.clock.advance(Span::seconds(1));
    browser.who().await;
    assert_eq!(berth.count(&format!("sessions WHERE seen_at = {}", berth.clock.now().as_millis())).await, 1);
}

#[tokio::test]
async fn who_is_signed_in_stays_so_while_the_disk_is_full() {
    let berth = Berth::start().await;
    let mut browser = berth.operator().await;
    let operator = browser.who().await.expect("the operator");
    let token = berth.token(&operator.id, TokenScope::Read).await;
    berth.clock.advance(Span::seconds(120));
    berth.store.border.fail(usize::MAX);
    assert_eq!(browser.who().await, Some(operator), "that it was used could not be noted, and that is all");
    assert_eq!(berth.browser().bearer("/who", &token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_operator_s_link_is_left_where_the_disk_was_full() {
    let berth = Berth::start().await;
    let link = berth.auth.operator().expect("a link").path();
    berth.store.border.fail(usize::MAX);
    assert_eq!(berth.browser().get(&link).await.location(), "/sign-in?problem=internal");
    berth.store.border.open();
    assert!(berth.operator().await.who().await.is_some());
}

#[tokio::test]
async fn while_nobody_can_be_known_a_page_says_so_and_a_script_gets_a_problem() {
    let berth = Berth::start().await;
    let mut browser = berth.operator().await;
    let operator = browser.who().await.expect("the operator");
    let token = berth.token(&operator.id, TokenScope::Read).await;
    berth.store.close().await;
    let page = Request::get("/").header("accept", "text/html").body(Body::empty()).expect("a request");
    let page = browser.send(page).await;
    assert_eq!((page.status, page.body.contains("cannot read its database")), (StatusCode::SERVICE_UNAVAILABLE, true));
    let script = berth.browser().bearer("/who", &token).await;
    assert_eq!(script.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(script.headers["content-type"], "application/problem+json");
    assert!(script.body.contains(r#""code":"internal""#), "{}", script.body);
}

#[tokio::test]
async fn a_session_of_seconds_lives_as_long_as_it_is_used() {
    let berth = Berth::configured("[sessions]\nidle = \"4s\"").await;
    let mut browser = berth.operator().await;
    for _ in 0..5 {
        berth.clock.advance(Span::seconds(3));
        assert!(browser.who().await.is_some());
    }
    berth.clock.advance(Span::seconds(4));
    assert_eq!(browser.who().await, None);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_takes_the_cookie() {
    let berth = Berth::start().await;
    let mut browser = berth.operator().await;
    let old = browser.cookies.clone();
    let answer = browser.post("/auth/sign-out").await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/sign-in"));
    assert!(browser.cookies.is_empty());
    browser.cookies = old;
    assert_eq!(browser.who().await, None, "the old cookie is nobody's");
    assert_eq!(browser.post("/change").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn signing_out_is_no_link_and_no_other_site_s_form() {
    let berth = Berth::start().await;
    let mut browser = berth.operator().await;
    assert_eq!(browser.get("/auth/sign-out").await.status, StatusCode::METHOD_NOT_ALLOWED);
    let foreign = super::support::post_with("/auth/sign-out", &[("origin", "https://evil.example")]);
    assert_eq!(browser.send(foreign).await.status, StatusCode::FORBIDDEN);
    assert!(browser.who().await.is_some());
}

#[tokio::test]
async fn signing_out_twice_or_as_nobody_is_no_fault() {
    let berth = Berth::start().await;
    let mut browser = berth.operator().await;
    let old = browser.cookies.clone();
    browser.post("/auth/sign-out").await;
    browser.cookies = old;
    assert_eq!(browser.post("/auth/sign-out").await.location(), "/sign-in");
    assert_eq!(berth.browser().post("/auth/sign-out").await.location(), "/sign-in");
}

/// A request that had read its session before the sign-out saves it afterwards.
#[tokio::test]
async fn a_request_in_flight_cannot_bring_back_a_session_that_was_signed_out() {
    let berth = Berth::start().await;
    let mut browser = berth.operator().await;
    let id = browser.cookies[COOKIE].clone();
    let rows = berth.auth.rows();
    let session = tower_sessions::Session::new(Some(id.parse().expect("an id")), rows.into(), None);
    session.insert("anything", 1).await.expect("read");

    browser.post("/auth/sign-out").await;
    session.save().await.expect("a save into nothing is no fault");

    browser.cookies.insert(COOKIE.to_owned(), id);
    assert_eq!(browser.who().await, None);
    assert_eq!(berth.count("sessions").await, 0);
}

#[tokio::test]
async fn a_session_cannot_be_signed_in_to_twice() {
    let berth = Berth::start().await;
    let (bea, max) = (berth.person("bea", &[]).await, berth.person("max", &[]).await);
    let browser = signed_in(&berth, &bea).await;
    let now = berth.clock.now();
    let who = SignedIn { user: &max, sid: None, id_token: None };
    assert!(berth.store.sign_in_session(&browser.cookies[COOKIE], who, now, now.after(Span::hours(1))).await.is_err());
}

#[tokio::test]
async fn a_cookie_that_we_never_set_is_nobody() {
    let berth = Berth::start().await;
    for value in ["", "x", "AAAAAAAAAAAAAAAAAAAAAA", "%00", &"A".repeat(4000)] {
        let mut browser = berth.browser();
        browser.cookies.insert(COOKIE.to_owned(), value.to_owned());
        assert_eq!(browser.who().await, None, "{value}");
    }
    assert_eq!(berth.count("sessions").await, 0);
}

#[tokio::test]
async fn rights_are_read_for_every_request() {
    let berth = Berth::configured(PROVIDER).await;
    let bea = berth.person("bea", &["blue-people", "blue-leads"]).await;
    let mut browser = signed_in(&berth, &bea).await;
    assert_eq!(browser.who().await, None, "no rule admits her yet");

    berth.team("blue", "blue-people", "member").await;
    let blue = TeamName::parse("blue").expect("a name");
    assert_eq!(browser.who().await.expect("bea").role_in(&blue), Some(TeamRole::Member));
    berth.team("blue", "blue-leads", "lead").await;
    assert_eq!(browser.who().await.expect("bea").role_in(&blue), Some(TeamRole::Lead), "the lead's role wins");

    berth.sql("DELETE FROM team_groups").await;
    assert_eq!(browser.who().await, None, "her only team is gone");
    berth.sql("INSERT INTO user_groups SELECT id, 'staff' FROM users").await;
    assert!(browser.who().await.expect("bea").teams.is_empty(), "an allowed group admits without a team");
    berth.sql("UPDATE users SET disabled = TRUE").await;
    assert_eq!(browser.who().await, None, "a disabled person is nobody");
}

const PROVIDER: &str = "[oidc]\nissuer = \"https://id.example\"\nclient_id = \"berth\"\nallowed_groups = [\"staff\"]\n";

#[tokio::test]
async fn a_token_has_its_owner_s_rights_and_its_own_scope() {
    let berth = Berth::configured(PROVIDER).await;
    berth.team("blue", "blue-people", "lead").await;
    let bea = berth.person("bea", &["blue-people"]).await;
    let token = berth.token(&bea, TokenScope::Launch).await;
    assert!(token.starts_with("berth_") && token.len() == 70);
    let answer = berth.browser().bearer("/who", &token).await;
    let actor: model::access::Actor = serde_json::from_str(&answer.body).expect("an actor");
    assert_eq!((actor.id, actor.scope, actor.teams.len()), (bea, Some(TokenScope::Launch), 1));

    let database = std::fs::read(berth.database()).expect("the file");
    let log = std::fs::read(berth.database().with_extension("db-wal")).unwrap_or_default();
    let text = token.as_bytes();
    assert!(![database, log].iter().any(|file| file.windows(text.len()).any(|part| part == text)), "stored hashed");
}

#[tokio::test]
async fn a_token_that_is_revoked_expired_or_no_token_is_401() {
    let berth = Berth::configured(PROVIDER).await;
    let bea = berth.person("bea", &["staff"]).await;
    let mut script = berth.browser();
    let token = berth.token(&bea, TokenScope::Read).await;
    assert_eq!(script.bearer("/who", &token).await.status, StatusCode::OK);
    let found = berth
        .store
        .bearer(&token, berth.clock.now(), berth.auth.vouched_after())
        .await
        .expect("a query")
        .expect("a token");
    berth.store.revoke_token(&found.token_id, berth.clock.now()).await.expect("revoked");
    let answer = script.bearer("/who", &token).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (StatusCode::UNAUTHORIZED, Some("application/problem+json"))
    );
    assert!(answer.header("www-authenticate").is_some_and(|challenge| challenge.starts_with("Bearer")));

    let expires_at = Some(berth.clock.now().after(Span::hours(1)));
    let short = NewToken { user: &bea, name: "short", scope: TokenScope::Read, expires_at };
    let short = berth.store.create_token(short, &berth.clock.clock()).await.expect("a token");
    assert_eq!(script.bearer("/who", &short).await.status, StatusCode::OK);
    berth.clock.advance(Span::hours(1));
    for bad in [short.as_str(), "", "berth_", "x", &"x".repeat(8000)] {
        assert_eq!(script.bearer("/who", bad).await.status, StatusCode::UNAUTHORIZED, "{bad}");
    }
}

#[tokio::test]
async fn rights_by_groups_lapse_a_stated_time_after_the_last_sign_in_and_come_back_with_the_next() {
    let berth = Berth::configured(&format!("{PROVIDER}\ngroups_valid_for = \"10d\"")).await;
    berth.team("blue", "blue", "member").await;
    let bea = berth.person("bea", &["staff", "blue"]).await;
    let token = berth.token(&bea, TokenScope::Launch).await;
    let mut script = berth.browser();
    assert!(script.bearer("/who", &token).await.body.contains("\"blue\""));
    berth.clock.advance(Span::hours(10 * 24 - 1));
    assert!(script.bearer("/who", &token).await.body.contains("\"blue\""));
    berth.clock.advance(Span::hours(1));
    assert_eq!(script.bearer("/who", &token).await.status, StatusCode::UNAUTHORIZED, "neither team nor allowed group");

    // What an admin gave by hand does not come from the provider.
    berth.sql("INSERT INTO team_members (team, user_id, role) SELECT 'blue', id, 'lead' FROM users").await;
    assert!(script.bearer("/who", &token).await.body.contains("\"lead\""));
    berth.sql("DELETE FROM team_members").await;
    assert_eq!(script.bearer("/who", &token).await.status, StatusCode::UNAUTHORIZED);

    berth.person("bea", &["blue"]).await;
    assert!(script.bearer("/who", &token).await.body.contains("\"blue\""));
}

#[tokio::test]
async fn an_admin_s_role_by_a_group_lapses_and_the_one_by_hand_stays() {
    let berth = Berth::configured(PROVIDER).await;
    let ada = berth.person("ada", &["staff"]).await;
    berth.sql("UPDATE users SET role = 'admin', hand_role = 'auditor'").await;
    let token = berth.token(&ada, TokenScope::Admin).await;
    let mut script = berth.browser();
    assert!(script.bearer("/who", &token).await.body.contains("\"admin\""));
    berth.clock.advance(Span::hours(30 * 24));
    let who = script.bearer("/who", &token).await.body;
    assert!(who.contains("\"auditor\"") && !who.contains("\"role\":\"admin\""), "{who}");
}

#[tokio::test]
async fn a_token_ends_with_the_rights_of_its_owner() {
    let berth = Berth::configured(PROVIDER).await;
    let bea = berth.person("bea", &["staff"]).await;
    let token = berth.token(&bea, TokenScope::Read).await;
    berth.sql("DELETE FROM user_groups").await;
    assert_eq!(berth.browser().bearer("/who", &token).await.status, StatusCode::UNAUTHORIZED);
    berth.sql("INSERT INTO user_groups SELECT id, 'staff' FROM users").await;
    assert_eq!(berth.browser().bearer("/who", &token).await.status, StatusCode::OK);
    berth.sql("UPDATE users SET disabled = TRUE").await;
    assert_eq!(berth.browser().bearer("/who", &token).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn with_cookie_and_token_the_token_decides() {
    let berth = Berth::configured(PROVIDER).await;
    let (bea, max) = (berth.person("bea", &["staff"]).await, berth.person("max", &["staff"]).await);
    let mut browser = signed_in(&berth, &bea).await;
    let token = berth.token(&max, TokenScope::Read).await;
    assert!(browser.bearer("/who", &token).await.body.contains("\"max\""));
    assert_eq!(browser.bearer("/who", "berth_wrong").await.status, StatusCode::UNAUTHORIZED);
    let twice = Request::get("/who").header("authorization", format!("Bearer {token}"));
    let twice = twice.header("authorization", "Bearer x").body(Body::empty()).expect("a request");
    assert_eq!(browser.send(twice).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.who().await.expect("bea").name, "bea");
}

#[tokio::test]
async fn what_has_ended_is_swept_and_nothing_else() {
    let berth = Berth::configured("[sessions]\nidle = \"1h\"").await;
    let mut idle = berth.operator().await;
    let user = idle.who().await.expect("the operator").id;
    berth.clock.advance(Span::seconds(1800));
    let mut used = signed_in(&berth, &user).await;
    let soon = berth.clock.now().after(Span::seconds(600));
    berth.store.create_session("nobody-yet", "{}", berth.clock.now(), soon).await.expect("a session");
    assert_eq!(berth.auth.sweep().await.expect("swept"), 0);
    berth.clock.advance(Span::seconds(1800));
    assert_eq!(berth.auth.sweep().await.expect("swept"), 2);
    assert!(used.who().await.is_some());
    assert_eq!(idle.who().await, None);
}

#[tokio::test]
async fn what_a_proxy_adds_for_itself_ends_no_session_and_a_token_of_ours_still_decides() {
    let berth = Berth::start().await;
    let mut browser = berth.operator().await;
    let operator = browser.who().await.expect("the operator");
    let with = |values: &[&str]| {
        let request = Request::get("/who").header("accept", "text/event-stream");
        let request = values.iter().fold(request, |request, value| request.header("authorization", *value));
        request.body(Body::empty()).expect("a request")
    };
    for values in
        [&["Basic eA=="][..], &["Bearer eyJhbGciOi.of.the-provider"], &["Basic eA==", "Bearer x"], &["Bearer"]]
    {
        let answer = browser.send(with(values)).await;
        assert_eq!((answer.status, answer.body.contains(&operator.name)), (StatusCode::OK, true), "{values:?}");
    }
    for values in [&["Bearer berth_guess"][..], &["Bearer berth_a", "Bearer berth_b"]] {
        assert_eq!(browser.send(with(values)).await.status, StatusCode::UNAUTHORIZED, "{values:?}");
    }
}

#[tokio::test]
async fn a_proxy_is_told_to_pass_live_changes_on_at_once() {
    let site = Site::open().await;
    let bea = site.person("Bea", &["blue"], None).await;
    let live = Request::get("/live").header("sec-fetch-site", "same-origin").body(Body::empty()).expect("a request");
    let answer = site.browser(&bea).await.send(live).await;
    assert_eq!(
        (answer.status, &answer.headers["x-accel-buffering"]),
        (StatusCode::OK, &"no".parse().expect("a value"))
    );
}
