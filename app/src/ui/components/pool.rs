//! A pool of a quota as it is now, on pages that do not change while one looks.

use leptos::prelude::*;

use super::gauges::Meter;
use crate::ui::seal::Seal;
use model::quota::{Holding, Pool};

#[component]
pub fn Meters(pool: Pool, label: String) -> impl IntoView {
    let meters = pool.gauges(Holding::default()).map(|gauge| view! { <Meter gauge=Signal::stored(gauge) /> });
    view! {
        <dl class="meters" aria-label=label>
            {meters.into_iter().collect_view()}
        </dl>
    }
    .seal()
}
