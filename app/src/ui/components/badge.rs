//! How an environment is, at a glance: an icon, a word and a colour, never one alone.

use leptos::prelude::*;

use super::icon::Icon;
use crate::model::environment::{Environment, Health, State};
use crate::ui::seal::Seal;

#[component]
pub fn Badge(environment: Signal<Environment>) -> impl IntoView {
    let state = Memo::new(move |_| environment.with(|environment| environment.state));
    let unwell = move || environment.with(|it| it.state == State::Running && it.health == Some(Health::Unhealthy));
    view! {
        <span class="badges">
            <span class=move || format!("badge {}", tone(state.get()))>
                <Icon name=Signal::derive(move || icon(state.get())) />
                {move || state.get().label()}
            </span>
            {move || unwell().then(|| view! { <small class="warn">"unhealthy"</small> })}
        </span>
    }
    .seal()
}

/// The class that colours a state.
#[must_use]
pub const fn tone(state: State) -> &'static str {
    match state {
        State::Reserved | State::Pulling | State::Creating | State::Starting | State::Stopping | State::Removing => {
            "busy"
        }
        State::Running => "ok",
        State::Stopped | State::Removed => "off",
        State::Failed => "bad",
    }
}

const fn icon(state: State) -> &'static str {
    match state {
        State::Reserved | State::Pulling | State::Creating | State::Starting | State::Stopping | State::Removing => {
            "busy"
        }
        State::Running => "running",
        State::Stopped | State::Removed => "stopped",
        State::Failed => "failed",
    }
}
