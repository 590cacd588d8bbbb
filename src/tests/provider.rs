//! An identity provider on loopback that speaks the real protocol, and lies as it is told: a knob for each lie.

mod token;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::extract::{Form, Query, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

pub use token::{Key, Signing};

use super::support::{Answer, Berth, Browser, IMPATIENT, PATIENT, TestClock};

pub const CLIENT: &str = "berth";
pub const SECRET: &str = "client-secret";

/// What the provider does, and what it was asked. As it begins, it tells the truth about `bea`.
#[derive(Debug)]
pub struct Mind {
    /// Claims of the ID token beside or instead of the true ones; null takes one away.
    pub id_token: Map<String, Value>,
    /// Members of the ID token's header, likewise.
    pub header: Map<String, Value>,
    pub signing: Signing,
    pub key: Key,
    /// What the JWKS holds.
    pub announced: Vec<Key>,
    /// Members of the discovery document, likewise.
    pub discovery: Map<String, Value>,
    /// Members of the token endpoint's answer, likewise.
    pub token: Map<String, Value>,
    /// What UserInfo says of the subject.
    pub user_info: Map<String, Value>,
    /// What the answer says beside or instead of `code`, `state` and `iss`; empty takes one away.
    pub answer: BTreeMap<&'static str, String>,
    /// What an endpoint does instead of its work.
    pub moods: BTreeMap<&'static str, Mood>,
    /// How often each endpoint was asked.
    pub asked: BTreeMap<&'static str, usize>,
    pub access_token: String,
    codes: BTreeMap<String, Begun>,
    given: usize,
}

/// What is the matter with an endpoint.
#[derive(Debug, Clone)]
pub enum Mood {
    Status(StatusCode),
    /// A body with status 200.
    Says(String),
    /// An OAuth error.
    Refuses(&'static str),
    RedirectsTo(String),
    Hangs,
}

#[derive(Debug)]
struct Begun {
    nonce: Option<String>,
    challenge: String,
    redirect_uri: String,
}

#[derive(Debug, Clone)]
pub struct Provider {
    pub issuer: String,
    mind: Arc<Mutex<Mind>>,
    clock: TestClock,
}

impl Provider {
    pub async fn start(clock: &TestClock) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address: SocketAddr = listener.local_addr().expect("an address");
        let mind = Mind {
            id_token: Map::new(),
            header: Map::new(),
            signing: Signing::WithKey,
            key: Key::first(),
            announced: vec![Key::first()],
            discovery: Map::new(),
            token: Map::new(),
            user_info: Map::new(),
            answer: BTreeMap::new(),
            moods: BTreeMap::new(),
            asked: BTreeMap::new(),
            access_token: "access-token-1".to_owned(),
            codes: BTreeMap::new(),
            given: 0,
        };
        let provider =
            Self { issuer: format!("http://{address}"), mind: Arc::new(Mutex::new(mind)), clock: clock.clone() };
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/userinfo", get(user_info))
            .with_state(provider.clone());
        tokio::spawn(axum::serve(listener, routes).into_future());
        provider
    }

    pub fn mind(&self) -> MutexGuard<'_, Mind> {
        self.mind.lock().expect("no test has panicked here")
    }

    /// Says this of `bea` in the ID token from now on.
    pub fn claims(&self, claims: Value) {
        let Value::Object(claims) = claims else { panic!("claims are an object") };
        self.mind().id_token.extend(claims);
    }

    pub fn asked(&self, endpoint: &str) -> usize {
        self.mind().asked.get(endpoint).copied().unwrap_or(0)
    }

    pub fn forget_what_was_asked(&self) {
        self.mind().asked.clear();
    }

    /// What a browser does there: signs in at once, and is sent back with the address that is returned.
    pub async fn visit(&self, url: &str) -> String {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build();
        let response = http.expect("a client").get(url).send().await.expect("an answer");
        assert_eq!(response.status().as_u16(), 303, "the provider refuses {url}");
        response.headers()[LOCATION.as_str()].to_str().expect("an address").to_owned()
    }

