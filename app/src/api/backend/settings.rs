//! What the operator has configured, and what admins have declared.

use async_trait::async_trait;

use crate::api::ApiError;
use crate::api::settings::Setting;
use model::access::Actor;

#[async_trait]
pub trait Settings: Send + Sync {
    async fn settings(&self, actor: &Actor) -> Result<Vec<Setting>, ApiError>;

    /// The catalogue as TOML: applied again it changes nothing.
    async fn export(&self, actor: &Actor) -> Result<String, ApiError>;
}
