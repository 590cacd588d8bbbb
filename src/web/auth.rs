//! What signing in and being signed in share: the rules, the session's times, the ways in; and their routes.

use std::sync::Arc;
use std::time::Duration;

use app::api::ApiError;
use clock::Clock;
use model::audit::{Action, Entry, Origin, Who};
use model::name::UserId;
use model::time::Timestamp;
use model::units::Span;
use store::sessions::SignedIn;
use store::{Store, StoreError};
use thiserror::Error;
use tower_sessions::{Session, SessionManagerLayer};

use super::oidc::provider::Provider;
use super::oidc::{callback, start};
use super::operator::{self, OperatorLink};
use super::proxies::ClientAddress;
use super::session::{Rows, SIGN_IN_TIME, SessionCookie, keep_cookie_for};
use super::sign_out;
use super::table::{Table, get, post};
use super::text::line;
use crate::config::{Config, PublicUrl, Sessions};
use crate::rates::{Neighbour, Rate};

/// Everything that decides who is signed in.
#[derive(Debug)]
pub struct Auth {
    pub store: Store,
    pub clock: Clock,
    pub times: Sessions,
    pub public_url: PublicUrl,
    pub cookie: SessionCookie,
    /// Which groups admit somebody even without a team.
    pub allowed_groups: Vec<String>,
    /// How long after a sign-in what the provider said then counts; `None`: without a provider, for ever.
    groups_valid_for: Option<Span>,
    sign_ins: Rate<Neighbour>,
    /// Where there is one, it is the only way in.
    pub provider: Option<Provider>,
    /// Where there is no provider.
    pub operator: Option<OperatorLink>,
}

/// Why a session could not be begun or read.
#[derive(Debug, Error)]
pub enum AuthError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the session: {0}")]
    Session(#[from] tower_sessions::session::Error),
    #[error("the session has no id after it was saved")]
    NoId,
}

impl Auth {
    /// `patience`: how long one request to the provider may take.
    ///
    /// # Errors
    /// When the system's certificates cannot be used.
    pub fn new(
        config: &Config,
        public_url: PublicUrl,
        store: Store,
        clock: Clock,
        patience: Duration,
    ) -> Result<Self, reqwest::Error> {
        let operator = config.oidc.is_none().then(|| OperatorLink::new(&clock));
        let provider = config.oidc.clone().map(|oidc| Provider::new(oidc, &public_url, clock.clone(), patience));
        Ok(Self {
            times: config.sessions,
            sign_ins: Rate::new(config.limits.sign_ins),
            cookie: SessionCookie::of(&public_url),
            allowed_groups: config.oidc.iter().flat_map(|oidc| oidc.allowed_groups.clone()).collect(),
            groups_valid_for: config.oidc.as_ref().map(|oidc| oidc.groups_valid_for),
            provider: provider.transpose()?,
            operator,
            public_url,
            store,
            clock,
        })
    }

    /// The layer that knows a browser by its cookie. `actor::read` goes inside it.
    #[must_use]
    pub fn sessions(&self) -> SessionManagerLayer<Rows> {
        self.cookie.layer(Rows::new(self.store.clone(), self.clock.clone(), self.times))
    }

    /// A session that was not used since then has ended.
    #[must_use]
    pub fn seen_after(&self) -> Timestamp {
        self.clock.now().before(self.times.idle)
    }

    /// What the provider said of somebody counts if that was after this.
    #[must_use]
    pub fn vouched_after(&self) -> Timestamp {
        self.groups_valid_for.map_or(Timestamp::from_millis(i64::MIN), |span| self.clock.now().before(span))
    }

    /// Whether the use of a session or token that was noted last at `noted` is noted again: once a minute is enough, and
    /// oftener only where a session ends sooner.
    #[must_use]
    pub fn is_due(&self, noted: Option<Timestamp>) -> bool {
        let every = Span::seconds(60.min(self.times.idle.as_seconds() / 4));
        noted.is_none_or(|noted| self.clock.now().since(noted) >= every)
    }

    /// Signs somebody in to this browser, under a new id: the one from before is dead.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_session(&self, session: &Session, who: SignedIn<'_>) -> Result<(), AuthError> {
        session.cycle_id().await?;
        keep_cookie_for(session, self.times.absolute);
        session.save().await?;
        let id = session.id().ok_or(AuthError::NoId)?;
        let now = self.clock.now();
        self.store.sign_in_session(&id.to_string(), who, now, now.after(self.times.absolute)).await?;
        Ok(())
    }

    /// Whether a person is admitted for other reasons than a team or a role: who has an allowed group.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_allowed(&self, person: &UserId) -> Result<bool, StoreError> {
        if self.allowed_groups.is_empty() {
            return Ok(false);
        }
        self.store.has_group_of(person, &self.allowed_groups, self.vouched_after()).await
    }

    /// Counts a sign-in that is begun, or a credential that is no good, from this address.
    ///
    /// # Errors
    /// [`ApiError::TooMany`].
    pub fn count_sign_in(&self, client: Option<ClientAddress>) -> Result<(), ApiError> {
        client.map_or(Ok(()), |ClientAddress(address)| self.sign_ins.count(&address.into()))
    }

    /// Writes a refused sign-in or token into the audit log, and counts it; so many rows at most, however many come.
    ///
    /// # Errors
    /// [`ApiError::TooMany`] instead of a row, where too many came from this address.
    pub async fn note_refused(&self, action: Action, client: Option<ClientAddress>, why: &str) -> Result<(), ApiError> {
        self.count_sign_in(client)?;
        let from = client.map_or_else(String::new, |ClientAddress(address)| format!(" (from {address})"));
        let origin = if action == Action::UseToken { Origin::Api } else { Origin::Page };
        let entry = Entry::by(Who::nobody(origin), action).refused(format!("{}{from}", line(why)));
        if let Err(error) = self.store.record_refusal(&entry, self.clock.now()).await {
            tracing::error!(%error, "a refusal cannot be written into the audit log");
        }
        Ok(())
    }

    /// Deletes ended sessions and forgotten sign-ins, and returns how many. For a job; nothing waits for it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep(&self) -> Result<u64, StoreError> {
        self.sign_ins.forget_old();
        let now = self.clock.now();
        let sessions = self.store.delete_ended_sessions(now, self.seen_after()).await?;
        Ok(sessions + self.store.delete_old_sign_ins(now.before(SIGN_IN_TIME)).await?)
    }
}

/// The ways in and out.
pub fn table() -> Table<Arc<Auth>> {
    Table::new()
        .route("/auth/start", get(start::start))
        .route("/auth/callback", get(callback::callback))
        .route("/auth/operator/{secret}", get(operator::enter))
        .route("/auth/sign-out", post(sign_out::sign_out))
}