    /// Notes that an endpoint was asked, and gives the answer that its mood has for it.
    async fn mood(&self, endpoint: &'static str) -> Option<Response> {
        let mood = {
            let mut mind = self.mind();
            *mind.asked.entry(endpoint).or_default() += 1;
            mind.moods.get(endpoint).cloned()
        };
        match mood? {
            Mood::Hangs => std::future::pending().await,
            Mood::Status(status) => Some((status, "out of order").into_response()),
            Mood::Says(body) => Some(([("content-type", "application/json")], body).into_response()),
            Mood::Refuses(error) => Some((StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response()),
            Mood::RedirectsTo(address) => Some(Redirect::temporary(&address).into_response()),
        }
    }
}

/// `base`, changed as a knob says.
fn changed(base: Value, knob: &Map<String, Value>) -> Value {
    let Value::Object(mut object) = base else { panic!("an object") };
    for (name, value) in knob {
        if value.is_null() {
            object.remove(name);
        } else {
            object.insert(name.clone(), value.clone());
        }
    }
    Value::Object(object)
}

async fn discovery(State(provider): State<Provider>) -> Response {
    if let Some(answer) = provider.mood("discovery").await {
        return answer;
    }
    let issuer = &provider.issuer;
    let document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/jwks"),
        "end_session_endpoint": format!("{issuer}/logout"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        "authorization_response_iss_parameter_supported": true,
    });
    Json(changed(document, &provider.mind().discovery)).into_response()
}

async fn jwks(State(provider): State<Provider>) -> Response {
    if let Some(answer) = provider.mood("jwks").await {
        return answer;
    }
    let keys: Vec<Value> = provider.mind().announced.iter().map(Key::public).collect();
    ([(CACHE_CONTROL, "max-age=3600")], Json(json!({"keys": keys}))).into_response()
}

async fn authorize(State(provider): State<Provider>, Query(asked): Query<BTreeMap<String, String>>) -> Response {
    if let Some(answer) = provider.mood("authorize").await {
        return answer;
    }
    let scopes: Vec<&str> = asked["scope"].split(' ').collect();
    let right = asked["response_type"] == "code" && asked["client_id"] == CLIENT && scopes.contains(&"openid");
    if !right || asked["code_challenge_method"] != "S256" {
        return (StatusCode::BAD_REQUEST, format!("{asked:?}")).into_response();
    }
    let begun = Begun {
        nonce: asked.get("nonce").cloned(),
        challenge: asked["code_challenge"].clone(),
        redirect_uri: asked["redirect_uri"].clone(),
    };
    let mut mind = provider.mind();
    mind.given += 1;
    let code = format!("code-{}", mind.given);
    let mut answer: BTreeMap<&str, String> =
        [("code", code.clone()), ("state", asked["state"].clone()), ("iss", provider.issuer.clone())].into();
    answer.extend(mind.answer.iter().map(|(name, value)| (*name, value.clone())));
    answer.retain(|_, value| !value.is_empty());
    let mut address = url::Url::parse(&begun.redirect_uri).expect("an address");
    address.query_pairs_mut().extend_pairs(answer);
    mind.codes.insert(code, begun);
    Redirect::to(address.as_str()).into_response()
}

