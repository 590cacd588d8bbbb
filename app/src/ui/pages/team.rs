//! One team: what it holds of its quota, who belongs to it and why, what it runs, and how it is declared.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use crate::api::me::{Me, get_me};
use crate::api::teams::{TeamDetail, get_team};
use crate::ui::components::badge::tone;
use crate::ui::components::form::{Draft, Told};
use crate::ui::components::loaded::Loaded;
use crate::ui::components::pool::Meters;
use crate::ui::seal::Seal;
use declared::{as_text, declaration, limits};
use members::{add_member, member_table};
use model::environment::Environment;

mod declared;
mod members;

/// The page's forms, as they were sent if they were refused.
#[derive(Debug, Clone)]
struct Drafts {
    team: Draft,
    text: Draft,
    member: Draft,
    removal: Draft,
}

#[component]
pub fn TeamPage() -> impl IntoView {
    let name = use_params_map().read_untracked().get("name").unwrap_or_default();
    let drafts = Drafts {
        team: Draft::of("team"),
        text: Draft::of("team-text"),
        member: Draft::of("member"),
        removal: Draft::of("remove-member"),
    };
    let asked = async { Ok((get_me().await?, get_team(name).await?)) };
    view! {
        <Loaded
            asked
            view=move |(me, detail): (Me, TeamDetail)| {
                view! {
                    <Title text=detail.team.label.clone() />
                    <TeamView admin=me.actor.acts_as_admin() detail drafts=drafts.clone() />
                }
                    .seal()
            }
        />
    }
    .seal()
}

#[component]
fn TeamView(admin: bool, detail: TeamDetail, drafts: Drafts) -> impl IntoView {
    let team = &detail.team;
    let over = team.room.team.overrun(team.name.as_str());
    let environments = format!("/environments?team={}", team.name);
    view! {
        <div class="head one">
            <h1 tabindex="-1">{team.label.clone()}</h1>
            <p class="dim">{team.name.to_string()}</p>
            <a class="button" href=environments>
                "View environments"
            </a>
        </div>
        <Told />
        {over.map(|over| view! { <p class="callout warn">{over}</p> })}
        <Meters pool=team.room.team label=format!("Quota of {}", team.label) />
        <section class="panel" aria-labelledby="members">
            <header>
                <h2 id="members">"Members"</h2>
            </header>
            {drafts.removal.refusal()}
            {member_table(&detail, admin)}
            {admin.then(|| add_member(&detail.team.name, &drafts.member))}
        </section>
        {running(&detail.environments)}
        {if admin { declaration(&detail, &drafts.team) } else { limits(&detail) }}
        {as_text(&detail, &drafts.text, admin)}
    }
    .seal()
}

/// What the team has, in short; the list of environments has the rest.
fn running(environments: &[Environment]) -> AnyView {
    let rows = environments.iter().map(|it| {
        let badge = tone(it.state);
        view! {
            <tr>
                <th scope="row">
                    <a class="name" href=it.address().to_string()>
                        {it.name.to_string()}
                    </a>
                    <small>{it.template.slug.to_string()} " v" {it.template.version} " · " {it.size.to_string()}</small>
                </th>
                <td data-label="State">
                    <span class=badge>{it.state.label()}</span>
                </td>
                <td data-label="Limits">{it.limits.cpus.words()} ", " {it.limits.memory.to_string()}</td>
                <td data-label="Owner">{it.owner.clone()}</td>
            </tr>
        }
    });
    let table = if environments.is_empty() {
        view! { <p class="nothing">"No environments."</p> }.seal()
    } else {
        view! {
            <table class="plain">
                <thead>
                    <tr>
                        <th scope="col">"Environment"</th>
                        <th scope="col">"State"</th>
                        <th scope="col">"Limits"</th>
                        <th scope="col">"Owner"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        }
        .seal()
    };
    view! {
        <section class="panel" aria-labelledby="runs">
            <header>
                <h2 id="runs">"Environments"</h2>
            </header>
            {table}
        </section>
    }
    .seal()
}
