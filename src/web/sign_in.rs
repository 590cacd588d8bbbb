//! The ways to the provider and back: `GET /auth/start` and `GET /auth/callback`.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use identity::Auth;
use identity::sign_in::{Answer, Begin, Fault, Refusal};
use model::audit::Action;
use model::sign_in::Problem;
use serde::Deserialize;
use tower_sessions::Session;

use super::actor::CurrentActor;
use super::proxies::ClientAddress;
use super::refusal::{self, Page};
use super::return_to::local_path;

#[derive(Debug, Deserialize)]
pub struct Asked {
    return_to: Option<String>,
    /// `other`: the person chooses at the provider as whom.
    account: Option<String>,
}

/// To the provider, with a state, a nonce and a PKCE challenge that only this browser's sign-in has.
pub async fn start(
    State(auth): State<Arc<Auth>>,
    CurrentActor(actor): CurrentActor,
    client: Option<Extension<ClientAddress>>,
    headers: HeaderMap,
    session: Session,
    Query(asked): Query<Asked>,
) -> Response {
    if auth.provider().is_none() {
        return Redirect::to("/sign-in").into_response();
    }
    if actor.is_none()
        && let Err(error) = auth.count_sign_in(address(client))
    {
        return refusal::too_many(refusal::wants_page(&headers), auth.clock(), error.into());
    }
    let return_to = local_path(asked.return_to.as_deref());
    let chooses = asked.account.as_deref() == Some("other");
    match auth.begin_sign_in(&session, Begin { return_to, chooses, signed_in: actor.is_some() }).await {
        Ok(url) => (refusal::PRIVATE, Redirect::to(&url)).into_response(),
        Err(Refusal::Fault(Fault { problem, .. })) => refusal::problem_before(problem, return_to),
        Err(refused) => {
            tracing::error!(?refused, "a sign-in could not be begun");
            refusal::problem_before(Problem::Internal, return_to)
        }
    }
}

/// The provider's answer.
pub async fn callback(
    State(auth): State<Arc<Auth>>,
    session: Session,
    client: Option<Extension<ClientAddress>>,
    headers: HeaderMap,
    answer: Result<Query<Answer>, QueryRejection>,
) -> Response {
    let (signed_in, return_to) = match answer {
        Ok(Query(answer)) => auth.finish_sign_in(&session, answer).await,
        Err(_) => (Err(Refusal::NotBegun("the answer cannot be read")), String::new()),
    };
    let Err(refused) = signed_in else { return (refusal::PRIVATE, Redirect::to(&return_to)).into_response() };
    match auth.note_refused(Action::SignIn, address(client), refused.reason()).await {
        Ok(()) => explain(&auth, refused, &return_to),
        Err(error) => refusal::too_many(refusal::wants_page(&headers), auth.clock(), error.into()),
    }
}

fn address(client: Option<Extension<ClientAddress>>) -> Option<std::net::IpAddr> {
    client.map(|Extension(ClientAddress(address))| address)
}

/// Says once, in the log and to the person, why nobody was signed in.
fn explain(auth: &Auth, refusal: Refusal, return_to: &str) -> Response {
    match refusal {
        Refusal::NotBegun(reason) => {
            tracing::warn!(reason, "an answer to no sign-in was refused");
            not_begun(&format!(
                "It was begun in another browser, at another address than {}, or more than 10 minutes ago, or it is finished already. \
                 Nothing has changed: whoever was signed in here still is.",
                auth.public_url()
            ))
            .answer(auth.clock())
        }
        Refusal::Fault(Fault { problem, reason }) | Refusal::Stranger(_, Fault { problem, reason }) => {
            tracing::warn!(problem = problem.code(), reason, "nobody was signed in");
            refusal::problem_before(problem, return_to)
        }
        Refusal::Broken(error) => {
            tracing::error!(%error, "a sign-in could not be finished");
            refusal::problem_before(Problem::Internal, return_to)
        }
    }
}

const fn not_begun(text: &str) -> Page<'_> {
    Page {
        status: StatusCode::BAD_REQUEST,
        title: "This sign-in cannot be finished",
        text,
        links: &[("/", "Open Berth"), ("/auth/start", "Sign in again")],
    }
}
