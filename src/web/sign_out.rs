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
    let id_token = match ended {
        Ok(id_token) => id_token,
        Err(error) => {
            tracing::error!(%error, "a session could not be ended");
            return refusal::problem(Problem::Internal);
        }
    };
    let next = auth.after_sign_out(id_token.as_deref()).await;
    (refusal::PRIVATE, [(SET_COOKIE, auth.cookie.removal())], Redirect::to(&next)).into_response()
}

impl Auth {
    /// On to the provider, to sign out there too; where that cannot be, back to our own page.
    async fn after_sign_out(&self, id_token: Option<&str>) -> String {
        let there = match (&self.provider, id_token) {
            (Some(provider), Some(id_token)) => provider.sign_out_address(id_token).await,
            _ => None,
        };
        there.unwrap_or_else(|| "/sign-in".to_owned())
    }
}
