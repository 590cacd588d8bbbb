//! What the operator has configured and admins have declared, for those who may read all.

use app::api::ApiError;
use app::api::backend::Settings;
use app::api::settings::Setting;
use async_trait::async_trait;
use model::access::{Action, Actor};

use super::{Service, export};

#[async_trait]
impl Settings for Service {
    async fn settings(&self, actor: &Actor) -> Result<Vec<Setting>, ApiError> {
        self.permit_installation(actor, Action::Audit)?;
        Ok(self.configured.to_vec())
    }

    async fn export(&self, actor: &Actor) -> Result<String, ApiError> {
        self.permit_installation(actor, Action::Audit)?;
        Ok(export::catalogue(&self.kept().await?.catalogue))
    }
}
