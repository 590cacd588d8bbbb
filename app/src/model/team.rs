//! People with one quota.

use serde::{Deserialize, Serialize};

use super::access::TeamRole;
use super::name::TeamName;
use super::quota::{Holding, Quota};

/// A team as a member sees it, with the quota and what is held of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    pub name: TeamName,
    pub label: String,
    /// What the viewer is in this team; `None` for an admin or auditor who is not a member.
    pub role: Option<TeamRole>,
    pub quota: Quota,
    /// The cap on what each member holds in this team.
    pub per_member: Quota,
    pub used: Holding,
    /// What the viewer holds of it.
    pub mine: Holding,
}
