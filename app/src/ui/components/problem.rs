//! What went wrong, what was kept, and what to do now.

use leptos::prelude::*;
use leptos_meta::Title;

use super::copy::Copy;
use super::icon::Icon;
use crate::api::ApiError;
use crate::model::address::Address;
use crate::ui::live::Live;

/// In a page's place.
#[component]
pub fn Problem(error: ApiError, live: Live) -> impl IntoView {
    let title = title(&error);
    let heading = title.clone();
    view! {
        <Title text=title />
        <section class="blank" role="alert">
            <span class="emblem">
                <Icon name=emblem(&error) />
            </span>
            <h1 tabindex="-1">{heading}</h1>
            <p>{error.to_string()}</p>
            <WayOut error live />
        </section>
    }
    .into_any()
}

/// What to do about it.
#[component]
pub fn WayOut(error: ApiError, live: Live) -> impl IntoView {
    match error {
        ApiError::SignedOut => view! { <SignInAgain /> }.into_any(),
        ApiError::NotFound { .. } | ApiError::Forbidden { .. } | ApiError::Malformed { .. } => view! {
            <a class="button" href="/environments">
                "All environments"
            </a>
        }
        .into_any(),
        ApiError::Internal { reference } => view! {
            <div class="row">
                <TryAgain live />
                <Copy text=reference what="the reference" />
            </div>
        }
        .into_any(),
        ApiError::EngineUnavailable { .. } | ApiError::TooMany { .. } | ApiError::Offline => {
            view! { <TryAgain live /> }.into_any()
        }
        ApiError::Invalid { .. } | ApiError::QuotaExceeded { .. } | ApiError::Conflict { .. } => ().into_any(),
    }
}

/// Leads back to where one is; in a tab of its own, so that nothing typed here is lost.
#[component]
fn SignInAgain() -> impl IntoView {
    let location = leptos_router::hooks::use_location();
    let href = move || {
        let here = format!("{}?{}", location.pathname.get(), location.search.get());
        Address::of("/sign-in").with("return_to", here.trim_end_matches('?')).to_string()
    };
    view! {
        <a class="button primary" href=href rel="external" target="_blank">
            "Sign in again in a new tab"
        </a>
    }
    .into_any()
}

#[component]
fn TryAgain(live: Live) -> impl IntoView {
    view! {
        <button type="button" class="button" on:click=move |_| live.ask_again()>
            <Icon name="restart" />
            "Try again"
        </button>
    }
    .into_any()
}

/// What happened, as a heading.
#[must_use]
pub fn title(error: &ApiError) -> String {
    match error {
        ApiError::SignedOut => "Your session has ended".to_owned(),
        ApiError::NotFound { what } => format!("There is no such {what}"),
        ApiError::Forbidden { .. } => "That is not yours to do".to_owned(),
        ApiError::EngineUnavailable { .. } => "The Docker Engine does not answer".to_owned(),
        ApiError::Offline => "The server does not answer".to_owned(),
        ApiError::TooMany { .. } => "Too many requests".to_owned(),
        ApiError::Malformed { .. } => "That address does not lead anywhere".to_owned(),
        ApiError::QuotaExceeded { .. } => "That does not fit into the quota".to_owned(),
        ApiError::Invalid { .. } => "Something is not filled in right".to_owned(),
        ApiError::Conflict { .. } => "That cannot be done now".to_owned(),
        ApiError::Internal { .. } => "Something went wrong".to_owned(),
    }
}

const fn emblem(error: &ApiError) -> &'static str {
    match error {
        ApiError::SignedOut | ApiError::Forbidden { .. } => "lock",
        ApiError::NotFound { .. } | ApiError::Malformed { .. } => "search",
        ApiError::EngineUnavailable { .. } | ApiError::Offline => "lost",
        ApiError::Invalid { .. }
        | ApiError::QuotaExceeded { .. }
        | ApiError::Conflict { .. }
        | ApiError::TooMany { .. }
        | ApiError::Internal { .. } => "failed",
    }
}
