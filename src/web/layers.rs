//! What every request passes, in this order, before it meets a route.

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use identity::Auth;
use identity::rates::AtOnce;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

use super::guard::{self, Guard};
use super::headers::{self, SecurityHeaders};
use super::proxies::{self, Proxies};
use super::{actor, limits, panics, reads, session};
use crate::Settings;

/// Puts the layers around `routes`. The last one here is the first that a request meets.
pub fn around(routes: Router, auth: &Arc<Auth>, settings: &Settings) -> Router {
    let guard = Arc::new(Guard::new(auth.public_url(), auth.clock().clone()));
    let security_headers = Arc::new(SecurityHeaders::new(settings, auth.public_url()));
    let reads = (Arc::clone(auth), AtOnce::new(settings.reads));
    let listed = Arc::new(Proxies::new(&settings.trusted_proxies));
    routes
        .layer(from_fn_with_state(reads, reads::limited))
        .layer(from_fn_with_state(Arc::clone(auth), actor::read))
        .layer(session::layer(auth))
        .layer(from_fn_with_state(guard, guard::check))
        .layer(RequestBodyLimitLayer::new(limits::BODY_MAX))
        .layer(RequestBodyTimeoutLayer::new(limits::BODY_PAUSE))
        .layer(from_fn(limits::check))
        .layer(from_fn_with_state(listed, proxies::note))
        .layer(from_fn_with_state(auth.clock().clone(), panics::caught))
        .layer(from_fn_with_state(security_headers, headers::add))
}
