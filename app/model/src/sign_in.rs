//! Why somebody is not signed in, as the sign-in page tells them: a closed set, since it comes with the page's address.

use serde::{Deserialize, Serialize};

/// What went wrong on the way in. Its code is all that the address carries; the words are here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// The person, or the provider, said no.
    Denied,
    /// The provider wants the person to do something there first.
    LoginRequired,
    ProviderUnavailable,
    /// The provider answered with an error of its own.
    ProviderError,
    /// The provider's answer failed a check.
    AnswerRefused,
    /// The provider did not take its own code back: used twice, or too old.
    CodeRefused,
    GroupsUnreadable,
    /// No rule admits this person.
    NotAdmitted,
    Disabled,
    /// A session that was good before.
    Expired,
    /// The operator's link was used before, or belongs to an earlier start.
    LinkUsed,
    /// People sign in with a provider here, not with a link.
    NoLink,
    Internal,
}

/// As whom somebody came whom nothing lets in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stranger {
    pub name: String,
    pub email: Option<String>,
    /// The first of the groups that the provider sent.
    pub groups: Vec<String>,
    /// How many more there were.
    pub more: usize,
}

impl Stranger {
    /// How many groups are told.
    pub const GROUPS: usize = 20;

    /// To whom it may help: the person, and the admin whom they ask.
    #[must_use]
    pub fn words(&self) -> String {
        let email = self.email.as_ref().map_or_else(String::new, |email| format!(" ({email})"));
        let groups = match (self.groups.as_slice(), self.more) {
            ([], _) => "no groups".to_owned(),
            (groups, 0) => format!("these groups: {}", groups.join(", ")),
            (groups, more) => format!("these groups: {}, and {more} more", groups.join(", ")),
        };
        format!("You came as {}{email}, and the identity provider sent {groups}.", self.name)
    }
}

impl Problem {
    /// Whether the provider said who it is.
    #[must_use]
    pub const fn is_of_a_stranger(self) -> bool {
        matches!(self, Self::NotAdmitted | Self::Disabled)
    }

    /// Whether another account might be let in.
    #[must_use]
    pub const fn is_about_the_account(self) -> bool {
        matches!(self, Self::NotAdmitted | Self::Disabled | Self::Denied)
    }

    pub const ALL: [Self; 13] = [
        Self::Denied,
        Self::LoginRequired,
        Self::ProviderUnavailable,
        Self::ProviderError,
        Self::AnswerRefused,
        Self::CodeRefused,
        Self::GroupsUnreadable,
        Self::NotAdmitted,
        Self::Disabled,
        Self::Expired,
        Self::LinkUsed,
        Self::NoLink,
        Self::Internal,
    ];

    /// As in `/sign-in?problem=…`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::LoginRequired => "login_required",
            Self::ProviderUnavailable => "provider_unavailable",
            Self::ProviderError => "provider_error",
            Self::AnswerRefused => "answer_refused",
            Self::CodeRefused => "code_refused",
            Self::GroupsUnreadable => "groups_unreadable",
            Self::NotAdmitted => "not_admitted",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::LinkUsed => "link_used",
            Self::NoLink => "no_link",
            Self::Internal => "internal",
        }
    }

    /// Reads a code from an address, where anybody can write anything.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|problem| problem.code() == code)
    }

    /// What happened.
    #[must_use]
    pub const fn what(self) -> &'static str {
        match self {
            Self::Denied => "The identity provider did not let you in.",
            Self::LoginRequired => "The identity provider wants something from you first.",
            Self::ProviderUnavailable => "The identity provider does not answer.",
            Self::ProviderError => "The identity provider answered with an error.",
            Self::AnswerRefused => "The identity provider's answer cannot be trusted, so it was refused.",
            Self::CodeRefused => "This sign-in was used already, or took too long.",
            Self::GroupsUnreadable => "The identity provider's list of your groups cannot be read.",
            Self::NotAdmitted => "You are known to the identity provider, but nothing here admits you.",
            Self::Disabled => "Your account here is disabled.",
            Self::Expired => "Your session has ended.",
            Self::LinkUsed => "This sign-in link was used already, or Berth has started again since.",
            Self::NoLink => "People sign in with the identity provider here, not with a link.",
            Self::Internal => "Something went wrong on the server while you signed in.",
        }
    }

    /// What to do now.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Denied => "Try again, with another account if you have one; if it stays, ask whoever looks after it.",
            Self::LoginRequired => "Sign in there, accept what it asks for, and try again.",
            Self::ProviderUnavailable => {
                "Nothing is lost. Try again in a minute; admins find the cause in Berth's log."
            }
            Self::ProviderError => "Try again; if it stays, tell an admin, who finds the cause in Berth's log.",
            Self::AnswerRefused => {
                "Try again; if it stays, tell an admin, who finds the failed check in Berth's log. A wrong clock is a common cause."
            }
            Self::CodeRefused => "Sign in again.",
            Self::GroupsUnreadable => "Tell an admin, who finds the cause in Berth's log and mends it at the provider.",
            Self::NotAdmitted => "Ask an admin to give one of your groups a team here, then sign in again.",
            Self::Disabled => "Ask an admin to enable it.",
            Self::Expired => "Sign in again and you come back to where you were.",
            Self::LinkUsed => "Take the link that Berth printed at its last start, or restart it to get a new one.",
            Self::NoLink => "Sign in below.",
            Self::Internal => "Try again; if it stays, tell an admin, who finds the cause in Berth's log.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_read_back_and_nothing_else_is() {
        for problem in Problem::ALL {
            assert_eq!(Problem::parse(problem.code()), Some(problem));
            assert_eq!(serde_json::to_value(problem).expect("JSON"), problem.code());
        }
        for other in ["", "Denied", "<script>", "denied "] {
            assert_eq!(Problem::parse(other), None);
        }
    }
}