async fn token(
    State(provider): State<Provider>,
    headers: HeaderMap,
    Form(asked): Form<BTreeMap<String, String>>,
) -> Response {
    if let Some(answer) = provider.mood("token").await {
        return answer;
    }
    let client = format!("Basic {}", BASE64_STANDARD.encode(format!("{CLIENT}:{SECRET}")));
    if headers.get(AUTHORIZATION).is_none_or(|given| *given != *client) {
        return (StatusCode::UNAUTHORIZED, Json(json!({"error": "invalid_client"}))).into_response();
    }
    let mut mind = provider.mind();
    let refused = (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    // A code is good for once.
    let Some(begun) = mind.codes.remove(&asked["code"]) else { return refused };
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&asked["code_verifier"]));
    if challenge != begun.challenge || asked["redirect_uri"] != begun.redirect_uri {
        return refused;
    }
    let now = provider.clock.now().as_millis() / 1000;
    let claims = json!({
        "iss": provider.issuer,
        "sub": "bea",
        "aud": CLIENT,
        "exp": now + 300,
        "iat": now,
        "nonce": begun.nonce,
        "name": "Bea",
        "email": "bea@example.org",
        "email_verified": true,
        "groups": ["staff"],
        "sid": "session-there",
    });
    let claims = changed(claims, &mind.id_token);
    let id_token = token::assemble(&mind, &claims);
    let answer = json!({"access_token": mind.access_token, "token_type": "Bearer", "id_token": id_token});
    ([(CACHE_CONTROL, "no-store")], Json(changed(answer, &mind.token))).into_response()
}

async fn user_info(State(provider): State<Provider>, headers: HeaderMap) -> Response {
    if let Some(answer) = provider.mood("userinfo").await {
        return answer;
    }
    let mind = provider.mind();
    let token = format!("Bearer {}", mind.access_token);
    if headers.get(AUTHORIZATION).is_none_or(|given| *given != *token) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(changed(json!({"sub": "bea"}), &mind.user_info)).into_response()
}

/// A Berth under https that trusts a provider, and both share a clock.
pub struct Pair {
    pub berth: Berth,
    pub provider: Provider,
}

impl Pair {
    pub async fn start() -> Self {
        Self::configured("").await
    }

    /// With more keys for `[oidc]`, and sections after it.
    pub async fn configured(more: &str) -> Self {
        Self::with(more, PATIENT).await
    }

    /// As long as it takes to see that the provider, in this mood, gives no answer.
    pub async fn facing(mood: &Mood) -> Self {
        Self::with("", if matches!(mood, Mood::Hangs) { IMPATIENT } else { PATIENT }).await
    }

    async fn with(more: &str, patience: Duration) -> Self {
        let clock = TestClock::new();
        let provider = Provider::start(&clock).await;
        let berth = Berth::at(clock, &berth_toml(&provider.issuer, more), patience).await;
        Self { berth, provider }
    }

    pub fn browser(&self) -> Browser {
        self.berth.browser()
    }

    /// Goes to the provider, and comes back with an address for [`Browser::get`] that is not opened yet.
    pub async fn begin(&self, browser: &mut Browser) -> String {
        let there = browser.get("/auth/start").await;
        let back = self.provider.visit(there.location()).await;
        back.strip_prefix("https://berth.example").expect("our own address").to_owned()
    }

    /// The whole way, up to the answer of the callback.
    pub async fn sign_in(&self, browser: &mut Browser) -> Answer {
        let back = self.begin(browser).await;
        browser.get(&back).await
    }

    pub async fn signed_in(&self) -> Browser {
        let mut browser = self.browser();
        assert_eq!(self.sign_in(&mut browser).await.location(), "/");
        browser
    }

    /// A sign-in that must end on the sign-in page with this problem, and sign nobody in.
    #[track_caller]
    pub fn refuses(&self, problem: &'static str) -> impl Future<Output = ()> + '_ {
        let caller = std::panic::Location::caller();
        async move {
            let mut browser = self.browser();
            let answer = self.sign_in(&mut browser).await;
            let expected = format!("/sign-in?problem={problem}");
            assert_eq!(answer.location(), expected, "in a test at {caller}");
            assert_eq!(browser.who().await, None, "in a test at {caller}");
        }
    }
}

pub fn berth_toml(issuer: &str, more: &str) -> String {
    format!(
        "[server]\npublic_url = \"https://berth.example\"\n\
         [oidc]\nissuer = \"{issuer}\"\nclient_id = \"{CLIENT}\"\nclient_secret = \"{SECRET}\"\n\
         admin_group = \"admins\"\nauditor_group = \"auditors\"\nallowed_groups = [\"staff\"]\n{more}"
    )
}
