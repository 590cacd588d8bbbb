//! People as auditors look at them and admins give and take their rights.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use serde::{Deserialize, Serialize};

use super::ApiError;
use super::form::{Fields, known};
use super::json::Json;
use super::teams::Belonging;
use model::access::InstallationRole;
use model::name::UserId;
use model::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
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
pub struct Found {
    pub people: Vec<Person>,
    /// How many more match than are shown.
    pub more: u64,
}

/// One change of a person's rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    Role { person: UserId, role: Option<InstallationRole> },
    Disable { person: UserId },
    Enable { person: UserId },
}

impl Edit {
    /// What a form of the page of the person `id` asks for.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] with the field that cannot be read; not found where there is no such form.
    pub(super) fn read(id: &str, fields: &Fields) -> Result<Self, ApiError> {
        let person = known("person", id, UserId::parse)?;
        match fields.form() {
            "disable" => Ok(Self::Disable { person }),
            "enable" => Ok(Self::Enable { person }),
            "role" => match (fields.get("role"), InstallationRole::parse(fields.get("role"))) {
                ("", _) => Ok(Self::Role { person, role: None }),
                (_, Some(role)) => Ok(Self::Role { person, role: Some(role) }),
                (_, None) => Err(ApiError::invalid("role", "must be auditor or admin, or empty")),
            },
            _ => Err(ApiError::not_found("form")),
        }
    }
}

/// People whose name, address, team or role has these words; without words all.
#[server(endpoint = "people/list", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn list_people(words: String) -> Result<Found, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(backend.people(&actor, &words, None).await)
}

/// One person. `id` as an address has it.
#[server(endpoint = "people/get", prefix = "/fn", input = GetUrl, output = Json)]
pub async fn get_person(id: String) -> Result<Person, ApiError> {
    let (backend, actor) = super::backend::asked()?;
    super::backend::answer(match UserId::parse(&id) {
        Ok(id) => backend.person(&actor, &id).await,
        Err(_) => Err(ApiError::not_found("person")),
    })
}
