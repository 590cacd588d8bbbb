//! What the provider's signed words say of a person, and the checks that the library leaves to us.

use std::collections::BTreeMap;

use openidconnect::core::{CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreTokenType};
use openidconnect::{
    AdditionalClaims, EmptyExtraTokenFields, IdToken, IdTokenClaims, IdTokenFields, StandardTokenResponse,
    UserInfoClaims,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Most groups of one person, and longest name of one, in characters.
const GROUPS_MAX: usize = 500;
const GROUP_MAX: usize = 200;

/// Longest name of a person that is kept, in characters.
const NAME_MAX: usize = 100;

/// Claims that the standard does not name: the groups are under a name that the operator configures.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Extra {
    #[serde(flatten)]
    pub rest: BTreeMap<String, Value>,
}

impl AdditionalClaims for Extra {}

pub type Claims = IdTokenClaims<Extra, CoreGenderClaim>;
pub type InfoClaims = UserInfoClaims<Extra, CoreGenderClaim>;
pub type Token = IdToken<Extra, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;
pub type TokenAnswer = StandardTokenResponse<
    IdTokenFields<
        Extra,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

/// Somebody whom the provider vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub issuer: String,
    pub subject: String,
    pub name: String,
    /// Only where the provider has verified it.
    pub email: Option<String>,
    pub groups: Groups,
    pub sid: Option<String>,
    pub id_token: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Groups {
    /// The claim is not there at all.
    Absent,
    Listed(Vec<String>),
    /// In words for the log.
    Unreadable(&'static str),
}

impl Groups {
    /// The groups' claim, a list of names (or, with some providers, one name).
    #[must_use]
    pub fn read(claim: Option<&Value>) -> Self {
        let names = match claim {
            None | Some(Value::Null) => return Self::Absent,
            Some(Value::String(one)) => vec![Some(one.clone())],
            Some(Value::Array(items)) if items.len() > GROUPS_MAX => {
                return Self::Unreadable("there are over 500 of them");
            }
            Some(Value::Array(items)) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
            Some(_) => return Self::Unreadable("the claim is no list"),
        };
        let Some(names) = names.into_iter().collect::<Option<Vec<_>>>() else {
            return Self::Unreadable("one of them is no text");
        };
        let fits = |name: &String| {
            !name.is_empty() && name.chars().count() <= GROUP_MAX && !name.chars().any(char::is_control)
        };
        if names.iter().all(fits) {
            Self::Listed(names)
        } else {
            Self::Unreadable("the name of one is too long or unprintable")
        }
    }
}

/// What a claim says of when it is valid from (`nbf`), in seconds.
#[must_use]
pub fn not_before(extra: &Extra) -> Option<i64> {
    extra.rest.get("nbf").and_then(Value::as_i64)
}

/// A text of the provider as it is kept: one bounded, printable line.
#[must_use]
pub fn kept(text: &str) -> Option<String> {
    let clean: String = text.chars().filter(|c| !c.is_control()).take(NAME_MAX).collect();
    let clean = clean.trim();
    (!clean.is_empty()).then(|| clean.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_form_of_the_groups_claim_has_one_meaning() {
        let listed = |names: &[&str]| Groups::Listed(names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(Groups::read(None), Groups::Absent);
        assert_eq!(Groups::read(Some(&json!(null))), Groups::Absent);
        assert_eq!(Groups::read(Some(&json!([]))), listed(&[]));
        assert_eq!(Groups::read(Some(&json!(["a", "b"]))), listed(&["a", "b"]));
        assert_eq!(Groups::read(Some(&json!("a"))), listed(&["a"]));
        assert!(matches!(Groups::read(Some(&json!(vec!["g"; 500]))), Groups::Listed(_)));
        for bad in
            [json!({"a": 1}), json!([1]), json!(["a\nb"]), json!([""]), json!(["x".repeat(201)]), json!(vec!["g"; 501])]
        {
            assert!(matches!(Groups::read(Some(&bad)), Groups::Unreadable(_)));
        }
    }

    #[test]
    fn a_name_of_a_megabyte_is_cut_and_control_characters_are_dropped() {
        assert_eq!(kept(&"x".repeat(1 << 20)).map(|name| name.len()), Some(NAME_MAX));
        assert_eq!(kept("Bea\u{1b}[31m\n"), Some("Bea[31m".to_owned()));
        assert_eq!(kept(" \n"), None);
    }
}
