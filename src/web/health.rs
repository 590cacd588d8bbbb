//! `/healthz` and `/readyz`: for whoever watches over the server.

use axum::extract::State;
use axum::http::StatusCode;

use super::Web;

/// It runs.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// It can do its work: the database answers. An engine that is away makes no server unready; pages say so.
/// Below it the jobs that have come to their end, and when each last did.
pub async fn readyz(State(web): State<Web>) -> (StatusCode, String) {
    match web.service.ready().await {
        Ok(()) => {
            let jobs = web.service.jobs().into_iter().map(|(name, at)| format!("job {name} {at}\n"));
            (StatusCode::OK, std::iter::once("ready\n".to_owned()).chain(jobs).collect())
        }
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n".to_owned())
        }
    }
}
