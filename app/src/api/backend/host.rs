//! The host: what it is, what it keeps apart, and what is on it that no environment knows.

use async_trait::async_trait;

use crate::api::ApiError;
use model::access::Actor;
use model::host::{Host, IsolationCheck};
use model::quarantine::Stray;

#[async_trait]
pub trait Hosts: Send + Sync {
    async fn host(&self, actor: &Actor) -> Result<Host, ApiError>;

    /// What the last isolation check found; `None` before the first.
    async fn isolation_check(&self, actor: &Actor) -> Result<Option<IsolationCheck>, ApiError>;

    /// Measures what one container reaches of another.
    async fn check_isolation(&self, actor: &Actor) -> Result<IsolationCheck, ApiError>;

    /// Containers with this installation's label that no environment knows, as of the last look at the engine.
    async fn quarantine(&self, actor: &Actor) -> Result<Vec<Stray>, ApiError>;
}
