//! Filters as what they are: a form that asks with GET, and links with a count each. Both work without scripts.

use leptos::ev::{Event, SubmitEvent};
use leptos::prelude::*;

use super::List;
use crate::ui::browser;
use crate::ui::components::icon::Icon;
use crate::ui::seal::Seal;
use model::filter::{Filter, Group};
use model::name::TeamName;

#[component]
pub fn Toolbar(list: List) -> impl IntoView {
    let links = [None].into_iter().chain(Group::ALL.map(Some)).map(|group| view! { <GroupLink list group /> });
    view! {
        <div class="toolbar">
            <Search list />
            <nav class="groups" aria-label="By state">
                {links.collect_view()}
            </nav>
        </div>
    }
    .seal()
}

#[component]
fn Search(list: List) -> impl IntoView {
    let List { filter, after, .. } = list;
    let Filter { team, group, words } = filter.get_untracked();
    let typed = move |event: Event| {
        // From the newest on.
        after.set(None);
        filter.update(|filter| filter.words = event_target_value(&event));
        browser::show_address(&filter.with_untracked(Filter::address).to_string());
    };
    view! {
        <form role="search" class="search" action="/environments" on:submit=|event: SubmitEvent| event.prevent_default()>
            {team.map(|team| hidden("team", TeamName::as_str(&team)))}
            {group.map(|group| hidden("state", group.as_str()))}
            <Icon name="search" />
            <input
                type="search"
                name="q"
                value=words
                placeholder="Filter"
                aria-label="Filter by words: template, owner, port"
                autocomplete="off"
                on:input=typed
            />
        </form>
    }
    .seal()
}

fn hidden(name: &'static str, value: &str) -> impl IntoView + use<> {
    view! { <input type="hidden" name=name value=value.to_owned() /> }
}

#[component]
fn GroupLink(list: List, group: Option<Group>) -> impl IntoView {
    let filter = list.filter;
    let count = move || list.with(|listing| listing.counts.of(group));
    let current = filter.with_untracked(|filter| filter.group == group).then_some("true");
    let href = move || filter.with(|filter| filter.in_group(group).address().to_string());
    view! {
        <a href=href aria-current=current>
            {group.map_or("All", Group::label)}
            " "
            <b>{count}</b>
        </a>
    }
    .seal()
}
