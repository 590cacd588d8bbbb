//! People with one quota.

use serde::{Deserialize, Serialize};

use super::access::TeamRole;
use super::name::TeamName;
use super::quota::Room;

/// A team by its names, and what the viewer is in it; `None` for an admin who is no member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamLabel {
    pub name: TeamName,
    pub label: String,
    pub role: Option<TeamRole>,
}

/// A team as the viewer sees it, with what is held and what may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    pub name: TeamName,
    pub label: String,
    /// What the viewer is in this team; `None` for an admin who is no member.
    pub role: Option<TeamRole>,
    pub room: Room,
}
