//! What the provider says of a person, made fit to keep: bounded, and readable in a list and in a log.

use openidconnect::{EndUserEmail, EndUserName, EndUserUsername, LocalizedClaim};
use serde_json::Value;

use super::protocol::{IdClaims, MoreClaims, UserClaims};
use model::text::clean;

const NAME_MAX: usize = 100;
const EMAIL_MAX: usize = 254;
/// Most groups that are kept of one person; those that some rule names come first.
pub const GROUPS_MAX: usize = 500;
/// Longest name of a group, in characters; a longer one could not be told apart once cut, so it is left out.
pub const GROUP_MAX: usize = 200;

/// What the groups claim says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Groups {
    /// Nothing: it is not there.
    Absent,
    /// `left_out` had names that are none, or too long.
    Listed { groups: Vec<String>, left_out: usize },
    /// It is there and is no list of names; what it is instead.
    Unreadable(&'static str),
}

/// The person as the ID token or UserInfo describes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    pub name: Option<String>,
    /// None too where the provider says that it is not verified.
    pub email: Option<String>,
    pub groups: Groups,
}

impl Profile {
    pub fn of_id_token(claims: &IdClaims, groups_claim: &str) -> Self {
        let (name, username) = (claims.name(), claims.preferred_username());
        Self::new(name, username, claims.email(), claims.email_verified(), claims.additional_claims(), groups_claim)
    }

    pub fn of_user_info(claims: &UserClaims, groups_claim: &str) -> Self {
        let (name, username) = (claims.name(), claims.preferred_username());
        Self::new(name, username, claims.email(), claims.email_verified(), claims.additional_claims(), groups_claim)
    }

    fn new(
        name: Option<&LocalizedClaim<EndUserName>>,
        username: Option<&EndUserUsername>,
        email: Option<&EndUserEmail>,
        verified: Option<bool>,
        more: &MoreClaims,
        groups_claim: &str,
    ) -> Self {
        let name = name.and_then(|name| name.get(None)).map(|name| name.as_str());
        let name = name.or(username.map(|username| username.as_str()));
        let email = email.filter(|_| verified != Some(false)).map(|email| email.as_str());
        Self {
            name: name.map(|name| clean(name, NAME_MAX)).filter(|name| !name.is_empty()),
            // An address that was cut would be another's.
            email: email.map(|email| clean(email, EMAIL_MAX)).filter(|clean| email == Some(clean) && !clean.is_empty()),
            groups: if is_elsewhere(more, groups_claim) { ELSEWHERE } else { groups(more.claims.get(groups_claim)) },
        }
    }

    /// Whether anything is missing that UserInfo may know.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.name.is_some() && self.email.is_some() && self.groups != Groups::Absent
    }

    /// With what is missing taken from `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            name: self.name.or(other.name),
            email: self.email.or(other.email),
            groups: if self.groups == Groups::Absent { other.groups } else { self.groups },
        }
    }
}

const ELSEWHERE: Groups = Groups::Unreadable(
    "no list but a pointer to one, as Entra sends for people in many groups: assign groups to the application there, or use app roles",
);

/// Whether the provider says that there are groups, and not which: distributed claims (`OpenID` Connect Core 5.6.2), or `hasgroups`.
fn is_elsewhere(more: &MoreClaims, groups_claim: &str) -> bool {
    let said = |name: &str| more.claims.get(name);
    let points = said("_claim_names").and_then(|names| names.get(groups_claim)).is_some();
    said(groups_claim).is_none_or(Value::is_null) && (points || said("hasgroups") == Some(&Value::Bool(true)))
}

/// Some providers send one group as a text instead of a list.
fn groups(claim: Option<&Value>) -> Groups {
    let items = match claim {
        None | Some(Value::Null) => return Groups::Absent,
        Some(Value::String(one)) => std::slice::from_ref(one).iter().map(|one| Some(one.as_str())).collect(),
        Some(Value::Array(items)) => items.iter().map(Value::as_str).collect::<Vec<_>>(),
        Some(Value::Bool(_) | Value::Number(_) | Value::Object(_)) => return Groups::Unreadable("no list"),
    };
    let Some(names) = items.into_iter().collect::<Option<Vec<&str>>>() else {
        return Groups::Unreadable("a list with something else than names");
    };
    let fits =
        |name: &&&str| !name.is_empty() && name.chars().count() <= GROUP_MAX && !name.chars().any(char::is_control);
    let groups: Vec<String> = names.iter().filter(fits).map(|name| (*name).to_owned()).collect();
    let left_out = names.len() - groups.len();
    Groups::Listed { groups, left_out }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_shape_of_the_groups_claim_has_its_meaning() {
        let listed = |names: &[&str], left_out| Groups::Listed {
            groups: names.iter().map(|name| (*name).to_owned()).collect(),
            left_out,
        };
        for (claim, meaning) in [
            (json!(null), Groups::Absent),
            (json!([]), listed(&[], 0)),
            (json!(["blue", "staff"]), listed(&["blue", "staff"], 0)),
            (json!("blue"), listed(&["blue"], 0)),
            (json!(["blue", "", "x\ny", "x".repeat(GROUP_MAX + 1)]), listed(&["blue"], 3)),
            (json!(["blue", 7]), Groups::Unreadable("a list with something else than names")),
            (json!(["blue", ["green"]]), Groups::Unreadable("a list with something else than names")),
            (json!({"blue": true}), Groups::Unreadable("no list")),
            (json!(true), Groups::Unreadable("no list")),
        ] {
            assert_eq!(groups(Some(&claim)), meaning, "{claim}");
        }
        assert_eq!(groups(None), Groups::Absent);
    }
}
