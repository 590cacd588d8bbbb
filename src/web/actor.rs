//! Who acts: read from the database for every request, once, in front of pages, server functions and the API alike.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{ACCEPT, AUTHORIZATION, UPGRADE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use identity::{Auth, Credential, TOKEN_PREFIX};
use model::access::Actor;
use model::audit;
use service::error::fault;
use tower_sessions::Session;

use super::problem::Problem;
use super::proxies::ClientAddress;
use super::refusal;

/// Who acts in this request, if anybody. [`read`] puts it there.
#[derive(Debug, Clone, Default)]
pub struct CurrentActor(pub Option<Actor>);

impl<S: Sync> FromRequestParts<S> for CurrentActor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}

/// Several tokens, one of them ours, or one that is no text.
struct Unreadable;

/// The middleware. A token of ours decides where there is one; one that is no good is 401, whatever cookie comes with it.
pub async fn read(State(auth): State<Arc<Auth>>, mut request: Request, next: Next) -> Response {
    let wants_page = refusal::wants_page(request.headers());
    let Ok(credential) = credential(&request, wants_page) else { return refusal::bad_token() };
    let actor = match &credential {
        Some(credential) => credential.actor(&auth, is_activity(&request)).await,
        None => Ok(None),
    };
    match actor {
        Ok(None) if matches!(credential, Some(Credential::Token(_))) => {
            let why = "unknown, expired or revoked, or nothing admits its owner any more";
            match auth.note_refused(audit::Action::UseToken, client(&request), why).await {
                Ok(()) => refusal::bad_token(),
                Err(error) => refusal::too_many(wants_page, auth.clock(), error.into()),
            }
        }
        Ok(actor) => {
            request.extensions_mut().insert(CurrentActor(actor));
            if let Some(credential) = credential {
                request.extensions_mut().insert(credential);
            }
            next.run(request).await
        }
        Err(error) if wants_page => {
            tracing::error!(%error, "who a request is from could not be read");
            refusal::unavailable(auth.clock())
        }
        Err(error) => Problem(fault(error)).into_response(),
    }
}

/// Where a request comes from, for the log.
fn client(request: &Request) -> Option<IpAddr> {
    request.extensions().get().map(|ClientAddress(address)| *address)
}

/// A proxy in front may add credentials of its own, `Basic` or a token of the provider's: they are none of our business beside
/// a session, nor for a page, which leads to the sign-in then.
fn credential(request: &Request, wants_page: bool) -> Result<Option<Credential>, Unreadable> {
    let bearers: Vec<&HeaderValue> =
        request.headers().get_all(AUTHORIZATION).iter().filter(|it| is_bearer(it)).collect();
    let text = |value: &HeaderValue| value.to_str().ok().map(|text| text[SCHEME.len()..].trim().to_owned());
    match (bearers.iter().any(|value| is_ours(value)), bearers.as_slice()) {
        (false, _) => {}
        (true, [token]) => return text(token).map(|token| Some(Credential::Token(token))).ok_or(Unreadable),
        (true, _) => return Err(Unreadable),
    }
    if let Some(session) = request.extensions().get::<Session>().and_then(Session::id) {
        return Ok(Some(Credential::Session(session.to_string())));
    }
    match bearers.as_slice() {
        [] => Ok(None),
        _ if wants_page => Ok(None),
        [foreign] => text(foreign).map(|token| Some(Credential::Token(token))).ok_or(Unreadable),
        _ => Err(Unreadable),
    }
}

/// Before a token, with the space that ends it or without a token at all.
const SCHEME: &str = "bearer";

fn is_bearer(value: &HeaderValue) -> bool {
    let (scheme, rest) = value.as_bytes().split_at(SCHEME.len().min(value.len()));
    scheme.eq_ignore_ascii_case(SCHEME.as_bytes()) && rest.first().is_none_or(|next| *next == b' ')
}

fn is_ours(value: &HeaderValue) -> bool {
    is_bearer(value) && value.as_bytes()[SCHEME.len()..].trim_ascii_start().starts_with(TOKEN_PREFIX.as_bytes())
}

/// Whether a request brings a token of ours. No browser adds one by itself, nor lets another site add it without asking us
/// first, which we never allow.
#[must_use]
pub fn brings_token(headers: &HeaderMap) -> bool {
    headers.get_all(AUTHORIZATION).iter().any(is_ours)
}

/// Whether a request shows that somebody is there: live streams do not, nor what a page reads by itself while it is open.
fn is_activity(request: &Request) -> bool {
    let headers = request.headers();
    let streams = |value: &HeaderValue| value.as_bytes().starts_with(b"text/event-stream");
    let reads = request.method() == Method::GET && request.uri().path().starts_with("/fn/");
    !(reads || headers.contains_key(UPGRADE) || headers.get(ACCEPT).is_some_and(streams))
}
