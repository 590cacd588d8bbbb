//! What the server answers: the product's table of contents. The service implements it; nothing here knows how.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use leptos::prelude::use_context;

use super::ApiError;
use super::environments::{LaunchAsk, LaunchOptions};
use super::live::Change;
use crate::model::access::Actor;
use crate::model::environment::{Environment, EnvironmentDetail, Operation};
use crate::model::host::Host;
use crate::model::name::{EnvironmentId, TeamName};
use crate::model::team::Team;
use crate::model::template::Offer;

/// Whoever acts is the first argument of everything; the check whether they may is behind this trait, never before it.
#[async_trait]
pub trait Backend: Send + Sync {
    /// The teams that the actor belongs to; for an admin all.
    async fn teams(&self, actor: &Actor) -> Result<Vec<Team>, ApiError>;

    /// What a team may launch.
    async fn offers(&self, actor: &Actor, team: &TeamName) -> Result<Vec<Offer>, ApiError>;

    async fn launch_options(&self, actor: &Actor, team: &TeamName) -> Result<LaunchOptions, ApiError>;

    /// Reserves, and launches in the background: what is returned may still be on its way ([`Backend::settled`] waits).
    /// The same idempotency key from the same person returns the same environment.
    async fn launch(&self, actor: &Actor, ask: LaunchAsk) -> Result<Environment, ApiError>;

    /// Environments that exist, newest first: of one team, or of all that the actor sees.
    async fn environments(&self, actor: &Actor, team: Option<&TeamName>) -> Result<Vec<Environment>, ApiError>;

    async fn environment(&self, actor: &Actor, id: &EnvironmentId) -> Result<EnvironmentDetail, ApiError>;

    /// Begins an operation; it goes on in the background.
    async fn operate(&self, actor: &Actor, id: &EnvironmentId, operation: Operation) -> Result<Environment, ApiError>;

    /// The environment once it is in no transitional state any more.
    async fn settled(&self, actor: &Actor, id: &EnvironmentId) -> Result<Environment, ApiError>;

    async fn host(&self, actor: &Actor) -> Result<Host, ApiError>;

    /// All changes from now on, of everybody: whoever passes one on asks [`Backend::may_see`] first.
    fn changes(&self) -> BoxStream<'static, Change>;

    /// Whether a change is the actor's to see.
    fn may_see(&self, actor: &Actor, change: &Change) -> bool;
}

/// How a page or server function sets what only the web layer can: the answer's status and a redirect.
#[derive(Clone)]
pub struct Reply {
    pub status: Arc<dyn Fn(u16) + Send + Sync>,
    pub redirect: Arc<dyn Fn(&str) + Send + Sync>,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}

/// Who asks, and who answers.
///
/// # Errors
/// [`ApiError::SignedOut`] when nobody is signed in.
pub fn asked() -> Result<(Arc<dyn Backend>, Actor), ApiError> {
    let actor = whoever_asks().ok_or(ApiError::SignedOut)?;
    let backend = use_context::<Arc<dyn Backend>>().expect("the router provides the backend to every server function");
    Ok((backend, actor))
}

/// Who asks, where somebody is signed in.
#[must_use]
pub fn whoever_asks() -> Option<Actor> {
    use_context::<Option<Actor>>().flatten()
}

/// Passes an answer on, with the status that belongs to it: the one place where a server function's status is set.
pub fn answer<T>(result: Result<T, ApiError>) -> Result<T, ApiError> {
    if let (Err(error), Some(reply)) = (&result, use_context::<Reply>()) {
        (reply.status)(error.status());
    }
    result
}

/// After a launch, on to the environment's own page.
pub fn go_to_environment(launched: &Result<Environment, ApiError>) {
    if let (Ok(environment), Some(reply)) = (launched, use_context::<Reply>()) {
        (reply.redirect)(&format!("/environments/{}", environment.id));
    }
}
