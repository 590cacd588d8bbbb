//! Which team one looks at: a menu of links where there are several.

use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};

use crate::ui::components::icon::Icon;
use crate::ui::seal::Seal;
use model::address::Address;
use model::name::TeamName;
use model::team::TeamLabel;

#[component]
pub fn Teams(teams: Vec<TeamLabel>) -> impl IntoView {
    let chosen = use_query_map().read_untracked().get("team").and_then(|team| TeamName::parse(&team).ok());
    let inside = if teams.len() > 1 {
        view! { <TeamMenu teams chosen /> }.seal()
    } else {
        let label = teams.first().map(|team| team.label.clone());
        let whole = label.clone();
        view! {
            <span class="only" title=whole>
                {label}
            </span>
        }
        .seal()
    };
    view! { <div class="team">{inside}</div> }.seal()
}

#[component]
fn TeamMenu(teams: Vec<TeamLabel>, chosen: Option<TeamName>) -> impl IntoView {
    let all = (None, "All teams".to_owned());
    let teams = teams.into_iter().map(|team| (Some(team.name), team.label));
    let teams: Vec<_> = std::iter::once(all.clone()).chain(teams).collect();
    let (_, label) = teams.iter().find(|(name, _)| *name == chosen).unwrap_or(&all).clone();
    let links = teams.into_iter().map(|(team, label)| {
        let current = team == chosen;
        view! { <TeamLink team label current /> }
    });
    view! {
        <button type="button" class="button quiet" popovertarget="teams">
            <span class="unseen">"Team: "</span>
            <span class="label">{label}</span>
            <Icon name="down" />
        </button>
        <div id="teams" class="menu" popover>
            <nav aria-label="Teams">{links.collect_view()}</nav>
        </div>
    }
    .seal()
}

/// The same page for another team; a page of one environment gives way to the list.
#[component]
fn TeamLink(team: Option<TeamName>, label: String, current: bool) -> impl IntoView {
    let here = use_location().pathname.get_untracked();
    let page = if here == "/launch" { "/launch" } else { "/environments" };
    let href = Address::of(page).with("team", team.as_ref().map_or("", TeamName::as_str)).to_string();
    view! {
        <a href=href aria-current=current.then_some("true")>
            {label}
        </a>
    }
    .seal()
}
