//! Teams, templates, sizes, people and settings, as leads and auditors look at them and admins change them.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use serde::{Deserialize, Serialize};

use super::ApiError;
use super::json::Json;
use model::access::{InstallationRole, TeamRole};
use model::day::Day;
use model::diff::Line;
use model::environment::Environment;
use model::name::{TeamName, TemplateName, UserId};
use model::quota::Holding;
use model::team::Team;
use model::template::Size;
use model::time::Timestamp;

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

/// How many environments of how many teams were made from a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionUse {
    pub version: u32,
    pub environments: u64,
    pub teams: u64,
}

impl VersionUse {
    /// `12 environments of 3 teams still run version 3`; of the current version without `still`.
    #[must_use]
    pub fn words(&self, current: u32) -> String {
        let count = |count: u64, noun: &str| if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") };
        let Self { version, environments, teams } = *self;
        let still = if version == current { "" } else { "still " };
        let run = if environments == 1 { "runs" } else { "run" };
        format!("{} of {} {still}{run} version {version}", count(environments, "environment"), count(teams, "team"))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateSummary {
    pub slug: TemplateName,
    pub version: u32,
    pub label: String,
    pub summary: String,
    pub image: String,
    /// Who is offered it; `None`: everyone.
    pub teams: Option<Vec<TeamName>>,
    /// From this day on it is offered to nobody.
    pub deprecated: Option<Day>,
    pub in_use: Vec<VersionUse>,
}

impl TemplateSummary {
    /// The image is named by its content: it cannot change under the name.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        self.image.contains("@sha256:")
    }

    /// The notice of a deprecation, as of `now` where that is known.
    #[must_use]
    pub fn deprecation(&self, now: Option<Timestamp>) -> Option<String> {
        let day = self.deprecated?;
        Some(match now {
            Some(now) if day.has_come(now) => {
                format!("Deprecated: it cannot be launched since {day}. Running environments keep running.")
            }
            _ => format!("Deprecated: it can be launched until {day} begins (UTC). Running environments keep running."),
        })
    }
}

/// A version with the text that it is declared by, and what that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    pub version: u32,
    pub created_at: Timestamp,
    /// TOML, without the defaults of secrets.
    pub text: String,
    /// Against the version before.
    pub changes: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateDetail {
    #[serde(flatten)]
    pub summary: TemplateSummary,
    /// The whole entry of the catalogue, in TOML, without the defaults of secrets.
    pub text: String,
    pub revision: String,
    /// The newest first.
    pub versions: Vec<Version>,
}

/// A size with who stands in the way of its removal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizeUse {
    #[serde(flatten)]
    pub size: Size,
    pub templates: Vec<TemplateName>,
    pub environments: u64,
    pub revision: String,
}

impl SizeUse {
    /// Why it cannot be removed.
    #[must_use]
    pub fn kept_by(&self) -> Option<String> {
        match (self.templates.as_slice(), self.environments) {
            ([], 0) => None,
            ([], 1) => Some("1 environment has it".to_owned()),
            ([], count) => Some(format!("{count} environments have it")),
            ([one], _) => Some(format!("the template {one} offers it")),
            (several, _) => {
                let names: Vec<&str> = several.iter().map(TemplateName::as_str).collect();
                Some(format!("the templates {} offer it", names.join(", ")))
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonView {
    pub id: UserId,
    pub name: String,
    pub email: Option<String>,
    /// The role for the whole installation that counts: of the two below the larger, or the one by hand where groups have lapsed.
    pub role: Option<InstallationRole>,
    /// By the provider's claim, as of the last sign-in.
    pub claim_role: Option<InstallationRole>,
    pub hand_role: Option<InstallationRole>,
    pub disabled: bool,
    pub signed_in_at: Timestamp,
    /// Until when what the provider said at the last sign-in counts; `None`: there is no provider.
    pub groups_valid_until: Option<Timestamp>,
    /// Whether that is over: what they are by its groups rests until they sign in again.
    pub groups_lapsed: bool,
    pub teams: Vec<Belonging>,
}

/// Those who match a search, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct People {
    pub people: Vec<PersonView>,
    /// How many more match than are shown.
    pub more: u64,
}

/// A value of the configuration, and where it was set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// As in `berth.toml`: `server.addr`.
    pub key: String,
    pub value: String,
    /// Where it was set: `default`, `berth.toml, line 3`, `the environment variable BERTH_SERVER__ADDR`.
    pub origin: String,
    /// What it does, in a line.
    pub about: String,
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

/// All templates.
#[server(endpoint = "templates/list", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn list_templates() -> Result<Vec<TemplateSummary>, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(backend.templates(&actor).await)
}

/// One template with its versions. `slug` as an address has it.
#[server(endpoint = "templates/get", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn get_template(slug: String) -> Result<TemplateDetail, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(match TemplateName::parse(&slug) {
        Ok(slug) => backend.template(&actor, &slug).await,
        Err(_) => Err(ApiError::not_found("template")),
    })
}

/// All sizes, with what uses them.
#[server(endpoint = "sizes/list", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn list_sizes() -> Result<Vec<SizeUse>, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(backend.sizes_in_use(&actor).await)
}

/// People whose name, address, team or role has these words; without words all.
#[server(endpoint = "people/list", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn list_people(words: String) -> Result<People, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(backend.people(&actor, &words, None).await)
}

/// One person. `id` as an address has it.
#[server(endpoint = "people/get", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn get_person(id: String) -> Result<PersonView, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(match UserId::parse(&id) {
        Ok(id) => backend.person(&actor, &id).await,
        Err(_) => Err(ApiError::not_found("person")),
    })
}

/// What is configured.
#[server(endpoint = "settings", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn get_settings() -> Result<Vec<Setting>, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(backend.settings(&actor).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_is_said_in_words() {
        let words = |environments, teams, version| VersionUse { version, environments, teams }.words(4);
        assert_eq!(words(12, 3, 3), "12 environments of 3 teams still run version 3");
        assert_eq!(words(1, 1, 3), "1 environment of 1 team still runs version 3");
        assert_eq!(words(2, 1, 4), "2 environments of 1 team run version 4");
    }
}
