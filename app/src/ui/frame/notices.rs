//! What was not done and why, over the page until it is put away; and what is said to those who do not see.

use leptos::prelude::*;

use crate::api::ApiError;
use crate::ui::browser;
use crate::ui::components::icon::Icon;
use crate::ui::components::problem::{sign_in, title};
use crate::ui::seal::Seal;
use crate::ui::tab::{Notice, Tab};

#[island]
pub fn NoticeBoard() -> impl IntoView {
    let notices = Tab::here().notices;
    let stale = move || notices.staleness().get().map(|error| view! { <Stale error /> });
    view! {
        <div class="notices" role="alert">
            {stale}
            <For each=move || notices.shown().get() key=|notice| notice.number let:notice>
                <NoticeCard notice />
            </For>
        </div>
        <p class="unseen" role="status">
            {notices.spoken()}
        </p>
    }
    .seal()
}

#[component]
fn NoticeCard(notice: Notice) -> impl IntoView {
    let Notice { number, title, error } = notice;
    let words = error.to_string();
    view! {
        <div class="notice bad">
            <button
                type="button"
                class="button quiet icon-only"
                aria-label="Put away"
                on:click=move |_| Tab::here().notices.put_away(number)
            >
                <Icon name="close" />
            </button>
            <strong>{title}</strong>
            <p>{words}</p>
            {(error == ApiError::SignedOut).then(|| view! { <SignInAgain /> })}
        </div>
    }
    .seal()
}

/// What is shown could not be asked for again.
#[component]
fn Stale(error: ApiError) -> impl IntoView {
    view! {
        <div class="notice warn">
            <strong>{title(&error)}</strong>
            <p>"What you see may be old by now. What you typed stays."</p>
            {(error == ApiError::SignedOut).then(|| view! { <SignInAgain /> })}
        </div>
    }
    .seal()
}

/// In a tab of its own, so that nothing typed here is lost.
#[component]
pub fn SignInAgain() -> impl IntoView {
    view! {
        <a class="button" href=sign_in(&browser::here()) target="_blank">
            "Sign in again in a new tab"
        </a>
    }
    .seal()
}
