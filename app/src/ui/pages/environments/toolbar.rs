//! Filters as what they are: a form that asks with GET, and links with a count each. Both work without scripts.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use crate::model::environment::Environment;
use crate::model::filter::{Filter, Group};
use crate::model::name::TeamName;
use crate::ui::components::icon::Icon;

#[component]
pub fn Toolbar(list: Memo<Vec<Environment>>, filter: Memo<Filter>) -> impl IntoView {
    view! {
        <div class="toolbar">
            <Search filter />
            <nav class="groups" aria-label="By state">
                <GroupLink list filter group=None />
                {Group::ALL.map(|group| view! { <GroupLink list filter group=Some(group) /> }).into_iter().collect_view()}
            </nav>
        </div>
    }
    .into_any()
}

#[component]
fn Search(filter: Memo<Filter>) -> impl IntoView {
    let navigate = use_navigate();
    let words = filter.with_untracked(|filter| filter.words.clone());
    let (team, group) = filter.with_untracked(|filter| (filter.team.clone(), filter.group));
    let typed = move |event| {
        let address = filter.with_untracked(|filter| filter.with_words(event_target_value(&event)).address());
        navigate(&address.to_string(), NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() });
    };
    view! {
        <form
            role="search"
            class="search"
            action="/environments"
            on:submit=|event: SubmitEvent| event.prevent_default()
        >
            <input type="hidden" name="team" value=team.as_ref().map(TeamName::to_string) disabled=team.is_none() />
            <input type="hidden" name="state" value=group.map(Group::as_str) disabled=group.is_none() />
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
    .into_any()
}

#[component]
fn GroupLink(list: Memo<Vec<Environment>>, filter: Memo<Filter>, group: Option<Group>) -> impl IntoView {
    let count = Memo::new(move |_| list.with(|list| filter.with(|filter| filter.count(list, group))));
    let current = move || filter.with(|filter| filter.group == group).then_some("true");
    view! {
        <a href=move || filter.with(|filter| filter.in_group(group).address().to_string()) aria-current=current>
            {group.map_or("All", Group::label)}
            " "
            <b>{count}</b>
        </a>
    }
    .into_any()
}
