//! The way out: the session's row goes first, so that its cookie is dead whatever else fails.

use std::sync::Arc;

use app::model::sign_in::Problem;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use tower_sessions::Session;

use super::auth::Auth;
use super::refusal;

/// `POST /auth/sign-out`.
pub async fn sign_out(State(auth): State<Arc<Auth>>, session: Session) -> Response {
    let ended = match session.id() {
        Some(id) => auth.store.end_session(&id.to_string()).await,
        None => Ok(None),
    };
    if let Err(error) = ended {
        tracing::error!(%error, "a session could not be ended");
        return refusal::problem(Problem::Internal);
    }
    (refusal::PRIVATE, [(SET_COOKIE, auth.cookie.removal())], Redirect::to("/sign-in")).into_response()
}
