//! The way to every page: beside them on a desk, below them on a phone.

use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};

use crate::model::access::Actor;
use crate::model::address::Address;
use crate::ui::components::icon::Icon;
use crate::ui::seal::Seal;

#[component]
pub fn Rail(
    actor: Actor,
    /// Requests that wait for the viewer's decision.
    waiting: u64,
) -> impl IntoView {
    view! {
        <nav class="rail" aria-label="Main">
            <a class="brand" href="/environments">
                <Mark />
                "Berth"
            </a>
            <RailLink path="/environments" icon="environments" label="Environments" />
            <RailLink path="/launch" icon="launch" label="Launch" />
            <RailLink path="/requests" icon="requests" label="Requests" waiting />
            {actor.audits().then(|| view! { <RailLink path="/audit" icon="audit" label="Audit" /> })}
            {actor.role.map(|_| view! { <RailLink path="/host" icon="host" label="Host" /> })}
        </nav>
    }
    .seal()
}

/// Keeps the team that is chosen.
#[component]
fn RailLink(
    path: &'static str,
    icon: &'static str,
    label: &'static str,
    /// How many things there wait for the viewer.
    #[prop(optional)]
    waiting: u64,
) -> impl IntoView {
    let team = use_query_map().read_untracked().get("team").unwrap_or_default();
    let here = use_location().pathname.get_untracked();
    let inside = here.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
    let current = if here == path { Some("page") } else { inside.then_some("true") };
    view! {
        <a href=Address::of(path).with("team", &team).to_string() aria-current=current>
            <Icon name=icon />
            {label}
            {(waiting > 0).then(|| view! {
                <span class="count">
                    {waiting}
                    <span class="unseen">" waiting for you"</span>
                </span>
            })}
        </a>
    }
    .seal()
}

/// A berth between two bollards.
#[component]
pub fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" aria-hidden="true">
            <use_ href="/icons.svg#mark"></use_>
        </svg>
    }
    .seal()
}
