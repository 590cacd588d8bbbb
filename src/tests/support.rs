//! A Berth to try things on: a database in a folder of its own, a clock that stands still, and browsers that keep cookies.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::header::{CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use clock::Clock;
use http_body_util::BodyExt;
use identity::Auth;
use model::access::{Actor, TokenScope};
use model::name::UserId;
use model::time::Timestamp;
use model::units::Span;
use store::Store;
use store::people::Identity;
use store::tokens::NewToken;
use tempfile::TempDir;
use tower::ServiceExt;
use web::actor::CurrentActor;
use web::headers::SecurityHeaders;
use web::{layers, proxies};

use crate::config::Config;

/// 2026-11-21, at noon.
const NOON: i64 = 1_795_262_400_000;

/// How long a request to the provider may take: longer than any does on a machine that is far overloaded.
pub const PATIENT: Duration = Duration::from_secs(30);
/// For stories of a provider that never answers, which are waited out.
pub const IMPATIENT: Duration = Duration::from_secs(3);

/// A clock in the test's hand. Its randomness counts, so that no two secrets are the same.
#[derive(Debug, Clone)]
pub struct TestClock {
    millis: Arc<AtomicI64>,
    drawn: Arc<AtomicU64>,
}

impl TestClock {
    pub fn new() -> Self {
        Self { millis: Arc::new(AtomicI64::new(NOON)), drawn: Arc::new(AtomicU64::new(1)) }
    }

    pub fn advance(&self, span: Span) {
        let millis = i64::try_from(span.as_seconds() * 1000).expect("a span of a test");
        self.millis.fetch_add(millis, Ordering::SeqCst);
    }

    pub fn clock(&self) -> Clock {
        let (millis, drawn) = (Arc::clone(&self.millis), Arc::clone(&self.drawn));
        let fill = move |bytes: &mut [u8]| {
            let count = drawn.fetch_add(1, Ordering::SeqCst).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
            for (byte, drawn) in bytes.iter_mut().zip(count.iter().cycle()) {
                *byte = *drawn;
            }
        };
        Clock::new(move || Timestamp::from_millis(millis.load(Ordering::SeqCst)), fill)
    }

    pub fn now(&self) -> Timestamp {
        self.clock().now()
    }
}

/// A running Berth, without a socket: requests go straight into its router.
#[derive(Debug)]
pub struct Berth {
    pub auth: Arc<Auth>,
    pub store: Store,
    pub clock: TestClock,
    pub headers: SecurityHeaders,
    router: Router,
    patience: Duration,
    folder: TempDir,
}

impl Berth {
    /// For one operator, on loopback.
    pub async fn start() -> Self {
        Self::configured("").await
    }

    pub async fn configured(berth_toml: &str) -> Self {
        Self::at(TestClock::new(), berth_toml, PATIENT).await
    }

    pub async fn at(clock: TestClock, berth_toml: &str, patience: Duration) -> Self {
        let config = Config::read(Some((Path::new("berth.toml"), berth_toml)), []).expect("a configuration");
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("berth.db")).await.expect("a database");
        let auth = auth_of(&config, store.clone(), &clock, patience);
        let headers = SecurityHeaders::new(&config.web(auth.public_url()), auth.public_url());
        let router = layers::around(routes(&auth), &auth, &config.web(auth.public_url()));
        Self { auth, store, clock, headers, router, patience, folder }
    }

    /// The same installation after a restart.
    pub async fn restarted(self, berth_toml: &str) -> Self {
        let config = Config::read(Some((Path::new("berth.toml"), berth_toml)), []).expect("a configuration");
        let auth = auth_of(&config, self.store.clone(), &self.clock, self.patience);
        let router = layers::around(routes(&auth), &auth, &config.web(auth.public_url()));
        Self { auth, router, ..self }
    }

    pub fn database(&self) -> std::path::PathBuf {
        self.folder.path().join("berth.db")
    }

    pub fn browser(&self) -> Browser {
        Browser::at(self.router.clone(), &self.auth)
    }

    /// A browser in which the operator is signed in.
    pub async fn operator(&self) -> Browser {
        let mut browser = self.browser();
        let link = self.auth.operator().expect("no provider is configured").path();
        assert_eq!(browser.get(&link).await.status, StatusCode::SEE_OTHER);
        browser
    }

    /// Somebody who signed in at some time, with these groups of the provider.
    pub async fn person(&self, name: &str, groups: &[&str]) -> UserId {
        let identity = Identity {
            issuer: "https://id.example".to_owned(),
            subject: name.to_owned(),
            name: name.to_owned(),
            email: Some(format!("{name}@example.org")),
            role: None,
        };
        let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
        let clock = self.clock.clock();
        self.store.sign_in_person(&identity, &groups, &clock.user_id(), clock.now()).await.expect("a person")
    }

    /// A token of somebody's, without an end.
    pub async fn token(&self, user: &UserId, scope: TokenScope) -> String {
        let token = NewToken { user, name: "test", scope, expires_at: None };
        self.store.create_token(token, &self.clock.clock()).await.expect("a token")
    }

    /// A team and the provider's group that makes its members.
    pub async fn team(&self, name: &str, group: &str, role: &str) {
        self.sql(&format!(
            "INSERT INTO teams (name, label, quota, per_member) VALUES ('{name}', '{name}', '{{}}', '{{}}')
             ON CONFLICT DO NOTHING;
             INSERT INTO team_groups (team, name, role) VALUES ('{name}', '{group}', '{role}')"
        ))
        .await;
    }

    pub async fn sql(&self, statements: &str) {
        self.store.sql(statements).await;
    }

    pub async fn count(&self, what: &str) -> i64 {
        self.store.count(what).await
    }
}

