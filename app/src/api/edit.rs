//! What an admin changes by a form of a page, read from its fields. A form that is refused comes back as it was sent.

use std::fmt::Display;
use std::str::FromStr;

use super::ApiError;
use model::access::{InstallationRole, TeamRole};
use model::address::Address;
use model::day::Day;
use model::name::{SizeName, TeamName, TemplateName, UserId};
use model::quota::Quota;
use model::template::{FieldError, Size};
use model::units::{Memory, MilliCpu};

/// The revision of something that is not there yet.
pub const NEW: &str = "";

/// One change of teams, templates, sizes or people. `revision` is that of what the form showed: where somebody else was
/// first, the change is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    Team {
        revision: String,
        team: TeamEdit,
    },
    /// The whole entry of one team in TOML.
    TeamText {
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
    /// The whole entry of one template in TOML; `slug`: of which page, `None` for a new one.
    Template {
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
    Size {
        revision: String,
        size: Size,
    },
    RemoveSize {
        name: SizeName,
    },
    Role {
        person: UserId,
        role: Option<InstallationRole>,
    },
    Disable {
        person: UserId,
    },
    Enable {
        person: UserId,
    },
    CheckIsolation,
}

/// A team as its form declares it; what the form does not show stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamEdit {
    pub name: TeamName,
    pub label: String,
    pub quota: Quota,
    pub per_member: Quota,
    pub groups: Vec<(String, TeamRole)>,
}

/// Where a change leads, and what is said there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    pub page: Address,
    pub said: Said,
}

/// What is said after a change: a closed set, since it comes with the page's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    Saved,
    NewVersion,
    Unchanged,
    Removed,
    Disabled,
    Enabled,
    Checked,
}

impl Said {
    const ALL: [Self; 7] =
        [Self::Saved, Self::NewVersion, Self::Unchanged, Self::Removed, Self::Disabled, Self::Enabled, Self::Checked];

    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Saved => "saved",
            Self::NewVersion => "new-version",
            Self::Unchanged => "unchanged",
            Self::Removed => "removed",
            Self::Disabled => "disabled",
            Self::Enabled => "enabled",
            Self::Checked => "checked",
        }
    }

    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|said| said.code() == code)
    }

    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Saved => "Saved.",
            Self::NewVersion => "Saved as a new version. Running environments keep their version.",
            Self::Unchanged => "No changes: everything was already as entered.",
            Self::Removed => "Removed.",
            Self::Disabled => "Disabled. Their sessions have ended, and their tokens are refused.",
            Self::Enabled => "Enabled. They can sign in again, and their tokens work again.",
            Self::Checked => "Checked.",
        }
    }
}

/// A form as it was sent, and why it was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub fields: Fields,
    pub error: ApiError,
}

/// The fields of a form, as a browser sends them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields(pub Vec<(String, String)>);

impl Fields {
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// Which of a page's forms it is.
    #[must_use]
    pub fn form(&self) -> &str {
        self.get("form")
    }

    /// The value of a field, or `errors` grows.
    fn read<T: FromStr<Err: Display>>(&self, name: &str, errors: &mut Vec<FieldError>) -> Option<T> {
        let read = self.get(name).trim().parse().map_err(|error: T::Err| error.to_string());
        read.map_err(|message| errors.push(FieldError::new(name, message))).ok()
    }

    /// The same for a field that may be empty.
    fn limit<T: FromStr<Err: Display>>(&self, name: &str, errors: &mut Vec<FieldError>) -> Option<T> {
        if self.get(name).trim().is_empty() { None } else { self.read(name, errors) }
    }

    fn quota(&self, prefix: &str, errors: &mut Vec<FieldError>) -> Quota {
        Quota {
            environments: self.count(&format!("{prefix}.environments"), errors),
            running: self.count(&format!("{prefix}.running"), errors),
            cpus: self.limit::<MilliCpu>(&format!("{prefix}.cpus"), errors),
            memory: self.limit::<Memory>(&format!("{prefix}.memory"), errors),
        }
    }

    fn count(&self, name: &str, errors: &mut Vec<FieldError>) -> Option<u64> {
        let text = self.get(name).trim();
        let wrong = || FieldError::new(name, "must be a whole number, or empty for no limit");
        (!text.is_empty()).then(|| text.parse().map_err(|_| errors.push(wrong())).ok()).flatten()
    }

    /// A text area's text: a browser sends its lines with CR LF.
    fn text(&self) -> String {
        self.get("text").replace("\r\n", "\n")
    }

    fn lines(&self, name: &str) -> Vec<String> {
        self.get(name).lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }
}

fn field(name: &str, error: impl Display) -> FieldError {
    FieldError::new(name, error.to_string())
}

impl Edit {
    /// What the form of the page at `path` asks for.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] with every field that cannot be read; not found where there is no such form.
    pub fn read(path: &str, fields: &Fields) -> Result<Self, ApiError> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match (parts.as_slice(), fields.form()) {
            (["teams"], "team") => team(fields.get("name"), NEW, fields),
            (["teams", name], "team") => team(name, fields.get("revision"), fields),
            (["teams", name], "team-text") => {
                let (name, revision) = (known("team", name, TeamName::parse)?, fields.get("revision").to_owned());
                Ok(Self::TeamText { name, revision, text: fields.text() })
            }
            (["teams", name], form @ ("member" | "remove-member")) => member(name, form, fields),
            (["templates"], "template") => Ok(template(None, fields)),
            (["templates", slug], form) => of_template(slug, form, fields),
            (["sizes"], "size") => size(fields),
            (["sizes"], "remove-size") => {
                Ok(Self::RemoveSize { name: known("size", fields.get("name"), SizeName::parse)? })
            }
            (["people", id], form) => of_person(id, form, fields),
            (["host"], "isolation") => Ok(Self::CheckIsolation),
            _ => Err(ApiError::not_found("form")),
        }
    }
}

