//! The audit log: who did what.

use async_trait::async_trait;

use crate::api::ApiError;
use model::access::Actor;
use model::audit::{Excerpt, Search};

#[async_trait]
pub trait Audit: Send + Sync {
    /// What a search finds of what the actor may read, newest first, at most `limit` entries.
    async fn audit(&self, actor: &Actor, search: &Search, limit: usize) -> Result<Excerpt, ApiError>;

    /// How many entries that would be in all, counted up to `most`.
    async fn count_audit(&self, actor: &Actor, search: &Search, most: i64) -> Result<i64, ApiError>;
}
