//! Names and identifiers, parsed once at the edge into values that cannot be wrong.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Longest accepted name, in characters: with the team before it, a container name still fits a DNS label.
pub const NAME_MAX: usize = 40;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    #[error("{} {what} cannot be empty", article(what))]
    Empty { what: &'static str },
    #[error("{} {what} has at most {NAME_MAX} characters; this one has {length}", article(what))]
    TooLong { what: &'static str, length: usize },
    #[error(
        "{} {what} may contain only a-z, 0-9 and hyphens, and must begin and end with a letter or digit",
        article(what)
    )]
    Malformed { what: &'static str },
}

fn article(what: &str) -> &'static str {
    if what.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" }
}

fn is_name(what: &'static str, text: &str) -> Result<(), NameError> {
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

/// 36 characters of a UUID, in whatever case.
fn is_id(what: &'static str, text: &str) -> Result<(), NameError> {
    let allowed = |c: char| c.is_ascii_hexdigit() || c == '-';
    if text.len() == 36 && text.chars().all(allowed) { Ok(()) } else { Err(NameError::Malformed { what }) }
}

/// Text that is checked once, as it comes in, by `$check`; kept in lower case.
macro_rules! checked {
    ($(#[$doc:meta])* $type:ident, $what:literal, $check:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// # Errors
            /// When `text` is none.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                $check($what, text).map(|()| Self(text.to_ascii_lowercase()))
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
                Self::parse(&text)
            }
        }

        impl From<$type> for String {
            fn from(text: $type) -> String {
                text.0
            }
        }
    };
}

checked!(
    /// The name a member gives an environment; unique in its team while the environment exists.
    EnvironmentName, "environment name", is_name
);
checked!(
    /// A team, as in URLs, labels and the catalogue.
    TeamName, "team name", is_name
);
checked!(
    /// A template, as in URLs, labels and the catalogue.
    TemplateName, "template name", is_name
);
checked!(
    /// A size of the catalogue, such as `s`.
    SizeName, "size name", is_name
);
checked!(
    /// A part of an environment, as in labels: `main` where there is one.
    PartName, "part name", is_name
);
checked!(
    /// A host: the operator's own name for a Docker Engine, as in the configuration.
    HostName, "host name", is_name
);
checked!(
    /// A port of a template, such as `http`.
    PortName, "port name", is_name
);

checked!(
    /// Berth's own id of an environment (UUID version 7): ownership hangs on it, never on a label.
    EnvironmentId, "environment id", is_id
);
checked!(
    /// Berth's own id of an activity (UUID version 7).
    ActivityId, "activity id", is_id
);
checked!(
    /// Berth's own id of a person (UUID version 7); the identity behind it is (issuer, subject).
    UserId, "user id", is_id
);
checked!(
    /// Berth's own id of a request for more (UUID version 7): a newer one is greater.
    RequestId, "request id", is_id
);

impl PartName {
    /// The name of the only part.
    #[must_use]
    pub fn main() -> Self {
        Self("main".to_owned())
    }
}

impl HostName {
    /// The name of the one host where none is named, as `[docker]` of the configuration.
    #[must_use]
    pub fn default_host() -> Self {
        Self("default".to_owned())
    }
}

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
