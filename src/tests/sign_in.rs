//! The way to the provider and back, and out again.

use axum::http::StatusCode;
use model::audit::Search;
use model::sign_in::Stranger;
use model::time::Timestamp;
use model::units::Span;
use serde_json::json;
use url::Url;

use super::provider::{Mood, Pair, Provider, berth_toml};
use super::support::{Berth, Browser, PATIENT, TestClock, query};

const COOKIE: &str = "__Host-berth";

/// The address with one parameter of its query replaced, or taken away.
fn with(back: &str, name: &str, value: Option<&str>) -> String {
    let mut url = Url::parse("https://berth.example").and_then(|base| base.join(back)).expect("an address");
    let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().filter(|(known, _)| known != name).collect();
    pairs.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    url.query_pairs_mut().clear().extend_pairs(pairs);
    format!("{}?{}", url.path(), url.query().unwrap_or_default())
}

/// 400, a page that says what to do, nobody signed in, and no code or token sent anywhere.
async fn not_begun(pair: &Pair, browser: &mut Browser, back: &str) {
    let answer = browser.get(back).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{back}");
    assert!(answer.body.contains("Sign in again") && answer.header("location").is_none(), "{back}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(browser.who().await, None, "{back}");
    assert_eq!(pair.provider.asked("token"), 0, "{back}");
}

#[tokio::test]
async fn a_member_signs_in_and_returns_to_where_they_were() {
    let pair = Pair::start().await;
    let mut browser = pair.browser();
    let there = browser.get("/auth/start?return_to=%2Fenvironments%3Fteam%3Dblue").await;
    assert_eq!(there.status, StatusCode::SEE_OTHER);
    let back = pair.provider.visit(there.location()).await;
    let answer = browser.get(back.strip_prefix("https://berth.example").expect("our address")).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/environments?team=blue"));
    let actor = browser.who().await.expect("bea");
    assert_eq!(
        (actor.name.as_str(), actor.email.as_deref(), actor.acts_as_admin()),
        ("Bea", Some("bea@example.org"), false)
    );
}

#[tokio::test]
async fn an_answer_without_the_right_state_is_refused_before_anybody_is_asked() {
    let pair = Pair::start().await;
    let mut browser = pair.browser();
    let back = pair.begin(&mut browser).await;
    for state in [None, Some(""), Some("wrong"), Some(&*"x".repeat(7000))] {
        not_begun(&pair, &mut browser, &with(&back, "state", state)).await;
    }
    not_begun(&pair, &mut browser, &format!("{back}&state=x")).await;
    not_begun(&pair, &mut browser, "/auth/callback").await;
    not_begun(&pair, &mut browser, "/auth/callback?error=access_denied").await;
    assert_eq!(browser.get(&back).await.location(), "/", "none of it harmed the sign-in under way");
}

#[tokio::test]
async fn an_answer_in_another_browser_is_refused() {
    let pair = Pair::start().await;
    let mut browser = pair.browser();
    let back = pair.begin(&mut browser).await;
    not_begun(&pair, &mut pair.browser(), &back).await;
    let mut other = pair.browser();
    pair.begin(&mut other).await;
    not_begun(&pair, &mut other, &back).await;
    assert_eq!(browser.get(&back).await.location(), "/");
}

#[tokio::test]
async fn an_answer_after_ten_minutes_is_refused() {
    let pair = Pair::start().await;
    let mut browser = pair.browser();
    let back = pair.begin(&mut browser).await;
    pair.berth.clock.advance(Span::seconds(300));
    let second = pair.begin(&mut browser).await;
    pair.berth.clock.advance(Span::seconds(300));
    not_begun(&pair, &mut browser, &back).await;
    assert_eq!(browser.get(&second).await.location(), "/", "the younger one is still good");
}

#[tokio::test]
async fn a_replayed_callback_is_refused_and_the_session_unharmed() {
    let pair = Pair::start().await;
    let mut browser = pair.browser();
    let back = pair.begin(&mut browser).await;
    browser.get(&back).await;
    let cookies = browser.cookies.clone();
    pair.provider.forget_what_was_asked();
    let answer = browser.get(&back).await;
    assert_eq!((answer.status, pair.provider.asked("token")), (StatusCode::BAD_REQUEST, 0));
    assert!(answer.body.contains("whoever was signed in here still is"));
    assert_eq!(browser.cookies, cookies);
    assert!(browser.who().await.is_some());
}

#[tokio::test]
async fn a_code_used_twice_is_refused_and_the_session_unharmed() {
    let pair = Pair::start().await;
    let mut browser = pair.browser();
    let first = pair.begin(&mut browser).await;
    browser.get(&first).await;
    let code = query(&format!("https://berth.example{first}"), "code");
    let second = pair.begin(&mut browser).await;
    let answer = browser.get(&with(&second, "code", code.as_deref())).await;
    assert_eq!(answer.location(), "/sign-in?problem=code_refused");
    assert!(browser.who().await.is_some());
}

#[tokio::test]
async fn two_tabs_sign_in_one_after_the_other() {
    let pair = Pair::start().await;
    let mut browser = pair.browser();
    let first = pair.begin(&mut browser).await;
    let second = pair.begin(&mut browser).await;
    assert_eq!(browser.get(&first).await.location(), "/");
    assert_eq!(browser.get(&second).await.location(), "/");
    assert!(browser.who().await.is_some());
}

#[tokio::test]
async fn at_most_five_sign_ins_are_under_way_in_a_browser() {
    let pair = Pair::start().await;
    let mut browser = pair.browser();
    let mut begun = Vec::new();
    for _ in 0..6 {
        pair.berth.clock.advance(Span::seconds(1));
        begun.push(pair.begin(&mut browser).await);
    }
    assert_eq!(pair.berth.count("sign_ins").await, 5);
    assert_eq!(browser.cookies.len(), 1);
    not_begun(&pair, &mut browser, &begun[0]).await;
    assert_eq!(browser.get(&begun[5]).await.location(), "/");
}

#[tokio::test]
async fn every_sign_in_has_its_own_pkce_challenge_and_never_a_plain_one() {
    let pair = Pair::start().await;
    let mut browser = pair.browser();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let there = browser.get("/auth/start").await.location().to_owned();
        assert_eq!(query(&there, "code_challenge_method").as_deref(), Some("S256"));
        assert_eq!(query(&there, "response_type").as_deref(), Some("code"));
        for name in ["code_challenge", "state", "nonce"] {
            let value = query(&there, name).expect(name);
            assert!(value.len() >= 43 && seen.insert(value), "{name} is long and new");
        }
    }
    // Someone else's code, brought into this browser's own sign-in, has another challenge.
    let mut other = pair.browser();
    let stolen = query(&format!("https://berth.example{}", pair.begin(&mut other).await), "code");
    let own = pair.begin(&mut browser).await;
    let answer = browser.get(&with(&own, "code", stolen.as_deref())).await;
    assert_eq!(answer.location(), "/sign-in?problem=code_refused");
    assert_eq!(browser.who().await, None);
}

