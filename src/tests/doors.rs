//! The doors of the house: its whole router around a stage, and people who come with a browser's session or a script's token.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, LOCATION, ORIGIN};
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use identity::Auth;
use model::access::{InstallationRole, TokenScope};
use model::units::Span;
use serde_json::Value;
use service::apply;
use store::people::Identity;
use store::sessions::SignedIn;
use store::tokens::NewToken;
use tower::ServiceExt;
use web::router;

use super::stage::Stage;
use super::support::PATIENT;
use crate::config::Config;

/// Teams blue and green with the groups that make their members: `blue` and `blue-leads`, `green` and `green-leads`.
const TEAMS: &str = r#"
[[team]]
name = "blue"
groups = { blue = "member", blue-leads = "lead" }
quota = { environments = 5, running = 3, cpus = 2, memory = "1GiB" }

[[team]]
name = "green"
groups = { green = "member", green-leads = "lead" }
"#;

pub struct Doors {
    pub stage: Stage,
    router: Router,
    address: String,
}

/// Somebody with a browser in which they are signed in, and a script with a token of theirs.
#[derive(Clone)]
pub struct Person {
    session: String,
    token: String,
    router: Router,
    address: String,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    /// Where it leads; empty where it leads nowhere.
    pub location: String,
    pub body: String,
}

impl Doors {
    pub async fn open() -> Self {
        let stage = Stage::set().await;
        let config = Config::read(Some((Path::new("berth.toml"), "")), []).expect("a configuration");
        let public_url = config.server.public_url_on(config.server.addr);
        let address = public_url.to_string();
        let auth = Auth::new(config.identity(), public_url, stage.store.clone(), stage.clock.clone(), PATIENT);
        let auth = Arc::new(auth.expect("certificates"));
        let router = router(&config.web(auth.public_url()), &stage.service, &auth);
        let doors = Self { stage, router, address };
        doors.declare(TEAMS).await;
        doors
    }

    /// Applies a catalogue on top, and returns the lines of difference.
    pub async fn declare(&self, catalogue: &str) -> Vec<String> {
        let now = self.stage.clock.now();
        let applied = apply::apply(&self.stage.store, catalogue, false, now).await;
        applied.unwrap_or_else(|error| panic!("{error}")).iter().map(ToString::to_string).collect()
    }

    pub async fn person(&self, name: &str, group: &str) -> Person {
        self.somebody(name, &[group], None, TokenScope::Admin).await
    }

    pub async fn admin(&self) -> Person {
        self.somebody("Ada", &[], Some(InstallationRole::Admin), TokenScope::Admin).await
    }

    pub async fn auditor(&self) -> Person {
        self.somebody("Otto", &[], Some(InstallationRole::Auditor), TokenScope::Admin).await
    }

    pub async fn somebody(
        &self,
        name: &str,
        groups: &[&str],
        role: Option<InstallationRole>,
        scope: TokenScope,
    ) -> Person {
        let (store, now) = (&self.stage.store, self.stage.clock.now());
        let identity = Identity {
            issuer: "https://id.test".to_owned(),
            subject: name.to_owned(),
            name: name.to_owned(),
            email: None,
            role,
        };
        let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
        let id = store.sign_in_person(&identity, &groups, &self.stage.clock.user_id(), now).await.expect("a person");
        let session = tower_sessions::session::Id::default().to_string();
        let until = now.after(Span::hours(24 * 365));
        store.create_session(&session, "{}", now, until).await.expect("a session");
        let who = SignedIn { user: &id, sid: None, id_token: None };
        store.sign_in_session(&session, who, now, until).await.expect("signed in");
        let token = NewToken { user: &id, name: "test", scope, expires_at: None };
        let token = store.create_token(token, &self.stage.clock).await.expect("a token");
        Person { session, token, router: self.router.clone(), address: self.address.clone() }
    }
}

impl Person {
    /// Through the API, with the token.
    pub async fn api(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .header(CONTENT_TYPE, "application/json");
        let reply = self.send(request.body(body).expect("a request")).await;
        (reply.status, serde_json::from_str(&reply.body).unwrap_or(Value::String(reply.body)))
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.api(Method::GET, path, Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    pub async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.api(Method::POST, path, body).await
    }

    /// A page, with the session.
    pub async fn page(&self, path: &str) -> Reply {
        let request =
            Request::get(path).header(COOKIE, format!("berth-3000={}", self.session)).header(ACCEPT, "text/html");
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    /// A form that the browser sends by itself, or where `by_script` that our script sends.
    pub async fn form(&self, function: &str, fields: &[(&str, &str)], by_script: bool) -> Reply {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(format!("/fn/{function}"))
            .header(COOKIE, format!("berth-3000={}", self.session))
            .header(ORIGIN, &self.address)
            .header(ACCEPT, if by_script { "application/json" } else { "text/html" })
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(form)).expect("a request")).await
    }

    async fn send(&self, mut request: Request<Body>) -> Reply {
        request.extensions_mut().insert(ConnectInfo(std::net::SocketAddr::from(([127, 0, 0, 1], 50_000))));
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let location = parts.headers.get(LOCATION).map(|value| value.to_str().expect("a text").to_owned());
        let body = body.collect().await.expect("a body").to_bytes();
        Reply {
            status: parts.status,
            location: location.unwrap_or_default(),
            body: String::from_utf8(body.to_vec()).expect("a text"),
        }
    }
}
