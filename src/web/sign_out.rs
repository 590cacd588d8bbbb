//! The way out: the session's row goes first, so that its cookie is dead whatever else fails; then the provider is told.
//!
//! Source: OpenID Connect RP-Initiated Logout 1.0.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::{REFRESH, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use model::sign_in::Problem;
use tower_sessions::Session;
use url::Url;

use super::auth::Auth;
use super::refusal::{self, Page};

/// How long somebody who signs out waits for a provider that has to be found first.
const PATIENCE: Duration = Duration::from_secs(3);

/// After how long the page leads on by itself.
const ONWARD_SECONDS: u8 = 1;

/// `POST /auth/sign-out`.
pub async fn sign_out(State(auth): State<Arc<Auth>>, session: Session) -> Response {
    let ended = match session.id() {
        Some(id) => auth.store.sign_out(&id.to_string(), auth.clock.now()).await,
        None => Ok(None),
    };
    let id_token = match ended {
        Ok(id_token) => id_token,
        Err(error) => {
            tracing::error!(%error, "a session could not be ended");
            return refusal::problem(Problem::Internal);
        }
    };
    let there = match &id_token {
        Some(id_token) => auth.end_session_url(id_token).await,
        None => None,
    };
    (refusal::PRIVATE, [(SET_COOKIE, auth.cookie.removal())], auth.onward(there)).into_response()
}

impl Auth {
    /// Where the provider's own session ends; `None` where it cannot be, or the provider does not answer.
    async fn end_session_url(&self, id_token: &str) -> Option<Url> {
        let provider = self.provider.as_ref()?;
        match tokio::time::timeout(PATIENCE, provider.known()).await {
            Ok(Ok(known)) => provider.end_session_url(&known, Some(id_token), self.public_url.at("/sign-in")),
            Ok(Err(_)) | Err(_) => {
                tracing::warn!("signed out here only: the identity provider does not answer");
                None
            }
        }
    }

    /// On to the provider by a page that says so, and not by a redirect: what a form leads to, our own policy allows for ourselves
    /// only, and a provider may redirect once more. Who finds nothing there has read that they are signed out here.
    fn onward(&self, there: Option<Url>) -> Response {
        let Some(url) = there else { return Redirect::to("/sign-in").into_response() };
        let page = Page {
            status: StatusCode::OK,
            title: "You are signed out of Berth",
            text: "Signing you out at the identity provider as well.",
            links: &[(url.as_str(), "Sign out there now"), ("/sign-in", "Back to Berth")],
        };
        let mut response = page.answer(&self.clock);
        // A URL is written in ASCII.
        if let Ok(onward) = HeaderValue::from_str(&format!("{ONWARD_SECONDS};url={url}")) {
            response.headers_mut().insert(REFRESH, onward);
        }
        response
    }
}
