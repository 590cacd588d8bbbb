//! A handler that panics: its own request is answered with a fault and a reference to the log; nothing else notices.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use app::api::ApiError;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use clock::{Clock, hex};
use futures::FutureExt;

use super::problem::Problem;
use super::refusal::{Page, wants_page};
use model::text::line;

/// The middleware. What a handler holds when it panics is dropped with it: a transaction is rolled back, a lock is given up.
pub async fn caught(State(clock): State<Clock>, request: Request, next: Next) -> Response {
    let wants_page = wants_page(request.headers());
    let (method, path) = (request.method().clone(), line(request.uri().path()));
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => {
            let reference = format!("p{}", hex(&clock.random::<4>()));
            tracing::error!(%reference, %method, path, panic = line(words(&*panic)), "a handler panicked");
            fault(reference, wants_page, &clock)
        }
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without words")
}

fn fault(reference: String, wants_page: bool, clock: &Clock) -> Response {
    let error = ApiError::Internal { reference };
    if !wants_page {
        return Problem(error).into_response();
    }
    let page = Page {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        title: "Something went wrong on the server",
        text: &error.to_string(),
        links: &[("/", "Open Berth")],
    };
    page.answer(clock)
}
