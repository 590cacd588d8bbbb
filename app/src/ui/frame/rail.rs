//! The way to every page: beside them on a desk, below them on a phone.

use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};

use crate::ui::components::icon::Icon;
use crate::ui::seal::Seal;
use model::access::{Actor, TeamRole};
use model::address::Address;

/// Whoever looks after a team or the installation has more ways than who works in a team.
#[component]
pub fn Rail(
    actor: Actor,
    /// Requests that wait for the viewer's decision.
    waiting: u64,
) -> impl IntoView {
    let manages = actor.role.is_some().then(|| {
        view! {
            <RailLink path="/templates" icon="templates" label="Templates" />
            <RailLink path="/sizes" icon="sizes" label="Sizes" />
            <RailLink path="/people" icon="people" label="People" />
            <RailLink path="/hosts" icon="host" label="Hosts" />
            <RailLink path="/settings" icon="settings" label="Settings" />
        }
    });
    let leads = actor.role.is_some() || actor.teams.values().any(|role| *role == TeamRole::Lead);
    view! {
        <nav class="rail" aria-label="Main">
            <a class="brand" href="/environments">
                <Mark />
                "Berth"
            </a>
            <RailLink path="/environments" icon="environments" label="Environments" />
            <RailLink path="/launch" icon="launch" label="Launch" />
            <RailLink path="/activities" icon="activities" label="Activities" />
            <RailLink path="/requests" icon="requests" label="Requests" waiting />
            {leads.then(|| view! { <RailLink path="/teams" icon="teams" label="Teams" /> })}
            {manages}
            {actor.audits().then(|| view! { <RailLink path="/audit" icon="audit" label="Audit" /> })}
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
    let name = (waiting > 0).then(|| format!("{label}, {waiting} waiting"));
    let current = if here == path { Some("page") } else { inside.then_some("true") };
    view! {
        <a href=Address::of(path).with("team", &team).to_string() aria-current=current aria-label=name>
            <Icon name=icon />
            {label}
            {(waiting > 0).then(|| view! { " " <span class="count">{waiting}</span> })}
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
