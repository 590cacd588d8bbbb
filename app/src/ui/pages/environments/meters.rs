//! What a team holds of its quota, moving with the list.

use leptos::prelude::*;

use super::team_name;
use crate::model::environment::Environment;
use crate::model::filter::Filter;
use crate::model::quota::{Holding, Pool};
use crate::ui::components::gauges::Meter;
use crate::ui::tab::Viewer;

#[component]
pub fn Meters(viewer: Viewer, list: Memo<Vec<Environment>>, filter: Memo<Filter>) -> impl IntoView {
    let team = Memo::new(move |_| {
        let name = viewer.me.with(|me| filter.with(|filter| team_name(me, filter)));
        viewer.me.with(|me| me.team(name.as_ref()).cloned()).filter(|_| name.is_some())
    });
    // The list has all that the team holds, so what is held moves with it.
    let pool = Signal::derive(move || {
        let used = team.with(|team| {
            list.with(|list| {
                let of_team =
                    list.iter().filter(|environment| team.as_ref().is_some_and(|t| t.name == environment.team));
                of_team.map(Environment::holding).sum()
            })
        });
        Pool { quota: team.with(|team| team.as_ref().map(|team| team.room.team.quota)).unwrap_or_default(), used }
    });
    let label = Memo::new(move |_| team.with(|team| team.as_ref().map(|team| team.label.clone())));
    move || {
        label.get().map(|label| {
            let gauge = |at: usize| Signal::derive(move || pool.get().gauges(Holding::default())[at]);
            view! {
                <dl class="meters" aria-label=format!("Quota of {label}")>
                    <Meter gauge=gauge(0) />
                    <Meter gauge=gauge(1) />
                    <Meter gauge=gauge(2) />
                    <Meter gauge=gauge(3) />
                </dl>
            }
        })
    }
}
