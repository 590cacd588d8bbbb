//! Who acts: read from the database for every request, once, in front of pages, server functions and the API alike.

use std::convert::Infallible;
use std::sync::Arc;

use app::model::access::{Actor, TokenScope};
use app::model::audit;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{ACCEPT, AUTHORIZATION, UPGRADE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower_sessions::Session;

use super::auth::Auth;
use super::problem::Problem;
use super::proxies::ClientAddress;
use super::refusal;
use crate::service::error::fault;
use crate::store::StoreError;
use crate::store::people::Person;

/// A page that asks again by itself says so with this header: it keeps nobody's session alive.
pub const BACKGROUND: HeaderName = HeaderName::from_static("berth-background");

/// Who acts in this request, if anybody. [`read`] puts it there.
#[derive(Debug, Clone, Default)]
pub struct CurrentActor(pub Option<Actor>);

impl<S: Sync> FromRequestParts<S> for CurrentActor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}

/// What the request showed to say who it is from: asked again while a stream lasts.
#[derive(Debug, Clone)]
pub enum Shown {
    Session(String),
    Token(String),
}

impl Shown {
    pub fn by(request: &Request) -> Option<Self> {
        let bearer = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        if let Some((_, token)) = bearer.and_then(|value| value.split_once(' ')) {
            return Some(Self::Token(token.trim().to_owned()));
        }
        let session = request.extensions().get::<Session>().and_then(Session::id);
        session.map(|id| Self::Session(id.to_string()))
    }

    /// Who that is now; `noted`: they did something.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn actor(&self, auth: &Auth, noted: bool) -> Result<Option<Actor>, StoreError> {
        match self {
            Self::Session(id) => auth.actor_of_session(id, noted).await,
            Self::Token(token) => auth.actor_of_token(token).await,
        }
    }
}

/// What a request shows to say who it is from.
enum Credential<'a> {
    /// The session's cookie, if anything.
    Session,
    Bearer(&'a str),
    Unreadable,
}

/// The middleware. A token decides where there is one; a token that is no good is 401, whatever cookie comes with it.
pub async fn read(State(auth): State<Arc<Auth>>, mut request: Request, next: Next) -> Response {
    let wants_page = refusal::wants_page(request.headers());
    let actor = match credential(request.headers()) {
        Credential::Unreadable => return refusal::bad_token(),
        Credential::Bearer(token) => match auth.actor_of_token(token).await {
            Ok(None) => {
                auth.note_refused(audit::Action::UseToken, client(&request), "unknown, expired or revoked").await;
                return refusal::bad_token();
            }
            actor => actor,
        },
        Credential::Session => match request.extensions().get::<Session>().and_then(Session::id) {
            Some(id) => auth.actor_of_session(&id.to_string(), is_activity(request.headers())).await,
            None => Ok(None),
        },
    };
    match actor {
        Ok(actor) => {
            request.extensions_mut().insert(CurrentActor(actor));
            next.run(request).await
        }
        Err(error) if wants_page => {
            tracing::error!(%error, "who a request is from could not be read");
            refusal::unavailable(&auth.clock)
        }
        Err(error) => Problem(fault(error)).into_response(),
    }
}

/// Where a request comes from, for the log.
fn client(request: &Request) -> Option<ClientAddress> {
    request.extensions().get().copied()
}

fn credential(headers: &HeaderMap) -> Credential<'_> {
    let mut given = headers.get_all(AUTHORIZATION).iter().filter_map(|value| match value.to_str() {
        Ok(text) => match text.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(Ok(token.trim())),
            None if text.eq_ignore_ascii_case("bearer") => Some(Err(())),
            // A proxy's own `Basic` is none of our business.
            _ => None,
        },
        Err(_) => Some(Err(())),
    });
    match (given.next(), given.next()) {
        (None, _) => Credential::Session,
        (Some(Ok(token)), None) => Credential::Bearer(token),
        _ => Credential::Unreadable,
    }
}

/// Whether a request shows that somebody is there: live streams and what a page asks by itself do not.
fn is_activity(headers: &HeaderMap) -> bool {
    let streams = |value: &axum::http::HeaderValue| value.as_bytes().starts_with(b"text/event-stream");
    !(headers.contains_key(UPGRADE) || headers.contains_key(BACKGROUND) || headers.get(ACCEPT).is_some_and(streams))
}

/// That somebody is there may fail to be written, as when the disk is full: they read on.
fn note_use(written: Result<(), StoreError>) {
    if let Err(error) = written {
        tracing::warn!(%error, "that a session or token was used cannot be noted");
    }
}

impl Auth {
    /// Who is signed in to a session, with the rights of this moment. `noted`: the request shows that they are there.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn actor_of_session(&self, id: &str, noted: bool) -> Result<Option<Actor>, StoreError> {
        let now = self.clock.now();
        let Some(visitor) = self.store.visitor(id, now, self.seen_after()).await? else { return Ok(None) };
        if noted && self.is_due(Some(visitor.seen_at)) {
            note_use(self.store.touch_session(id, now).await);
        }
        self.actor(visitor.person, None, None).await
    }

    /// Whose token this is, with the rights of this moment.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn actor_of_token(&self, token: &str) -> Result<Option<Actor>, StoreError> {
        let now = self.clock.now();
        let Some(bearer) = self.store.bearer(token, now).await? else { return Ok(None) };
        if self.is_due(bearer.used_at) {
            note_use(self.store.touch_token(&bearer.token_id, now).await);
        }
        self.actor(bearer.person, Some(bearer.scope), Some(bearer.name)).await
    }

    /// A person as one who acts, or nobody when no rule admits them any more.
    async fn actor(
        &self,
        person: Person,
        scope: Option<TokenScope>,
        token: Option<String>,
    ) -> Result<Option<Actor>, StoreError> {
        let teams = self.store.teams_of(&person.id).await?;
        if person.role.is_none() && teams.is_empty() && !self.is_allowed(&person.id).await? {
            return Ok(None);
        }
        let Person { id, name, email, role } = person;
        Ok(Some(Actor { id, name, email, role, teams, scope, token }))
    }
}
