//! What the operator decides of sign-in and sessions.

use model::access::InstallationRole;
use model::units::Span;
use secrecy::SecretString;

use super::rates::Pace;

/// Everything that [`Auth`](super::Auth) is told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `None`: there is one operator, on loopback.
    pub oidc: Option<Oidc>,
    pub sessions: Sessions,
    /// Sign-ins that are begun, and credentials that are no good, by address.
    pub sign_ins: Pace,
}

#[derive(Debug, Clone)]
pub struct Oidc {
    /// Compared as it is written here, to the byte.
    pub issuer: String,
    pub client_id: String,
    /// None for a public client.
    pub client_secret: Option<SecretString>,
    pub scopes: Vec<String>,
    pub groups_claim: String,
    pub admin_group: Option<String>,
    pub auditor_group: Option<String>,
    /// Who is an admin by the provider's id for them (`sub`), whatever their groups.
    pub admin_subjects: Vec<String>,
    /// Whose members are admitted even without a team.
    pub allowed_groups: Vec<String>,
    pub groups_when_absent: WhenAbsent,
    /// How long after a sign-in the groups and the role that the provider named then count, in sessions and for tokens.
    pub groups_valid_for: Span,
    /// Who else an ID token may be for, beside Berth: some providers name the project or sister applications too.
    pub trusted_audiences: Vec<String>,
}

/// What a sign-in without the groups claim means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WhenAbsent {
    /// That the person is in no group.
    #[default]
    None,
    /// Nothing: the groups of the sign-in before stay.
    Keep,
}

impl WhenAbsent {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Keep => "keep",
        }
    }
}

impl Oidc {
    /// What the provider's groups, or their own id there, make somebody for the whole installation.
    #[must_use]
    pub fn role_of(&self, subject: &str, groups: &[String]) -> Option<InstallationRole> {
        let is_in = |group: &Option<String>| group.as_ref().is_some_and(|group| groups.contains(group));
        let is_admin = is_in(&self.admin_group) || self.admin_subjects.iter().any(|named| named == subject);
        match (is_admin, is_in(&self.auditor_group)) {
            (true, _) => Some(InstallationRole::Admin),
            (false, true) => Some(InstallationRole::Auditor),
            (false, false) => None,
        }
    }
}

/// How long a session lasts: unused, and at most.
#[derive(Debug, Clone, Copy)]
pub struct Sessions {
    pub idle: Span,
    pub absolute: Span,
}
