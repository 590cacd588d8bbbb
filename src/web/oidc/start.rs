//! `GET /auth/start`: to the provider, with a state, a nonce and a PKCE challenge that only this browser's sign-in has.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use model::sign_in::Problem;
use serde::Deserialize;
use store::sign_ins::SignIn;
use tower_sessions::Session;

use super::provider::{Fault, Known, Provider};
use crate::web::actor::CurrentActor;
use crate::web::auth::{Auth, AuthError};
use crate::web::proxies::ClientAddress;
use crate::web::refusal;
use crate::web::return_to::local_path;
use crate::web::session::{SIGN_IN_TIME, keep_cookie_for};

/// What the session holds: a mark of this browser, which its sign-ins belong to.
pub(super) const BROWSER: &str = "browser";

#[derive(Debug, Deserialize)]
pub struct Asked {
    return_to: Option<String>,
    /// `other`: the person chooses at the provider as whom.
    account: Option<String>,
}

pub async fn start(
    State(auth): State<Arc<Auth>>,
    CurrentActor(actor): CurrentActor,
    client: Option<Extension<ClientAddress>>,
    headers: HeaderMap,
    session: Session,
    Query(asked): Query<Asked>,
) -> Response {
    let Some(provider) = &auth.provider else { return Redirect::to("/sign-in").into_response() };
    if actor.is_none()
        && let Err(error) = auth.count_sign_in(client.map(|Extension(client)| client))
    {
        return refusal::too_many(refusal::wants_page(&headers), &auth.clock, error);
    }
    let return_to = local_path(asked.return_to.as_deref());
    let known = match provider.known().await {
        Ok(known) => known,
        Err(Fault { problem, .. }) => return refusal::problem_before(problem, return_to),
    };
    if actor.is_none() {
        keep_cookie_for(&session, SIGN_IN_TIME);
    }
    match auth.begin_sign_in(provider, &known, &session, return_to, asked.account.as_deref() == Some("other")).await {
        Ok(url) => (refusal::PRIVATE, Redirect::to(&url)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a sign-in could not be begun");
            refusal::problem_before(Problem::Internal, return_to)
        }
    }
}

impl Auth {
    async fn begin_sign_in(
        &self,
        provider: &Provider,
        known: &Known,
        session: &Session,
        return_to: &str,
        chooses: bool,
    ) -> Result<String, AuthError> {
        let browser = self.mark(session).await?;
        let (state, nonce, verifier) = (self.clock.secret(), self.clock.secret(), self.clock.secret());
        let sign_in = SignIn { nonce, verifier, return_to: return_to.to_owned() };
        self.store.begin_sign_in(&state, &browser, &sign_in, self.clock.now()).await?;
        Ok(provider.authorization_url(known, state, &sign_in, chooses).into())
    }

    /// The browser's mark, in a session that is there for good.
    async fn mark(&self, session: &Session) -> Result<String, AuthError> {
        let browser = match session.get(BROWSER).await? {
            Some(browser) => browser,
            None => {
                let browser = self.clock.secret();
                session.insert(BROWSER, &browser).await?;
                browser
            }
        };
        session.save().await?;
        Ok(browser)
    }
}
