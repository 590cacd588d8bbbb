//! How much a request may bring before anything looks at it.

use std::time::Duration;

use app::api::ApiError;
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use super::refusal;

/// Largest body, in bytes: a launch with all its variables is far smaller.
pub const BODY_MAX: usize = 256 * 1024;
/// The same for people.
pub const BODY_WORDS: &str = "256 KiB of a body";
/// Longest pause in a body.
pub const BODY_PAUSE: Duration = Duration::from_secs(30);
/// Longest address, in bytes.
const ADDRESS_MAX: usize = 8 * 1024;
/// All headers together, in bytes.
const HEADERS_MAX: usize = 32 * 1024;
/// Our own cookie has under 100 bytes; on a shared name others' come along.
const COOKIES_MAX: usize = 8 * 1024;

/// The middleware. What says no length is limited by `tower_http::limit::RequestBodyLimitLayer` with [`BODY_MAX`].
pub async fn check(request: Request, next: Next) -> Response {
    match refusal(&request) {
        None => next.run(request).await,
        Some(error) if refusal::wants_page(request.headers()) => {
            let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
            (status, format!("{error}\n")).into_response()
        }
        Some(error) => Problem(error).into_response(),
    }
}

fn refusal(request: &Request) -> Option<ApiError> {
    let headers = request.headers();
    let address = request.uri().path_and_query().map_or(0, |address| address.as_str().len());
    let all: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let cookies: usize = headers.get_all(COOKIE).iter().map(HeaderValue::len).sum();
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let (status, most) = if address > ADDRESS_MAX {
        (StatusCode::URI_TOO_LONG, "8 KiB of the address")
    } else if cookies > COOKIES_MAX {
        (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "8 KiB of cookies (delete some of this host in the browser)")
    } else if all > HEADERS_MAX {
        (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "32 KiB of headers")
    } else if length.is_some_and(|length: u64| length > BODY_MAX as u64) {
        (StatusCode::PAYLOAD_TOO_LARGE, BODY_WORDS)
    } else {
        return None;
    };
    Some(ApiError::TooLarge { status: status.as_u16(), most: most.to_owned() })
}
