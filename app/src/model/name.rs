//! Names and identifiers, parsed once at the edge into values that cannot be wrong.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Longest accepted name, in characters: with the team before it, a container name still fits a DNS label.
pub const NAME_MAX: usize = 40;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    #[error("a {what} cannot be empty")]
    Empty { what: &'static str },
    #[error("a {what} has at most {NAME_MAX} characters, this one has {length}")]
    TooLong { what: &'static str, length: usize },
    #[error("a {what} is made of a-z, 0-9 and hyphens, and begins and ends with a letter or digit")]
    Malformed { what: &'static str },
}

fn check(what: &'static str, text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty { what });
    }
    let length = text.chars().count();
    if length > NAME_MAX {
        return Err(NameError::TooLong { what, length });
    }
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !text.chars().all(allowed) || text.starts_with('-') || text.ends_with('-') {
        return Err(NameError::Malformed { what });
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// # Errors
            /// When `text` is not a name: empty, over [`NAME_MAX`], or with other characters than a-z, 0-9 and hyphens.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                check($what, text).map(|()| Self(text.to_owned()))
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $type {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                check($what, &text).map(|()| Self(text))
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0
            }
        }
    };
}

name!(
    /// The name a member gives an environment; unique in its team while the environment exists.
    EnvironmentName, "environment name"
);
name!(
    /// A team, as in URLs, labels and the catalogue.
    TeamName, "team name"
);
name!(
    /// A template, as in URLs, labels and the catalogue.
    TemplateName, "template name"
);
name!(
    /// A size of the catalogue, such as `s`.
    SizeName, "size name"
);
name!(
    /// A port of a template, such as `http`.
    PortName, "port name"
);

macro_rules! id {
    ($(#[$doc:meta])* $type:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// # Errors
            /// When `text` cannot be an identifier of ours.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                let allowed = |c: char| c.is_ascii_hexdigit() || c == '-';
                if text.len() != 36 || !text.chars().all(allowed) {
                    return Err(NameError::Malformed { what: $what });
                }
                Ok(Self(text.to_ascii_lowercase()))
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::parse(&text)
            }
        }

        impl From<$type> for String {
            fn from(id: $type) -> String {
                id.0
            }
        }
    };
}

id!(
    /// Berth's own id of an environment (UUID version 7): ownership hangs on it, never on a label.
    EnvironmentId, "environment id"
);
id!(
    /// Berth's own id of a person (UUID version 7); the identity behind it is (issuer, subject).
    UserId, "user id"
);
id!(
    /// Berth's own id of a request for more (UUID version 7): a newer one is greater.
    RequestId, "request id"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_once_and_cannot_be_wrong() {
        for good in ["a", "blue", "checkout-api-2", "0", &"x".repeat(NAME_MAX)] {
            assert_eq!(TeamName::parse(good).map(|n| n.to_string()), Ok(good.to_owned()), "{good}");
        }
        for bad in [
            "",
            "-a",
            "a-",
            "A",
            "a b",
            "a\n",
            "ä",
            "a/b",
            "..",
            "a\u{0}",
            &"x".repeat(NAME_MAX + 1),
            &"x".repeat(1 << 20),
        ] {
            assert!(TeamName::parse(bad).is_err(), "{:?}", bad.get(..20));
        }
    }

    #[test]
    fn a_name_that_arrives_as_json_is_checked_too() {
        assert!(serde_json::from_str::<EnvironmentName>("\"good-1\"").is_ok());
        assert!(serde_json::from_str::<EnvironmentName>("\"Bad Name\"").is_err());
    }

    #[test]
    fn an_id_is_a_uuid_and_nothing_else() {
        assert!(EnvironmentId::parse("0193f1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b").is_ok());
        for bad in ["", "1", "../../etc/passwd", "0193f1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1g"] {
            assert!(EnvironmentId::parse(bad).is_err(), "{bad}");
        }
    }
}
