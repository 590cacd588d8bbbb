//! For somebody in several teams, or in none: whose quota is it to be?

use leptos::prelude::*;

use crate::ui::components::gauges::Bar;
use crate::ui::seal::Seal;
use model::quota::Holding;
use model::team::Team;

#[component]
pub fn ChooseTeam(teams: Vec<Team>) -> impl IntoView {
    if teams.is_empty() {
        return view! {
            <section class="panel blank">
                <h2>"You are not in a team"</h2>
                <p>"Environments belong to teams. Ask a team lead or an admin to add you to one."</p>
            </section>
        }
        .seal();
    }
    view! {
        <section aria-labelledby="whose">
            <h2 id="whose">"For which team?"</h2>
            <ul class="cards">{teams.into_iter().map(|team| view! { <TeamCard team /> }).collect_view()}</ul>
        </section>
    }
    .seal()
}

#[component]
fn TeamCard(team: Team) -> impl IntoView {
    let [gauge, ..] = team.room.team.gauges(Holding::default());
    let environments = match gauge.limit {
        Some(_) => format!("{} {} environments", gauge.figure(), gauge.against()),
        None => format!("Environments: {}, no limit", gauge.figure()),
    };
    view! {
        <li>
            <a class="card" href=super::address(team.name.as_str(), "")>
                <strong>{team.label}</strong>
                <span class="dim">{environments}</span>
                <Bar gauge=gauge.into() />
            </a>
        </li>
    }
    .seal()
}
