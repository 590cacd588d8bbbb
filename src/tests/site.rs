//! A whole Berth: the real router over a service on the stand-in engine, and people with sessions and tokens.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::http::header::{CONTENT_TYPE, ORIGIN};
use identity::Auth;
use model::access::{InstallationRole, TokenScope};
use model::name::UserId;
use store::people::Identity;
use store::sessions::SignedIn;
use store::tokens::NewToken;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use web::connections;

use super::stage::Stage;
use super::support::{Answer, Browser, PATIENT};
use crate::config::{Config, Limits};

/// Which groups make somebody what, beside the stage's own catalogue.
const GROUPS: &str = "
    INSERT INTO team_groups (team, name, role) VALUES ('blue', 'blue', 'member'), ('blue', 'blue-leads', 'lead'),
        ('green', 'green', 'member'), ('green', 'green-leads', 'lead')";

pub struct Site {
    pub stage: Stage,
    pub auth: Arc<Auth>,
    router: Router,
}

impl Site {
    pub async fn open() -> Self {
        Self::configured("").await
    }

    pub async fn configured(berth_toml: &str) -> Self {
        let stage = Stage::set().await;
        let config = Config::read(Some((Path::new("berth.toml"), berth_toml)), []).expect("a configuration");
        let public_url = config.server.public_url_on(config.server.addr);
        let auth = Auth::new(config.identity(), public_url, stage.store.clone(), stage.clock.clone(), PATIENT);
        let auth = Arc::new(auth.expect("certificates"));
        let router = web::router(&config.web(auth.public_url()), &stage.service, &auth);
        let site = Self { stage, auth, router };
        site.sql(GROUPS).await;
        site
    }

    pub async fn sql(&self, statements: &str) {
        self.stage.store.sql(statements).await;
    }

    /// Somebody who signed in at some time.
    pub async fn person(&self, name: &str, groups: &[&str], role: Option<InstallationRole>) -> UserId {
        let identity = Identity {
            issuer: "https://id.test".to_owned(),
            subject: name.to_owned(),
            name: name.to_owned(),
            email: Some(format!("{}@example.org", name.to_lowercase())),
            role,
        };
        let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
        let (store, clock) = (&self.stage.store, &self.stage.clock);
        store.sign_in_person(&identity, &groups, &clock.user_id(), clock.now()).await.expect("a person")
    }

    /// A browser in which nobody is signed in.
    pub fn visitor(&self) -> Browser {
        Browser::at(self.router.clone(), &self.auth)
    }

    /// A browser with a session of somebody's.
    pub async fn browser(&self, user: &UserId) -> Browser {
        let (store, clock) = (&self.stage.store, &self.stage.clock);
        let id = tower_sessions::session::Id(i128::from_be_bytes(clock.random())).to_string();
        let (now, until) = (clock.now(), clock.now().after(self.auth.times().absolute));
        store.create_session(&id, "{}", now, until).await.expect("a session");
        let who = SignedIn { user, sid: None, id_token: None };
        store.sign_in_session(&id, who, now, until).await.expect("signed in");
        let mut browser = self.visitor();
        browser.cookies.insert("berth-3000".to_owned(), id);
        browser
    }

    /// The same on a socket of its own: for what a request alone cannot do.
    pub async fn listening(&self) -> Listening {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let at = listener.local_addr().expect("a bound port");
        let many = Limits::default().connections;
        let server = connections::serve(listener, self.router.clone(), many, CancellationToken::new());
        Listening { at, server: tokio::spawn(server) }
    }

    pub async fn token(&self, user: &UserId, scope: TokenScope) -> String {
        let token = NewToken { user, name: "nightly", scope, expires_at: None };
        self.stage.store.create_token(token, &self.stage.clock).await.expect("a token")
    }
}

/// A site that listens, until this is dropped.
pub struct Listening {
    pub at: SocketAddr,
    server: JoinHandle<()>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// What a request brings beside its address.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bringing<'a> {
    pub token: Option<&'a str>,
    /// JSON where it begins like that, else a form; nothing where it is empty.
    pub body: &'a str,
    pub headers: &'a [(&'a str, &'a str)],
}

impl Browser {
    /// A request as one of our pages or a script sends it.
    pub async fn ask(&mut self, method: &str, address: &str, bringing: Bringing<'_>) -> Answer {
        let kind =
            if bringing.body.starts_with('{') { "application/json" } else { "application/x-www-form-urlencoded" };
        let mut request = Request::builder().method(method).uri(address);
        request = match bringing.token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request.header(ORIGIN, &self.address).header("sec-fetch-site", "same-origin"),
        };
        if !bringing.body.is_empty() {
            request = request.header(CONTENT_TYPE, kind);
        }
        for (name, value) in bringing.headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(bringing.body.to_owned())).expect("a request")).await
    }
}

impl Answer {
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
