//! What a team holds of its quota.

use leptos::prelude::*;

use super::List;
use crate::ui::components::gauges::Meter;
use crate::ui::seal::Seal;
use model::quota::Holding;

#[component]
pub fn Meters(list: List) -> impl IntoView {
    let team = Memo::new(move |_| list.with(|listing| listing.team.clone()));
    let label = Memo::new(move |_| team.with(|team| team.as_ref().map(|team| team.label.clone())));
    let room = move || team.with(|team| team.as_ref().map(|team| team.room.team)).unwrap_or_default();
    let gauges = Memo::new(move |_| room().gauges(Holding::default()));
    let meter = move |at: usize| view! { <Meter gauge=Signal::derive(move || gauges.get()[at]) /> };
    move || {
        label.get().map(|label| {
            view! {
                <dl class="meters" aria-label=format!("Quota of {label}")>
                    {meter(0)} {meter(1)} {meter(2)} {meter(3)}
                </dl>
            }
            .seal()
        })
    }
}
