//! Teams: the own ones with their room, and what those who look after them see and change.

use async_trait::async_trait;

use crate::api::ApiError;
use crate::api::form::Edited;
use crate::api::teams::{Edit, TeamDetail, TeamSummary};
use model::access::Actor;
use model::name::TeamName;
use model::team::{Team, TeamLabel};

#[async_trait]
pub trait Teams: Send + Sync {
    /// The teams that the actor belongs to; for an admin all.
    async fn teams(&self, actor: &Actor) -> Result<Vec<Team>, ApiError>;

    /// The same teams by their names alone.
    async fn team_labels(&self, actor: &Actor) -> Result<Vec<TeamLabel>, ApiError>;

    /// One of these teams.
    async fn team_room(&self, actor: &Actor, name: &TeamName) -> Result<Team, ApiError>;

    /// The teams that the actor looks after: a lead's own, for an auditor or admin all.
    async fn team_summaries(&self, actor: &Actor) -> Result<Vec<TeamSummary>, ApiError>;

    async fn team(&self, actor: &Actor, name: &TeamName) -> Result<TeamDetail, ApiError>;

    async fn edit_team(&self, actor: &Actor, edit: Edit) -> Result<Edited, ApiError>;
}
