//! People who have signed in, and their rights.

use async_trait::async_trait;

use crate::api::ApiError;
use crate::api::form::Edited;
use crate::api::people::{Edit, Found, Person};
use model::access::Actor;
use model::name::UserId;

#[async_trait]
pub trait People: Send + Sync {
    /// People whose name, address, team or role has all of these words, by name; those who follow `after` where it is given.
    async fn people(&self, actor: &Actor, words: &str, after: Option<&UserId>) -> Result<Found, ApiError>;

    async fn person(&self, actor: &Actor, id: &UserId) -> Result<Person, ApiError>;

    async fn edit_person(&self, actor: &Actor, edit: Edit) -> Result<Edited, ApiError>;
}
