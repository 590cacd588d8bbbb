//! What went wrong, what was kept, and what to do now.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;

use super::icon::Icon;
use crate::api::ApiError;
use crate::ui::seal::Seal;
use model::address::Address;

/// In a page's place.
#[component]
pub fn Problem(error: ApiError) -> impl IntoView {
    let location = use_location();
    let here = format!("{}?{}", location.pathname.get_untracked(), location.search.get_untracked());
    let title = title(&error);
    view! {
        <Title text=title.clone() />
        <section class="blank" role="alert">
            <span class="emblem">
                <Icon name=emblem(&error) />
            </span>
            <h1 tabindex="-1">{title}</h1>
            <p>{error.to_string()}</p>
            {way_out(error, here.trim_end_matches('?'))}
        </section>
    }
    .seal()
}

/// What to do about it.
fn way_out(error: ApiError, here: &str) -> AnyView {
    match error {
        ApiError::SignedOut => view! {
            <a class="button primary" href=sign_in(here) rel="external">
                "Sign in again"
            </a>
        }
        .seal(),
        ApiError::Internal { .. }
        | ApiError::EngineUnavailable { .. }
        | ApiError::ServerFull
        | ApiError::TooMany { .. }
        | ApiError::Outdated
        | ApiError::Offline => {
            // The empty address is that of the page itself.
            view! {
                <a class="button" href="">
                    <Icon name="restart" />
                    "Try again"
                </a>
            }
            .seal()
        }
        ApiError::NotFound { .. }
        | ApiError::Forbidden { .. }
        | ApiError::Malformed { .. }
        | ApiError::TooLarge { .. }
        | ApiError::UnsupportedType
        | ApiError::WrongMethod
        | ApiError::Invalid { .. }
        | ApiError::QuotaExceeded { .. }
        | ApiError::Conflict { .. } => view! {
            <a class="button" href="/environments">
                "All environments"
            </a>
        }
        .seal(),
    }
}

/// The way in, and back to where one was.
#[must_use]
pub fn sign_in(here: &str) -> String {
    Address::of("/sign-in").with("return_to", here).to_string()
}

/// What happened, as a heading.
#[must_use]
pub fn title(error: &ApiError) -> String {
    match error {
        ApiError::SignedOut => "Your session has ended".to_owned(),
        ApiError::NotFound { what } => format!("No such {what}"),
        ApiError::Forbidden { .. } => "Not allowed".to_owned(),
        ApiError::EngineUnavailable { .. } => "The Docker Engine does not answer".to_owned(),
        ApiError::ServerFull => "The server's disk is full".to_owned(),
        ApiError::Outdated => "Reload the page".to_owned(),
        ApiError::Offline => "The server does not answer".to_owned(),
        ApiError::TooMany { .. } => "Too many requests".to_owned(),
        ApiError::TooLarge { .. } => "Too large".to_owned(),
        ApiError::Malformed { .. } | ApiError::UnsupportedType | ApiError::WrongMethod => {
            "The request could not be read".to_owned()
        }
        ApiError::QuotaExceeded { .. } => "Quota exceeded".to_owned(),
        ApiError::Invalid { .. } => "Some fields are not valid".to_owned(),
        ApiError::Conflict { .. } => "Not possible now".to_owned(),
        ApiError::Internal { .. } => "Something went wrong".to_owned(),
    }
}

const fn emblem(error: &ApiError) -> &'static str {
    match error {
        ApiError::SignedOut | ApiError::Forbidden { .. } => "lock",
        ApiError::NotFound { .. } | ApiError::Malformed { .. } => "search",
        ApiError::EngineUnavailable { .. } | ApiError::Outdated | ApiError::Offline => "lost",
        ApiError::Invalid { .. }
        | ApiError::QuotaExceeded { .. }
        | ApiError::Conflict { .. }
        | ApiError::TooMany { .. }
        | ApiError::TooLarge { .. }
        | ApiError::UnsupportedType
        | ApiError::WrongMethod
        | ApiError::ServerFull
        | ApiError::Internal { .. } => "failed",
    }
}
