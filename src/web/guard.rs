//! Cross-site requests: what changes something comes from our own pages, or brings a token that no browser adds by itself.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, COOKIE, HOST, ORIGIN};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use clock::Clock;
use identity::PublicUrl;
use identity::address::is_loopback_origin;

use super::actor::brings_token;
use super::refusal::Page;

/// Which origins are ours.
#[derive(Debug, Clone)]
pub struct Guard {
    origins: Vec<String>,
    /// Whether we are on loopback, where a tunnel brings people by another port.
    tunnelled: bool,
    clock: Clock,
}

impl Guard {
    #[must_use]
    pub fn new(public_url: &PublicUrl, clock: Clock) -> Self {
        Self { origins: public_url.origins(), tunnelled: public_url.is_loopback() && !public_url.is_https(), clock }
    }

    /// Whether a request comes from one of our own pages; without either header, it comes from no page at all.
    fn comes_from_us(&self, headers: &HeaderMap) -> Option<bool> {
        let site = headers.get("sec-fetch-site").map(|site| site == "same-origin");
        // A browser that says so itself says that the page is from the address that it asks.
        let tunnelled = self.tunnelled && site == Some(true);
        let origin = headers.get(ORIGIN).map(|origin| self.is_ours(origin) || (tunnelled && is_local(origin)));
        match (origin, site) {
            (None, None) => None,
            (origin, site) => Some(origin.unwrap_or(true) && site.unwrap_or(true)),
        }
    }

    fn is_ours(&self, origin: &HeaderValue) -> bool {
        self.origins.iter().any(|ours| ours.as_bytes() == origin.as_bytes())
    }

    /// Whether a request may change something.
    fn admits(&self, headers: &HeaderMap) -> bool {
        if brings_token(headers) {
            return true;
        }
        !is_plain_text(headers) && self.comes_from_us(headers).unwrap_or(!headers.contains_key(COOKIE))
    }

    /// Where a page is that was asked for under another name of loopback than ours: cookies know no port, and links to
    /// environments have the other name, so that nobody's session is sent there.
    fn own_address(&self, request: &Request) -> Option<String> {
        let headers = request.headers();
        let navigates = headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate");
        let asked = format!("http://{}", headers.get(HOST)?.to_str().ok()?);
        let own = self.origins.first().filter(|own| **own != asked && self.origins.contains(&asked))?;
        let path = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
        (navigates && *request.method() == Method::GET).then(|| format!("{own}{path}"))
    }

    /// For WebSockets and event streams, which browsers open with GET and across sites: whether the page is ours.
    #[must_use]
    pub fn admits_stream(&self, headers: &HeaderMap) -> bool {
        brings_token(headers) || self.comes_from_us(headers).unwrap_or(!headers.contains_key(COOKIE))
    }
}

fn is_local(origin: &HeaderValue) -> bool {
    origin.to_str().is_ok_and(is_loopback_origin)
}

/// What another site's form can send without being asked; nothing of ours does.
fn is_plain_text(headers: &HeaderMap) -> bool {
    let plain =
        |value: &HeaderValue| value.as_bytes().get(..10).is_some_and(|start| start.eq_ignore_ascii_case(b"text/plain"));
    headers.get(CONTENT_TYPE).is_some_and(plain)
}

/// The middleware.
pub async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    if let Some(address) = guard.own_address(&request) {
        return Redirect::temporary(&address).into_response();
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if reads || guard.admits(request.headers()) {
        return next.run(request).await;
    }
    let origin = request.headers().get(ORIGIN).map(|origin| String::from_utf8_lossy(origin.as_bytes()));
    let origin = model::units::shorten(&origin.unwrap_or_default());
    tracing::warn!(origin, ours = ?guard.origins, "a request from another site was refused; is server.public_url right?");
    let text = format!(
        "So nothing was done. Open Berth at its own address, {}, and try again there; scripts use a token.",
        guard.origins.first().map_or("", String::as_str)
    );
    let page = Page {
        status: StatusCode::FORBIDDEN,
        title: "This did not come from Berth's own pages",
        text: &text,
        links: &[("/", "Open Berth")],
    };
    page.answer(&guard.clock)
}
