//! Everybody who has signed in, to be searched: teams, roles, and whether they are let in.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::api::people::{Found, Person, list_people};
use crate::api::teams::Belonging;
use crate::ui::components::icon::Icon;
use crate::ui::components::loaded::Loaded;
use crate::ui::components::time::Moment;
use crate::ui::seal::Seal;
use model::access::InstallationRole;

#[component]
pub fn PeoplePage() -> impl IntoView {
    let words = use_query_map().read_untracked().get("q").unwrap_or_default();
    let asked = list_people(words.clone());
    view! {
        <Title text="People" />
        <Loaded
            asked
            view=move |people: Found| {
                view! {
                    <div class="head">
                        <h1 tabindex="-1">"People"</h1>
                    </div>
                    <section class="panel" aria-label="People">
                        <div class="toolbar">{search(&words)}</div>
                        {table(people)}
                    </section>
                }
                    .seal()
            }
        />
    }
    .seal()
}

fn search(words: &str) -> AnyView {
    view! {
        <form role="search" class="search" action="/people">
            <Icon name="search" />
            <input
                type="search"
                name="q"
                value=words.to_owned()
                placeholder="Search"
                aria-label="Search by name, address, team or role"
                autocomplete="off"
            />
        </form>
    }
    .seal()
}

fn table(people: Found) -> AnyView {
    let Found { people, more } = people;
    if people.is_empty() {
        return view! { <p class="nothing">"No people match. People appear here after their first sign-in."</p> }
            .seal();
    }
    let more = (more > 0).then(|| view! { <p class="nothing">{more.to_string()} " more match: search for them."</p> });
    view! {
        <table class="plain">
            <thead>
                <tr>
                    <th scope="col">"Name"</th>
                    <th scope="col">"Teams"</th>
                    <th scope="col">"Role"</th>
                    <th scope="col">"Last sign-in"</th>
                </tr>
            </thead>
            <tbody>{people.into_iter().map(row).collect_view()}</tbody>
        </table>
        {more}
    }
    .seal()
}

fn row(person: Person) -> AnyView {
    view! {
        <tr>
            <th scope="row">
                <a class="name" href=format!("/people/{}", person.id)>
                    {person.name}
                </a>
                <small>{person.email}</small>
                {person.disabled.then(|| view! { <small class="warn">"disabled"</small> })}
                {person.groups_lapsed.then(|| view! { <small class="warn">"groups lapsed"</small> })}
            </th>
            <td data-label="Teams">{teams(&person.teams)}</td>
            <td data-label="Role">{person.role.map_or("none", InstallationRole::as_str)}</td>
            <td data-label="Last sign-in">
                <Moment at=person.signed_in_at />
            </td>
        </tr>
    }
    .seal()
}

/// Each team once, with the role that counts there.
fn teams(ways: &[Belonging]) -> String {
    let mut teams = std::collections::BTreeMap::new();
    for way in ways {
        let role = teams.entry(&way.team).or_insert(way.role);
        *role = (*role).max(way.role);
    }
    if teams.is_empty() {
        return "none".to_owned();
    }
    teams.into_iter().map(|(team, role)| format!("{team} ({role})")).collect::<Vec<_>>().join(", ")
}
