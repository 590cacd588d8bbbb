//! A fault in one handler is that request's own.

use axum::body::Body;
use axum::http::Request;

use super::support::Berth;

#[tokio::test]
async fn a_handler_that_panics_answers_with_a_reference_and_takes_nothing_else_down() {
    let berth = Berth::start().await;
    let mut browser = berth.operator().await;
    let answer = browser.get("/panics").await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (500, Some("application/problem+json")));
    let problem: serde_json::Value = serde_json::from_str(&answer.body).expect("a problem");
    assert_eq!((&problem["status"], &problem["code"]), (&500.into(), &"internal".into()));
    assert!(!answer.body.contains("a test put here"), "what the log tells, the answer does not: {}", answer.body);
    assert!(answer.header("content-security-policy").is_some(), "it is an answer like others");
    assert!(browser.who().await.is_some());

    let page = Request::get("/panics").header("accept", "text/html,*/*").body(Body::empty()).expect("a request");
    let page = browser.send(page).await;
    assert_eq!(page.status.as_u16(), 500);
    assert!(page.body.starts_with("<!DOCTYPE html>") && page.body.contains("the reference p"), "{}", page.body);
    assert!(berth.browser().get("/who").await.status.is_client_error());
}
