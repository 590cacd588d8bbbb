//! Sizes, and what uses them.

use async_trait::async_trait;

use crate::api::ApiError;
use crate::api::form::Edited;
use crate::api::sizes::{Edit, SizeUse};
use model::access::Actor;
use model::template::Size;

#[async_trait]
pub trait Sizes: Send + Sync {
    async fn sizes(&self, actor: &Actor) -> Result<Vec<Size>, ApiError>;

    async fn sizes_in_use(&self, actor: &Actor) -> Result<Vec<SizeUse>, ApiError>;

    async fn edit_size(&self, actor: &Actor, edit: Edit) -> Result<Edited, ApiError>;
}
