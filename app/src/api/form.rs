//! Forms of pages, for teams, templates, sizes, people and hosts: read from their fields, and what is said where they lead. A form
//! that is refused comes back as it was sent.

use std::fmt::Display;
use std::str::FromStr;

use super::{ApiError, hosts, people, sizes, teams, templates};
use model::address::Address;
use model::quota::Quota;
use model::template::FieldError;
use model::units::{Memory, MilliCpu};

/// The revision of something that is not there yet.
pub const NEW: &str = "";

/// What a form asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    Team(teams::Edit),
    Template(templates::Edit),
    Size(sizes::Edit),
    Person(people::Edit),
    Host(hosts::Edit),
}

impl Form {
    /// What the form of the page at `path` asks for.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] with every field that cannot be read; not found where there is no such form.
    pub fn read(path: &str, fields: &Fields) -> Result<Self, ApiError> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match parts.as_slice() {
            ["teams"] => teams::Edit::read(None, fields).map(Self::Team),
            ["teams", name] => teams::Edit::read(Some(name), fields).map(Self::Team),
            ["templates"] => templates::Edit::read(None, fields).map(Self::Template),
            ["templates", slug] => templates::Edit::read(Some(slug), fields).map(Self::Template),
            ["sizes"] => sizes::Edit::read(fields).map(Self::Size),
            ["people", id] => people::Edit::read(id, fields).map(Self::Person),
            ["hosts"] => hosts::Edit::read(fields).map(Self::Host),
            _ => Err(ApiError::not_found("form")),
        }
    }
}

/// Where a change leads, and what is said there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    pub page: Address,
    pub said: Said,
}

impl Edited {
    /// Leads to `page`, where this is said.
    #[must_use]
    pub fn on(page: &str, said: Said) -> Self {
        Self { page: Address::of(page).with("said", said.code()), said }
    }
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
    Draining,
    Reopened,
    Accepted,
}

impl Said {
    const ALL: [Self; 10] = [
        Self::Saved,
        Self::NewVersion,
        Self::Unchanged,
        Self::Removed,
        Self::Disabled,
        Self::Enabled,
        Self::Checked,
        Self::Draining,
        Self::Reopened,
        Self::Accepted,
    ];

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
            Self::Draining => "draining",
            Self::Reopened => "reopened",
            Self::Accepted => "accepted",
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
            Self::Draining => "Draining: nothing new is started on the host. What runs there goes on.",
            Self::Reopened => "Open: the host takes new environments again.",
            Self::Accepted => "Accepted. Berth works with this engine within a second or two.",
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

    /// Of what the form showed.
    pub(super) fn revision(&self) -> &str {
        self.get("revision")
    }

    /// Which of a page's forms it is.
    #[must_use]
    pub fn form(&self) -> &str {
        self.get("form")
    }

    /// The value of a field, or `errors` grows.
    pub(super) fn read<T: FromStr<Err: Display>>(&self, name: &str, errors: &mut Vec<FieldError>) -> Option<T> {
        let read = self.get(name).trim().parse().map_err(|error: T::Err| error.to_string());
        read.map_err(|message| errors.push(FieldError::new(name, message))).ok()
    }

    /// The same for a field that may be empty.
    pub(super) fn limit<T: FromStr<Err: Display>>(&self, name: &str, errors: &mut Vec<FieldError>) -> Option<T> {
        if self.get(name).trim().is_empty() { None } else { self.read(name, errors) }
    }

    pub(super) fn quota(&self, prefix: &str, errors: &mut Vec<FieldError>) -> Quota {
        Quota {
            environments: self.count(&format!("{prefix}.environments"), errors),
            running: self.count(&format!("{prefix}.running"), errors),
            cpus: self.limit::<MilliCpu>(&format!("{prefix}.cpus"), errors),
            memory: self.limit::<Memory>(&format!("{prefix}.memory"), errors),
        }
    }

    pub(super) fn count(&self, name: &str, errors: &mut Vec<FieldError>) -> Option<u64> {
        let text = self.get(name).trim();
        let wrong = || FieldError::new(name, "must be a whole number, or empty for no limit");
        (!text.is_empty()).then(|| text.parse().map_err(|_| errors.push(wrong())).ok()).flatten()
    }

    /// A text area's text: a browser sends its lines with CR LF.
    pub(super) fn text(&self) -> String {
        self.get("text").replace("\r\n", "\n")
    }

    pub(super) fn lines(&self, name: &str) -> Vec<String> {
        self.get(name).lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }
}

pub(super) fn field(name: &str, error: impl Display) -> FieldError {
    FieldError::new(name, error.to_string())
}

/// A name in an address: what cannot be one is not there.
pub(super) fn known<T, E>(what: &str, text: &str, parse: impl Fn(&str) -> Result<T, E>) -> Result<T, ApiError> {
    parse(text).map_err(|_| ApiError::not_found(what))
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
        let Ok(Form::Team(teams::Edit::Declare { revision, team })) = Form::read("/teams/blue", &sent) else {
            panic!("refused")
        };
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
        let Err(ApiError::Invalid { errors }) = Form::read("/teams", &sent) else { panic!("accepted") };
        let names: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(names, ["name", "quota.running", "quota.cpus", "per_member.memory", "leads"]);
    }

    #[test]
    fn a_form_that_no_page_has_is_not_found() {
        for (path, form) in
            [("/teams/blue", "size"), ("/sizes", "team"), ("/people/x", "role"), ("/elsewhere", "team"), ("/", "")]
        {
            let refused = Form::read(path, &fields(&[("form", form)]));
            assert!(matches!(refused, Err(ApiError::NotFound { .. })), "{path} {form}");
        }
    }
}
