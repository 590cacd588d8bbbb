//! What a team holds of its quota, moving with the list.

use leptos::prelude::*;

use crate::model::environment::Environment;
use crate::model::quota::{Holding, Pool};
use crate::model::team::Team;
use crate::ui::components::gauges::Meter;
use crate::ui::seal::Seal;

#[component]
pub fn Meters(team: Team, list: Memo<Vec<Environment>>) -> impl IntoView {
    let Team { name, label, room, .. } = team;
    // The list has all that the team holds, so what is held moves with it.
    let gauges = Memo::new(move |_| {
        let of_team = |environment: &&Environment| environment.team == name;
        let used = list.with(|list| list.iter().filter(of_team).map(Environment::holding).sum());
        Pool { used, ..room.team }.gauges(Holding::default())
    });
    let meter = |at: usize| view! { <Meter gauge=Signal::derive(move || gauges.get()[at]) /> };
    view! {
        <dl class="meters" aria-label=format!("Quota of {label}")>
            {meter(0)} {meter(1)} {meter(2)} {meter(3)}
        </dl>
    }
    .seal()
}
