//! Templates as auditors look at them and admins change them.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use serde::{Deserialize, Serialize};

use super::ApiError;
use super::form::{Fields, known};
use super::json::Json;
use model::day::Day;
use model::diff::Line;
use model::name::{TeamName, TemplateName};
use model::time::Timestamp;

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

/// One change of a template. `revision` is that of what the form showed: where somebody else was first, the change is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// The whole entry of one template in TOML; `slug`: of which page, `None` for a new one.
    Declare {
        slug: Option<TemplateName>,
        revision: String,
        text: String,
    },
    Deprecate {
        slug: TemplateName,
        revision: String,
        day: Option<Day>,
    },
    /// Names the image by its content from now on.
    Pin {
        slug: TemplateName,
        revision: String,
    },
}

impl Edit {
    /// What a form of the page of all templates asks for, or of the page of the template `slug`.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] with every field that cannot be read; not found where there is no such form.
    pub(super) fn read(page: Option<&str>, fields: &Fields) -> Result<Self, ApiError> {
        let slug = page.map(|slug| known("template", slug, TemplateName::parse)).transpose()?;
        let revision = fields.revision().to_owned();
        match (slug, fields.form()) {
            (slug, "template") => Ok(Self::Declare { slug, revision, text: fields.text() }),
            (Some(slug), "pin") => Ok(Self::Pin { slug, revision }),
            (Some(slug), "offer-again") => Ok(Self::Deprecate { slug, revision, day: None }),
            (Some(slug), "deprecate") => {
                let mut errors = Vec::new();
                match fields.read::<Day>("day", &mut errors) {
                    Some(day) => Ok(Self::Deprecate { slug, revision, day: Some(day) }),
                    None => Err(ApiError::Invalid { errors }),
                }
            }
            _ => Err(ApiError::not_found("form")),
        }
    }
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
