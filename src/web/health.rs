//! `/healthz` and `/readyz`: for whoever watches over the server.

use axum::extract::State;
use axum::http::StatusCode;

use super::Web;

/// It runs.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// It can do its work: the database answers. An engine that is away makes no server unready; pages say so.
pub async fn readyz(State(web): State<Web>) -> (StatusCode, &'static str) {
    match web.service.ready().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
    }
}
