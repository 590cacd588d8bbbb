//! The list: what the viewer's teams have, how each is, and what can be done with it.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::api::ApiError;
use crate::api::environments::{Listing, Operate, list_environments};
use crate::api::json::Given;
use crate::api::me::{Me, get_me};
use crate::ui::components::icon::Icon;
use crate::ui::components::loaded::Loaded;
use crate::ui::components::refused::Refused;
use crate::ui::seal::Seal;
use crate::ui::tab::{Tab, Viewer};
use endings::Endings;
use meters::Meters;
use model::address::Address;
use model::environment::Environment;
use model::filter::{Filter, Group};
use model::name::{EnvironmentId, TeamName};
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
    let [team, state, words, after] = ["team", "state", "q", "after"].map(|name| query.get(name).unwrap_or_default());
    let filter = Filter::from_query(|name| query.get(name));
    let launch = launch_address(filter.team.as_ref());
    let given = [team, state, words, after];
    let wanted = given.clone();
    let asked = async { Ok((get_me().await?, ask(wanted).await?)) };
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
            view=move |(me, listing): (Me, Listing)| {
                let [team, state, words, after] = given.clone();
                view! { <EnvironmentList given=Given((me, listing, team, state, words, after)) /> }.seal()
            }
        />
    }
    .seal()
}

fn launch_address(team: Option<&TeamName>) -> String {
    Address::of("/launch").with("team", team.map_or("", TeamName::as_str)).to_string()
}

/// What a list shows: a page that was asked for with a filter, in some round.
#[derive(Debug, Clone, Copy)]
struct List {
    asked: RwSignal<(u32, (Filter, Listing))>,
    /// Of the page, as they are now and as the filter has them.
    items: Memo<Vec<Environment>>,
    filter: RwSignal<Filter>,
    /// After which it begins.
    after: RwSignal<Option<EnvironmentId>>,
}

impl List {
    fn with<T>(self, read: impl FnOnce(&Listing) -> T) -> T {
        self.asked.with(|(_, (_, listing))| read(listing))
    }

    /// Whether what is shown is the answer to what is asked.
    fn is_answered(self) -> bool {
        self.asked.with(|(_, (asked, _))| self.filter.with(|filter| filter == asked))
    }
}

/// How often what ends soon is asked for again, in milliseconds.
const LOOKS: i64 = 300_000;

/// Asks for a page as its address has it: team, state, words, and after which.
async fn ask([team, state, words, after]: [String; 4]) -> Result<Listing, ApiError> {
    list_environments(team, state, words, after).await
}

#[island]
fn EnvironmentList(given: Given<(Me, Listing, String, String, String, String)>) -> impl IntoView {
    let Given((me, listing, team, state, words, after)) = given;
    let filter = Filter::of(&team, &state, words);
    let after = EnvironmentId::parse(&after).ok();
    let Tab { live, clock } = Tab::here();
    let of_teams = filter.team.is_none() && me.teams.len() > 1;
    let launch = launch_address(filter.team.as_ref());
    let viewer = Viewer::of(me);
    let asked = RwSignal::new((0, (filter.clone(), listing)));
    let (filter, after) = (RwSignal::new(filter), RwSignal::new(after));
    let looks = Memo::new(move |_| clock.ticked().map_or(0, |now| now.as_millis() / LOOKS).unsigned_abs());
    let typed = Memo::new(move |before: Option<&(u64, String)>| {
        let words = filter.with(|filter| filter.words.clone());
        (before.map_or(0, |(count, _)| count + 1), words)
    });
    let again = move || {
        let (filter, after) = (filter.get_untracked(), after.get_untracked());
        let team = filter.team.as_ref().map(TeamName::to_string).unwrap_or_default();
        let state = filter.group.map(Group::as_str).unwrap_or_default().to_owned();
        let after = after.map(|after| after.to_string()).unwrap_or_default();
        let asked = ask([team, state, filter.words.clone(), after]);
        async move { Ok((filter, asked.await?)) }
    };
    live.follow(
        move || live.moves() + looks.get() + typed.get().0,
        again,
        Callback::new(move |answer| asked.set(answer)),
    );
    let items = Memo::new(move |_| {
        let comes = |changed: &Environment| after.with(Option::is_none) && filter.with(|filter| filter.keeps(changed));
        let page = asked.with(|(round, (_, listing))| live.merged(*round, listing.items.clone(), comes));
        page.into_iter().filter(|environment| filter.with(|filter| filter.keeps(environment))).collect::<Vec<_>>()
    });
    let list = List { asked, items, filter, after };
    let is_empty = Memo::new(move |_| list.with(|listing| !listing.exist) && items.with(Vec::is_empty));
    let inside = move || {
        if is_empty.get() {
            view! { <Nothing launch=launch.clone() /> }.seal()
        } else {
            view! {
                <Toolbar list />
                <Table viewer list of_teams />
                <Pages list />
            }
            .seal()
        }
    };
    view! {
        <Meters list />
        <Endings viewer list />
        <section class="panel" aria-label="List">
            {inside}
        </section>
    }
    .seal()
}

/// How much of it is shown, and the ways to the rest.
#[component]
fn Pages(list: List) -> impl IntoView {
    let older = move || {
        let next = list.with(|listing| listing.next.clone())?;
        Some(list.filter.with(Filter::address).with("after", next.as_str()).to_string())
    };
    let newest = move || list.after.with(Option::is_some).then(|| list.filter.with(Filter::address).to_string());
    let shown = move || {
        let all = list.with(|listing| list.filter.with(|filter| listing.counts.of(filter.group)));
        format!("{} of {all}", list.items.with(Vec::len))
    };
    let link = |address: String, word| view! { <a class="button" href=address>{word}</a> };
    move || {
        let (newest, older) = (newest(), older());
        (newest.is_some() || older.is_some()).then(|| {
            view! {
                <nav class="pages" aria-label="Pages">
                    <span>{shown}</span>
                    {newest.map(|address| link(address, "Newest"))}
                    {older.map(|address| link(address, "Older"))}
                </nav>
            }
        })
    }
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
