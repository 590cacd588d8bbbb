//! The way in where there is no identity provider: a link that is printed at start, for one operator on this machine.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Extension;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use clock::Clock;
use model::access::InstallationRole;
use model::audit::Action;
use model::name::UserId;
use model::sign_in::Problem;
use sha2::{Digest, Sha256};
use store::people::Identity;
use store::sessions::SignedIn;
use store::{Store, StoreError};
use tower_sessions::Session;

use super::auth::{Auth, AuthError};
use super::proxies::ClientAddress;
use super::refusal;

/// The issuer of people that this machine itself answers for.
const LOCAL: &str = "local";

/// A link that signs in once, however late. Every start makes another.
#[derive(Debug)]
pub struct OperatorLink {
    /// What is printed; only its hash is compared.
    secret: String,
    left: Mutex<Option<[u8; 32]>>,
}

impl OperatorLink {
    #[must_use]
    pub fn new(clock: &Clock) -> Self {
        let secret = clock.secret();
        let left = Mutex::new(Some(Sha256::digest(&secret).into()));
        Self { secret, left }
    }

    /// The path to open, below the public address.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/auth/operator/{}", self.secret)
    }

    /// Whether this is the link, which it then is no more.
    fn take(&self, secret: &str) -> bool {
        let given: [u8; 32] = Sha256::digest(secret).into();
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.take_if(|left| *left == given).is_some()
    }

    /// It signed nobody in after all, and may be tried again.
    fn give_back(&self) {
        *self.left.lock().unwrap_or_else(PoisonError::into_inner) = Some(Sha256::digest(&self.secret).into());
    }
}

/// `GET /auth/operator/{secret}`: signs the operator in, once.
pub async fn enter(
    State(auth): State<Arc<Auth>>,
    Path(secret): Path<String>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    client: Option<Extension<ClientAddress>>,
    headers: HeaderMap,
    session: Session,
) -> Response {
    let client = client.map(|Extension(client)| client);
    let Some(link) = &auth.operator else { return refusal::problem(Problem::NoLink) };
    let refusal = if !peer.ip().to_canonical().is_loopback() {
        tracing::warn!(%peer, "the operator's link was opened from another machine, and refused");
        Some("the operator's link was opened from another machine")
    } else if !link.take(&secret) {
        Some("this is not the operator's link, or it was used")
    } else {
        None
    };
    if let Some(why) = refusal {
        return match auth.note_refused(Action::SignIn, client, why).await {
            Ok(()) => refusal::problem(Problem::LinkUsed),
            Err(error) => refusal::too_many(refusal::wants_page(&headers), &auth.clock, error),
        };
    }
    match auth.sign_in_operator(&session).await {
        Ok(()) => (refusal::PRIVATE, Redirect::to("/")).into_response(),
        Err(error) => {
            tracing::error!(%error, "the operator could not be signed in");
            link.give_back();
            refusal::problem(Problem::Internal)
        }
    }
}

/// The one operator, made where there is none yet. The address is for `berth token create`.
///
/// # Errors
/// When the database fails.
pub async fn ensure(store: &Store, clock: &Clock) -> Result<UserId, StoreError> {
    let operator = Identity {
        issuer: LOCAL.to_owned(),
        subject: "operator".to_owned(),
        name: "operator".to_owned(),
        email: Some("operator@localhost".to_owned()),
        role: Some(InstallationRole::Admin),
    };
    store.sign_in_person(&operator, &[], &clock.user_id(), clock.now()).await
}

impl Auth {
    async fn sign_in_operator(&self, session: &Session) -> Result<(), AuthError> {
        let user = ensure(&self.store, &self.clock).await?;
        self.open_session(session, SignedIn { user: &user, sid: None, id_token: None }).await?;
        tracing::info!("the operator signed in with the link");
        Ok(())
    }
}