fn auth_of(config: &Config, store: Store, clock: &TestClock, patience: Duration) -> Arc<Auth> {
    let public_url = config.server.public_url_on(config.server.addr);
    let auth = Auth::new(config.identity(), public_url, store, clock.clock(), patience);
    Arc::new(auth.expect("certificates"))
}

/// Routes of ours, and a few that tell what they were given.
fn routes(auth: &Arc<Auth>) -> Router {
    Router::new()
        .route("/who", get(who))
        .route("/change", post(change))
        .route("/seen", get(seen))
        .route("/fault", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
        .route("/panics", get(panics))
        .merge(web::ways_in().router().with_state(Arc::clone(auth)))
}

async fn who(CurrentActor(actor): CurrentActor) -> Response {
    actor.map_or_else(|| StatusCode::UNAUTHORIZED.into_response(), |actor| Json(actor).into_response())
}

/// A handler with a fault that nobody has found yet.
async fn panics() -> Response {
    panic!("a fault that a test put here")
}

/// Changes something, for whoever is signed in.
async fn change(CurrentActor(actor): CurrentActor, body: Bytes) -> Response {
    match actor {
        Some(_) => format!("changed by {} bytes", body.len()).into_response(),
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

/// The client's address and the headers that came through.
async fn seen(request: axum::extract::Request) -> String {
    let client = request.extensions().get::<proxies::ClientAddress>().expect("an address").0;
    let names: Vec<&str> = request.headers().keys().map(axum::http::HeaderName::as_str).collect();
    format!("{client} {}", names.join(","))
}

/// Keeps cookies, names its origin as browsers do, and follows no redirect.
#[derive(Debug, Clone)]
pub struct Browser {
    router: Router,
    pub cookies: BTreeMap<String, String>,
    pub address: String,
    pub peer: SocketAddr,
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Browser {
    pub fn at(router: Router, auth: &Auth) -> Self {
        let peer = SocketAddr::from(([127, 0, 0, 1], 50_000));
        Self { router, cookies: BTreeMap::new(), address: auth.public_url().to_string(), peer }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).expect("a request")).await
    }

    /// From now on goes to this router.
    pub fn through(&mut self, router: Router) {
        self.router = router;
    }

    /// An answer that lasts, as it comes.
    pub async fn stream(&mut self, path: &str) -> Body {
        let request = Request::get(path).header(ORIGIN, &self.address).header("sec-fetch-site", "same-origin");
        let response = self.answered(request.body(Body::empty()).expect("a request")).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.into_body()
    }

    /// A form of one of our own pages.
    pub async fn post(&mut self, path: &str) -> Answer {
        let request = Request::post(path)
            .header(ORIGIN, &self.address)
            .header("sec-fetch-site", "same-origin")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    pub async fn bearer(&mut self, path: &str, token: &str) -> Answer {
        let request = Request::get(path).header("authorization", format!("Bearer {token}"));
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    /// Sends a request as it is, with the cookies that belong to it.
    pub async fn send(&mut self, request: Request<Body>) -> Answer {
        let (parts, body) = self.answered(request).await.into_parts();
        self.keep_cookies(&parts.headers);
        if parts.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream") {
            // It would never end.
            let mut body = body;
            let first = body.frame().await.and_then(|frame| frame.ok()?.into_data().ok()).unwrap_or_default();
            let body = String::from_utf8_lossy(&first).into_owned();
            return Answer { status: parts.status, headers: parts.headers, body };
        }
        let body = body.collect().await.expect("a body").to_bytes();
        Answer { status: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&body).into_owned() }
    }

    async fn answered(&self, mut request: Request<Body>) -> Response {
        if !self.cookies.is_empty() {
            let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request.headers_mut().insert(COOKIE, cookies.join("; ").parse().expect("cookies"));
        }
        request.extensions_mut().insert(ConnectInfo(self.peer));
        self.router.clone().oneshot(request).await.expect("an answer")
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for cookie in headers.get_all(SET_COOKIE) {
            let cookie = cookie.to_str().expect("a cookie");
            let (name, value) = cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Who is signed in here.
    pub async fn who(&mut self) -> Option<Actor> {
        let answer = self.get("/who").await;
        match answer.status {
            StatusCode::OK => Some(serde_json::from_str(&answer.body).expect("an actor")),
            StatusCode::UNAUTHORIZED => None,
            status => panic!("{status}: {}", answer.body),
        }
    }
}

impl Answer {
    #[track_caller]
    pub fn location(&self) -> &str {
        self.header(LOCATION.as_str()).unwrap_or_else(|| panic!("no Location in {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a text"))
    }

    /// The cookies that are set, as they stand in the headers.
    pub fn set_cookies(&self) -> Vec<&str> {
        self.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().expect("a text")).collect()
    }
}

/// A request that changes something, as another page or program would send it.
pub fn post_with(path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::builder().method(Method::POST).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from("{}")).expect("a request")
}

/// A parameter of an address.
pub fn query(url: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(url).expect("an address");
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}
