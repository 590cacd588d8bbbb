//! What a request may be: where it comes from, how large it is, what it claims; and what every answer says.

use axum::body::Body;
use axum::http::{Request, StatusCode};

use super::support::{Berth, post_with};
use model::access::TokenScope;

const HTTPS: &str = "[server]\npublic_url = \"https://berth.example\"\ntrusted_proxies = [\"10.0.0.0/8\"]\n\
    [oidc]\nissuer = \"https://id.example/realm\"\nclient_id = \"berth\"\nallowed_groups = [\"staff\"]\n";

#[tokio::test]
async fn only_our_own_pages_change_anything_with_a_cookie() {
    let berth = Berth::start().await;
    let mut browser = berth.operator().await;
    let ours = "http://127.0.0.1:3000";
    for (headers, status) in [
        (&[("origin", ours)][..], 200),
        (&[("origin", ours), ("sec-fetch-site", "same-origin")], 200),
        (&[("origin", "http://localhost:3000")], 200),
        (&[("sec-fetch-site", "same-origin")], 200),
        // Through a tunnel, of which the browser knows nothing.
        (&[("origin", "http://127.0.0.1:8080"), ("sec-fetch-site", "same-origin")], 200),
        (&[("origin", "http://localhost:8080"), ("sec-fetch-site", "same-origin")], 200),
        (&[("origin", "http://127.0.0.1:8080"), ("sec-fetch-site", "same-site")], 403),
        (&[("origin", "http://rebound.example:8080"), ("sec-fetch-site", "same-origin")], 403),
        (&[("origin", "http://127.0.0.1:8080/x"), ("sec-fetch-site", "same-origin")], 403),
        (&[("origin", ours), ("content-type", "application/x-www-form-urlencoded")], 200),
        (&[("origin", ours), ("content-type", "application/json")], 200),
        (&[], 403),
        (&[("origin", "https://evil.example")], 403),
        (&[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")], 403),
        (&[("origin", "null")], 403),
        (&[("origin", "null"), ("sec-fetch-site", "same-origin")], 403),
        (&[("origin", "")], 403),
        (&[("origin", "http://127.0.0.1:3001")], 403),
        (&[("origin", "https://127.0.0.1:3000")], 403),
        (&[("origin", "http://127.0.0.1:3000.evil.example")], 403),
        (&[("origin", ours), ("sec-fetch-site", "same-site")], 403),
        (&[("origin", ours), ("sec-fetch-site", "cross-site")], 403),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("sec-fetch-site", "same-site")], 403),
        (&[("sec-fetch-site", "none")], 403),
        (&[("content-type", "application/x-www-form-urlencoded")], 403),
        (&[("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "cross-site")], 403),
        (&[("origin", ours), ("content-type", "text/plain")], 403),
        (&[("origin", ours), ("content-type", "Text/Plain; charset=utf-8")], 403),
    ] {
        let answer = browser.send(post_with("/change", headers)).await;
        assert_eq!(answer.status.as_u16(), status, "{headers:?}");
    }
}

#[tokio::test]
async fn a_page_that_is_opened_under_another_name_of_loopback_leads_to_our_own() {
    let berth = Berth::start().await;
    let mut browser = berth.browser();
    for (host, mode, leads) in [
        ("localhost:3000", "navigate", Some("http://127.0.0.1:3000/sign-in?then=%2Fhost")),
        ("127.0.0.1:3000", "navigate", None),
        // What a page loads, and a tunnel.
        ("localhost:3000", "cors", None),
        ("localhost:8080", "navigate", None),
        ("berth.example:3000", "navigate", None),
    ] {
        let request = Request::get("/sign-in?then=%2Fhost").header("host", host).header("sec-fetch-mode", mode);
        let answer = browser.send(request.body(Body::empty()).expect("a request")).await;
        let redirects = answer.status == StatusCode::TEMPORARY_REDIRECT;
        assert_eq!((redirects, answer.header("location")), (leads.is_some(), leads), "{host} {mode}");
    }
}

#[tokio::test]
async fn what_another_site_sends_is_refused_without_a_cookie_too() {
    let berth = Berth::start().await;
    let mut browser = berth.browser();
    let foreign = post_with("/auth/sign-out", &[("origin", "https://evil.example")]);
    assert_eq!(browser.send(foreign).await.status, StatusCode::FORBIDDEN);
    assert_eq!(browser.send(post_with("/change", &[])).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_script_with_a_token_needs_no_origin() {
    let berth = Berth::configured(HTTPS).await;
    let bea = berth.person("bea", &["staff"]).await;
    let token = format!("Bearer {}", berth.token(&bea, TokenScope::Launch).await);
    let mut script = berth.browser();
    for headers in [
        &[("authorization", token.as_str())][..],
        &[("authorization", &token), ("content-type", "text/plain")],
        &[("authorization", &token), ("origin", "https://tools.example")],
    ] {
        assert_eq!(script.send(post_with("/change", headers)).await.status, StatusCode::OK, "{headers:?}");
    }
    let basic = post_with("/change", &[("authorization", "Basic eA=="), ("origin", "https://evil.example")]);
    assert_eq!(script.send(basic).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let berth = Berth::configured(HTTPS).await;
    let mut browser = berth.browser();
    for path in ["/who", "/not-there", "/fault", "/auth/operator/x"] {
        let answer = browser.get(path).await;
        let policy = answer.header("content-security-policy").expect("a policy");
        for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "'wasm-unsafe-eval'"] {
            assert!(policy.contains(part), "{part} in {policy}");
        }
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert!(matches!(answer.header("referrer-policy"), Some("same-origin" | "no-referrer")), "{path}");
    }
}

#[tokio::test]
async fn no_header_of_ours_breaks_the_links_to_ports() {
    let strict = async |more: &str| {
        let berth = Berth::configured(&HTTPS.replace("[oidc]", &format!("{more}[oidc]"))).await;
        berth.browser().get("/who").await.header("strict-transport-security").map(str::to_owned)
    };
    let always = Some("max-age=31536000".to_owned());
    assert_eq!(strict("public_host = \"ports.example\"\n").await, always);
    assert_eq!(strict("[defaults]\nbind_ip = \"10.1.2.3\"\n").await, always);
    for same in ["", "public_host = \"berth.example\"\n"] {
        assert_eq!(strict(same).await, None, "{same}");
    }
    assert!(Berth::start().await.browser().get("/who").await.header("strict-transport-security").is_none());
}

#[tokio::test]
async fn a_page_s_nonce_stands_in_the_policy_and_forms_lead_to_ourselves_only() {
    let berth = Berth::configured(HTTPS).await;
    let policy = berth.headers.content_security_policy(Some("abc"));
    assert!(policy.contains("script-src 'self' 'wasm-unsafe-eval' 'nonce-abc';"), "{policy}");
    assert!(policy.contains("form-action 'self';"), "{policy}");
}

#[tokio::test]
async fn what_proxies_say_counts_only_from_listed_ones() {
    let berth = Berth::configured(HTTPS).await;
    let listed: std::net::IpAddr = [10, 0, 0, 1].into();
    let stranger: std::net::IpAddr = [192, 0, 2, 7].into();
    for (peer, said, client) in [
        (stranger, "203.0.113.9", "192.0.2.7"),
        (listed, "203.0.113.9", "203.0.113.9"),
        (listed, "1.1.1.1, 203.0.113.9, 10.2.2.2", "203.0.113.9"),
        (listed, "203.0.113.9, nonsense", "10.0.0.1"),
        (listed, "nonsense", "10.0.0.1"),
        (listed, "::ffff:203.0.113.9", "203.0.113.9"),
    ] {
        let mut browser = berth.browser();
        browser.peer = (peer, 1).into();
        let request = Request::get("/seen").header("x-forwarded-for", said).body(Body::empty()).expect("a request");
        let seen = browser.send(request).await.body;
        assert_eq!(seen.split(' ').next(), Some(client), "{said} from {peer}");
        assert_eq!(seen.contains("x-forwarded-for"), peer == listed, "{seen}");
    }
}

#[tokio::test]
async fn nobody_says_who_they_are_by_a_header() {
    let berth = Berth::configured(HTTPS).await;
    for peer in [[10, 0, 0, 1], [192, 0, 2, 7]] {
        let mut browser = berth.browser();
        browser.peer = (peer, 1).into();
        let mut request = Request::get("/seen").header("x-custom", "stays");
        for name in
            ["Remote-User", "X-Remote-User", "X_Remote_User", "X-Forwarded-User", "x-forwarded_user", "REMOTE_USER"]
        {
            request = request.header(name, "admin");
        }
        let seen = browser.send(request.body(Body::empty()).expect("a request")).await.body;
        assert!(!seen.contains("user") && seen.contains("x-custom"), "{seen}");
    }
}

#[tokio::test]
async fn a_request_has_limits() {
    let berth = Berth::start().await;
    let mut browser = berth.operator().await;
    let long = format!("/who?{}", "x".repeat(9000));
    assert_eq!(browser.get(&long).await.status, StatusCode::URI_TOO_LONG);
    let many = Request::get("/who").header("x-large", "x".repeat(40_000)).body(Body::empty()).expect("a request");
    assert_eq!(browser.send(many).await.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    let body = Request::post("/change").header("origin", "http://127.0.0.1:3000");
    let body = body.body(Body::from("x".repeat(1 << 20))).expect("a request");
    assert_eq!(browser.send(body).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let announced = Request::post("/change").header("origin", "http://127.0.0.1:3000");
    let announced = announced.header("content-length", "999999999").body(Body::empty()).expect("a request");
    assert_eq!(browser.send(announced).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    browser.cookies.insert("other".to_owned(), "x".repeat(9000));
    assert_eq!(browser.get("/who").await.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
}
