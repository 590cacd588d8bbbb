//! Hosts: what each is, what it keeps apart, what is on it that no environment knows, and what admins do to it.

use async_trait::async_trait;

use crate::api::ApiError;
use crate::api::form::Edited;
use crate::api::hosts::{Edit, HostDetail};
use model::access::Actor;
use model::host::Host;
use model::name::HostName;

#[async_trait]
pub trait Hosts: Send + Sync {
    /// Those of the configuration, by name.
    async fn hosts(&self, actor: &Actor) -> Result<Vec<Host>, ApiError>;

    /// The same with what is for those who see to them; also those that the configuration has no more and environments are on.
    async fn host_details(&self, actor: &Actor) -> Result<Vec<HostDetail>, ApiError>;

    async fn host(&self, actor: &Actor, name: &HostName) -> Result<HostDetail, ApiError>;

    async fn edit_host(&self, actor: &Actor, edit: Edit) -> Result<Edited, ApiError>;
}
