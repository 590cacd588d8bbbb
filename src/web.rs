//! How it is reached: the whole URL table, and the layers in their order.

pub mod actor;
pub mod api_v1;
pub mod assets;
pub mod auth;
pub mod forms;
pub mod guard;
pub mod headers;
pub mod health;
pub mod layers;
pub mod limits;
pub mod live;
pub mod oidc;
pub mod operator;
pub mod pages;
pub mod problem;
pub mod proxies;
pub mod refusal;
pub mod return_to;
pub mod session;
pub mod sign_out;
pub mod text;

use std::sync::Arc;

use any_spawner::Executor;
use app::api::me::SignIn;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use leptos::prelude::LeptosOptions;
use tower_http::compression::CompressionLayer;

use self::auth::Auth;
use self::guard::Guard;
use self::headers::SecurityHeaders;
use crate::config::Config;
use crate::service::Service;

/// What handlers find in their state.
#[derive(Debug, Clone)]
pub struct Web {
    pub service: Service,
    pub auth: Arc<Auth>,
    pub guard: Arc<Guard>,
    pub headers: Arc<SecurityHeaders>,
    pub sign_in: SignIn,
    pub options: LeptosOptions,
}

/// Every URL there is. Who asks is read in front of everything but the site's own files; what they may do is decided in
/// the service.
pub fn router(config: &Config, service: &Service, auth: &Arc<Auth>) -> Router {
    // An error says that it is set already, as another router in a test does.
    drop(Executor::init_tokio());
    let web = Web {
        service: service.clone(),
        auth: Arc::clone(auth),
        guard: Arc::new(Guard::new(&auth.public_url, auth.clock.clone())),
        headers: Arc::new(SecurityHeaders::new(config, &auth.public_url)),
        sign_in: if config.oidc.is_some() { SignIn::Provider } else { SignIn::OperatorLink },
        options: LeptosOptions::builder().output_name("berth").site_pkg_dir(assets::bundle()).build(),
    };
    let asked = Router::new()
        .route("/live", get(live::live))
        .route("/fn/{*function}", get(pages::function).post(pages::function))
        .nest("/api/v1", api_v1::routes())
        .route("/teams", get(pages::page).post(forms::sent))
        .route("/teams/{name}", get(pages::page).post(forms::sent))
        .route("/templates", get(pages::page).post(forms::sent))
        .route("/templates/{slug}", get(pages::page).post(forms::sent))
        .route("/sizes", get(pages::page).post(forms::sent))
        .route("/people/{id}", get(pages::page).post(forms::sent))
        .fallback(pages::page)
        .with_state(web.clone())
        .merge(auth::routes(Arc::clone(auth)));
    layers::around(asked, auth, config).layer(CompressionLayer::new()).merge(open(&web))
}

/// What is the same for everybody: health and the site's files.
fn open(web: &Web) -> Router {
    let mut routes = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/pkg/{*path}", get(assets::bundled));
    for file in assets::public_files() {
        routes = routes.route(&format!("/{file}"), get(assets::public));
    }
    let headers = Arc::clone(&web.headers);
    routes.layer(from_fn_with_state(headers, headers::add)).with_state(web.clone())
}