#[tokio::test]
async fn where_the_answer_goes_is_configured_and_not_what_a_request_says() {
    let pair = Pair::start().await;
    let mut browser = pair.browser();
    let request = axum::http::Request::get("/auth/start")
        .header("host", "evil.example")
        .header("x-forwarded-host", "evil.example")
        .header("forwarded", "host=evil.example")
        .body(axum::body::Body::empty())
        .expect("a request");
    let there = browser.send(request).await.location().to_owned();
    assert_eq!(query(&there, "redirect_uri").as_deref(), Some("https://berth.example/auth/callback"));
    assert!(!there.contains("evil"));
}

#[tokio::test]
async fn nobody_is_sent_to_another_site_after_signing_in() {
    let pair = Pair::start().await;
    for tricky in
        ["//evil.example", "%2F%2Fevil.example", "/%5Cevil.example", "https://evil.example", "/%09/evil.example"]
    {
        let mut browser = pair.browser();
        let there = browser.get(&format!("/auth/start?return_to={tricky}")).await;
        let back = pair.provider.visit(there.location()).await;
        let answer = browser.get(back.strip_prefix("https://berth.example").expect("our address")).await;
        assert_eq!(answer.location(), "/", "{tricky}");
    }
}

#[tokio::test]
async fn the_callback_s_answer_is_kept_nowhere_and_told_to_nobody() {
    let pair = Pair::start().await;
    let mut browser = pair.browser();
    let there = browser.get("/auth/start").await;
    let back = pair.provider.visit(there.location()).await;
    let here = browser.get(back.strip_prefix("https://berth.example").expect("our address")).await;
    pair.provider.mind().answer.insert("error", "access_denied".to_owned());
    let refused = pair.sign_in(&mut pair.browser()).await;
    for answer in [there, here, refused] {
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    }
}

