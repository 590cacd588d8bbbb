//! The one error between the server and whoever asks: pages, scripts and server functions get the same words and codes.

use leptos::prelude::{FromServerFnError, ServerFnErrorErr};
use leptos::server_fn::{Bytes, Decodes};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::json::JsonText;
use model::access::TooMany;
use model::quota::Refused;
use model::template::{FieldError, Offer};

/// Why something was not done, in words for the person who asked. `code` is stable.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiError {
    #[error("You are not signed in, or your session has ended. Sign in and try again.")]
    SignedOut,
    #[error("No such {what}, or you do not have access to it.")]
    NotFound { what: String },
    #[error("Not allowed: {rule}.")]
    Forbidden { rule: String },
    #[error("Not changed: {}.", list(errors))]
    Invalid { errors: Vec<FieldError> },
    #[error("Not started: {refusal}.")]
    QuotaExceeded { refusal: Refused },
    /// The thing is not in a state for this.
    #[error("{message}")]
    Conflict { message: String },
    #[error("The Docker Engine does not answer: {message}. Nothing is lost; try again when the host is shown as live.")]
    EngineUnavailable { message: String },
    /// Nothing can be written.
    #[error("The server's disk is full, so nothing was changed. Ask an admin to free space, then try again.")]
    ServerFull,
    #[error("Too many requests; try again in {retry_after_seconds} s.")]
    TooMany { retry_after_seconds: u64 },
    /// The request itself could not be read.
    #[error("The request could not be read: {message}.")]
    Malformed { message: String },
    #[error("The request is too large: {most} are read.")]
    TooLarge { status: u16, most: String },
    #[error("The body must be JSON, with the header Content-Type: application/json.")]
    UnsupportedType,
    #[error("This address does not answer that method; the header Allow says which it answers.")]
    WrongMethod,
    /// The browser could not read what it was answered.
    #[error("The answer could not be read. Berth may have been updated while this page was open: reload the page.")]
    Outdated,
    /// The server could not be reached from the browser.
    #[error("The server could not be reached. What you entered is still here; try again.")]
    Offline,
    #[error(
        "Something went wrong on the server. What you entered is kept; try again. If it happens again, give an admin the reference {reference}."
    )]
    Internal { reference: String },
}

fn list(errors: &[FieldError]) -> String {
    let each: Vec<String> = errors.iter().map(|e| format!("{} {}", e.field, e.message)).collect();
    each.join("; ")
}

impl From<TooMany> for ApiError {
    fn from(TooMany { retry_after_seconds }: TooMany) -> Self {
        Self::TooMany { retry_after_seconds }
    }
}

impl ApiError {
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::NotFound { what: what.to_owned() }
    }

    #[must_use]
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid { errors: vec![FieldError::new(field, message)] }
    }

    /// The HTTP status that goes with it.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::SignedOut => 401,
            Self::Forbidden { .. } => 403,
            Self::NotFound { .. } => 404,
            Self::QuotaExceeded { .. } | Self::Conflict { .. } => 409,
            Self::Invalid { .. } => 422,
            Self::TooMany { .. } => 429,
            Self::Malformed { .. } => 400,
            Self::WrongMethod => 405,
            Self::TooLarge { status, .. } => *status,
            Self::UnsupportedType => 415,
            Self::EngineUnavailable { .. } | Self::Outdated | Self::Offline => 503,
            Self::ServerFull => 507,
            Self::Internal { .. } => 500,
        }
    }

    /// The stable code, as serialised.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::NotFound { .. } => "not_found",
            Self::Forbidden { .. } => "forbidden",
            Self::Invalid { .. } => "invalid",
            Self::QuotaExceeded { .. } => "quota_exceeded",
            Self::Conflict { .. } => "conflict",
            Self::EngineUnavailable { .. } => "engine_unavailable",
            Self::ServerFull => "server_full",
            Self::TooMany { .. } => "too_many",
            Self::Malformed { .. } => "malformed",
            Self::WrongMethod => "wrong_method",
            Self::TooLarge { .. } => "too_large",
            Self::UnsupportedType => "unsupported_type",
            Self::Outdated => "outdated",
            Self::Offline => "offline",
            Self::Internal { .. } => "internal",
        }
    }

    /// What the launch form says apart from its fields and its preview: what no field shows, or no field can help.
    #[must_use]
    pub fn beside_the_form(&self, offer: Option<&Offer>) -> Option<String> {
        let Self::Invalid { errors } = self else {
            return (!matches!(self, Self::QuotaExceeded { .. })).then(|| self.to_string());
        };
        let shown = |field: &str| {
            matches!(field, "name" | "lifetime")
                || offer.is_some_and(|offer| offer.variables.iter().any(|variable| variable.name == field))
        };
        let others: Vec<FieldError> = errors.iter().filter(|error| !shown(&error.field)).cloned().collect();
        (!others.is_empty()).then(|| Self::Invalid { errors: others }.to_string())
    }

    /// What is wrong with `field`, where this error says so.
    #[must_use]
    pub fn about(&self, field: &str) -> Option<&str> {
        match self {
            Self::Invalid { errors } => errors.iter().find(|e| e.field == field).map(|e| e.message.as_str()),
            _ => None,
        }
    }
}

