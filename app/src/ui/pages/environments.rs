//! The list: what the viewer's teams have, how each is, and what can be done with it.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::api::environments::list_environments;
use crate::api::me::Me;
use crate::model::address::Address;
use crate::model::environment::Environment;
use crate::model::filter::Filter;
use crate::model::name::TeamName;
use crate::ui::components::icon::Icon;
use crate::ui::components::loaded::{Loaded, both};
use crate::ui::tab::{Tab, Viewer};
use meters::Meters;
use table::Table;
use toolbar::Toolbar;

mod meters;
mod row;
mod table;
mod toolbar;

/// What was asked for, with the round it was asked in.
type Listed = (u32, Vec<Environment>);

#[component]
pub fn EnvironmentsPage(tab: Tab) -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| query.with(|query| Filter::from_query(|name| query.get(name))));
    let team = Memo::new(move |_| filter.with(|filter| filter.team.clone()));
    let asked = Resource::new(
        move || (team.get(), tab.live.round()),
        |(team, round)| async move { list_environments(team).await.map(|list| (round, list)) },
    );
    let answer = Signal::derive(move || both(tab.me.get(), asked.get()));
    view! {
        <Title text="Environments" />
        <Loaded tab answer view=move |known| view! { <Overview tab known filter /> }.into_any() />
    }
    .into_any()
}

#[component]
fn Overview(tab: Tab, known: Signal<(Me, Listed)>, filter: Memo<Filter>) -> impl IntoView {
    let viewer = Viewer::of(tab, Signal::derive(move || known.get().0));
    let list = Memo::new(move |_| {
        let (round, list) = known.get().1;
        filter.with(|filter| tab.live.merged(round, list, filter.team.as_ref()))
    });
    let launch = move || {
        let team = filter.with(|filter| filter.team.as_ref().map(ToString::to_string)).unwrap_or_default();
        Address::of("/launch").with("team", &team).to_string()
    };
    let is_empty = Memo::new(move |_| list.with(Vec::is_empty));
    view! {
        <div class="head">
            <h1 tabindex="-1">"Environments"</h1>
            <a class="button primary" href=launch>
                <Icon name="launch" />
                "Launch"
            </a>
        </div>
        <Meters viewer list filter />
        <section class="panel" aria-label="Environments">
            {move || {
                if is_empty.get() {
                    view! { <Nothing href=launch() /> }.into_any()
                } else {
                    view! {
                        <Toolbar list filter />
                        <Table viewer list filter />
                    }
                    .into_any()
                }
            }}
        </section>
    }
    .into_any()
}

/// Nothing is there yet: the next step.
#[component]
fn Nothing(href: String) -> impl IntoView {
    view! {
        <div class="blank">
            <span class="emblem">
                <Icon name="environments" />
            </span>
            <h2>"No environments yet"</h2>
            <p>
                "Choose a template and launch it: you get a container of your own with its ports as links. It stops by itself when its time is over, so nothing is left running by accident."
            </p>
            <a class="button" href=href>
                "Choose a template"
            </a>
        </div>
    }
    .into_any()
}

/// The team whose quota is shown: the one that the filter names, or the only one.
fn team_name(me: &Me, filter: &Filter) -> Option<TeamName> {
    me.team(filter.team.as_ref()).map(|team| team.name.clone())
}