/// A name in an address: what cannot be one is not there.
fn known<T, E>(what: &str, text: &str, parse: impl Fn(&str) -> Result<T, E>) -> Result<T, ApiError> {
    parse(text).map_err(|_| ApiError::not_found(what))
}

fn team(name: &str, revision: &str, fields: &Fields) -> Result<Edit, ApiError> {
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
    let team = TeamEdit { name, label, quota, per_member, groups: groups.collect() };
    Ok(Edit::Team { revision: revision.to_owned(), team })
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

fn template(slug: Option<TemplateName>, fields: &Fields) -> Edit {
    Edit::Template { slug, revision: fields.get("revision").to_owned(), text: fields.text() }
}

fn of_template(slug: &str, form: &str, fields: &Fields) -> Result<Edit, ApiError> {
    let slug = known("template", slug, TemplateName::parse)?;
    let revision = fields.get("revision").to_owned();
    match form {
        "template" => Ok(template(Some(slug), fields)),
        "pin" => Ok(Edit::Pin { slug, revision }),
        "offer-again" => Ok(Edit::Deprecate { slug, revision, day: None }),
        "deprecate" => {
            let mut errors = Vec::new();
            match fields.read::<Day>("day", &mut errors) {
                Some(day) => Ok(Edit::Deprecate { slug, revision, day: Some(day) }),
                None => Err(ApiError::Invalid { errors }),
            }
        }
        _ => Err(ApiError::not_found("form")),
    }
}

fn size(fields: &Fields) -> Result<Edit, ApiError> {
    let mut errors = Vec::new();
    let name = fields.read("name", &mut errors);
    let cpus = fields.read("cpus", &mut errors);
    let memory = fields.read("memory", &mut errors);
    let pids = fields.get("pids").trim().parse().ok();
    if pids.is_none() {
        errors.push(FieldError::new("pids", "must be a whole number"));
    }
    let disk = fields.limit("disk", &mut errors);
    match (name, cpus, memory, pids) {
        (Some(name), Some(cpus), Some(memory), Some(pids)) if errors.is_empty() => {
            let size = Size { name, cpus, memory, pids, disk };
            Ok(Edit::Size { revision: fields.get("revision").to_owned(), size })
        }
        _ => Err(ApiError::Invalid { errors }),
    }
}

fn of_person(id: &str, form: &str, fields: &Fields) -> Result<Edit, ApiError> {
    let person = known("person", id, UserId::parse)?;
    match form {
        "disable" => Ok(Edit::Disable { person }),
        "enable" => Ok(Edit::Enable { person }),
        "role" => match (fields.get("role"), InstallationRole::parse(fields.get("role"))) {
            ("", _) => Ok(Edit::Role { person, role: None }),
            (_, Some(role)) => Ok(Edit::Role { person, role: Some(role) }),
            (_, None) => Err(ApiError::invalid("role", "must be auditor or admin, or empty")),
        },
        _ => Err(ApiError::not_found("form")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        Fields(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_team_s_form_is_read_with_its_limits_and_groups() {
        let sent = fields(&[
            ("form", "team"),
            ("revision", "r1"),
            ("label", " Team blue "),
            ("quota.environments", "6"),
            ("quota.memory", "2GiB"),
            ("per_member.cpus", "0.5"),
            ("members", "blue-devs\r\n\r\ncn=blue,ou=people\r\n"),
            ("leads", "blue-leads"),
        ]);
        let Ok(Edit::Team { revision, team }) = Edit::read("/teams/blue", &sent) else { panic!("refused") };
        assert_eq!((revision.as_str(), team.label.as_str(), team.groups.len()), ("r1", "Team blue", 3));
        assert_eq!((team.quota.environments, team.quota.running), (Some(6), None));
        assert_eq!((team.quota.memory, team.per_member.cpus), (Some(Memory::gib(2)), Some(MilliCpu::new(500))));
    }

    #[test]
    fn every_field_that_cannot_be_read_is_named() {
        let sent = fields(&[
            ("form", "team"),
            ("name", "Blue!"),
            ("quota.running", "many"),
            ("quota.cpus", "-1"),
            ("per_member.memory", "1.5GiB"),
            ("members", "devs"),
            ("leads", "devs"),
        ]);
        let Err(ApiError::Invalid { errors }) = Edit::read("/teams", &sent) else { panic!("accepted") };
        let names: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(names, ["name", "quota.running", "quota.cpus", "per_member.memory", "leads"]);
    }

    #[test]
    fn a_form_that_no_page_has_is_not_found() {
        for (path, form) in
            [("/teams/blue", "size"), ("/sizes", "team"), ("/people/x", "role"), ("/elsewhere", "team"), ("/", "")]
        {
            let refused = Edit::read(path, &fields(&[("form", form)]));
            assert!(matches!(refused, Err(ApiError::NotFound { .. })), "{path} {form}");
        }
    }
}
