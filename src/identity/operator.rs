//! The way in where there is no identity provider: a link that is printed at start, for one operator on this machine.

use std::sync::{Mutex, PoisonError};

use clock::Clock;
use model::access::InstallationRole;
use model::name::UserId;
use sha2::{Digest, Sha256};
use store::people::Identity;
use store::sessions::SignedIn;
use store::{Store, StoreError};
use tower_sessions::Session;

use super::auth::{Auth, AuthError};

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
    pub fn take(&self, secret: &str) -> bool {
        let given: [u8; 32] = Sha256::digest(secret).into();
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.take_if(|left| *left == given).is_some()
    }

    /// It signed nobody in after all, and may be tried again.
    pub fn give_back(&self) {
        *self.left.lock().unwrap_or_else(PoisonError::into_inner) = Some(Sha256::digest(&self.secret).into());
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
    /// # Errors
    /// When the database fails.
    pub async fn sign_in_operator(&self, session: &Session) -> Result<(), AuthError> {
        let user = ensure(&self.store, &self.clock).await?;
        self.open_session(session, SignedIn { user: &user, sid: None, id_token: None }).await?;
        tracing::info!("the operator signed in with the link");
        Ok(())
    }
}
