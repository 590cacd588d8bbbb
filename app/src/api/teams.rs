//! Teams as leads and auditors look at them and admins change them.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use serde::{Deserialize, Serialize};

use super::ApiError;
use super::form::{Fields, NEW, field, known};
use super::json::Json;
use model::access::TeamRole;
use model::environment::Environment;
use model::name::{TeamName, UserId};
use model::quota::{Holding, Quota};
use model::team::Team;
use model::template::FieldError;

/// One way in which somebody belongs to a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Belonging {
    pub team: TeamName,
    pub role: TeamRole,
    /// The provider's group that makes it; `None`: an admin's hand.
    pub group: Option<String>,
}

impl Belonging {
    /// Where it comes from: `lead by the group blue-leads`, `member by hand`.
    #[must_use]
    pub fn words(&self) -> String {
        match &self.group {
            Some(group) => format!("{} by the group {group}", self.role),
            None => format!("{}, assigned here", self.role),
        }
    }
}

/// Somebody in a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub id: UserId,
    pub name: String,
    pub email: Option<String>,
    pub disabled: bool,
    /// The role that counts: of several the lead's.
    pub role: TeamRole,
    /// Where it comes from.
    pub by: Vec<Belonging>,
    /// What they hold of the team's quota.
    pub used: Holding,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamSummary {
    #[serde(flatten)]
    pub team: Team,
    pub members: u64,
}

/// One of the provider's groups, and what it makes its people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRole {
    pub name: String,
    pub role: TeamRole,
}

/// A team with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamDetail {
    #[serde(flatten)]
    pub team: Team,
    pub groups: Vec<GroupRole>,
    pub members: Vec<Member>,
    pub environments: Vec<Environment>,
    /// The whole entry of the catalogue, in TOML.
    pub text: String,
    /// What a change must bring, so that it is refused where somebody else was first.
    pub revision: String,
}

impl TeamDetail {
    /// The groups that make their people this.
    #[must_use]
    pub fn groups_of(&self, role: TeamRole) -> Vec<&str> {
        self.groups.iter().filter(|group| group.role == role).map(|group| group.name.as_str()).collect()
    }
}

/// One change of a team. `revision` is that of what the form showed: where somebody else was first, the change is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    Declare {
        revision: String,
        team: Declared,
    },
    /// The whole entry of one team in TOML.
    DeclareText {
        name: TeamName,
        revision: String,
        text: String,
    },
    PutMember {
        team: TeamName,
        who: String,
        role: TeamRole,
    },
    RemoveMember {
        team: TeamName,
        person: UserId,
    },
}

/// A team as its form declares it; what the form does not show stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    pub name: TeamName,
    pub label: String,
    pub quota: Quota,
    pub per_member: Quota,
    pub groups: Vec<(String, TeamRole)>,
}

impl Edit {
    /// What a form of the page of all teams asks for, or of the page of the team `name`.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] with every field that cannot be read; not found where there is no such form.
    pub(super) fn read(page: Option<&str>, fields: &Fields) -> Result<Self, ApiError> {
        match (page, fields.form()) {
            (None, "team") => declared(fields.get("name"), NEW, fields),
            (Some(name), "team") => declared(name, fields.revision(), fields),
            (Some(name), "team-text") => {
                let name = known("team", name, TeamName::parse)?;
                Ok(Self::DeclareText { name, revision: fields.revision().to_owned(), text: fields.text() })
            }
            (Some(name), form @ ("member" | "remove-member")) => member(name, form, fields),
            _ => Err(ApiError::not_found("form")),
        }
    }
}

fn declared(name: &str, revision: &str, fields: &Fields) -> Result<Edit, ApiError> {
    let mut errors = Vec::new();
    let name = TeamName::parse(name.trim()).map_err(|error| errors.push(field("name", error))).ok();
    let (quota, per_member) = (fields.quota("quota", &mut errors), fields.quota("per_member", &mut errors));
    let (members, leads) = (fields.lines("members"), fields.lines("leads"));
    for both in leads.iter().filter(|group| members.contains(group)) {
        errors.push(FieldError::new("leads", format!("`{both}` is also listed for members: keep one")));
    }
    let role = |role| move |group| (group, role);
    let groups = members.into_iter().map(role(TeamRole::Member)).chain(leads.into_iter().map(role(TeamRole::Lead)));
    let (Some(name), true) = (name, errors.is_empty()) else { return Err(ApiError::Invalid { errors }) };
    let label = fields.get("label").trim().to_owned();
    let team = Declared { name, label, quota, per_member, groups: groups.collect() };
    Ok(Edit::Declare { revision: revision.to_owned(), team })
}

fn member(team: &str, form: &str, fields: &Fields) -> Result<Edit, ApiError> {
    let team = known("team", team, TeamName::parse)?;
    if form == "remove-member" {
        return Ok(Edit::RemoveMember { team, person: known("person", fields.get("person"), UserId::parse)? });
    }
    let role = TeamRole::parse(fields.get("role"));
    let role = role.ok_or_else(|| ApiError::invalid("role", "must be member or lead"))?;
    Ok(Edit::PutMember { team, who: fields.get("who").trim().to_owned(), role })
}

/// The teams that the viewer looks after: a lead's own, for an auditor or admin all.
#[server(endpoint = "teams/list", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn list_teams() -> Result<Vec<TeamSummary>, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(backend.team_summaries(&actor).await)
}

/// One team. `name` as an address has it.
#[server(endpoint = "teams/get", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn get_team(name: String) -> Result<TeamDetail, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(match TeamName::parse(&name) {
        Ok(name) => backend.team(&actor, &name).await,
        Err(_) => Err(ApiError::not_found("team")),
    })
}
