//! The list: what the viewer's teams have, how each is, and what can be done with it.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::api::environments::{Operate, list_environments};
use crate::api::json::Given;
use crate::api::me::{Me, get_me, get_my_teams};
use crate::model::address::Address;
use crate::model::environment::Environment;
use crate::model::filter::Filter;
use crate::model::name::TeamName;
use crate::model::team::Team;
use crate::ui::components::icon::Icon;
use crate::ui::components::loaded::Loaded;
use crate::ui::components::refused::Refused;
use crate::ui::seal::Seal;
use crate::ui::tab::{Tab, Viewer};
use endings::Endings;
use meters::Meters;
use table::Table;
use toolbar::Toolbar;

mod endings;
mod meters;
mod row;
mod table;
mod toolbar;

#[component]
pub fn EnvironmentsPage() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let filter = Filter::from_query(|name| query.get(name));
    let team = filter.team.clone();
    let launch = launch_address(team.as_ref());
    let asked = async { Ok((get_me().await?, get_my_teams().await?, list_environments(team).await?)) };
    view! {
        <Title text="Environments" />
        <div class="head">
            <h1 tabindex="-1">"Environments"</h1>
            <a class="button primary" href=launch>
                <Icon name="launch" />
                "Launch"
            </a>
        </div>
        <Refused<Operate> />
        <Loaded
            asked
            view=move |(me, teams, list): (Me, Vec<Team>, Vec<Environment>)| {
                let chosen = me.team(filter.team.as_ref()).map(|team| team.name.clone());
                let quota = teams.into_iter().find(|team| Some(&team.name) == chosen.as_ref());
                view! { <EnvironmentList given=Given((me, quota, list, filter.clone())) /> }.seal()
            }
        />
    }
    .seal()
}

fn launch_address(team: Option<&TeamName>) -> String {
    Address::of("/launch").with("team", team.map_or("", TeamName::as_str)).to_string()
}

#[island]
fn EnvironmentList(given: Given<(Me, Option<Team>, Vec<Environment>, Filter)>) -> impl IntoView {
    let Given((me, quota, list, filter)) = given;
    let live = Tab::here().live;
    let team = filter.team.clone();
    let known = RwSignal::new((0, list));
    let asked = team.clone();
    live.follow(|| 0, move || list_environments(asked.clone()), Callback::new(move |answer| known.set(answer)));
    let of_teams = team.is_none() && me.teams.len() > 1;
    let launch = launch_address(team.as_ref());
    let list = Memo::new(move |_| known.with(|(round, list)| live.merged(*round, list.clone(), team.as_ref())));
    let filter = RwSignal::new(filter);
    let viewer = Viewer::of(me);
    let is_empty = Memo::new(move |_| list.with(Vec::is_empty));
    let inside = move || {
        if is_empty.get() {
            view! { <Nothing launch=launch.clone() /> }.seal()
        } else {
            view! {
                <Toolbar list filter />
                <Table viewer list filter of_teams />
            }
            .seal()
        }
    };
    view! {
        {quota.map(|team| view! { <Meters team list /> })}
        <Endings viewer list />
        <section class="panel" aria-label="List">
            {inside}
        </section>
    }
    .seal()
}

/// Nothing is there yet: the next step.
#[component]
fn Nothing(launch: String) -> impl IntoView {
    view! {
        <div class="blank">
            <span class="emblem">
                <Icon name="environments" />
            </span>
            <h2>"No environments yet"</h2>
            <p>
                "Choose a template and launch it: you get a container of your own with its ports as links. It stops by itself when its time is over, so nothing is left running by accident."
            </p>
            <a class="button" href=launch>
                "Choose a template"
            </a>
        </div>
    }
    .seal()
}
