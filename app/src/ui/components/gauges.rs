//! A pool of a quota as bars: what is held, and beside it what a launch would add.

use leptos::prelude::*;

use crate::ui::seal::Seal;
use model::gauge::{Fill, Gauge};

/// One bar. The figures are beside it in words, so it is hidden from screen readers.
#[component]
pub fn Bar(gauge: Signal<Gauge>) -> impl IntoView {
    let tone = move || match gauge.get().fill() {
        Fill::Easy => "bar",
        Fill::Nearly => "bar warn",
        Fill::Over => "bar bad",
    };
    let used = move || gauge.get().percent_used();
    let added = move || gauge.get().percent_added();
    view! {
        <svg class=tone viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
            <rect class="used" height="6" width=used />
            <rect class="added" height="6" x=used width=added />
        </svg>
    }
    .seal()
}

/// A figure in large, what it is held against, and the bar.
#[component]
pub fn Meter(gauge: Signal<Gauge>) -> impl IntoView {
    view! {
        <div class="meter">
            <dt>{move || gauge.get().label()}</dt>
            <dd>
                <strong>{move || gauge.get().figure()}</strong>
                " "
                {move || gauge.get().against()}
                <Bar gauge />
            </dd>
        </div>
    }
    .seal()
}
