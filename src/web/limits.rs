//! How much a request may bring before anything looks at it.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::COOKIE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Largest body, in bytes: a launch with all its variables is far smaller.
pub const BODY_MAX: usize = 256 * 1024;
/// Longest address, in bytes.
const ADDRESS_MAX: usize = 8 * 1024;
/// All headers together, in bytes.
const HEADERS_MAX: usize = 32 * 1024;
/// Our own cookie has under 100 bytes; on a shared name others' come along.
const COOKIES_MAX: usize = 8 * 1024;

/// The middleware. Bodies are limited by `tower_http::limit::RequestBodyLimitLayer` with [`BODY_MAX`].
pub async fn check(request: Request, next: Next) -> Response {
    match refusal(&request) {
        None => next.run(request).await,
        Some(refused) => refused.into_response(),
    }
}

fn refusal(request: &Request) -> Option<(StatusCode, &'static str)> {
    let address = request.uri().path_and_query().map_or(0, |address| address.as_str().len());
    if address > ADDRESS_MAX {
        return Some((StatusCode::URI_TOO_LONG, "The address is too long: 8 KiB are read.\n"));
    }
    let headers = request.headers();
    let all: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let cookies: usize = headers.get_all(COOKIE).iter().map(axum::http::HeaderValue::len).sum();
    let too_large = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    if cookies > COOKIES_MAX {
        return Some((
            too_large,
            "The cookies for this host are too large: delete some in the browser and try again.\n",
        ));
    }
    (all > HEADERS_MAX).then_some((too_large, "The headers are too large: 32 KiB are read.\n"))
}
