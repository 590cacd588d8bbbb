//! How it is reached: the whole URL table, and the layers in their order.

pub mod actor;
mod api_v1;
pub mod assets;
pub mod connections;
mod forms;
mod guard;
pub mod headers;
mod health;
pub mod layers;
mod limits;
mod live;
mod operator;
mod pages;
mod panics;
mod prefer;
mod problem;
pub mod proxies;
mod reads;
mod refusal;
mod return_to;
mod session;
mod sign_in;
mod sign_out;
mod table;
pub mod terminal;

use std::num::NonZeroU32;
use std::sync::Arc;

use any_spawner::Executor;
use app::api::me::SignIn;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::Redirect;
use identity::Auth;
use identity::rates::{AtOnce, Counted};
use ipnet::IpNet;
use leptos::prelude::LeptosOptions;
use service::Service;
use tower_http::compression::CompressionLayer;

use self::guard::Guard;
use self::headers::SecurityHeaders;
use self::table::{Table, get, post};

/// What the operator decides of how it is reached.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether links to ports lead to another host than Berth's own: only then may browsers be told to come by https only.
    pub links_lead_elsewhere: bool,
    /// Live pages and terminals that are open, by person or token.
    pub streams: NonZeroU32,
    /// Reads under way, by person or token.
    pub reads: NonZeroU32,
}

/// What handlers find in their state.
#[derive(Debug, Clone)]
pub struct Web {
    pub service: Service,
    pub auth: Arc<Auth>,
    pub guard: Arc<Guard>,
    pub headers: Arc<SecurityHeaders>,
    pub sign_in: SignIn,
    /// Live pages and terminals.
    pub streams: AtOnce<Counted>,
    pub options: LeptosOptions,
}

/// Every URL there is. Who asks is read in front of everything but the site's own files; what they may do is decided in
/// the service.
pub fn router(settings: &Settings, service: &Service, auth: &Arc<Auth>) -> Router {
    // An error says that it is set already, as another router in a test does.
    drop(Executor::init_tokio());
    let web = Web {
        service: service.clone(),
        auth: Arc::clone(auth),
        guard: Arc::new(Guard::new(auth.public_url(), auth.clock().clone())),
        headers: Arc::new(SecurityHeaders::new(settings, auth.public_url())),
        streams: AtOnce::new(settings.streams),
        sign_in: if auth.provider().is_some() { SignIn::Provider } else { SignIn::OperatorLink },
        options: LeptosOptions::builder().output_name("berth").site_pkg_dir(assets::bundle()).build(),
    };
    let (asked, open, ways_in) = (asked(), open(), ways_in());
    tracing::debug!(urls = ?[asked.urls(), open.urls(), ways_in.urls()].concat(), "the URL table");
    let asked = asked.router().with_state(web.clone()).merge(ways_in.router().with_state(Arc::clone(auth)));
    let headers = from_fn_with_state(Arc::clone(&web.headers), headers::add);
    let open = open.router().layer(headers).with_state(web);
    layers::around(asked, auth, settings).layer(CompressionLayer::new()).merge(open)
}

/// What is asked by somebody, be it nobody.
fn asked() -> Table<Web> {
    Table::new()
        .route("/live", get(live::live))
        .route("/fn/{*function}", get(pages::function).post(pages::function))
        .nest("/api/v1", api_v1::routes())
        .route("/teams", get(pages::page).post(forms::sent))
        .route("/teams/{name}", get(pages::page).post(forms::sent))
        .route("/templates", get(pages::page).post(forms::sent))
        .route("/templates/{slug}", get(pages::page).post(forms::sent))
        .route("/sizes", get(pages::page).post(forms::sent))
        .route("/people/{id}", get(pages::page).post(forms::sent))
        .route("/hosts", get(pages::page).post(forms::sent))
        // Where the page was before there could be several.
        .route("/host", get(async || Redirect::permanent("/hosts")))
        .fallback(pages::page)
}

/// The ways in and out.
pub fn ways_in() -> Table<Arc<Auth>> {
    Table::new()
        .route("/auth/start", get(sign_in::start))
        .route("/auth/callback", get(sign_in::callback))
        .route("/auth/operator/{secret}", get(operator::enter))
        .route("/auth/sign-out", post(sign_out::sign_out))
}

/// What is the same for everybody: health and the site's files.
fn open() -> Table<Web> {
    let routes = Table::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/pkg/{*path}", get(assets::bundled));
    assets::public_files().iter().fold(routes, |routes, file| routes.route(&format!("/{file}"), get(assets::public)))
}

/// Every method and path that [`router`] answers; pages and server functions tell theirs themselves.
#[cfg(any(test, feature = "testing"))]
#[must_use]
pub fn urls() -> Vec<String> {
    [asked().urls(), open().urls(), ways_in().urls()].concat()
}
