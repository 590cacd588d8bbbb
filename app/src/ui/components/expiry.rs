//! When an environment stops or is removed by itself: a chip that counts down and turns to a warning, in its last day and
//! again in its last hour.

use leptos::prelude::*;

use super::time::absolute;
use crate::model::environment::Environment;
use crate::model::lifetime::{How, Warning};
use crate::model::time::Timestamp;
use crate::ui::seal::Seal;
use crate::ui::tab::Clock;

#[component]
pub fn Expiry(environment: Signal<Environment>, now: Signal<Option<Timestamp>>, clock: Clock) -> impl IntoView {
    let ending = Memo::new(move |_| environment.with(Environment::ending));
    let at = Signal::derive(move || ending.get().map_or_else(Timestamp::default, |ending| ending.at));
    let ends = Memo::new(move |_| ending.with(Option::is_some));
    let words = Memo::new(move |_| now.get().map_or_else(|| at.get().short_utc(), |now| at.get().since(now).words()));
    let warning = Memo::new(move |_| now.get().and_then(|now| environment.with(|it| it.warning(now))));
    let tone = move || match (warning.get(), ending.get().map(|ending| ending.how)) {
        (Some(Warning::Hour), _) => "chip warn near",
        (Some(Warning::Day), _) => "chip warn",
        (None, Some(How::Removal)) => "chip off",
        (None, _) => "chip",
    };
    let title = absolute(at, clock);
    move || {
        if ends.get() {
            view! {
                <time class=tone datetime=move || at.get().to_string() title=title>
                    {words}
                </time>
            }
            .seal()
        } else {
            view! { <span class="dim">"–"</span> }.seal()
        }
    }
}
