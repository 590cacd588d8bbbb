//! What was not done and why, over the page until it is put away; and what is said to those who do not see.

use leptos::prelude::*;

use crate::api::ApiError;
use crate::ui::components::icon::Icon;
use crate::ui::components::problem::WayOut;
use crate::ui::tab::{Notice, Tab};

#[component]
pub fn NoticeBoard(tab: Tab) -> impl IntoView {
    view! {
        <div class="notices" role="alert">
            <For each=move || tab.notices.shown().get() key=|notice| notice.number let:notice>
                <NoticeCard notice tab />
            </For>
        </div>
        <p class="unseen" role="status">
            {tab.notices.spoken()}
        </p>
    }
    .into_any()
}

#[component]
fn NoticeCard(notice: Notice, tab: Tab) -> impl IntoView {
    let Notice { number, title, error } = notice;
    let words = error.to_string();
    // What failed is tried again where it was begun.
    let way_out = (error == ApiError::SignedOut).then(|| view! { <WayOut error live=tab.live /> });
    view! {
        <div class="notice bad">
            <button
                type="button"
                class="button quiet icon-only"
                aria-label="Put away"
                on:click=move |_| tab.notices.put_away(number)
            >
                <Icon name="close" />
            </button>
            <strong>{title}</strong>
            <p>{words}</p>
            {way_out}
        </div>
    }
    .into_any()
}