#[tokio::test]
async fn the_provider_s_errors_say_what_to_do_and_lead_in_no_circle() {
    for (error, problem) in [
        ("access_denied", "denied"),
        ("login_required", "login_required"),
        ("interaction_required", "login_required"),
        ("temporarily_unavailable", "provider_unavailable"),
        ("server_error", "provider_error"),
        ("<script>", "provider_error"),
    ] {
        let pair = Pair::start().await;
        pair.provider.mind().answer.insert("error", error.to_owned());
        pair.refuses(problem).await;
        assert_eq!(pair.provider.asked("token"), 0, "{error}");
        assert_eq!(pair.provider.asked("authorize"), 1, "{error}");
    }
}

#[tokio::test]
async fn a_token_endpoint_that_fails_is_told_and_asked_once() {
    for (mood, problem) in [
        (Mood::Status(StatusCode::INTERNAL_SERVER_ERROR), "provider_unavailable"),
        (Mood::Hangs, "provider_unavailable"),
        (Mood::Says("x".repeat(5 << 20)), "provider_unavailable"),
        (Mood::Refuses("invalid_grant"), "code_refused"),
        (Mood::Refuses("invalid_client"), "provider_error"),
        (Mood::Says("no JSON".to_owned()), "provider_error"),
        (Mood::Says("{}".to_owned()), "provider_error"),
        (Mood::Says(json!({"access_token": "x", "token_type": "Bearer"}).to_string()), "answer_refused"),
    ] {
        let pair = Pair::facing(&mood).await;
        pair.provider.mind().moods.insert("token", mood);
        pair.refuses(problem).await;
        assert_eq!(pair.provider.asked("token"), 1);
    }
}

#[tokio::test]
async fn a_redirect_of_the_provider_s_endpoints_is_not_followed() {
    let pair = Pair::start().await;
    let elsewhere = Provider::start(&pair.berth.clock).await;
    let mood = Mood::RedirectsTo(format!("{}/token", elsewhere.issuer));
    pair.provider.mind().moods.insert("token", mood);
    pair.refuses("provider_error").await;
    assert_eq!(elsewhere.asked("token"), 0);
}

#[tokio::test]
async fn berth_starts_while_the_provider_is_down_and_finds_it_later() {
    let clock = TestClock::new();
    let berth = Berth::at(clock.clone(), &berth_toml("http://127.0.0.1:1", ""), PATIENT).await;
    let mut browser = berth.browser();
    assert_eq!(browser.get("/auth/start").await.location(), "/sign-in?problem=provider_unavailable");
    assert_eq!(browser.who().await, None);
    assert_eq!(berth.count("sessions").await, 0, "nothing is kept of it");
}

#[tokio::test]
async fn the_cookie_from_before_the_sign_in_is_dead_after_it() {
    let pair = Pair::start().await;
    let mut browser = pair.browser();
    let back = pair.begin(&mut browser).await;
    let before = browser.cookies.clone();
    browser.get(&back).await;
    assert_ne!(browser.cookies, before);
    assert!(browser.who().await.is_some());
    let mut thief = pair.browser();
    thief.cookies = before;
    assert_eq!(thief.who().await, None);
    not_begun_again(&mut thief, &back).await;
}

