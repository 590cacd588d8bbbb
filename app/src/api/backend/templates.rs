//! Templates: what a team may launch of them, and what auditors see and admins change.

use async_trait::async_trait;

use crate::api::ApiError;
use crate::api::environments::LaunchOptions;
use crate::api::form::Edited;
use crate::api::templates::{Edit, TemplateDetail, TemplateSummary};
use model::access::Actor;
use model::name::{TeamName, TemplateName};
use model::template::Offer;

#[async_trait]
pub trait Templates: Send + Sync {
    /// What a team may launch.
    async fn offers(&self, actor: &Actor, team: &TeamName) -> Result<Vec<Offer>, ApiError>;

    async fn launch_options(&self, actor: &Actor, team: &TeamName) -> Result<LaunchOptions, ApiError>;

    async fn templates(&self, actor: &Actor) -> Result<Vec<TemplateSummary>, ApiError>;

    async fn template(&self, actor: &Actor, slug: &TemplateName) -> Result<TemplateDetail, ApiError>;

    async fn edit_template(&self, actor: &Actor, edit: Edit) -> Result<Edited, ApiError>;
}
