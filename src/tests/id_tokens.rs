//! What a provider says of itself and of somebody, and when it is not believed.

use axum::http::StatusCode;
use model::units::Span;
use serde_json::{Value, json};

use super::provider::{Key, Mood, Pair, Signing};
use super::support::query;

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
async fn an_audience_that_the_operator_trusts_may_stand_beside_us() {
    let pair = Pair::configured("trusted_audiences = [\"3831683172\"]\n").await;
    pair.provider.claims(json!({"aud": ["berth", "3831683172"], "azp": "berth"}));
    pair.signed_in().await;
    for (aud, azp) in [
        (json!(["berth", "3831683172", "other"]), json!("berth")),
        (json!(["3831683172"]), json!("berth")),
        (json!(["berth", "3831683172"]), json!("3831683172")),
        (json!(["berth", "3831683172"]), json!(null)),
    ] {
        pair.provider.claims(json!({"aud": aud, "azp": azp}));
        pair.refuses("answer_refused").await;
    }
}

#[tokio::test]
async fn a_moment_may_be_written_as_text() {
    let pair = Pair::start().await;
    pair.provider.claims(json!({"updated_at": "2026-11-25T10:59:07.841Z"}));
    pair.signed_in().await;
    pair.provider.claims(json!({"updated_at": 1_795_000_000}));
    pair.signed_in().await;
}

#[tokio::test]
async fn a_claim_that_is_not_read_here_may_have_any_shape() {
    let pair = Pair::start().await;
    let odd = [
        json!({"address": []}),
        json!({"address": "Main Street 1"}),
        json!({"amr": "pwd", "acr": 1, "auth_time": "yesterday"}),
        json!({"phone_number": 493_012, "phone_number_verified": "unknown"}),
        json!({"gender": 1, "birthdate": 1990, "locale": {"de": true}, "zoneinfo": 2}),
        json!({"given_name": ["B"], "family_name#de": 7, "picture": "no address", "updated_at": {"at": 1}}),
    ];
    for claims in odd {
        let pair = Pair::start().await;
        pair.provider.claims(claims.clone());
        let bea = pair.signed_in().await.who().await.expect("bea");
        assert_eq!((bea.name.as_str(), bea.email.as_deref()), ("Bea", Some("bea@example.org")), "{claims}");
    }
    pair.provider.claims(json!({"name": null}));
    let Value::Object(more) = json!({"name": "Bea B.", "address": [], "phone_number": 1, "name#de": 7}) else {
        panic!()
    };
    pair.provider.mind().user_info.extend(more);
    assert_eq!(pair.signed_in().await.who().await.expect("bea").name, "Bea B.");
}

#[tokio::test]
async fn what_describes_somebody_in_an_odd_shape_is_left_out() {
    let pair = Pair::start().await;
    pair.provider.claims(json!({"name": 7, "preferred_username": ["bea"]}));
    assert_eq!(pair.signed_in().await.who().await.expect("bea").name, "bea@example.org");
    pair.provider.claims(json!({"name": "Bea", "email": {"work": "bea@example.org"}}));
    assert_eq!(pair.signed_in().await.who().await.expect("bea").email, None);
    pair.provider.claims(json!({"email": "bea@example.org", "email_verified": "True"}));
    assert_eq!(pair.signed_in().await.who().await.expect("bea").email.as_deref(), Some("bea@example.org"));
    pair.provider.claims(json!({"email_verified": 1}));
    assert_eq!(pair.signed_in().await.who().await.expect("bea").email, None);
}

#[tokio::test]
async fn an_answer_with_tokens_may_be_odd_where_it_is_not_read_and_must_be_a_bearer_s() {
    let pair = Pair::start().await;
    for more in [
        json!({"expires_in": "3599"}),
        json!({"scope": ["openid"]}),
        json!({"token_type": "bearer", "refresh_token": 1}),
    ] {
        let Value::Object(more) = more else { panic!("an object") };
        pair.provider.mind().token.extend(more);
        pair.signed_in().await;
    }
    pair.provider.mind().token.insert("token_type".to_owned(), json!("mac"));
    pair.refuses("provider_error").await;
}

#[tokio::test]
async fn an_empty_address_for_signing_out_is_none() {
    let pair = Pair::start().await;
    pair.provider.mind().discovery.insert("end_session_endpoint".to_owned(), json!(""));
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
        let pair = Pair::facing(&mood).await;
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
    assert!(!browser.who().await.expect("bea").acts_as_admin());

    pair.provider.claims(json!({"groups": null}));
    let actor = pair.signed_in().await.who().await.expect("bea");
    assert_eq!((actor.name.as_str(), actor.acts_as_admin()), ("Bea", true));
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
