//! Requests for more than a quota allows.

use async_trait::async_trait;

use crate::api::ApiError;
use crate::api::requests::{RequestAsk, SeenRequests};
use model::access::Actor;
use model::name::RequestId;
use model::request::{Request, Step};

#[async_trait]
pub trait Requests: Send + Sync {
    /// Those that are the actor's to see, with what they can do with each.
    async fn requests(&self, actor: &Actor) -> Result<SeenRequests, ApiError>;

    /// How many wait for the actor's decision.
    async fn waiting_requests(&self, actor: &Actor) -> Result<u64, ApiError>;

    async fn ask_for_more(&self, actor: &Actor, ask: RequestAsk) -> Result<Request, ApiError>;

    /// Approves, declines, withdraws or returns, with a word of why.
    async fn decide_request(&self, actor: &Actor, id: &RequestId, step: Step, word: &str) -> Result<Request, ApiError>;
}
