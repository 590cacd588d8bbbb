//! Sign-in with a provider that tells the truth, and with one that does not.

use app::model::units::Span;
use axum::http::StatusCode;
use serde_json::{Value, json};
use url::Url;

use super::provider::{Key, Mood, Pair, Provider, Signing, berth_toml};
use super::support::{Berth, Browser, TestClock};

const COOKIE: &str = "__Host-berth";

/// The address with one parameter of its query replaced, or taken away.
fn with(back: &str, name: &str, value: Option<&str>) -> String {
    let mut url = Url::parse("https://berth.example").and_then(|base| base.join(back)).expect("an address");
    let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().filter(|(known, _)| known != name).collect();
    pairs.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    url.query_pairs_mut().clear().extend_pairs(pairs);
    format!("{}?{}", url.path(), url.query().unwrap_or_default())
}

fn query(url: &str, name: &str) -> Option<String> {
    let url = Url::parse(url).expect("an address");
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
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
    assert_eq!((actor.name.as_str(), actor.email.as_deref(), actor.admin), ("Bea", Some("bea@example.org"), false));
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
async fn a_nonce_that_is_missing_wrong_or_reused_is_refused() {
    let pair = Pair::start().await;
    let there = pair.browser().get("/auth/start").await.location().to_owned();
    let used = query(&there, "nonce").expect("a nonce");
    for nonce in [Value::Null, json!("wrong"), json!(""), json!(used), json!(7)] {
        pair.provider.claims(json!({"nonce": nonce}));
        let problem = if nonce == json!(7) { "provider_error" } else { "answer_refused" };
        pair.refuses(problem).await;
    }
}

#[tokio::test]
async fn an_id_token_of_another_issuer_is_refused() {
    let pair = Pair::start().await;
    let issuer = pair.provider.issuer.clone();
    for iss in [json!("https://evil.example"), json!(format!("{issuer}/")), json!(issuer.to_uppercase())] {
        pair.provider.claims(json!({"iss": iss}));
        let mut browser = pair.browser();
        let answer = pair.sign_in(&mut browser).await;
        assert!(answer.location().starts_with("/sign-in?problem="), "{iss}");
        assert_eq!(browser.who().await, None, "{iss}");
    }
    pair.provider.claims(json!({"iss": null}));
    pair.refuses("provider_error").await;
}

#[tokio::test]
async fn a_discovery_document_of_another_issuer_is_refused() {
    for suffix in ["/", "/other", ".evil.example"] {
        let pair = Pair::start().await;
        let issuer = format!("{}{suffix}", pair.provider.issuer);
        pair.provider.mind().discovery.insert("issuer".to_owned(), json!(issuer));
        let mut browser = pair.browser();
        assert_eq!(browser.get("/auth/start").await.location(), "/sign-in?problem=provider_error", "{issuer}");
        assert_eq!(pair.provider.asked("authorize"), 0);
    }
}

#[tokio::test]
async fn an_endpoint_less_safe_than_the_issuer_is_refused() {
    for endpoint in ["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "end_session_endpoint"] {
        for address in ["http://evil.example/", "javascript:alert(1)", "file:///etc/passwd"] {
            let pair = Pair::start().await;
            pair.provider.mind().discovery.insert(endpoint.to_owned(), json!(address));
            let answer = pair.browser().get("/auth/start").await;
            assert_eq!(answer.location(), "/sign-in?problem=provider_error", "{endpoint} {address}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_names_another_issuer_or_none_is_refused() {
    let pair = Pair::start().await;
    for iss in ["https://evil.example", "", &format!("{}/", pair.provider.issuer)] {
        pair.provider.mind().answer.insert("iss", iss.to_owned());
        pair.refuses("answer_refused").await;
        assert_eq!(pair.provider.asked("token"), 0, "the code is not given away");
    }
    // Who has never promised to name itself may leave it out, and still not name another.
    let pair = Pair::start().await;
    pair.provider.mind().discovery.insert("authorization_response_iss_parameter_supported".to_owned(), Value::Null);
    pair.provider.mind().answer.insert("iss", String::new());
    pair.signed_in().await;
    pair.provider.mind().answer.insert("iss", "https://evil.example".to_owned());
    pair.refuses("answer_refused").await;
}

#[tokio::test]
async fn an_audience_that_is_missing_foreign_or_shared_is_refused() {
    let pair = Pair::start().await;
    for aud in [json!("other"), json!([]), json!(["other"]), json!(["berth", "other"]), json!("Berth"), json!("berth ")]
    {
        pair.provider.claims(json!({"aud": aud, "azp": "berth"}));
        pair.refuses("answer_refused").await;
    }
    pair.provider.claims(json!({"aud": null, "azp": null}));
    pair.refuses("answer_refused").await;
    pair.provider.claims(json!({"aud": ["berth"]}));
    pair.signed_in().await;
}

#[tokio::test]
async fn a_token_issued_to_another_party_is_refused() {
    let pair = Pair::start().await;
    for (aud, azp) in
        [(json!("berth"), json!("other")), (json!("berth"), json!("")), (json!(["berth", "berth"]), Value::Null)]
    {
        pair.provider.claims(json!({"aud": aud, "azp": azp}));
        pair.refuses("answer_refused").await;
    }
    pair.provider.claims(json!({"aud": "berth", "azp": "berth"}));
    pair.signed_in().await;
}

#[tokio::test]
async fn times_are_believed_within_a_minute_of_skew() {
    let pair = Pair::start().await;
    let now = pair.berth.clock.now().as_millis() / 1000;
    for good in [json!({"exp": now - 59}), json!({"iat": now + 60}), json!({"nbf": now + 60}), json!({"nbf": now - 9})]
    {
        pair.provider.mind().id_token.clear();
        pair.provider.claims(good);
        pair.signed_in().await;
    }
    for bad in [
        json!({"exp": now - 60}),
        json!({"exp": 0}),
        json!({"iat": now + 61}),
        json!({"nbf": now + 61}),
        json!({"nbf": now as f64 + 61.5}),
        json!({"nbf": "soon"}),
    ] {
        pair.provider.mind().id_token.clear();
        pair.provider.claims(bad);
        pair.refuses("answer_refused").await;
    }
    for missing in ["exp", "iat"] {
        pair.provider.mind().id_token.clear();
        pair.provider.claims(json!({missing: null}));
        pair.refuses("provider_error").await;
    }
}

#[tokio::test]
async fn a_token_without_a_signature_of_the_provider_s_own_is_refused() {
    // The provider announces HS256 and none, and both are refused all the same.
    for signing in [Signing::Not, Signing::WithPublicKey, Signing::WithSecret] {
        let pair = Pair::start().await;
        pair.provider.mind().signing = signing;
        pair.refuses("answer_refused").await;
    }
    // Headers that say something else than what the signature is.
    for header in [json!({"alg": "none"}), json!({"alg": "HS256"}), json!({"alg": "RS384"}), json!({"alg": "ES256"})] {
        let pair = Pair::start().await;
        let Value::Object(header) = header else { panic!("an object") };
        pair.provider.mind().header = header;
        pair.refuses("answer_refused").await;
    }
    for header in [json!({"alg": "XX256"}), json!({"alg": null}), json!({"crit": ["exp"]})] {
        let pair = Pair::start().await;
        let Value::Object(header) = header else { panic!("an object") };
        pair.provider.mind().header = header;
        let mut browser = pair.browser();
        assert!(pair.sign_in(&mut browser).await.location().starts_with("/sign-in?problem="));
        assert_eq!(browser.who().await, None);
    }
}

#[tokio::test]
async fn an_algorithm_that_the_provider_does_not_announce_is_refused() {
    let pair = Pair::start().await;
    pair.provider.mind().discovery.insert("id_token_signing_alg_values_supported".to_owned(), json!(["PS256"]));
    pair.refuses("answer_refused").await;
}

#[tokio::test]
async fn a_token_with_one_character_changed_is_refused() {
    let pair = Pair::start().await;
    for (part, at) in [(0, 4), (0, 20), (1, 0), (1, 30), (1, 90), (2, 0), (2, 100), (2, 340)] {
        pair.provider.mind().signing = Signing::Changed { part, at };
        let mut browser = pair.browser();
        let answer = pair.sign_in(&mut browser).await;
        assert!(answer.location().starts_with("/sign-in?problem="), "{part} {at}: {}", answer.location());
        assert_eq!(browser.who().await, None, "{part} {at}");
    }
}

#[tokio::test]
async fn new_keys_are_looked_up_once_and_then_sign_in_works() {
    let pair = Pair::start().await;
    pair.signed_in().await;
    {
        let mut mind = pair.provider.mind();
        mind.key = Key::second();
        mind.announced = vec![Key::first(), Key::second()];
    }
    pair.provider.forget_what_was_asked();
    pair.signed_in().await;
    pair.signed_in().await;
    assert_eq!((pair.provider.asked("discovery"), pair.provider.asked("jwks")), (1, 1));
}

#[tokio::test]
async fn an_unknown_key_is_refused_and_looked_up_once_a_minute_at_most() {
    let pair = Pair::start().await;
    pair.signed_in().await;
    pair.provider.mind().key = Key::second();
    pair.provider.forget_what_was_asked();
    for _ in 0..3 {
        pair.refuses("answer_refused").await;
    }
    assert_eq!(pair.provider.asked("jwks"), 1);
    pair.berth.clock.advance(Span::seconds(60));
    pair.refuses("answer_refused").await;
    assert_eq!(pair.provider.asked("jwks"), 2);
}

#[tokio::test]
async fn another_key_under_a_known_name_is_refused() {
    let pair = Pair::start().await;
    pair.provider.mind().key = Key::impostor();
    pair.refuses("answer_refused").await;
}

#[tokio::test]
async fn many_who_meet_an_unknown_key_at_once_cause_one_look_up() {
    let pair = Pair::start().await;
    pair.signed_in().await;
    {
        let mut mind = pair.provider.mind();
        mind.key = Key::second();
        mind.announced = vec![Key::second()];
    }
    pair.provider.forget_what_was_asked();
    let all = (0..8).map(|_| pair.signed_in());
    futures::future::join_all(all).await;
    assert_eq!(pair.provider.asked("jwks"), 1);
}

#[tokio::test]
async fn keys_that_cannot_be_had_are_waited_for_in_bounds_and_told() {
    for mood in
        [Mood::Hangs, Mood::Status(StatusCode::TOO_MANY_REQUESTS), Mood::Status(StatusCode::INTERNAL_SERVER_ERROR)]
    {
        let pair = Pair::start().await;
        pair.provider.mind().moods.insert("jwks", mood.clone());
        let answer = pair.browser().get("/auth/start").await;
        assert_eq!(answer.location(), "/sign-in?problem=provider_unavailable", "{mood:?}");
        // For a while it is left alone, then asked again.
        assert_eq!(pair.browser().get("/auth/start").await.location(), "/sign-in?problem=provider_unavailable");
        assert_eq!(pair.provider.asked("jwks"), 1);
        pair.provider.mind().moods.clear();
        pair.berth.clock.advance(Span::seconds(5));
        pair.signed_in().await;
    }
}

#[tokio::test]
async fn keys_that_cannot_be_had_anew_leave_the_old_ones_good() {
    let pair = Pair::start().await;
    pair.signed_in().await;
    pair.provider.mind().moods.insert("discovery", Mood::Status(StatusCode::BAD_GATEWAY));
    pair.provider.forget_what_was_asked();
    pair.berth.clock.advance(Span::hours(1));
    pair.signed_in().await;
    assert_eq!(pair.provider.asked("discovery"), 1);
}

#[tokio::test]
async fn what_the_provider_says_of_itself_is_asked_again_after_an_hour() {
    let pair = Pair::start().await;
    pair.signed_in().await;
    pair.signed_in().await;
    assert_eq!(pair.provider.asked("discovery"), 1);
    pair.berth.clock.advance(Span::hours(1));
    pair.signed_in().await;
    assert_eq!(pair.provider.asked("discovery"), 2);
}

#[tokio::test]
async fn user_info_of_another_subject_is_refused() {
    let pair = Pair::start().await;
    pair.provider.claims(json!({"name": null}));
    for sub in [json!("max"), json!(""), json!("Bea")] {
        pair.provider.mind().user_info.insert("sub".to_owned(), sub);
        pair.refuses("answer_refused").await;
    }
}

#[tokio::test]
async fn user_info_fills_in_what_the_id_token_leaves_out_and_nothing_else() {
    let pair = Pair::start().await;
    {
        let mut mind = pair.provider.mind();
        mind.user_info.insert("name".to_owned(), json!("Another"));
        mind.user_info.insert("groups".to_owned(), json!(["staff", "admins"]));
    }
    let mut browser = pair.signed_in().await;
    assert_eq!(pair.provider.asked("userinfo"), 0, "it is not asked for nothing");
    assert!(!browser.who().await.expect("bea").admin);

    pair.provider.claims(json!({"groups": null}));
    let actor = pair.signed_in().await.who().await.expect("bea");
    assert_eq!((actor.name.as_str(), actor.admin), ("Bea", true));
}

#[tokio::test]
async fn user_info_out_of_order_matters_only_where_it_would_have_known_the_groups() {
    let pair = Pair::start().await;
    pair.provider.mind().moods.insert("userinfo", Mood::Status(StatusCode::BAD_GATEWAY));
    pair.provider.claims(json!({"name": null}));
    let actor = pair.signed_in().await.who().await.expect("bea");
    assert_eq!(actor.name, "bea@example.org");
    pair.provider.claims(json!({"groups": null}));
    pair.refuses("provider_unavailable").await;
}

#[tokio::test]
async fn an_account_is_the_issuer_s_subject_and_never_an_e_mail_address() {
    let pair = Pair::start().await;
    let bea = pair.signed_in().await.who().await.expect("bea").id;
    pair.provider.claims(json!({"sub": "max", "name": "Max"}));
    let max = pair.signed_in().await.who().await.expect("max");
    assert_eq!(max.email.as_deref(), Some("bea@example.org"));
    assert_ne!(max.id, bea);
    pair.provider.claims(json!({"sub": "bea", "name": "Bea B.", "email": "b@example.org"}));
    let again = pair.signed_in().await.who().await.expect("bea");
    assert_eq!((again.id, again.name.as_str()), (bea, "Bea B."));
}

#[tokio::test]
async fn an_unverified_e_mail_address_grants_nothing_and_is_not_shown() {
    let pair = Pair::start().await;
    pair.provider.claims(json!({"email": "staff", "email_verified": false, "groups": []}));
    pair.refuses("not_admitted").await;
    pair.provider.claims(json!({"email": "admin@example.org", "groups": ["staff"]}));
    assert_eq!(pair.signed_in().await.who().await.expect("bea").email, None);
    pair.provider.claims(json!({"email_verified": "false"}));
    assert_eq!(pair.signed_in().await.who().await.expect("bea").email, None);
}

#[tokio::test]
async fn a_subject_that_cannot_be_one_is_refused() {
    let pair = Pair::start().await;
    for sub in ["", &"x".repeat(256), "a\nb"] {
        pair.provider.claims(json!({"sub": sub}));
        pair.refuses("answer_refused").await;
    }
    assert_eq!(pair.berth.count("users").await, 0);
}

#[tokio::test]
async fn an_access_token_that_the_id_token_does_not_know_is_refused() {
    let pair = Pair::start().await;
    pair.provider.claims(json!({"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}));
    pair.refuses("answer_refused").await;
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
        let pair = Pair::start().await;
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
    let berth = Berth::at(clock.clone(), &berth_toml("http://127.0.0.1:1", "")).await;
    let mut browser = berth.browser();
    assert_eq!(browser.get("/auth/start").await.location(), "/sign-in?problem=provider_unavailable");
    assert_eq!(browser.who().await, None);
    assert_eq!(berth.count("sessions").await, 0, "nothing is kept of it");
}

#[tokio::test]
async fn nobody_is_admitted_without_a_rule() {
    let pair = Pair::start().await;
    pair.provider.claims(json!({"groups": ["strangers"]}));
    pair.refuses("not_admitted").await;
    assert_eq!(pair.berth.count("users").await, 0);

    pair.berth.team("blue", "strangers", "member").await;
    assert_eq!(pair.signed_in().await.who().await.expect("bea").teams.len(), 1, "a team's group admits");
    pair.provider.claims(json!({"groups": ["admins"]}));
    assert!(pair.signed_in().await.who().await.expect("bea").admin, "so does the admins'");
    pair.provider.claims(json!({"groups": ["staff"]}));
    assert!(pair.signed_in().await.who().await.is_some(), "and an allowed one");
    pair.provider.claims(json!({"groups": ["Staff", "staff ", "admin", "*"]}));
    pair.refuses("not_admitted").await;
}

#[tokio::test]
async fn a_provider_that_is_silent_about_groups_gives_nothing_and_takes_no_team() {
    let pair = Pair::start().await;
    pair.berth.team("blue", "blue-people", "member").await;
    pair.provider.claims(json!({"groups": null}));
    pair.refuses("not_admitted").await;

    pair.provider.claims(json!({"groups": ["blue-people", "admins"]}));
    assert!(pair.signed_in().await.who().await.expect("bea").admin);
    pair.provider.claims(json!({"groups": null}));
    let actor = pair.signed_in().await.who().await.expect("bea");
    assert_eq!((actor.teams.len(), actor.admin), (1, false), "the team stays, being an admin needs the claim");
}

#[tokio::test]
async fn an_empty_list_of_groups_takes_everything_everywhere() {
    let pair = Pair::start().await;
    pair.provider.claims(json!({"groups": ["staff", "admins"]}));
    let mut elsewhere = pair.signed_in().await;
    assert!(elsewhere.who().await.expect("bea").admin);
    pair.provider.claims(json!({"groups": []}));
    pair.refuses("not_admitted").await;
    assert_eq!(elsewhere.who().await, None, "the session in the other browser has no rights any more either");
    assert_eq!(pair.berth.count("user_groups").await, 0);
}

#[tokio::test]
async fn groups_that_cannot_be_read_sign_nobody_in_and_change_nothing() {
    let pair = Pair::start().await;
    let mut browser = pair.signed_in().await;
    for groups in [json!({"staff": true}), json!(7), json!(["staff", 7]), json!([["staff"]])] {
        pair.provider.claims(json!({"groups": groups}));
        pair.refuses("groups_unreadable").await;
    }
    assert!(browser.who().await.is_some());
    pair.provider.claims(json!({"groups": "staff"}));
    pair.signed_in().await;
}

#[tokio::test]
async fn five_hundred_groups_are_kept_and_the_cookie_stays_small() {
    let pair = Pair::start().await;
    let mut groups: Vec<String> = (0..600).map(|number| format!("group-{number:03}-{}", "x".repeat(100))).collect();
    groups.insert(0, "staff".to_owned());
    pair.provider.claims(json!({"groups": groups}));
    let browser = pair.signed_in().await;
    assert_eq!(pair.berth.count("user_groups").await, 500);
    let header: usize = browser.cookies.iter().map(|(name, value)| name.len() + value.len() + 3).sum();
    assert!(header < 100, "{header} bytes");
}

#[tokio::test]
async fn groups_without_end_are_refused() {
    let pair = Pair::start().await;
    let groups: Vec<String> = (0..40_000).map(|number| format!("group-{number}-{}", "x".repeat(100))).collect();
    pair.provider.claims(json!({"groups": groups}));
    pair.refuses("provider_unavailable").await;
}

#[tokio::test]
async fn a_disabled_person_does_not_get_in() {
    let pair = Pair::start().await;
    let mut browser = pair.signed_in().await;
    pair.berth.sql("UPDATE users SET disabled = TRUE").await;
    assert_eq!(browser.who().await, None);
    pair.refuses("disabled").await;
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
    assert!(browser.who().await.expect("bea").admin);
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
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let there = answer.location();
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
        let pair = Pair::start().await;
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
async fn signing_out_at_a_provider_elsewhere_is_a_link_and_no_redirect_that_our_own_policy_forbids() {
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
    assert!(pair.berth.auth.operator.is_none());
    assert_eq!(pair.browser().get("/auth/operator/x").await.location(), "/sign-in?problem=no_link");
    let alone = Berth::start().await;
    assert_eq!(alone.browser().get("/auth/start").await.location(), "/sign-in");
    assert_eq!(alone.browser().get("/auth/callback?state=x&code=y").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_name_of_a_megabyte_or_with_control_characters_is_cut_and_cleaned() {
    let pair = Pair::start().await;
    pair.provider.claims(json!({"name": "x".repeat(1 << 20), "email": format!("{}@example.org", "x".repeat(300))}));
    let actor = pair.signed_in().await.who().await.expect("bea");
    assert_eq!((actor.name.chars().count(), actor.email), (101, None));
    pair.provider.claims(json!({"name": "Bea\u{1b}[31m\nroot\u{202e}", "email": "b\u{0}@example.org"}));
    let actor = pair.signed_in().await.who().await.expect("bea");
    assert_eq!((actor.name.as_str(), actor.email), ("Bea\u{fffd}[31m\u{fffd}root\u{fffd}", None));
    pair.provider.claims(json!({"name": " ", "email": null}));
    assert_eq!(pair.signed_in().await.who().await.expect("bea").name, "bea");
}
