//! Who acts: read from the database for every request, with the rights of this moment.

use std::collections::BTreeMap;

use model::access::{Actor, TeamRole, TokenScope};
use model::name::TeamName;
use store::StoreError;
use store::people::Person;

use super::Auth;

/// What a request shows to say who it is from: asked again while a stream lasts.
#[derive(Debug, Clone)]
pub enum Credential {
    Session(String),
    Token(String),
}

impl Credential {
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
        let Some(visitor) = self.store.visitor(id, now, self.seen_after(), self.vouched_after()).await? else {
            return Ok(None);
        };
        if noted && self.is_due(Some(visitor.seen_at)) {
            note_use(self.store.touch_session(id, now).await);
        }
        self.actor(visitor.person, visitor.teams, None, None).await
    }

    /// Whose token this is, with the rights of this moment.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn actor_of_token(&self, token: &str) -> Result<Option<Actor>, StoreError> {
        let now = self.clock.now();
        let Some(bearer) = self.store.bearer(token, now, self.vouched_after()).await? else { return Ok(None) };
        if self.is_due(bearer.used_at) {
            note_use(self.store.touch_token(&bearer.token_id, now).await);
        }
        self.actor(bearer.person, bearer.teams, Some(bearer.scope), Some(bearer.name)).await
    }

    /// A person as one who acts, or nobody when no rule admits them any more.
    async fn actor(
        &self,
        person: Person,
        teams: BTreeMap<TeamName, TeamRole>,
        scope: Option<TokenScope>,
        token: Option<String>,
    ) -> Result<Option<Actor>, StoreError> {
        if person.role.is_none() && teams.is_empty() && !self.is_allowed(&person.id).await? {
            return Ok(None);
        }
        let Person { id, name, email, role } = person;
        Ok(Some(Actor { id, name, email, role, teams, scope, token }))
    }
}
