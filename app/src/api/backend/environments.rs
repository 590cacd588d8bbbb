//! Environments: launched, listed, operated.

use async_trait::async_trait;

use std::time::Duration;

use crate::api::ApiError;
use crate::api::environments::{LaunchAsk, Listing};
use model::access::Actor;
use model::environment::{Environment, EnvironmentDetail, Operation};
use model::filter::Filter;
use model::history::History;
use model::name::EnvironmentId;

#[async_trait]
pub trait Environments: Send + Sync {
    /// Reserves, and launches in the background: what is returned may still be on its way
    /// ([`Environments::settled_within`] waits). The same idempotency key from the same person returns the same environment.
    async fn launch(&self, actor: &Actor, ask: LaunchAsk) -> Result<Environment, ApiError>;

    /// Environments that exist, newest first: of one team, or of all that the actor sees.
    async fn environments(
        &self,
        actor: &Actor,
        filter: &Filter,
        after: Option<&EnvironmentId>,
    ) -> Result<Listing, ApiError>;

    async fn environment(&self, actor: &Actor, id: &EnvironmentId) -> Result<EnvironmentDetail, ApiError>;

    /// Begins an operation; it goes on in the background.
    async fn operate(&self, actor: &Actor, id: &EnvironmentId, operation: Operation) -> Result<Environment, ApiError>;

    /// The environment once it is in no transitional state any more; after `within` as it is then.
    async fn settled_within(
        &self,
        actor: &Actor,
        id: &EnvironmentId,
        within: Duration,
    ) -> Result<Environment, ApiError>;

    /// What became of it, also after its removal.
    async fn history(&self, actor: &Actor, id: &EnvironmentId) -> Result<History, ApiError>;
}
