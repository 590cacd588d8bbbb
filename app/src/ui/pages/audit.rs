//! The audit log: who did what to what, as a form that asks with GET and a list with a stable address.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::api::ApiError;
use crate::api::audit::get_audit;
use crate::api::me::{Me, get_me};
use crate::ui::components::entries::Entries;
use crate::ui::components::icon::Icon;
use crate::ui::components::loaded::Loaded;
use crate::ui::seal::Seal;
use model::audit::{Action, Excerpt, Outcome, Search};

#[component]
pub fn AuditPage() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let search = Search::from_query(|name| query.get(name));
    let asked = async {
        let search = search.map_err(|errors| ApiError::Invalid { errors })?;
        let excerpt = get_audit(search.clone()).await?;
        Ok((get_me().await?, search, excerpt))
    };
    view! {
        <Title text="Audit" />
        <Loaded
            asked
            view=|(me, search, excerpt): (Me, Search, Excerpt)| view! { <Log me search excerpt /> }.seal()
        />
    }
    .seal()
}

#[component]
fn Log(me: Me, search: Search, excerpt: Excerpt) -> impl IntoView {
    let teams: Vec<String> = me.teams.iter().map(|team| team.name.to_string()).collect();
    let exports = [("Export CSV", "csv"), ("Export JSON lines", "jsonl")].map(|(label, format)| {
        view! {
            <a class="button" href=search.export(format).to_string() rel="external" download>
                {label}
            </a>
        }
    });
    let nothing = excerpt.items.is_empty();
    view! {
        <div class="head">
            <h1 tabindex="-1">"Audit"</h1>
            <div class="row actions" role="group" aria-label="Export the results">
                {exports.into_iter().collect_view()}
            </div>
        </div>
        <section class="panel" aria-label="Log">
            <Filters search=search.clone() teams />
            {if nothing {
                view! { <Nothing everything=search.is_everything() /> }.seal()
            } else {
                view! { <Entries entries=excerpt.items of_one=false /> }.seal()
            }}
            <Pages search next=excerpt.next />
        </section>
    }
    .seal()
}

#[component]
fn Nothing(everything: bool) -> impl IntoView {
    let words = if everything { "Nothing has been recorded yet. " } else { "Nothing matches these filters. " };
    let all = (!everything).then(|| view! { <a href="/audit">"Show all"</a> });
    view! {
        <p class="nothing" role="status">
            {words} {all}
        </p>
    }
    .seal()
}

#[component]
fn Pages(search: Search, next: Option<i64>) -> impl IntoView {
    let newest = search.cursor.map(|_| Search { cursor: None, ..search.clone() }.address().to_string());
    let newest = newest.map(|href| view! { <a class="button" href=href>"Newest"</a> });
    let older =
        next.map(|next| view! { <a class="button push" href=search.after(next).address().to_string()>"Older"</a> });
    (newest.is_some() || older.is_some())
        .then(|| view! { <nav class="row pages" aria-label="Pages">{newest} {older}</nav> }.seal())
}

#[component]
fn Filters(search: Search, teams: Vec<String>) -> impl IntoView {
    let (from, to) = search.days();
    let team = search.team.as_ref().map(ToString::to_string).unwrap_or_default();
    let teams = teams.into_iter().map(|team| (team.clone(), team)).collect();
    let actions = Action::ALL.iter().map(|action| (action.to_string(), action.label().to_owned())).collect();
    let outcomes = Outcome::ALL.iter().map(|outcome| (outcome.to_string(), outcome.label().to_owned())).collect();
    let action = search.action.map(|action| action.to_string()).unwrap_or_default();
    let outcome = search.outcome.map(|outcome| outcome.to_string()).unwrap_or_default();
    let environment = search.environment.as_ref().map(ToString::to_string);
    view! {
        <form role="search" class="filters" action="/audit" aria-label="Filters">
            <Text name="q" label="Words" value=search.words.clone() />
            <Text name="person" label="Person" value=search.person.clone() />
            <Choice name="team" label="Team" chosen=team choices=teams />
            <Choice name="action" label="Action" chosen=action choices=actions />
            <Choice name="outcome" label="Outcome" chosen=outcome choices=outcomes />
            <label>
                "From (UTC)"
                <input type="date" name="from" value=from />
            </label>
            <label>
                "To (UTC)"
                <input type="date" name="to" value=to />
            </label>
            {environment.map(|id| view! { <input type="hidden" name="environment" value=id /> })}
            <div class="row">
                <button class="button primary">
                    <Icon name="search" />
                    "Filter"
                </button>
                {(!search.is_everything()).then(|| view! { <a class="button quiet" href="/audit">"Clear"</a> })}
            </div>
        </form>
    }
    .seal()
}

#[component]
fn Text(name: &'static str, label: &'static str, value: String) -> impl IntoView {
    view! {
        <label>
            {label}
            <input type="search" name=name value=value autocomplete="off" />
        </label>
    }
    .seal()
}

#[component]
fn Choice(name: &'static str, label: &'static str, chosen: String, choices: Vec<(String, String)>) -> impl IntoView {
    let options = choices.into_iter().map(|(value, label)| {
        let selected = value == chosen;
        view! { <option value=value selected=selected>{label}</option> }
    });
    view! {
        <label>
            {label}
            <select name=name>
                <option value="">"All"</option>
                {options.collect_view()}
            </select>
        </label>
    }
    .seal()
}
