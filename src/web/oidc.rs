//! Signing in with the identity provider: the authorization code flow with PKCE (OpenID Connect Core 1.0, RFC 7636).

mod claims;
mod metadata;
mod provider;

use std::sync::Arc;

use app::model::access::Actor;
use app::model::sign_in::Problem;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use tower_sessions::Session;

use super::actor::CurrentActor;
use super::auth::{Auth, AuthError};
use super::refusal::{self, PRIVATE, Page};
use super::return_to::local_path;
use super::session::SIGN_IN_TIME;
use crate::store::people::Identity;
use crate::store::sessions::SignedIn;
use crate::store::sign_ins::SignIn;
use claims::{Groups, Known};
pub use provider::Provider;

#[derive(Debug, Deserialize)]
pub struct Start {
    return_to: Option<String>,
}

/// What the provider sends the browser back with.
#[derive(Debug, Deserialize)]
pub struct Answer {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    /// RFC 9207.
    iss: Option<String>,
}

/// `GET /auth/start`: on to the provider.
pub async fn start(
    State(auth): State<Arc<Auth>>,
    CurrentActor(actor): CurrentActor,
    Query(asked): Query<Start>,
    session: Session,
) -> Response {
    let return_to = local_path(asked.return_to.as_deref());
    let Some(provider) = &auth.provider else { return refusal::problem(Problem::NoLink) };
    if actor.is_some_and(|actor: Actor| actor.scope.is_none()) {
        return (PRIVATE, Redirect::to(return_to)).into_response();
    }
    let request = match provider.request().await {
        Ok(request) => request,
        Err(problem) => return refusal::problem(problem),
    };
    let pending =
        SignIn { nonce: request.nonce.clone(), verifier: request.verifier.clone(), return_to: return_to.to_owned() };
    match auth.begin_sign_in(&session, &request.state, &pending).await {
        Ok(()) => (PRIVATE, Redirect::to(&request.url)).into_response(),
        Err(error) => failed(&error),
    }
}

/// `GET /auth/callback`: back from the provider.
pub async fn callback(State(auth): State<Arc<Auth>>, Query(answer): Query<Answer>, session: Session) -> Response {
    let Some(provider) = &auth.provider else { return refusal::problem(Problem::NoLink) };
    let pending = match auth.take_sign_in(&session, answer.state.as_deref()).await {
        Ok(Some(pending)) => pending,
        Ok(None) => return not_begun_here(&auth),
        Err(error) => return failed(&error),
    };
    match auth.finish(provider, &session, &answer, &pending).await {
        Ok(()) => (PRIVATE, Redirect::to(&pending.return_to)).into_response(),
        Err(Refused::Sorry(problem)) => refusal::problem(problem),
        Err(Refused::Failed(error)) => failed(&error),
    }
}

fn failed(error: &AuthError) -> Response {
    tracing::error!(%error, "a sign-in could not be kept");
    refusal::problem(Problem::Internal)
}

/// The answer to no sign-in of this browser: missing, wrong, used or old. Nothing is asked of the provider.
fn not_begun_here(auth: &Auth) -> Response {
    let page = Page {
        status: StatusCode::BAD_REQUEST,
        title: "This sign-in cannot be finished",
        text: "It was not begun in this browser, was finished already, or took longer than ten minutes. Nothing has changed.",
        links: &[("/sign-in", "Sign in again")],
    };
    page.answer(&auth.clock)
}

enum Refused {
    Sorry(Problem),
    Failed(AuthError),
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Sorry(problem)
    }
}

impl<E: Into<AuthError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Auth {
    async fn begin_sign_in(&self, session: &Session, state: &str, pending: &SignIn) -> Result<(), AuthError> {
        // A session of its own for this browser, so that another one cannot finish what it began.
        session.save().await?;
        let browser = session.id().ok_or(AuthError::NoId)?.to_string();
        self.store.begin_sign_in(state, &browser, pending, self.clock.now()).await?;
        Ok(())
    }

    async fn take_sign_in(&self, session: &Session, state: Option<&str>) -> Result<Option<SignIn>, AuthError> {
        let (Some(state), Some(browser)) = (state, session.id()) else { return Ok(None) };
        let begun_after = self.clock.now().before(SIGN_IN_TIME);
        Ok(self.store.take_sign_in(state, &browser.to_string(), begun_after).await?)
    }

    async fn finish(
        &self,
        provider: &Provider,
        session: &Session,
        answer: &Answer,
        pending: &SignIn,
    ) -> Result<(), Refused> {
        provider.check_issuer(answer.iss.as_deref()).await?;
        let code = match (&answer.code, &answer.error) {
            (Some(code), None) => code,
            (_, error) => return Err(answered_error(error.as_deref()).into()),
        };
        let known = provider.redeem(code, &pending.verifier, &pending.nonce).await?;
        let (identity, groups) = self.admitted(provider, &known).await?;
        let now = self.clock.now();
        let user = self.store.sign_in_person(&identity, &groups, &self.clock.user_id(), now).await?;
        let who = SignedIn { user: &user, sid: known.sid.as_deref(), id_token: Some(&known.id_token) };
        self.open_session(session, who).await?;
        tracing::info!(person = %user, admin = identity.admin, groups = groups.len(), "somebody signed in");
        Ok(())
    }

    /// Whether a rule admits this person: the admin group, a team's group, or one of the allowed groups. Otherwise nobody
    /// is admitted, and who was before has nothing of it left.
    async fn admitted(&self, provider: &Provider, known: &Known) -> Result<(Identity, Vec<String>), Refused> {
        let before = self.store.known_person(&known.issuer, &known.subject).await?;
        if before.as_ref().is_some_and(|person| person.disabled) {
            tracing::info!("a disabled person was refused");
            return Err(Problem::Disabled.into());
        }
        let admin = provider.is_admin(&known.groups);
        let groups = match &known.groups {
            Groups::Listed(groups) => groups.clone(),
            // Said nothing: what they have stays, and nothing comes to it.
            Groups::Absent => before.as_ref().map(|person| person.groups.clone()).unwrap_or_default(),
            Groups::Unreadable(why) => {
                tracing::warn!(why, "the groups of somebody who signs in cannot be read");
                return Err(Problem::GroupsUnreadable.into());
            }
        };
        let of_teams = self.store.team_groups().await?;
        let admits = |group: &String| of_teams.contains(group) || self.allowed_groups.contains(group);
        if !admin && !groups.iter().any(admits) {
            if let Some(person) = &before {
                self.store.withdraw(&person.id, &groups).await?;
            }
            tracing::info!(groups = groups.len(), "nothing admits somebody who wanted to sign in");
            return Err(Problem::NotAdmitted.into());
        }
        let identity = Identity {
            issuer: known.issuer.clone(),
            subject: known.subject.clone(),
            name: known.name.clone(),
            email: known.email.clone(),
            admin,
        };
        Ok((identity, groups))
    }
}

/// The provider's own words for a refusal (OpenID Connect Core 3.1.2.6), as far as they lead to different advice.
fn answered_error(error: Option<&str>) -> Problem {
    match error {
        Some("access_denied") => Problem::Denied,
        Some("login_required" | "interaction_required" | "consent_required" | "account_selection_required") => {
            Problem::LoginRequired
        }
        Some("temporarily_unavailable" | "server_error") => Problem::ProviderUnavailable,
        Some(_) | None => Problem::ProviderError,
    }
}
