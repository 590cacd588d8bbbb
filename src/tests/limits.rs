//! How much one address, person or token may ask for, and what is told to who asks for more.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use app::api::backend::Environments;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use http_body_util::BodyExt;
use model::access::{InstallationRole, TokenScope};
use model::audit::Search;
use model::environment::{Operation, State};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use web::{connections, layers};

use super::provider::Pair;
use super::site::{Bringing, Site};
use super::stage::{Stage, ask};
use super::stand_in::StandIn;
use super::support::{Answer, Berth};

const ELSEWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7)), 50_000);

#[track_caller]
fn too_many(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{answer:?}");
    let wait: u64 = answer.header("retry-after").expect("when to come again").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{wait} s");
}

async fn minute() {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(60)).await;
    tokio::time::resume();
}

#[tokio::test]
async fn of_a_hundred_sign_ins_in_a_moment_an_address_has_sixty_and_more_a_minute_later() {
    let pair = Pair::start().await;
    let (began, mut answers) = (Instant::now(), Vec::new());
    for _ in 0..100 {
        answers.push(pair.browser().get("/auth/start").await);
    }
    let begun = answers.iter().filter(|answer| answer.status == StatusCode::SEE_OTHER).count();
    // One more comes each second that this takes.
    let most = 61 + usize::try_from(began.elapsed().as_secs()).expect("a short time");
    assert!((60..=most).contains(&begun), "{begun}");
    too_many(answers.last().expect("an answer"));
    assert_eq!(pair.berth.count("sessions").await, i64::try_from(begun).expect("few"), "and no row of the others");

    let mut page = pair.browser();
    let request = Request::get("/auth/start").header("accept", "text/html").body(Body::empty()).expect("a request");
    let refused = page.send(request).await;
    too_many(&refused);
    assert!(refused.body.contains("<h1>Too many requests</h1>"), "{}", refused.body);

    let mut elsewhere = pair.browser();
    elsewhere.peer = ELSEWHERE;
    assert_eq!(elsewhere.get("/auth/start").await.status, StatusCode::SEE_OTHER);
    minute().await;
    assert_eq!(pair.browser().get("/auth/start").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn tokens_that_are_no_good_are_counted_by_address_and_one_that_is_good_is_served_beside_them() {
    let site = Site::configured("[limits]\nsign_ins = 2").await;
    let bea = site.person("Bea", &["blue"], None).await;
    let good = site.token(&bea, TokenScope::Read).await;
    let mut script = site.visitor();
    for _ in 0..2 {
        assert_eq!(script.bearer("/api/v1/me", "berth_wrong").await.status, StatusCode::UNAUTHORIZED);
    }
    let refused = script.bearer("/api/v1/me", "berth_wrong").await;
    too_many(&refused);
    assert_eq!(refused.json()["code"], "too_many");
    assert_eq!(script.bearer("/api/v1/me", &good).await.status, StatusCode::OK);
    too_many(&script.get("/auth/operator/wrong").await);
    script.peer = ELSEWHERE;
    assert_eq!(script.bearer("/api/v1/me", "berth_wrong").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn two_hundred_launches_in_a_moment_are_taken_and_each_token_is_counted_apart() {
    let site = Site::open().await;
    let bea = site.person("Bea", &["blue"], None).await;
    let token = site.token(&bea, TokenScope::Admin).await;
    let mut script = site.visitor();
    // Whatever becomes of them: this team has no such template.
    let launch = Bringing { token: Some(&token), body: r#"{"team":"blue","template":"none"}"#, headers: &[] };
    for _ in 0..200 {
        assert_eq!(script.ask("POST", "/api/v1/environments", launch).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let mut refused = script.ask("POST", "/api/v1/environments", launch).await;
    // Five come again in a second.
    while refused.status == StatusCode::UNPROCESSABLE_ENTITY {
        refused = script.ask("POST", "/api/v1/environments", launch).await;
    }
    too_many(&refused);
    let start = Bringing { body: "", ..launch };
    let address = "/api/v1/environments/00000000-0000-7000-8000-000000000000/start";
    too_many(&script.ask("POST", address, start).await);
    let mut page = site.browser(&bea).await;
    let in_a_browser = page.ask("POST", "/api/v1/environments", Bringing { token: None, ..launch }).await;
    assert_eq!(in_a_browser.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_person_has_so_many_streams_and_a_place_again_when_one_ends() {
    let site = Site::configured("[limits]\nstreams = 2").await;
    let bea = site.person("Bea", &["blue"], None).await;
    let mut browser = site.browser(&bea).await;
    let first = browser.stream("/live").await;
    let _second = browser.stream("/live").await;
    too_many(&browser.ask("GET", "/live", Bringing::default()).await);
    let gus = site.person("Gus", &["green"], None).await;
    assert_eq!(site.browser(&gus).await.ask("GET", "/live", Bringing::default()).await.status, StatusCode::OK);
    drop(first);
    assert_eq!(browser.ask("GET", "/live", Bringing::default()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_person_reads_so_much_at_once_and_no_more() {
    let config = "[limits]\nreads = 2";
    let berth = Berth::configured(config).await;
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    let waits = get(move || async move {
        arrived.send(()).expect("the test is there");
        std::future::pending::<()>().await;
    });
    let routes = Router::new().route("/waits", waits).route("/quick", get(|| async {}));
    let config = crate::config::Config::read(Some((std::path::Path::new("berth.toml"), config)), []);
    let router = layers::around(routes, &berth.auth, &config.expect("a configuration").web(berth.auth.public_url()));
    let mut browser = berth.operator().await;
    browser.through(router);
    let mut reading = Vec::new();
    for _ in 0..2 {
        let mut other = browser.clone();
        reading.push(tokio::spawn(async move { other.get("/waits").await }));
        arrivals.recv().await.expect("it was asked");
    }
    too_many(&browser.get("/quick").await);
    for reader in reading {
        reader.abort();
        assert!(reader.await.is_err(), "it hung up");
    }
    assert_eq!(browser.get("/quick").await.status, StatusCode::OK);
}

/// A server of its own on a socket, which greets.
async fn greeter(most: u32) -> (SocketAddr, CancellationToken) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let (at, closing) = (listener.local_addr().expect("a bound port"), CancellationToken::new());
    let router = Router::new().route("/", get(|| async { "hello" }));
    tokio::spawn(connections::serve(listener, router, NonZeroU32::new(most).expect("some"), closing.clone()));
    (at, closing)
}

async fn greeted(stream: &mut TcpStream) {
    let mut read = Vec::new();
    while !read.ends_with(b"hello") {
        assert!(stream.read_buf(&mut read).await.expect("an answer") > 0, "{}", String::from_utf8_lossy(&read));
    }
}

#[tokio::test]
async fn a_connection_too_many_waits_for_another_to_end() {
    let (at, _closing) = greeter(1).await;
    let mut first = TcpStream::connect(at).await.expect("a connection");
    let mut second = TcpStream::connect(at).await.expect("a connection");
    let ask = b"GET / HTTP/1.1\r\nHost: berth\r\n\r\n";
    second.write_all(ask).await.expect("written");
    for _ in 0..3 {
        first.write_all(ask).await.expect("written");
        greeted(&mut first).await;
    }
    assert!(second.try_read(&mut [0]).is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock));
    drop(first);
    greeted(&mut second).await;
}

#[tokio::test(start_paused = true)]
async fn who_does_not_come_to_the_end_of_the_headers_is_hung_up() {
    let (at, _closing) = greeter(1).await;
    let began = Instant::now();
    let mut slow = TcpStream::connect(at).await.expect("a connection");
    slow.write_all(b"GET / HTTP/1.1\r\nHost: ber").await.expect("written");
    let mut rest = Vec::new();
    slow.read_to_end(&mut rest).await.expect("an end");
    assert!(began.elapsed() >= Duration::from_secs(75), "{:?}", began.elapsed());
    assert!(!String::from_utf8_lossy(&rest).contains("hello"));
}

#[tokio::test]
async fn a_server_that_ends_answers_what_was_asked_and_keeps_no_connection() {
    let (at, closing) = greeter(8).await;
    let mut idle = TcpStream::connect(at).await.expect("a connection");
    idle.write_all(b"GET / HTTP/1.1\r\nHost: berth\r\n\r\n").await.expect("written");
    greeted(&mut idle).await;
    closing.cancel();
    assert_eq!(idle.read(&mut [0]).await.expect("an end"), 0);
    assert!(TcpStream::connect(at).await.is_err());
}

#[tokio::test]
async fn what_is_too_large_or_of_the_wrong_kind_is_a_problem_that_says_so() {
    let site = Site::open().await;
    let bea = site.person("Bea", &["blue"], None).await;
    let token = site.token(&bea, TokenScope::Admin).await;
    let mut script = site.visitor();
    let long = format!("{{\"team\":\"{}\"}}", "x".repeat(300 * 1024));
    let bring = |body, headers| Bringing { token: Some(&token), body, headers };
    let far = format!("/api/v1/me?{}", "x".repeat(9000));
    let wide = "x".repeat(33 * 1024);
    let wide = [("x-wide", &*wide)];
    for (status, code, method, address, bringing) in [
        (405, "wrong_method", "PUT", "/api/v1/environments", bring("", &[][..])),
        (415, "unsupported_type", "POST", "/api/v1/environments", bring("team=blue", &[])),
        (413, "too_large", "POST", "/api/v1/environments", bring(&long, &[])),
        (413, "too_large", "POST", "/api/v1/environments", bring("", &[("content-length", "300000")])),
        (414, "too_large", "GET", &far, bring("", &[])),
        (431, "too_large", "GET", "/api/v1/me", bring("", &wide)),
        (
            400,
            "malformed",
            "POST",
            "/api/v1/environments",
            bring(r#"{"team":"blue","template":"box","lifetme":"1h"}"#, &[]),
        ),
        (400, "malformed", "POST", "/api/v1/requests", bring(r#"{"team":"blue","mroe":{}}"#, &[])),
    ] {
        let answer = script.ask(method, address, bringing).await;
        let problem = answer.json();
        assert_eq!((answer.status.as_u16(), problem["code"].as_str()), (status, Some(code)), "{method} {problem}");
        assert_eq!(problem["status"], status);
    }
    let put = script.ask("PUT", "/api/v1/environments", bring("", &[])).await;
    assert_eq!(put.header("allow"), Some("GET,HEAD,POST"));
    let typo =
        script.ask("POST", "/api/v1/environments", bring(r#"{"team":"blue","template":"box","lifetme":"1h"}"#, &[]));
    assert!(typo.await.body.contains("lifetme"), "and the word that is not known");
}

#[tokio::test]
async fn a_list_of_people_is_walked_by_its_cursor() {
    let site = Site::open().await;
    let ada = site.person("Ada", &[], Some(InstallationRole::Admin)).await;
    for number in 0..200 {
        site.person(&format!("Bea {number:03}"), &["blue"], None).await;
    }
    let token = site.token(&ada, TokenScope::Admin).await;
    let mut script = site.visitor();
    let first = script.bearer("/api/v1/people?q=", &token).await.json();
    let (items, next) = (first["items"].as_array().expect("a list"), first["next"].as_str().expect("more"));
    assert_eq!((items.len(), items[0]["name"].as_str()), (200, Some("Ada")));
    let second = script.bearer(&format!("/api/v1/people?cursor={next}"), &token).await.json();
    assert_eq!((second["items"][0]["name"].as_str(), second["next"].as_str()), (Some("Bea 199"), None), "{second}");
}

#[tokio::test]
async fn a_file_of_the_log_ends_when_the_right_to_read_it_does() {
    let site = Site::open().await;
    let ada = site.person("Ada", &[], Some(InstallationRole::Admin)).await;
    let mut browser = site.browser(&ada).await;
    site.sql(
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1200)
         INSERT INTO audit (id, at, person, origin, action, outcome, object, reason)
         SELECT 1000 + n, n, 'Bea', 'page', 'launch', 'done', 'one', '' FROM numbers",
    )
    .await;
    let mut body = browser.stream("/api/v1/audit?format=csv").await;
    let mut read = body.frame().await.expect("a head").expect("whole").into_data().expect("bytes").len();
    read += body.frame().await.expect("entries").expect("whole").into_data().expect("bytes").len();
    assert!(read > 1000, "it had begun");
    site.sql("UPDATE users SET role = NULL").await;
    let mut end = Ok(());
    while let Some(frame) = body.frame().await {
        end = frame.map(drop);
    }
    assert!(end.is_err(), "what was cut is no whole file");
}

#[tokio::test]
async fn a_member_s_refused_edits_and_decisions_are_in_the_log() {
    let site = Site::open().await;
    let bea = site.person("Bea", &["blue"], None).await;
    let mut browser = site.browser(&bea).await;
    let form = Bringing { token: None, body: "form=role&role=admin", headers: &[] };
    browser.ask("POST", &format!("/people/{bea}"), form).await;
    let kept = site.stage.store.audit(&Search::default(), None, 10).await.expect("a log").items;
    let told: Vec<String> =
        kept.iter().map(|it| format!("{} {} {}", it.entry.who.person, it.entry.action, it.entry.outcome)).collect();
    assert!(told.contains(&"Bea change_role refused".to_owned()), "{told:?}");
}

#[tokio::test]
async fn an_engine_that_limits_nothing_starts_nothing_unless_the_operator_allows_it_and_then_says_so() {
    let stage = Stage::set_over(StandIn::holds_no_limits).await;
    let bea = stage.bea().await;
    let refused = stage.service.launch(&bea, ask("web")).await.expect_err("no limits");
    assert!(refused.to_string().contains("does not limit memory, CPU and processes"), "{refused}");
    let allowing = stage.serving_with(|host| host.without_limits = true).await;
    let launched = allowing.launch(&bea, ask("web")).await.expect("allowed").id;
    let launched = allowing.settled(&bea, &launched).await.expect("settled");
    assert_eq!((launched.state, launched.limits_hold), (State::Running, false));
    assert_eq!(allowing.current_host().unlimited.len(), 3);
    // Who is refused now keeps what runs, and may stop it.
    stage.service.reconcile().await;
    assert!(stage.service.operate(&bea, &launched.id, Operation::Restart).await.is_err());
    stage.done(&bea, &launched.id, Operation::Stop).await.expect("stopped");
}