async fn not_begun_again(browser: &mut Browser, back: &str) {
    assert_eq!(browser.get(back).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(browser.who().await, None);
}

#[tokio::test]
async fn a_change_of_rights_comes_with_a_new_cookie() {
    let pair = Pair::start().await;
    let mut browser = pair.signed_in().await;
    let before = browser.cookies.clone();
    pair.provider.claims(json!({"groups": ["admins"]}));
    pair.sign_in(&mut browser).await;
    assert!(browser.who().await.expect("bea").acts_as_admin());
    browser.cookies = before;
    assert_eq!(browser.who().await, None);
}

#[tokio::test]
async fn under_https_the_cookie_is_secure_and_bound_to_the_host() {
    let pair = Pair::start().await;
    let mut browser = pair.browser();
    let there = browser.get("/auth/start").await;
    let [before] = there.set_cookies()[..] else { panic!("one cookie") };
    let back = pair.provider.visit(there.location()).await;
    let here = browser.get(back.strip_prefix("https://berth.example").expect("our address")).await;
    let [after] = here.set_cookies()[..] else { panic!("one cookie") };
    for (cookie, age) in [(before, "Max-Age=600"), (after, "Max-Age=604800")] {
        assert!(cookie.starts_with("__Host-berth="), "{cookie}");
        for part in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/", age] {
            assert!(cookie.split("; ").any(|known| known == part), "{part} in {cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
    let gone = browser.post("/auth/sign-out").await;
    let [gone] = gone.set_cookies()[..] else { panic!("one cookie") };
    for part in ["__Host-berth=", "Secure", "Path=/", "Max-Age=0"] {
        assert!(gone.split("; ").any(|known| known == part), "{part} in {gone}");
    }
}

#[tokio::test]
async fn a_sign_in_that_nobody_finishes_leaves_nothing_after_ten_minutes() {
    let pair = Pair::start().await;
    pair.begin(&mut pair.browser()).await;
    assert_eq!((pair.berth.count("sessions").await, pair.berth.count("sign_ins").await), (1, 1));
    pair.berth.clock.advance(Span::seconds(600));
    assert_eq!(pair.berth.auth.sweep().await.expect("swept"), 2);
}

#[tokio::test]
async fn signing_out_ends_the_session_at_the_provider_too() {
    let pair = Pair::start().await;
    let mut browser = pair.signed_in().await;
    let old = browser.cookies.clone();
    let answer = browser.post("/auth/sign-out").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.body.contains("<h1>You are signed out of Berth</h1>"), "{}", answer.body);
    let there = answer.header("refresh").and_then(|onward| onward.strip_prefix("1;url=")).expect("a way on");
    assert!(there.starts_with(&format!("{}/logout?", pair.provider.issuer)), "{there}");
    assert_eq!(query(there, "post_logout_redirect_uri").as_deref(), Some("https://berth.example/sign-in"));
    assert_eq!(query(there, "id_token_hint").map(|hint| hint.split('.').count()), Some(3));
    assert_eq!(query(there, "client_id").as_deref(), Some("berth"));
    browser.cookies = old;
    assert_eq!(browser.who().await, None);
}

#[tokio::test]
async fn signing_out_works_here_while_the_provider_is_down() {
    for mood in [Mood::Hangs, Mood::Status(StatusCode::BAD_GATEWAY)] {
        let pair = Pair::facing(&mood).await;
        let mut browser = pair.signed_in().await;
        pair.provider.mind().moods.insert("discovery", mood);
        // A start that has not asked the provider yet.
        let Pair { berth, provider } = pair;
        let berth = berth.restarted(&berth_toml(&provider.issuer, "")).await;
        let mut again = berth.browser();
        again.cookies.clone_from(&browser.cookies);
        assert_eq!(again.post("/auth/sign-out").await.location(), "/sign-in");
        assert!(!again.cookies.contains_key(COOKIE));
        assert_eq!(browser.who().await, None);
    }
}

#[tokio::test]
async fn signing_out_leads_on_by_a_page_and_not_by_a_redirect_that_our_own_policy_forbids() {
    let pair = Pair::start().await;
    let elsewhere = "http://localhost:9/logout";
    pair.provider.mind().discovery.insert("end_session_endpoint".to_owned(), json!(elsewhere));
    let mut browser = pair.signed_in().await;
    let answer = browser.post("/auth/sign-out").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.body.contains(&format!("href=\"{elsewhere}?")), "{}", answer.body);
    assert_eq!(browser.who().await, None);
}

#[tokio::test]
async fn with_a_provider_there_is_no_operator_s_link_and_without_one_no_provider() {
    let pair = Pair::start().await;
    assert!(pair.berth.auth.operator().is_none());
    assert_eq!(pair.browser().get("/auth/operator/x").await.location(), "/sign-in?problem=no_link");
    let alone = Berth::start().await;
    assert_eq!(alone.browser().get("/auth/start").await.location(), "/sign-in");
    assert_eq!(alone.browser().get("/auth/callback?state=x&code=y").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn who_is_not_let_in_reads_as_whom_they_came_with_which_groups_and_may_come_as_somebody_else() {
    let pair = Pair::start().await;
    let groups: Vec<String> = (0..30).map(|number| format!("group-{number}")).chain(["/Staff".to_owned()]).collect();
    pair.provider.claims(json!({"groups": groups}));
    let mut browser = pair.browser();
    assert_eq!(pair.sign_in(&mut browser).await.location(), "/sign-in?problem=not_admitted");
    let stranger: Stranger = stranger_in(&pair, &browser).await.expect("who they are");
    assert_eq!((stranger.name.as_str(), stranger.groups.len(), stranger.more), ("Bea", 20, 11));
    let log = pair.berth.store.audit(&Search::default(), None, 5).await.expect("a log").items;
    assert!(log[0].entry.reason.contains("`/Staff` is nearly `staff`"), "{}", log[0].entry.reason);
    assert!(!stranger.words().contains("`staff`"), "no stranger reads what a rule names");

    let there = browser.get("/auth/start?account=other").await;
    assert_eq!(query(there.location(), "prompt").as_deref(), Some("select_account"));
    assert_eq!(query(browser.get("/auth/start").await.location(), "prompt"), None);
}

/// Whom the browser's session knows as refused.
async fn stranger_in(pair: &Pair, browser: &Browser) -> Option<Stranger> {
    let now = pair.berth.clock.now();
    let data = pair.berth.store.session_data(&browser.cookies[COOKIE], now, Timestamp::default()).await.expect("read");
    let data: serde_json::Value = serde_json::from_str(&data?).expect("JSON");
    serde_json::from_value(data["stranger"].clone()).ok()
}

#[tokio::test]
async fn keys_that_would_come_in_clear_are_not_believed() {
    let pair = Pair::start().await;
    let elsewhere = json!("http://keys.example/jwks");
    pair.provider.mind().discovery.insert("jwks_uri".to_owned(), elsewhere);
    assert!(pair.browser().get("/auth/start").await.location().starts_with("/sign-in?problem=provider"));
}

#[tokio::test]
async fn who_is_not_let_in_keeps_the_page_that_was_asked_for() {
    let pair = Pair::start().await;
    pair.provider.claims(json!({"groups": ["strangers"]}));
    let mut browser = pair.browser();
    let there = browser.get("/auth/start?return_to=%2Fenvironments%3Fq%3Da%2520b%2526c").await;
    let back = pair.provider.visit(there.location()).await;
    let back = back.strip_prefix("https://berth.example").expect("our own address").to_owned();
    let asked_for = "/sign-in?problem=not_admitted&return_to=%2Fenvironments%3Fq%3Da%2520b%2526c";
    assert_eq!(browser.get(&back).await.location(), asked_for);
}
