//! A moment, said as how far away it is, with the day and hour in the viewer's zone on hover.

use leptos::prelude::*;

use crate::ui::browser;
use crate::ui::seal::Seal;
use crate::ui::tab::Clock;
use model::time::Timestamp;

/// Until the page has come to life the day and hour are in UTC; outside of islands it is `zone.js` that brings them to life.
#[component]
pub fn Time(#[prop(into)] at: Signal<Timestamp>, now: Signal<Option<Timestamp>>, clock: Clock) -> impl IntoView {
    let words = move || now.get().map_or_else(|| at.get().short_utc(), |now| at.get().seen_from(now));
    view! {
        <time datetime=move || at.get().to_string() title=absolute(at, clock)>
            {words}
        </time>
    }
    .seal()
}

/// A moment on a page that no island is: its day and hour. `zone.js` puts them into the viewer's zone.
#[component]
pub fn Moment(at: Timestamp) -> impl IntoView {
    view! { <time datetime=at.to_string()>{at.short_utc()}</time> }.seal()
}

/// The day and hour of a moment.
pub fn absolute(at: Signal<Timestamp>, clock: Clock) -> impl Fn() -> String + Copy + Send + 'static {
    move || if clock.runs() { browser::local_time(at.get()) } else { at.get().short_utc() }
}

/// The hour of a moment, with the day where it is another.
pub fn hour(at: Signal<Timestamp>, clock: Clock) -> Memo<String> {
    Memo::new(move |_| if clock.runs() { browser::local_hour(at.get()) } else { at.get().short_utc() })
}
