//! The way out: the session's row goes first, so that its cookie is dead whatever else fails; then the provider is told.
//!
//! Source: OpenID Connect RP-Initiated Logout 1.0.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::{REFRESH, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use identity::Auth;
use model::sign_in::Problem;
use tower_sessions::Session;
use url::Url;

use super::refusal::{self, Page};
use super::session::SessionCookie;

/// How long somebody who signs out waits for a provider that has to be found first.
const PATIENCE: Duration = Duration::from_secs(3);

/// After how long the page leads on by itself.
const ONWARD_SECONDS: u8 = 1;

/// `POST /auth/sign-out`.
pub async fn sign_out(State(auth): State<Arc<Auth>>, session: Session) -> Response {
    let ended = match session.id() {
        Some(id) => auth.sign_out(&id.to_string()).await,
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
        Some(id_token) => auth.end_session_url(id_token, PATIENCE).await,
        None => None,
    };
    (refusal::PRIVATE, [(SET_COOKIE, SessionCookie::of(auth.public_url()).removal())], onward(&auth, there))
        .into_response()
}

/// On to the provider by a page that says so, and not by a redirect: what a form leads to, our own policy allows for ourselves
/// only, and a provider may redirect once more. Who finds nothing there has read that they are signed out here.
fn onward(auth: &Auth, there: Option<Url>) -> Response {
    let Some(url) = there else { return Redirect::to("/sign-in").into_response() };
    let page = Page {
        status: StatusCode::OK,
        title: "You are signed out of Berth",
        text: "Signing you out at the identity provider as well.",
        links: &[(url.as_str(), "Sign out there now"), ("/sign-in", "Back to Berth")],
    };
    let mut response = page.answer(auth.clock());
    // A URL is written in ASCII.
    if let Ok(onward) = HeaderValue::from_str(&format!("{ONWARD_SECONDS};url={url}")) {
        response.headers_mut().insert(REFRESH, onward);
    }
    response
}
