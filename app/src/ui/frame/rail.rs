//! The way to every page: beside them on a desk, below them on a phone.

use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};

use crate::model::address::Address;
use crate::ui::components::icon::Icon;
use crate::ui::tab::Tab;

#[component]
pub fn Rail(tab: Tab) -> impl IntoView {
    let _ = tab;
    view! {
        <nav class="rail" aria-label="Main">
            <a class="brand" href="/environments">
                <Mark />
                "Berth"
            </a>
            <RailLink path="/environments" icon="environments" label="Environments" />
            <RailLink path="/launch" icon="launch" label="Launch" />
        </nav>
    }
    .into_any()
}

/// Keeps the team that is chosen.
#[component]
fn RailLink(path: &'static str, icon: &'static str, label: &'static str) -> impl IntoView {
    let location = use_location();
    let query = use_query_map();
    let href =
        move || Address::of(path).with("team", &query.with(|query| query.get("team")).unwrap_or_default()).to_string();
    let current = move || {
        let here = location.pathname.get();
        let inside = here.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        if here == path { Some("page") } else { inside.then_some("true") }
    };
    view! {
        <a href=href aria-current=current>
            <Icon name=icon />
            {label}
        </a>
    }
    .into_any()
}

/// A berth between two bollards.
#[component]
pub fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" aria-hidden="true">
            <use_ href="/icons.svg#mark"></use_>
        </svg>
    }
    .into_any()
}
