//! When an environment stops or is removed by itself: a chip that counts down and turns to a warning, in its last day and
//! again in its last hour.

use leptos::prelude::*;

use super::time::absolute;
use crate::ui::seal::Seal;
use crate::ui::tab::Clock;
use model::environment::Environment;
use model::lifetime::{How, Warning};
use model::time::Timestamp;

#[component]
pub fn Expiry(environment: Signal<Environment>, now: Signal<Option<Timestamp>>, clock: Clock) -> impl IntoView {
    let ending = move || environment.with(Environment::ending);
    let at = Signal::derive(move || ending().map_or_else(Timestamp::default, |ending| ending.at));
    let words = move || match (ending(), now.get()) {
        (None, _) => "–".to_owned(),
        (Some(ending), None) => ending.at.short_utc(),
        (Some(ending), Some(now)) => ending.at.since(now).words(),
    };
    let warning = move || now.get().and_then(|now| environment.with(|it| it.warning(now)));
    let tone = move || match (warning(), ending().map(|ending| ending.how)) {
        (_, None) => "dim",
        (Some(Warning::Hour), _) => "chip warn near",
        (Some(Warning::Day), _) => "chip warn",
        (None, Some(How::Removal)) => "chip off",
        (None, Some(_)) => "chip",
    };
    let title = absolute(at, clock);
    let ends = move || ending().is_some();
    view! {
        <time
            class=tone
            datetime=move || ends().then(|| at.get().to_string())
            title=move || ends().then(title)
        >
            {words}
        </time>
    }
    .seal()
}
