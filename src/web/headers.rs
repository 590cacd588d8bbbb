//! What every answer tells the browser to refuse.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use identity::PublicUrl;

use crate::Settings;

/// Headers for this installation.
#[derive(Debug, Clone)]
pub struct SecurityHeaders {
    /// Whether browsers may be told to come by https only.
    https_only: bool,
}

impl SecurityHeaders {
    #[must_use]
    pub fn new(settings: &Settings, public_url: &PublicUrl) -> Self {
        Self { https_only: public_url.is_https() && settings.links_lead_elsewhere }
    }

    /// What a page may load and run: our own files, WebAssembly, and inline what carries the nonce.
    #[must_use]
    pub fn content_security_policy(&self, nonce: Option<&str>) -> String {
        let nonce = nonce.map_or_else(String::new, |nonce| format!(" 'nonce-{nonce}'"));
        format!(
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{nonce}; style-src 'self'{nonce}; \
             img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
    }

    fn add(&self, headers: &mut HeaderMap) {
        let mut default = |name: HeaderName, value: HeaderValue| {
            headers.entry(name).or_insert(value);
        };
        let policy = self.content_security_policy(None);
        default(CONTENT_SECURITY_POLICY, policy.parse().expect("an origin has no control characters"));
        default(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        default(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        // Not `no-referrer`: with it, browsers name the origin of our own forms `null`.
        default(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        default(HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin"));
        default(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
        default(
            HeaderName::from_static("permissions-policy"),
            HeaderValue::from_static("camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
        );
        default(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.https_only {
            default(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
        }
    }
}

/// The middleware. What an answer sets itself is left alone.
pub async fn add(State(headers): State<Arc<SecurityHeaders>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    headers.add(response.headers_mut());
    response
}
