//! Activities: what is under way, and what was.

use async_trait::async_trait;

use crate::api::ApiError;
use crate::api::activities::{ActivityFilter, ActivityList};
use model::access::Actor;

#[async_trait]
pub trait Activities: Send + Sync {
    /// Those of the environments that the actor sees, and for auditors and admins those of images and hosts, the newest first.
    async fn activities(&self, actor: &Actor, filter: &ActivityFilter, limit: usize) -> Result<ActivityList, ApiError>;
}
