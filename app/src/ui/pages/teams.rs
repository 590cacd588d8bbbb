//! Teams that the viewer looks after, each with what it holds; for an admin a form that makes another.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::api::me::{Me, get_me};
use crate::api::teams::{TeamSummary, list_teams};
use crate::ui::components::form::{Draft, Told, hidden, sent_to, text_field};
use crate::ui::components::loaded::Loaded;
use crate::ui::seal::Seal;
use model::quota::Holding;

#[component]
pub fn TeamsPage() -> impl IntoView {
    let draft = Draft::of("team");
    let asked = async { Ok((get_me().await?, list_teams().await?)) };
    view! {
        <Title text="Teams" />
        <Loaded
            asked
            view=move |(me, teams): (Me, Vec<TeamSummary>)| {
                let admin = me.actor.acts_as_admin();
                view! {
                    <div class="head">
                        <h1 tabindex="-1">"Teams"</h1>
                    </div>
                    <Told />
                    <TeamTable teams />
                    {admin.then(|| new_team(&draft))}
                }
                    .seal()
            }
        />
    }
    .seal()
}

#[component]
fn TeamTable(teams: Vec<TeamSummary>) -> impl IntoView {
    if teams.is_empty() {
        return view! { <p class="panel nothing">"No teams yet."</p> }.seal();
    }
    view! {
        <section class="panel" aria-label="Teams">
            <table class="plain">
                <thead>
                    <tr>
                        <th scope="col">"Team"</th>
                        <th scope="col">"Members"</th>
                        <th scope="col">"Environments"</th>
                        <th scope="col">"Running"</th>
                        <th scope="col">"CPU"</th>
                        <th scope="col">"Memory"</th>
                    </tr>
                </thead>
                <tbody>{teams.into_iter().map(row).collect_view()}</tbody>
            </table>
        </section>
    }
    .seal()
}

fn row(summary: TeamSummary) -> AnyView {
    let TeamSummary { team, members } = summary;
    let over = team.room.team.overrun(team.name.as_str());
    let cells = team.room.team.gauges(Holding::default()).map(|gauge| {
        let between = if gauge.limit.is_some() { " " } else { ", " };
        let figures = format!("{}{between}{}", gauge.figure(), gauge.against());
        view! { <td data-label=gauge.label()>{figures}</td> }
    });
    view! {
        <tr>
            <th scope="row">
                <a class="name" href=format!("/teams/{}", team.name)>
                    {team.label}
                </a>
                <small>{team.name.to_string()}</small>
                {over.map(|over| view! { <small class="warn">{over}</small> })}
            </th>
            <td data-label="Members">{members.to_string()}</td>
            {cells.into_iter().collect_view()}
        </tr>
    }
    .seal()
}

fn new_team(draft: &Draft) -> AnyView {
    let (form, open) = ("new-team", draft.is_refused());
    view! {
        <details class="panel" open=open>
            <summary>"New team"</summary>
            <form method="post" action=sent_to("/teams") class="body">
                {draft.refusal()} {hidden("form", "team")}
                <div class="pair">
                    {text_field(draft, form, "name", "Name", "", "a-z, 0-9 and hyphens. It cannot be changed later.")}
                    {text_field(draft, form, "label", "Label", "", "Display name. Defaults to the name.")}
                </div>
                <p class="dim">"Limits, groups and members are set on the team's own page."</p>
                <div class="row">
                    <button class="button primary">"Create team"</button>
                </div>
            </form>
        </details>
    }
    .seal()
}
