//! Answers to what cannot be done, one helper for each shape: back to the sign-in page with a reason, a small page of its
//! own, a problem in JSON.

use app::api::ApiError;
use axum::Json;
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use clock::{Clock, hex};
use model::address::Address;
use model::sign_in::Problem;
use serde_json::json;

use super::problem;

/// For answers whose address or text is nobody else's business.
pub const PRIVATE: [(HeaderName, &str); 2] = [(CACHE_CONTROL, "no-store"), (REFERRER_POLICY, "no-referrer")];

/// To the sign-in page, which tells what happened and what to do. It starts nothing by itself, so this never goes round.
#[must_use]
pub fn problem(problem: Problem) -> Response {
    problem_before(problem, "")
}

/// The same, for somebody who wanted to go on to `return_to` then, and still does.
#[must_use]
pub fn problem_before(problem: Problem, return_to: &str) -> Response {
    let return_to = if return_to == "/" { "" } else { return_to };
    let page = Address::of("/sign-in").with("problem", problem.code()).with("return_to", return_to);
    (PRIVATE, Redirect::to(&page.to_string())).into_response()
}

/// A page that stands on its own, for requests that nothing of ours could have made.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    pub status: StatusCode,
    pub title: &'a str,
    pub text: &'a str,
    /// Where to go on: address and words.
    pub links: &'a [(&'a str, &'a str)],
}

impl Page<'_> {
    #[must_use]
    pub fn answer(self, clock: &Clock) -> Response {
        let nonce = hex(&clock.random::<16>());
        let policy = format!("default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; frame-ancestors 'none'");
        (self.status, PRIVATE, [(CONTENT_SECURITY_POLICY, policy)], Html(self.html(&nonce))).into_response()
    }

    fn html(self, nonce: &str) -> String {
        let links: String = self
            .links
            .iter()
            .map(|(address, words)| format!("<p><a href=\"{}\">{}</a></p>", escaped(address), escaped(words)))
            .collect();
        format!(
            "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title} · Berth</title>\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><style nonce=\"{nonce}\">{STYLE}</style>\
             </head><body><main><h1>{title}</h1><p>{text}</p>{links}</main></body></html>",
            title = escaped(self.title),
            text = escaped(self.text),
        )
    }
}

const STYLE: &str = ":root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}\
    body{margin:0;display:grid;min-height:100vh;place-items:center}main{max-width:34rem;padding:1.5rem}\
    h1{font-size:1.25rem}a{color:LinkText}";

/// Text as it may stand in HTML, in an attribute too.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
    html
}

/// Whether whoever asks reads pages. Scripts get a problem in JSON instead.
#[must_use]
pub fn wants_page(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).and_then(|kinds| kinds.to_str().ok()).is_some_and(|kinds| kinds.contains("text/html"))
}

/// 503 for every page, while the database does not answer.
#[must_use]
pub fn unavailable(clock: &Clock) -> Response {
    let page = Page {
        status: StatusCode::SERVICE_UNAVAILABLE,
        title: "Berth cannot read its database",
        text: "Nothing is lost, and what runs goes on running. Try again in a minute; admins find the cause in the log.",
        links: &[("/", "Try again")],
    };
    page.answer(clock)
}

/// 429 with the seconds to wait, for somebody who reads pages or for a script.
#[must_use]
pub fn too_many(wants_page: bool, clock: &Clock, error: ApiError) -> Response {
    let ApiError::TooMany { retry_after_seconds } = error else { return problem::Problem(error).into_response() };
    if !wants_page {
        return problem::Problem(error).into_response();
    }
    let page = Page {
        status: StatusCode::TOO_MANY_REQUESTS,
        title: "Too many requests",
        text: "Nothing was changed. Wait a minute, then try again.",
        links: &[("/", "Try again")],
    };
    let mut response = page.answer(clock);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after_seconds));
    response
}

/// 401 for a token that is unknown, expired, revoked or not a token at all: which of them is not told.
#[must_use]
pub fn bad_token() -> Response {
    let challenge = [(WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")];
    let detail = "This token is unknown, expired or revoked: make a new one with `berth token create`.";
    (challenge, problem_json(&ApiError::SignedOut, detail)).into_response()
}

/// A problem as in RFC 9457.
#[must_use]
pub fn problem_json(error: &ApiError, detail: &str) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let title = status.canonical_reason().unwrap_or("Error");
    let body = json!({"type": "about:blank", "title": title, "status": status.as_u16(), "code": error.code(), "detail": detail});
    let kind = [(CONTENT_TYPE, "application/problem+json")];
    (status, PRIVATE, kind, Json(body).into_response().into_body()).into_response()
}
