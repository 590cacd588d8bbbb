//! When an environment stops by itself: a chip that counts down, and turns to a warning in its last hour.

use leptos::prelude::*;

use super::time::absolute;
use crate::model::environment::Environment;
use crate::model::time::Timestamp;
use crate::model::units::Span;
use crate::ui::seal::Seal;
use crate::ui::tab::Clock;

/// Before the expiry: when it begins to warn.
const SOON: Span = Span::hours(1);

#[component]
pub fn Expiry(environment: Signal<Environment>, now: Signal<Option<Timestamp>>, clock: Clock) -> impl IntoView {
    let at = Signal::derive(move || environment.with(|environment| environment.expires_at));
    let expires = Memo::new(move |_| environment.with(Environment::expires));
    let words = Memo::new(move |_| now.get().map_or_else(|| at.get().short_utc(), |now| at.get().since(now).words()));
    let soon = Memo::new(move |_| now.get().is_some_and(|now| at.get().since(now) < SOON));
    let title = absolute(at, clock);
    move || {
        if expires.get() {
            view! {
                <time
                    class=move || if soon.get() { "chip warn" } else { "chip" }
                    datetime=move || at.get().to_string()
                    title=title
                >
                    {words}
                </time>
            }
            .seal()
        } else {
            view! { <span class="dim">"–"</span> }.seal()
        }
    }
}