impl FromServerFnError for ApiError {
    type Encoder = JsonText;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) | ServerFnErrorErr::Response(_) => Self::Offline,
            // The server reads what it is asked, a browser what it is answered.
            ServerFnErrorErr::Deserialization(_) if cfg!(target_arch = "wasm32") => Self::Outdated,
            ServerFnErrorErr::Args(message)
            | ServerFnErrorErr::MissingArg(message)
            | ServerFnErrorErr::Deserialization(message) => {
                Self::Malformed { message: model::units::shorten(&message) }
            }
            _ => Self::Internal { reference: "none".to_owned() },
        }
    }

    /// An error that is none of ours is a proxy's, which did not reach the server.
    fn de(data: Bytes) -> Self {
        JsonText::decode(data).unwrap_or(Self::Offline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_an_error_is_the_one_on_the_wire() {
        for error in [
            ApiError::SignedOut,
            ApiError::not_found("environment"),
            ApiError::Forbidden { rule: String::new() },
            ApiError::invalid("name", "is required"),
            ApiError::Conflict { message: String::new() },
            ApiError::EngineUnavailable { message: String::new() },
            ApiError::TooMany { retry_after_seconds: 1 },
            ApiError::Malformed { message: String::new() },
            ApiError::WrongMethod,
            ApiError::TooLarge { status: 413, most: String::new() },
            ApiError::UnsupportedType,
            ApiError::Offline,
            ApiError::Internal { reference: String::new() },
        ] {
            let wire = serde_json::to_value(&error).expect("an error is JSON");
            let code = wire.as_str().or_else(|| wire.as_object()?.keys().next().map(String::as_str));
            assert_eq!(code, Some(error.code()));
            assert!((400..600).contains(&error.status()));
        }
    }

    #[test]
    fn the_error_page_of_a_proxy_says_that_the_server_does_not_answer() {
        for page in ["<html><h1>502 Bad Gateway</h1></html>", "", "{\"message\":\"no healthy upstream\"}"] {
            assert_eq!(ApiError::de(Bytes::from_static(page.as_bytes())), ApiError::Offline, "{page}");
        }
        let ours = serde_json::to_vec(&ApiError::not_found("team")).expect("an error is JSON");
        assert_eq!(ApiError::de(ours.into()), ApiError::not_found("team"));
    }

    #[test]
    fn an_error_is_told_beside_its_field_or_else_beside_the_form() {
        let error = ApiError::Invalid {
            errors: vec![FieldError::new("name", "is taken"), FieldError::new("TYPO", "is unknown")],
        };
        assert_eq!(error.about("name"), Some("is taken"));
        assert_eq!(error.beside_the_form(None).as_deref(), Some("Not changed: TYPO is unknown."));
        assert_eq!(ApiError::invalid("name", "is taken").beside_the_form(None), None);
        assert!(ApiError::Offline.beside_the_form(None).is_some());
    }
}
