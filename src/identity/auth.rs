//! What signing in and being signed in share: the rules, the session's times, the ways in.

use std::net::IpAddr;
use std::time::Duration;

use clock::Clock;
use model::access::TooMany;
use model::audit::{Action, Entry, Origin, Who};
use model::name::UserId;
use model::text::line;
use model::time::Timestamp;
use model::units::Span;
use store::sessions::SignedIn;
use store::{Store, StoreError};
use thiserror::Error;
use tower_sessions::Session;

use super::PublicUrl;
use super::oidc::provider::Provider;
use super::operator::OperatorLink;
use super::rates::{Neighbour, Rate};
use super::session::{Rows, SIGN_IN_TIME, keep_cookie_for};
use super::settings::{Sessions, Settings};

/// Everything that decides who is signed in.
#[derive(Debug)]
pub struct Auth {
    pub(super) store: Store,
    pub(super) clock: Clock,
    times: Sessions,
    pub(super) public_url: PublicUrl,
    /// Which groups admit somebody even without a team.
    pub(super) allowed_groups: Vec<String>,
    /// How long after a sign-in what the provider said then counts; `None`: without a provider, for ever.
    groups_valid_for: Option<Span>,
    sign_ins: Rate<Neighbour>,
    /// Where there is one, it is the only way in.
    pub(super) provider: Option<Provider>,
    /// Where there is no provider.
    operator: Option<OperatorLink>,
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
        settings: Settings,
        public_url: PublicUrl,
        store: Store,
        clock: Clock,
        patience: Duration,
    ) -> Result<Self, reqwest::Error> {
        let Settings { oidc, sessions, sign_ins } = settings;
        Ok(Self {
            times: sessions,
            sign_ins: Rate::new(sign_ins),
            allowed_groups: oidc.iter().flat_map(|oidc| oidc.allowed_groups.clone()).collect(),
            groups_valid_for: oidc.as_ref().map(|oidc| oidc.groups_valid_for),
            operator: oidc.is_none().then(|| OperatorLink::new(&clock)),
            provider: oidc.map(|oidc| Provider::new(oidc, &public_url, clock.clone(), patience)).transpose()?,
            public_url,
            store,
            clock,
        })
    }

    /// The address under which people and the provider know Berth.
    #[must_use]
    pub fn public_url(&self) -> &PublicUrl {
        &self.public_url
    }

    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// How long a session lasts.
    #[must_use]
    pub fn times(&self) -> Sessions {
        self.times
    }

    /// The identity provider; where there is one, it is the only way in.
    #[must_use]
    pub fn provider(&self) -> Option<&Provider> {
        self.provider.as_ref()
    }

    /// The operator's link, where there is no provider.
    #[must_use]
    pub fn operator(&self) -> Option<&OperatorLink> {
        self.operator.as_ref()
    }

    /// The sessions of browsers, as a layer wants them.
    #[must_use]
    pub fn rows(&self) -> Rows {
        Rows::new(self.store.clone(), self.clock.clone(), self.times)
    }

    /// Whether somebody was signed in to this session, be it over or not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn had_somebody(&self, session: &str) -> Result<bool, StoreError> {
        self.store.session_had_somebody(session).await
    }

    /// Ends a session, so that its cookie is dead; gives the ID token that it was begun with.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sign_out(&self, session: &str) -> Result<Option<String>, StoreError> {
        self.store.sign_out(session, self.clock.now()).await
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
    /// [`TooMany`].
    pub fn count_sign_in(&self, client: Option<IpAddr>) -> Result<(), TooMany> {
        client.map_or(Ok(()), |address| self.sign_ins.count(&address.into()))
    }

    /// Writes a refused sign-in or token into the audit log, and counts it; so many rows at most, however many come.
    ///
    /// # Errors
    /// [`TooMany`] instead of a row, where too many came from this address.
    pub async fn note_refused(&self, action: Action, client: Option<IpAddr>, why: &str) -> Result<(), TooMany> {
        self.count_sign_in(client)?;
        let from = client.map_or_else(String::new, |address| format!(" (from {address})"));
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
