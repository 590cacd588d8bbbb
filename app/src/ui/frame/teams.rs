//! Which team one looks at: a menu of links where there are several.

use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};

use crate::api::me::Me;
use crate::model::address::Address;
use crate::model::name::TeamName;
use crate::ui::components::icon::Icon;
use crate::ui::tab::Tab;

#[component]
pub fn Teams(tab: Tab) -> impl IntoView {
    let query = use_query_map();
    let chosen = Memo::new(move |_| query.with(|query| query.get("team")).and_then(|team| TeamName::parse(&team).ok()));
    view! {
        <div class="team">
            <Transition>
                {move || {
                    let me = tab.me.get()?.ok()?;
                    Some(if me.teams.len() > 1 {
                        view! { <TeamMenu me chosen /> }.into_any()
                    } else {
                        let label = me.teams.first().map(|team| team.label.clone());
                        view! { <span class="only">{label}</span> }.into_any()
                    })
                }}
            </Transition>
        </div>
    }
    .into_any()
}

#[component]
fn TeamMenu(me: Me, chosen: Memo<Option<TeamName>>) -> impl IntoView {
    const ALL: &str = "All teams";
    let labels: Vec<_> = me.teams.iter().map(|team| (team.name.clone(), team.label.clone())).collect();
    let known = labels.clone();
    let label = move || {
        let label = chosen
            .get()
            .and_then(|chosen| known.iter().find(|(name, _)| *name == chosen).map(|(_, label)| label.clone()));
        label.unwrap_or_else(|| ALL.to_owned())
    };
    let links =
        labels.into_iter().map(|(name, label)| view! { <TeamLink team=Some(name) label chosen /> }).collect_view();
    view! {
        <button type="button" class="button quiet" popovertarget="teams">
            <span class="unseen">"Team: "</span>
            {label}
            <Icon name="down" />
        </button>
        <div id="teams" class="menu" popover>
            <nav aria-label="Teams">
                <TeamLink team=None label=ALL.to_owned() chosen />
                {links}
            </nav>
        </div>
    }
    .into_any()
}

/// The same page for another team; a page of one environment gives way to the list.
#[component]
fn TeamLink(team: Option<TeamName>, label: String, chosen: Memo<Option<TeamName>>) -> impl IntoView {
    let location = use_location();
    let name = team.clone();
    let href = move || {
        let page = location.pathname.with(|path| if path == "/launch" { "/launch" } else { "/environments" });
        Address::of(page).with("team", name.as_ref().map_or("", TeamName::as_str)).to_string()
    };
    view! {
        <a href=href aria-current=move || (chosen.get() == team).then_some("true")>
            {label}
        </a>
    }
    .into_any()
}
